"""What the state `connected` does once or now and then: say hello, prove the network that holds, look for a better one.
In memory for that moment only."""

from . import policy
from .net.station import GOT_IP
from .overlay import forget


def begin(context, key, roams):
    """(farewell, chores) of a board that has just connected. farewell: see net/farewell.py; chores: see planned().
    key, roams: see access.afterwards()."""
    forget("holding")
    now = context.clock.now()
    if context.outage:  # what is as it is by default takes no room in the context
        context.outage = None
    context.just_powered_on = False  # the router has booted
    print("connected: address", context.radio.address(context.radio.station))
    roam_at = now + policy.ROAM_INTERVAL_MS if roams else None
    return farewell(context, key), planned(now + policy.STABLE_AFTER_MS, roam_at)


def farewell(context, key):
    """A Farewell, or None if nobody is there to take leave of."""
    attempt = context.attempt
    waits = attempt is not None and attempt.outcome == "connected" and attempt.told_at is None
    if not waits and not context.visited and context.radio.phones() == 0:
        settle(context, key)
        return None
    from .net.farewell import Farewell

    forget("net.farewell")
    return Farewell(context, key)


def settle(context, key):
    """The farewell is over: the access point is what the settings say it is."""
    forget("holding")
    context.settled = True
    if context.released:
        context.released = False
    context.rest()  # phones may have asked a moment ago
    if key is None:
        context.close_portal()
    else:
        context.open_portal(key)


def planned(prove_at, roam_at):
    """(due_at, prove_at, roam_at): when something is to be done, the network to be proven, a better signal to be looked
    for, by the clock, or None if that need not be; None if nothing need be."""
    if prove_at is None or roam_at is None:
        due_at = prove_at or roam_at
    else:
        due_at = min(prove_at, roam_at)
    return due_at and (due_at, prove_at, roam_at)


def attend(context, _, prove_at, roam_at):
    """Do what is due. Returns what is due next, see planned(); context.better is set if there is a better signal."""
    forget("holding")
    now = context.clock.now()
    if prove_at is not None and now >= prove_at:
        prove_at = None if proven(context) else now + policy.SAVE_AGAIN_MS
    if roam_at is not None and now >= roam_at:
        roam_at = now + policy.ROAM_INTERVAL_MS
        look_for_better(context)
    context.rest()
    return planned(prove_at, roam_at)


def proven(context):
    """The network has held: it becomes the first to try, and failures are forgotten. True if that is on flash."""
    context.outage_since = None
    if context.rounds:
        context.rounds = 0
    network = context.joined
    if network.imported:
        return True  # nobody knows its key
    context.rest()  # whoever is on the portal has filled the heap with its pages
    network.channel = context.radio.ask(0, context.radio.station.config, "channel")
    from .store import prove

    prove(context, network)
    return context.saved


def look_for_better(context):
    """If another access point of a saved network is stronger by far, context.better is the way to it."""
    context.rest()
    from .options import option

    radio = context.radio
    rssi = radio.ask(0, radio.station.status, "rssi")
    if rssi >= option(context.hardware, None, b"roam_below_dbm"):
        return
    from .net.scan import scan

    for ssid, signal, bssid in scan(context):  # the strongest first
        if signal >= rssi + policy.ROAM_GAIN_DB:
            for place, network in enumerate(context.networks):
                if network.ssid == ssid and bssid not in context.radio.spurned and not network.imported:
                    context.better = place, bssid, bssid
                    return


def end(context):
    """The link is lost, or left."""
    forget("holding")
    if context.radio.status() != GOT_IP and not context.forgotten:
        from .history import note_link

        note_link(context, b"link_lost")
    context.joined = None
    context.settled = False
    if context.released or context.visited:
        context.released = context.visited = False
    if context.attempt and context.attempt.outcome == "connected":
        context.attempt = None  # or a portal that opens later would still speak of it

"""Saved networks and values: what becomes of them when a network is added, has held, or everything is forgotten.

slots.py is how they lie on flash. Unchanged data is not written.
"""

from . import policy
from .overlay import forget
from .slots import SLOTS, decode, encode, load, read

forget("slots")  # from sys.modules: it lasts as long as this one
DEVICE = b"device"  # the value that names the device
KEPT = ("/credentials.0.kept", "/credentials.1.kept")  # slots that a newer version has written, or that are damaged
HISTORY = "/history"  # see history.py
NO_SUCH_FILE = 2  # ENOENT


def save(hardware, networks, report, values=None):
    """Put networks and values on flash unless they are there; values None: those that are there stay.

    True if all is on flash, False (and reported) if flash refused.
    """
    found, stored, current, sequence, unreadable = load(hardware, quiet)
    values = stored if values is None else values
    data = encode(networks, values, sequence % 0xFFFF + 1)  # 0 stands for no slot at all
    if data == encode(found, stored, sequence % 0xFFFF + 1):
        return True  # in an older version perhaps
    slot = 1 - current
    try:
        if slot in unreadable:
            hardware.rename(SLOTS[slot], KEPT[slot])
        with hardware.open(SLOTS[slot], "wb") as file:
            file.write(data)
    except OSError as error:
        report("store: credentials could not be written to flash: %r" % error)
        return False
    return True


def quiet(text):
    """For load(), where everything was said when the board started."""


def add(context, network):
    """A person's attempt with `network` got an address: it is the first to try from now on. With it what the person
    entered besides.

    It is proven only if it is known with the same key. One of the same name with another key stays, right behind it:
    should the new key stop working before it is proven, the old one is what works next. If more than one may go, the
    proven one stays. Networks that are proven never have to go for one that is not.
    """
    forget("store")
    older = None
    others = []
    for other in context.networks:
        if other.ssid != network.ssid:
            others.append(other)
            continue
        if other.sighted:
            network.sighted = True
        network.neighbours = network.neighbours or other.neighbours
        network.priority = other.priority
        if other.key != network.key:
            if older is None or other.proven:
                older = other
        elif other.proven:
            network.proven = True
    networks = [network] + ([older] if older else []) + others
    while len(networks) > policy.NETWORKS_LIMIT + 1:
        remove_last(networks, False)
    keep(context, networks)


def prove(context, network):
    """`network` has held: it is proven and the first to try, and others of its name go."""
    forget("store")
    network.proven = True
    networks = [network] + [other for other in context.networks if other.ssid != network.ssid]
    while sum([other.proven for other in networks]) > policy.NETWORKS_LIMIT:
        remove_last(networks, True)
    keep(context, networks)


def remove_last(networks, proven):
    """Remove the last one that is proven, or is not, but never the first of all."""
    last = -1
    for n in range(1, len(networks)):
        if networks[n].proven == proven:
            last = n
    del networks[last]


def keep(context, networks):
    """Save what the board goes by from now on, and what a person entered besides, if that attempt is the one that
    worked."""
    context.networks = networks
    attempt = context.attempt
    values = None
    if attempt and attempt.outcome == "connected" and attempt.values is not None:
        values = merged(load(context.hardware, quiet)[1], attempt.values)
    saved = save(context.hardware, networks, context.report, values)
    if saved != context.saved:  # the default takes no room in the context
        context.saved = saved
    if saved and values is not None:
        context.name = context.hardware.name_itself(values.get(DEVICE))


def merged(stored, entered):
    """The values to be saved. Where a form had no input but the device's name, the others stay: settings that cannot be
    read lose nothing."""
    values = dict(stored)
    if [name for name in entered if name != DEVICE]:
        values = {DEVICE: stored.get(DEVICE)}
    values.update(entered)
    if not values.get(DEVICE):
        values.pop(DEVICE, None)
    return values


def forget_all(hardware, report):
    """Overwrite both slots with an empty set, and remove what else names networks: what was kept aside, the history.
    True if none of the old data is left."""
    forget("store")
    erased = save(hardware, [], report, {})
    for path in (KEPT[0], KEPT[1], HISTORY):
        try:
            hardware.remove(path)
        except OSError as error:
            if error.args[:1] != (NO_SUCH_FILE,):
                report("store: %s could not be removed: %r" % (path, error))
                erased = False
    empty = encode([], {}, 1)
    for slot in (0, 1):
        data = read(hardware, slot)
        try:
            if not data or not any(decode(data)[1:]):
                continue
        except ValueError:
            pass  # it may hold a secret all the same
        try:
            with hardware.open(SLOTS[slot], "wb") as file:
                file.write(empty)
        except OSError as error:
            report("store: %s could not be overwritten: %r" % (SLOTS[slot], error))
            erased = False
    return erased

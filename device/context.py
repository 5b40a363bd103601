"""What outlives a state, in one place: hardware, clock, radio, saved networks, last attempt and scan, the portal."""


class Network:
    """One saved network. ssid: 1-32 bytes; key: empty, 8-63 bytes, 64 hex digits or a WEP key.

    An instance keeps only what differs from these defaults: the heap is small.
    """

    bssid = b""
    channel = 0  # unknown
    priority = 0
    proven = False  # it has held for policy.STABLE_AFTER_MS once
    sighted = False  # a scan has shown its name once, so where one does not, it is not there; else it may be hidden
    neighbours = b""  # marks of the networks around it, see outage.py
    imported = False  # from the SDK, which has the key; never saved

    def __init__(self, ssid, key=b""):
        self.ssid = ssid
        self.key = key


class Context:
    """Handed to every state. `state` is the machine's state's name, kept by the engine.

    What is not set stands here. begin(), which is in seldom.py with all else that it does, sets report, clock, radio
    and hardware, unless it is the board's; idle_ms: how long one turn may wait for something to happen; name: the
    device's, text; networks: the last proven first; just_powered_on: until the long allowance was used.
    """

    state = None
    saved = True  # False while the flash does not hold them
    seen = ()  # the last scan, see net/scan.py
    scan_wanted = False
    joined = None  # the network that the board is connected to
    attempt = None
    submitted = False  # the attempt waits to be started
    forgotten = False  # a person had everything erased
    portal_requested = False  # a person at the board, or a restart, asks for the portal
    open_until = 0  # when the access point needs a key again: a person is at the board until then
    outage_since = None  # the first loss of a link since it was last stable, or power-on
    outage = None  # what kind it is, see outage.py
    rounds = 0  # over the saved networks since the link was last stable
    better = None  # a trial of net/rounds.py: an access point with a better signal
    visited = False  # a phone was joined when the last join began
    settled = False  # connected, and the farewell is over
    released = False  # who looks for a portal hears that there is none, so that sign-in pages close
    portal = None  # the server, while the portal is open
    portal_due_at = None  # when to open or close it, None if that is done; portal_key: its key, None to close it
    rendering = 0  # how many pages are rendered while they leave
    fields = ()  # the owner's inputs, while the portal is open, see owner.py
    watchdog = None  # the port's, once armed
    program_wanted = True  # False after too many crashes
    pages = None  # the owner's on port 80, see net/web.py: they leave it to the portal
    history = None  # of attempts, see history.py; bytes once something was noted

    def __init__(self, hardware=None, report=print):
        self.begin(hardware, report)

    def __getattr__(self, name):
        from .seldom import Seldom

        return getattr(Seldom(self), name)

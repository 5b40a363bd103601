"""What outlives a state, in one place: hardware, clock, radio, saved networks, last attempt and scan, the portal."""

from . import policy
from .clock import Clock
from .net.radio import Radio
from .overlay import forget

# What is in memory while somebody asks for something only; the second while pages are made.
ON_DEMAND = (
    "net.respond net.http net.form net.portal net.actions net.api net.scan net.station credentials store settings"
    " fields entries owner net.view net.answer"
)
RENDERING = "net.lists net.rows net.fieldset net.template net.gzip net.text"


class Network:
    """One saved network. ssid: 1-32 bytes; key: empty, 8-63 bytes, 64 hex digits or a WEP key; channel 0 = unknown."""

    def __init__(self, ssid, key, bssid=b"", channel=0, priority=0):
        self.ssid = ssid
        self.key = key
        self.bssid = bssid
        self.channel = channel
        self.priority = priority


class Context:
    """Handed to every state. `state` is the machine's state's name, kept by the engine."""

    def __init__(self, hardware, report=print):
        from .store import load

        self.hardware = hardware
        self.report = report
        self.clock = Clock(hardware.ticks_ms, hardware.sleep_ms)
        self.radio = Radio(hardware.station, hardware.access_point, report)
        self.networks, values = load(hardware, report)[:2]  # the last proven first
        self.name = hardware.name_itself(values.get(b"device"))
        self.saved = True  # False while the flash does not hold them
        self.state = None
        self.idle_ms = 0  # how long one turn may wait for something to happen
        self.seen = []  # the last scan, see net/scan.py
        self.scan_wanted = False
        self.joined = None  # the network that the board is connected to
        self.attempt = None
        self.submitted = False  # the attempt waits to be started
        self.forgotten = False  # a person had everything erased
        self.released = False  # who looks for a portal hears that there is none, so that sign-in pages close
        self.portal = None  # the server, while the portal is open
        self.rendering = 0  # how many pages are rendered while they leave
        self.fields = ()  # the owner's inputs, while the portal is open, see owner.py
        self._portal_key = None  # of the access point that is wanted, None = closed
        self._portal_retry_at = 0
        self.just_powered_on = hardware.powered_on  # until the long allowance was used
        self.rest()

    def serve(self):
        """One turn for whoever uses the portal, waiting at most idle_ms; a nap if there is none."""
        if self._portal_key is not None and self.portal is None and self.clock.now() >= self._portal_retry_at:
            self._portal_retry_at = self.clock.now() + policy.PORTAL_RETRY_MS
            if self.radio.open_access_point(self.name, self._portal_key):
                from .net.opening import opened

                self.portal = opened(self)
                forget("net.opening owner settings fields entries store net.text")
        if self.portal is not None:
            self.portal.serve(self.idle_ms)
        else:
            self.clock.sleep(self.idle_ms)

    # The portal. Its pages are on demand: this object is what the server knows of them.

    def open_portal(self, key=b""):
        """Raise the access point, protected if there is a key, and serve the portal on it; retried if refused."""
        if self.portal is not None and not self.radio.open_access_point(self.name, key):
            self.close_portal()  # and try again
        self._portal_key = key
        self._portal_retry_at = 0

    def close_portal(self):
        """Close its sockets, then the access point."""
        self._portal_key = None
        if self.portal is not None:
            self.portal.close()
            self.portal = None
            self.fields = ()
            if self.attempt and self.saved:
                self.attempt.values = None
            self.rest()
            forget("net.server net.clients net.connection net.phases net.dns net.release")
        self.radio.close_access_point()

    def respond(self, request, body):
        """(status, fields, length, parts) for a complete request; HTTPError for one that is refused."""
        from .net.respond import respond

        return respond(self, request, body)

    def rest(self):
        """Nobody has asked for a while, or memory is short: the pages' code leaves it."""
        forget(ON_DEMAND)
        if not self.rendering:
            forget(RENDERING)

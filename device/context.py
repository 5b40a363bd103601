"""What outlives a state, in one place: hardware, clock, radio, store, the last attempt, the scan, the portal."""

import gc

from . import policy
from .clock import Clock
from .net.radio import Radio
from .store import Store


class Attempt:
    """A person's try to join a network, and its outcome, kept for a phone that comes back later."""

    def __init__(self, number, network):
        self.number = number
        self.network = network
        self.outcome = "trying"  # then "connected" or "failed"
        self.reason = None  # of a failure, see net/join.py
        self.guess = False
        self.told_at = None  # when a phone had fetched the outcome


class Context:
    """Handed to every state. `state` is the machine's state's name, kept by the engine."""

    def __init__(self, hardware, report=print):
        self.hardware = hardware
        self.report = report
        self.clock = Clock(hardware.ticks_ms, hardware.sleep_ms)
        self.radio = Radio(hardware.station, hardware.access_point, report)
        self.store = Store(hardware, report)
        self.name = "Homeport-" + "".join("%02X" % byte for byte in hardware.serial_number()[-2:])
        self.state = None
        self.idle_ms = 0  # how long one turn may wait for something to happen
        self.seen = []  # networks of the last scan, strongest first
        self.scan_wanted = False
        self.joined = None  # the saved or submitted network that the board is connected to
        self.attempt = None
        self.submitted = False  # the attempt waits to be started
        self.forgotten = False  # a person had everything erased
        self.portal = None  # the server, while the portal is open
        self._portal_key = None  # of the access point that is wanted, None = closed
        self._portal_retry_at = 0
        self._just_powered_on = hardware.powered_on()
        hardware.set_hostname(self.name)

    def serve(self):
        """One turn for whoever uses the portal, waiting at most idle_ms; a nap if there is none."""
        now = self.clock.now()
        if self._portal_key is not None and self.portal is None and now >= self._portal_retry_at:
            self._open_portal()
        if self.portal is not None:
            self.portal.serve(self.idle_ms)
        elif self.idle_ms:
            self.clock.sleep(self.idle_ms)

    def scan(self):
        """Look around and remember. Blocks for about 2 s: only while nothing is being joined."""
        self.scan_wanted = False
        self.seen = []  # its room may be needed for the new list
        gc.collect()
        self.seen = self.radio.scan(policy.SCAN_LIMIT)

    def seen_network(self, ssid):
        """What the last scan knows of `ssid`, or None."""
        for seen in self.seen:
            if seen.ssid == ssid:
                return seen

    def submit(self, network):
        """Take a person's network to be tried; the outcome will be found in `attempt`."""
        self.attempt = Attempt(self.attempt.number + 1 if self.attempt else 1, network)
        self.submitted = True

    def forget(self):
        """Erase what is saved, here and in the SDK's own memory. True if the flash took it."""
        self.forgotten = True
        self.attempt = None
        self.radio.forget()
        return self.store.forget()

    def allowance_ms(self):
        """How long to try in silence: the long allowance once, if this boot is a power-on."""
        if self._just_powered_on:
            self._just_powered_on = False
            return policy.POWER_ON_ALLOWANCE_MS
        return policy.OUTAGE_ALLOWANCE_MS

    def open_portal(self, key=b""):
        """Raise the access point, protected if there is a key, and serve the portal on it; retried if refused."""
        if key != self._portal_key:
            self._portal_key = key
            if self.portal is not None:
                self.radio.open_access_point(self.name.encode(), key)
        self._portal_retry_at = 0

    def close_portal(self):
        """Close its sockets, then the access point."""
        self._portal_key = None
        if self.portal is not None:
            self.portal.close()
            self.portal = None
        self.radio.close_access_point()

    def _open_portal(self):
        from .net.portal import open_portal

        self._portal_retry_at = self.clock.now() + policy.PORTAL_RETRY_MS
        if not self.radio.open_access_point(self.name.encode(), self._portal_key):
            return
        gc.collect()
        try:
            self.portal = open_portal(self)
        except OSError as error:
            self.report("portal: cannot listen: " + repr(error))
            return
        print("portal open: join", self.name, "then browse to http://" + self.radio.access_point_address() + "/")

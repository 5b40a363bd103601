"""One attempt to join one network, and the most that can truthfully be said about its end."""

from .. import policy
from . import station


class Join:
    """Starts the attempt when made. step() returns None, "got_ip" or "unsuccessful"; then `reason` and `guess` say why.

    reason: None, or "wrong_password", "not_found", "no_ip", "connect_failed", "timeout"; guess: True if the chip did
    not say so itself. The SDK mostly shows CONNECTING for a wrong password (esp8266/Arduino#8233), so the end of the
    time decides, by the most specific thing seen until then.
    """

    def __init__(self, radio, clock, network, timeout_ms=policy.JOIN_TIMEOUT_MS, already=False, bssid=b""):
        self._radio = radio
        self._clock = clock
        self._has_key = bool(network.key)
        self.network = network
        self.reason = None
        self.guess = False
        now = clock.now()
        self._deadline = now + timeout_ms
        self._next_look = now
        self._missing_since = None  # since when the SDK's searches find no such network
        self._missing_seen = None  # when it last said so
        self._refused = False
        self._associated_since = None
        if not already and not station.join(radio, network.ssid, network.key, bssid):
            self._deadline = None  # whatever link there is, it is not to this network

    def step(self):
        if self._deadline is None:
            return self._failed(b"connect_failed")
        now = self._clock.now()
        if now < self._next_look:
            return None
        self._next_look = now + policy.LINK_POLL_MS
        code = self._radio.status()
        if code == station.GOT_IP:
            return "got_ip"
        if code == station.WRONG_PASSWORD:
            return self._failed(b"wrong_password")
        if code == station.CONNECT_FAIL:
            self._refused = True
        self._watch_searches(now, code)
        self._watch_association(now)
        if self._missing_since is not None and now - self._missing_since >= policy.NOT_FOUND_AFTER_MS:
            return self._failed(b"not_found")
        if now >= self._deadline:
            return self._timed_out(now)

    def close(self):
        """Leave the air to the access point: a station that searches makes it unusable."""
        self._radio.leave()

    def _watch_searches(self, now, code):
        if code == station.NO_AP_FOUND:
            self._missing_seen = now
            if self._missing_since is None:
                self._missing_since = now
        elif self._missing_since is not None and now - self._missing_seen > policy.SEARCH_CYCLE_MS:
            self._missing_since = None  # a whole search did not miss it: it is there now

    def _watch_association(self, now):
        if not station.is_associated(self._radio):
            self._associated_since = None
            return
        self._missing_since = None  # it is there after all
        if self._associated_since is None:
            self._associated_since = now

    def _timed_out(self, now):
        if self._missing_since is not None:
            return self._failed(b"not_found")
        if self._associated_since is not None and now - self._associated_since >= policy.NO_ADDRESS_AFTER_MS:
            return self._failed(b"no_ip")
        if self._refused:
            return self._failed(b"connect_failed")
        if self._has_key:
            # It was found, or the SDK would have said so, and it never let us in.
            return self._failed(b"wrong_password", True)
        return self._failed(b"timeout")

    def _failed(self, reason, guess=False):
        self.reason = str(reason, "ascii")  # trusted: our own word
        self.guess = guess
        return "unsuccessful"

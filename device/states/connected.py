"""connected: the board is on the Wi-Fi. Say farewell to the phone that set it up, then watch the link.

The farewell: a person reads that it worked, phones are told that all is well, the access point goes down."""

from .. import policy
from ..net import station


class State:
    def __init__(self, context):
        self._context = context
        now = context.clock.now()
        self._entered_at = now
        self._next_look = now
        self._down_since = None
        self._remembered = False
        self._phone_seen_at = None
        print("connected: address", context.radio.station.ifconfig()[0])
        attempt = context.attempt
        waits = attempt is not None and attempt.outcome == "connected" and attempt.told_at is None
        if not waits and context.radio.phones() == 0:
            context.close_portal()  # nobody is on it

    def step(self):
        context = self._context
        if context.forgotten:
            return "credentials_forgotten"
        if context.submitted:
            return "credentials_submitted"
        now = context.clock.now()
        if now < self._next_look:
            return None
        self._next_look = now + policy.LINK_POLL_MS
        if context.portal is not None and self._farewell_is_over(now):
            context.close_portal()
        if station.status(context.radio) == station.GOT_IP:
            self._down_since = None
            if not self._remembered and now - self._entered_at >= policy.STABLE_AFTER_MS:
                self._remember()
            return None
        if self._down_since is None:
            self._down_since = now
        if now - self._down_since >= policy.LINK_LOST_AFTER_MS:
            return "link_lost"

    def close(self):
        context = self._context
        context.joined = None
        context.released = False
        if context.attempt and context.attempt.outcome == "connected":
            context.attempt = None  # or a portal that opens later would still speak of it

    def _farewell_is_over(self, now):
        context = self._context
        age = now - self._entered_at
        if context.radio.phones():
            self._phone_seen_at = now
        elif self._phone_seen_at is not None and now - self._phone_seen_at >= policy.PHONE_GONE_AFTER_MS:
            return True
        attempt = context.attempt
        if attempt and attempt.told_at is not None and attempt.told_at >= self._entered_at:
            return now - attempt.told_at >= policy.FAREWELL_AFTER_RESULT_MS
        if self._phone_seen_at is None:
            return age >= policy.FAREWELL_MS
        return age >= policy.FAREWELL_LIMIT_MS

    def _remember(self):
        """The network that held becomes the first to try; the store writes only what changed."""
        self._remembered = True
        context = self._context
        context.joined.channel = station.channel(context.radio)
        from ..store import remember

        remember(context, context.joined)

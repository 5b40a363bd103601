"""connected: the board is on the Wi-Fi. Say farewell to the phone that set it up, then watch the link.

What is here stays in memory beside the owner's program; what is done once or now and then is in holding.py and
net/farewell.py."""

from .. import policy
from ..net.station import GOT_IP


class State:
    LED = 0  # off for good: the pin may be the owner's program's

    def __init__(self, context):
        from ..access import afterwards

        later = afterwards(context)
        del afterwards  # each with its code: there may be no room for it beside what follows
        from ..history import note_link

        note_link(context, b"connected")
        del note_link
        from ..holding import begin

        self._context = context
        self._next_look = context.clock.now()
        self._down_since = None
        # The farewell is None when it is over; the chores, when there is nothing left to do, else (when, ...).
        self._farewell, self._chores = begin(context, *later)

    def step(self):
        context = self._context
        if context.forgotten:
            return "credentials_forgotten"
        if context.submitted:
            return "credentials_submitted"
        if context.portal_requested:
            return "portal_requested"
        now = context.clock.now()
        if now < self._next_look:
            return None
        self._next_look = now + policy.LINK_POLL_MS
        if self._farewell and self._farewell.is_over(now):
            self._farewell = None
        if context.radio.status() == GOT_IP:
            self._down_since = None
            if self._chores and now >= self._chores[0]:
                from ..holding import attend

                self._chores = attend(context, *self._chores)
                if context.better:
                    return "better_signal_found"
            return None
        if self._down_since is None:
            self._down_since = now
        if now - self._down_since >= policy.LINK_LOST_AFTER_MS:
            return "link_lost"

    def close(self):
        from ..holding import end

        end(self._context)

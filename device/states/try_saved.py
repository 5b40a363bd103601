"""try_saved: credentials are saved. Join without bothering anybody, for as long as the router may take to boot."""

from .. import policy
from ..overlay import forget


class State:
    LED = 0b0000000011111111

    def __init__(self, context):
        from ..access import access
        from ..options import option

        self._context = context
        now = context.clock.now()
        # The long allowance once, if this boot is a power-on: the router may be booting as well.
        if context.just_powered_on:
            self._allowance_ms = option(context.hardware, None, b"power_on_allowance_s")
        else:
            self._allowance_ms = option(context.hardware, None, b"outage_allowance_s")
        key, _ = access(context)
        del access, option
        forget("access options")  # there is no room for them beside the rounds
        if key is None:
            context.close_portal()
        else:
            context.open_portal(key)
        if context.outage_since is None:
            context.outage_since = now  # and not later, while links come and go
        self._entered_at = now
        self._resume_at = None
        from ..net.rounds import Rounds

        self._rounds = Rounds(context)
        if context.better:
            self._rounds.begin_better(context.better)
            context.better = None
        else:
            self._rounds.begin_first()

    def step(self):
        context = self._context
        if context.forgotten:
            return "credentials_forgotten"
        if context.submitted:
            return "credentials_submitted"
        if context.portal_requested:
            return "portal_requested"
        now = context.clock.now()
        if self._resume_at is None:
            outcome = self._rounds.step()
            if outcome == "got_ip":
                return "got_ip"
            if outcome == "done":
                self._resume_at = now + self._pause()
            return None
        if context.rounds and self._is_over(now):
            return "connect_failed"
        if now >= self._resume_at:
            if context.watchdog is not None and now - context.outage_since >= policy.BLIND_MS:
                from ..marks import restart_to_look

                restart_to_look(context)
            self._resume_at = None
            context.rounds += 1
            self._rounds.begin(True)

    def close(self):
        pass

    def _pause(self):
        """Milliseconds until the next round: ever longer, and not the same on every board."""
        pause = min(policy.PAUSE_MS << min(self._context.rounds, 8), policy.PAUSE_LIMIT_MS)
        return pause + self._context.hardware.random(pause * policy.JITTER_PERCENT // 100)

    def _is_over(self, now):
        """True if the outage has had its time, and a link that comes and goes has had time to come back."""
        patience_ms = self._patience()
        least_ms = min(patience_ms, policy.RELAPSE_ALLOWANCE_MS)
        return now - self._context.outage_since >= patience_ms and now - self._entered_at >= least_ms

    def _patience(self):
        """How long this outage may last before the board asks for help."""
        outage = self._context.outage
        if outage == b"password_changed":
            return 0
        if outage == b"moved":
            # After a power cut the familiar routers may all be booting.
            moved_ms = policy.OUTAGE_ALLOWANCE_MS if self._context.just_powered_on else policy.MOVED_ALLOWANCE_MS
            return min(moved_ms, self._allowance_ms)
        if outage == b"router_rebooting" and not self._context.just_powered_on:
            return max(policy.REBOOTING_ALLOWANCE_MS, self._allowance_ms)
        return self._allowance_ms

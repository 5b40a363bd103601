"""fallback: credentials are saved but none joins. A protected portal is open; behind it the saved ones are tried."""

from .. import policy
from ..net.join import Join
from ..net.station import leave


class State:
    def __init__(self, context):
        self._context = context
        self._join = None
        self._next = 0
        self._rested_since = context.clock.now()
        leave(context.radio)
        from ..credentials import access_point_key

        context.open_portal(access_point_key(context.networks))

    def step(self):
        context = self._context
        if context.forgotten:
            return "credentials_forgotten"
        if context.submitted:
            return "credentials_submitted"
        if self._join is not None:
            return self._step_join()
        if context.scan_wanted:
            from ..net.scan import scan

            scan(context)
        elif self._is_time_to_retry():
            networks = context.networks
            self._join = Join(context.radio, context.clock, networks[self._next % len(networks)])
            self._next += 1

    def close(self):
        pass

    def _step_join(self):
        outcome = self._join.step()
        if outcome == "got_ip":
            self._context.joined = self._join.network
            return "got_ip"
        if outcome == "failed":
            self._join.close()
            self._join = None
            self._rested_since = self._context.clock.now()
        return None

    def _is_time_to_retry(self):
        context = self._context
        rested_ms = context.clock.now() - self._rested_since
        if rested_ms < policy.RETRY_INTERVAL_MS:
            return False
        return rested_ms >= policy.RETRY_INTERVAL_WITH_PHONE_MS or context.radio.phones() == 0

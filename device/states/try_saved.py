"""try_saved: credentials are saved. Join without bothering anybody, for as long as the router may take to boot."""

from .. import policy
from ..net.join import Join
from ..net.station import is_joining


class State:
    def __init__(self, context):
        self._context = context
        context.close_portal()
        # The long allowance once, if this boot is a power-on: the router may be booting as well.
        long, context.just_powered_on = context.just_powered_on, False
        self._deadline = context.clock.now() + (
            policy.POWER_ON_ALLOWANCE_MS if long else policy.OUTAGE_ALLOWANCE_MS
        )
        self._round = 0
        self._queue = []  # what is left of this round, the next one last
        self._resume_at = 0
        self._join = self._first_join()

    def step(self):
        context = self._context
        now = context.clock.now()
        if self._join is not None:
            outcome = self._join.step()
            if outcome == "got_ip":
                context.joined = self._join.network
                return "got_ip"
            if outcome == "failed":
                self._join.close()
                self._join = None
            return None
        if self._queue:
            self._join = Join(context.radio, context.clock, self._queue.pop())
            return None
        if self._round and now >= self._deadline:
            return "connect_failed"
        if now >= self._resume_at:
            self._round += 1
            self._resume_at = now + policy.ROUND_PAUSE_MS
            from ..net.scan import scan

            scan(context)
            self._queue = order(context.networks, context.seen)

    def close(self):
        pass

    def _first_join(self):
        """The SDK's own attempt at a saved network is left alone; else the last proven one, at once, without a scan."""
        context = self._context
        context.radio.switch(context.radio.station, True)
        for network in context.networks:
            if is_joining(context.radio, network.ssid):
                return Join(context.radio, context.clock, network, policy.SDK_JOIN_TIMEOUT_MS, True)
        return Join(context.radio, context.clock, context.networks[0])


def order(networks, seen):
    """A round: networks that a scan saw first, by priority, then signal with 10 dB credit for the last proven one
    (WLED); then those not seen, which may be hidden (ESPHome). The next one to try stands last."""
    ranked = []
    for place, network in enumerate(networks):
        rssi = -200
        for ssid, signal, _, _ in seen:
            if ssid == network.ssid:
                rssi = signal + (10 if place == 0 else 0)
        ranked.append((rssi > -200, network.priority, rssi, -place, network))
    ranked.sort(key=lambda rank: rank[:4])
    return [rank[4] for rank in ranked]

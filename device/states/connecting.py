"""connecting: a person submitted a network. Try it from memory; save it only once it has given an address."""

from .. import policy
from ..net import station
from ..net.join import Join


class State:
    def __init__(self, context):
        self._context = context
        self._attempt = context.attempt
        self._join = None
        self._tries = 0
        self._start_at = context.clock.now() + policy.ANSWER_GRACE_MS
        context.submitted = False
        context.forgotten = False

    def step(self):
        context = self._context
        if self._join is None:
            if context.clock.now() < self._start_at:
                return None
            self._start()
        outcome = self._join.step()
        if outcome == "got_ip":
            return self._succeeded()
        if outcome == "failed":
            if self._tries < policy.JOIN_ATTEMPTS_LIMIT and self._join.reason in ("connect_failed", "timeout"):
                self._start()
                return None
            return self._failed()

    def close(self):
        pass

    def _start(self):
        context = self._context
        self._tries += 1
        if self._tries == 1:
            name = self._attempt.values.get(b"device", context.name.encode())
            context.hardware.name_itself(name)  # what the router will call it
            for ssid, _, channel, _ in context.seen:
                if ssid == self._attempt.network.ssid:
                    station.move_access_point(context.radio, channel)
        self._join = Join(context.radio, context.clock, self._attempt.network)

    def _succeeded(self):
        context = self._context
        network = self._attempt.network
        network.channel = station.channel(context.radio)
        self._attempt.outcome = "connected"
        from ..store import remember

        remember(context, network)
        context.joined = network
        return "got_ip"

    def _failed(self):
        context = self._context
        self._join.close()
        self._attempt.outcome = "failed"
        self._attempt.reason = self._join.reason
        self._attempt.guess = self._join.guess
        self._attempt.network.key = b""  # never shown again, so not kept
        context.hardware.name_itself(context.name.encode())
        if context.networks:
            return "connect_failed_others_saved"
        return "connect_failed"

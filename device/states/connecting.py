"""connecting: a person submitted a network. Try it from memory; save it only once it has given an address."""

from .. import policy
from ..net.join import Join
from ..net.station import GOT_IP, channel, join, move_access_point


class State:
    LED = 0b0011001100110011

    def __init__(self, context):
        self._context = context
        self._attempt = context.attempt
        self._join = None
        self._tries = 0
        self._start_at = context.clock.now() + policy.ANSWER_GRACE_MS
        context.submitted = context.forgotten = context.visited = False
        if context.radio.status() != GOT_IP:
            context.radio.leave()  # or a round that goes on would keep the answer from leaving

    def step(self):
        context = self._context
        if context.forgotten:
            return "credentials_forgotten"
        if self._join is None:
            if context.clock.now() < self._start_at:
                return None
            self._start()
        outcome = self._join.step()
        if outcome == "got_ip":
            return self._succeeded()
        if outcome == "unsuccessful":
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
            # What the chip remembered by itself is overwritten now.
            context.networks = [network for network in context.networks if not network.imported]
            if not context.networks:
                from ..net.imported import never_again

                never_again(context.hardware)
                del never_again
            for ssid, _, seen_on, _ in context.seen:
                if ssid == self._attempt.network.ssid:
                    self._attempt.network.sighted = True
                    move_access_point(context.radio, seen_on)
        self._join = Join(context.radio, context.clock, self._attempt.network)

    def _succeeded(self):
        context = self._context
        network = self._attempt.network
        network.channel = channel(context.radio)
        self._attempt.outcome = "connected"
        context.rest()  # whoever is on the portal has filled the heap with its pages
        from ..outage import around

        network.neighbours = around(context.seen, network.ssid)
        from ..store import add

        add(context, network)
        context.joined = network
        return "got_ip"

    def _failed(self):
        context = self._context
        attempt = self._attempt
        self._join.close()
        attempt.outcome = "failed"
        attempt.reason = self._join.reason
        attempt.guess = self._join.guess
        attempt.network.key = b""  # never shown again, so not kept
        context.rest()
        from ..history import note_failure

        note_failure(context, attempt.network.ssid, attempt.reason.encode())
        context.hardware.name_itself(context.name.encode())
        if context.networks:
            return "connect_failed_others_saved"
        # The SDK would try this one for ever, and after the next start it would pass for one that worked.
        join(context.radio, b"", b"")
        context.radio.leave()
        return "connect_failed"

"""fallback: credentials are saved but none joins. A protected portal is open; behind it the saved ones are tried."""

from ..overlay import forget


class State:
    LED = 0b0000000000010101

    def __init__(self, context):
        from ..options import option

        self._context = context
        self._retry_ms = option(context.hardware, None, b"retry_interval_s")
        self._retry_with_phone_ms = option(context.hardware, None, b"retry_interval_with_phone_s")
        del option  # with its code, of which _open() brings its own
        self._rounds = None  # they are here while one goes on: the portal needs the room
        self._kept = None  # what one round tells the next
        self._entered_at = self._resting_since = context.clock.now()  # resting: None while a round goes on
        context.outage_since = None  # it is answered for; the next one counts anew
        if context.watchdog is not None:
            from ..marks import restart

            restart(context)  # here it looks around, even if no access point is wanted
        context.radio.leave()
        if context.portal_requested and not context.seen:  # else try_saved has looked a moment ago
            from ..net.scan import scan

            scan(context)  # before phones join: a scan makes them lose frames
        self._open()

    def step(self):
        context = self._context
        if context.forgotten:
            return "credentials_forgotten"
        if context.submitted:
            return "credentials_submitted"
        if context.portal_requested or self._change_at is not None and context.clock.now() >= self._change_at:
            self._open()
        if self._resting_since is None:
            outcome = self._rounds.step()
            if outcome == "got_ip":
                return "got_ip"
            if outcome == "done":
                self._resting_since = context.clock.now()
                self._kept = self._rounds.kept()
                self._rounds = None
                forget("net.rounds net.join net.station outage history options")
        elif context.scan_wanted:
            from ..net.scan import scan

            scan(context)
        elif self._is_time_to_retry():
            context.rest()
            from ..net.rounds import Rounds

            self._resting_since = None
            self._rounds = Rounds(context, self._kept)
            context.visited = context.radio.phones() > 0
            # One is searched blindly (ESPHome). Of several a scan tells which is worth a write to flash; and of one
            # that does not let us in, whether another access point has its name.
            self._rounds.begin(len(context.networks) > 1 or self._rounds.has_failed())

    def close(self):
        pass

    def _open(self):
        """The access point as it is due now, and when that will change."""
        context = self._context
        context.rest()  # whoever is on the portal has filled the heap with its pages
        from ..access import access

        context.portal_requested = False
        key, self._change_at = access(context, self._entered_at)
        if key is None:
            context.close_portal()
        else:
            context.open_portal(key)

    def _is_time_to_retry(self):
        context = self._context
        rested_ms = context.clock.now() - self._resting_since
        if rested_ms < self._retry_ms:
            return False
        if rested_ms >= self._retry_with_phone_ms:
            return True
        # After a gesture a person is on the way to the portal.
        return context.clock.now() >= context.open_until and context.radio.phones() == 0

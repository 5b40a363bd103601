"""The farewell of a board that is connected: a person reads that it worked, phones are told that all is well, the
access point goes down. In memory until then."""

from .. import policy


class Farewell:
    """key: of the access point afterwards, None if there is none then; asked for before: later there may be no room."""

    def __init__(self, context, key):
        self._context = context
        self._key = key
        self._entered_at = now = context.clock.now()
        self._phone_seen_at = now if context.visited else None  # the change of channel may just have dropped it

    def is_over(self, now):
        """True if it is; the access point is what the settings say from then on."""
        over = self._is_over(now)
        if over:
            from ..holding import settle

            settle(self._context, self._key)
        return over

    def _is_over(self, now):
        context = self._context
        age = now - self._entered_at
        if self._entered_at < context.open_until <= now:
            return True  # the access point was open for a person at the board, and no longer
        if 0 < context.open_until <= now and age >= policy.FAREWELL_MS and context.portal_key == b"":
            return True  # it still is, for the attempt took longer: time to read the outcome, and no more
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

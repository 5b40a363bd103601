"""Board time: how long the power has been on, N times as fast as the wall clock."""

import time

US_PER_S = 1_000_000


class Clock:
    """Microseconds since power-on. `rate` board seconds pass in one second of the wall clock."""

    def __init__(self, rate=1.0, uptime_ms=0, monotonic_ns=time.monotonic_ns):
        self.rate = rate
        self._monotonic_ns = monotonic_ns
        self._origin_us = monotonic_ns() // 1000 - round(uptime_ms * 1000 / rate)

    def now_us(self):
        return int((self._monotonic_ns() // 1000 - self._origin_us) * self.rate)

    def now_ms(self):
        return self.now_us() // 1000

    def origin_us(self):
        """The host's CLOCK_MONOTONIC, in microseconds, at which this clock read 0."""
        return self._origin_us

    def wall_s(self, board_ms):
        """Seconds of the wall clock that `board_ms` last."""
        return board_ms / 1000 / self.rate

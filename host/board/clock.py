"""Board time: how long the power has been on, N times as fast as the wall clock."""

import time

US_PER_S = 1_000_000


class Clock:
    """Microseconds since power-on. `rate` board seconds pass in one second of the wall clock."""

    jumps = False

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


class JumpingClock:
    """Stands still while the VM computes; what it waits for comes at once. `jump_to()` never goes back."""

    jumps = True
    rate = 1.0

    def __init__(self, uptime_ms=0):
        self._now_us = uptime_ms * 1000

    def now_us(self):
        return self._now_us

    def now_ms(self):
        return self._now_us // 1000

    def origin_us(self):
        return 0

    def jump_to(self, board_us):
        self._now_us = max(self._now_us, board_us)

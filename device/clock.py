"""Time since power-on that never wraps, from the port's counter that wraps every 12.4 days."""

TICKS_MASK = (1 << 30) - 1  # the period of time.ticks_ms() on the ESP8266 port


class Clock:
    """Deadlines are absolute: `deadline = clock.now() + TIMEOUT_MS`, over when `clock.now() >= deadline`.

    `ticks_ms` and `sleep_ms` are the port's functions (or a test's). now() must be called at least once in a period;
    the engine does so at every step.
    """

    def __init__(self, ticks_ms, sleep_ms):
        self._ticks_ms = ticks_ms
        self.sleep = sleep_ms
        self._elapsed = self._last = ticks_ms()  # the counter starts with the chip

    def now(self):
        """Milliseconds since power-on or reset; a plain int that only grows."""
        ticks = self._ticks_ms()
        self._elapsed += (ticks - self._last) & TICKS_MASK
        self._last = ticks
        return self._elapsed

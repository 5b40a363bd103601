"""Pins, RTC memory, watchdog and the other small things of `machine`."""

PINS = (0, 1, 2, 3, 4, 5, 9, 10, 12, 13, 14, 15, 16)
IN, OUT, OPEN_DRAIN, PULL_UP = 0, 1, 2, 1
RTC_MEMORY_BYTES = 492
WDT_TIMEOUT_MS = 5000  # what the port accepts
WDT_LIMIT_MS = 3200  # what the chip does: the second tick of 1.6 s without a feed (ets_alt_task.c)
PWRON_RESET, WDT_RESET, EXCEPTION_RESET, SOFT_WDT_RESET, SOFT_RESET, DEEPSLEEP_RESET, HARD_RESET = range(7)
MHZ_80, MHZ_160 = 80_000_000, 160_000_000
IDLE_LEVELS = {15: 0}  # pulled down on every module, else the chip would not start; the others are or float high


class Pins:
    """`held` are levels forced from outside, as by a button: {pin number: level}."""

    def __init__(self):
        self.held = {}
        self._modes = {}
        self._levels = {}

    def check(self, number):
        if number not in PINS:
            raise ValueError("invalid pin")

    def init(self, number, mode, pull, value):
        self.check(number)
        if number == 16 and pull not in (None, -1):
            raise ValueError("Pin(16) doesn't support pull")
        if mode != -1:
            self._modes[number] = mode
        if value is not None:
            self.set(number, value)

    def get(self, number):
        if self._modes.get(number) == OUT:
            return self._levels.get(number, 0)
        if self._modes.get(number) == OPEN_DRAIN and self._levels.get(number) == 0:
            return 0
        return self.held.get(number, IDLE_LEVELS.get(number, 1))

    def set(self, number, value):
        self._levels[number] = 1 if value else 0

    def outputs(self):
        """{pin number: level} of the pins that the program drives."""
        return {n: self._levels.get(n, 0) for n, mode in self._modes.items() if mode in (OUT, OPEN_DRAIN)}


class Watchdog:
    """Once started it cannot be stopped, and only feed() feeds it."""

    def __init__(self, now_ms):
        self._now_ms = now_ms
        self.deadline_ms = None

    def start(self, number, timeout):
        if number != 0 or timeout != WDT_TIMEOUT_MS:
            raise ValueError()
        self.feed()

    def feed(self):
        self.deadline_ms = self._now_ms() + WDT_LIMIT_MS


class RtcMemory:
    """Survives every reset, not the loss of power."""

    def __init__(self):
        self.data = b""

    def memory(self, *args):
        if not args:
            return self.data
        if len(args[0]) > RTC_MEMORY_BYTES:
            raise ValueError("buffer too long")
        self.data = args[0]
        return None


class Cpu:
    def __init__(self):
        self._freq = MHZ_80

    def freq(self, *args):
        if not args:
            return self._freq
        if args[0] not in (MHZ_80, MHZ_160):
            raise ValueError("frequency can only be either 80Mhz or 160MHz")
        self._freq = args[0]
        return None

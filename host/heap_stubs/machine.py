"""As much of the port's machine as the firmware asks for, on a board that was just plugged in."""


class _Flash:
    """Names in the chip's flash that this VM does not have."""

    dupterm = dupterm_notify = security = None


def reset():
    raise SystemExit("the firmware reset the board")


def reset_cause():
    return 0


def unique_id():
    return b"\xa1\xb2\xc3\x04"


class _Pin:
    """Static on the chip."""

    IN = 0
    OUT = 1
    PULL_UP = 1

    def __call__(self, *settings, **values):
        return self if len(settings) > 1 else 1


Pin = _Pin()
_memory = b""


class RTC:
    def memory(self, *data):
        global _memory
        if not data:
            return _memory
        _memory = data[0]


class WDT:
    def feed(self):
        pass

"""A clock that moves when it is looked at or slept on, so that a measurement never waits and always repeats."""

_now_ms = 0


def ticks_ms():
    global _now_ms
    _now_ms += 1
    return _now_ms & 0x3FFFFFFF


def gmtime():
    return 2000, 1, 1, 0, 0, 0, 5, 1


def sleep_ms(ms):
    global _now_ms
    _now_ms += ms


def ticks_add(ticks, ms):
    return (ticks + ms) & 0x3FFFFFFF


def ticks_diff(later, earlier):
    return ((later - earlier + 0x20000000) & 0x3FFFFFFF) - 0x20000000

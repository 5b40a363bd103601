# time of the chip: epoch 2000, ticks that wrap at 2**30, scaled board time. All local: no call to the hardware.
import time as _vm

_EPOCH = 946684800  # 2000-01-01 in seconds since 1970
_MASK = (1 << 30) - 1
_HALF = 1 << 29
_MILLION = 1000000

_reset_us = 0  # the VM's ticks at the last hard reset
_rate = _MILLION  # board microseconds in a second
_rtc_us = 0  # what the real-time clock read at the last hard reset
_real_ticks = _vm.ticks_us
_real_sleep = _vm.sleep_us
_gmtime = _vm.gmtime
_mktime = _vm.mktime
del _vm

_LOOK_US = 10  # what a look at a clock that jumps takes, so that who waits for it without sleeping gets there


def jump():
    """Time stands still while the VM computes, and passes at once while it sleeps. The hardware is asked only if
    something happens meanwhile."""
    global _real_ticks, _real_sleep
    from struct import pack

    import _rpc

    _rpc.carry_times()
    times = _rpc.times

    def ticks():
        times[0] += _LOOK_US
        return times[0]

    def sleep(us):
        until = times[0] + us
        if until > times[1]:
            _rpc.call(20, 0, 0, pack("<q", until))
        else:
            times[0] = until

    _real_ticks, _real_sleep = ticks, sleep


def _uptime_us():
    return (_real_ticks() - _reset_us) * _rate // _MILLION


def ticks_us():
    return _uptime_us() & _MASK


def ticks_ms():
    return _uptime_us() // 1000 & _MASK


ticks_cpu = ticks_us


def ticks_diff(a, b):
    return (a - b + _HALF & _MASK) - _HALF


def ticks_add(a, b):
    if not -_HALF < b < _HALF:
        raise OverflowError("ticks interval overflow")
    return a + b & _MASK


def sleep_us(us):
    if us > 0:
        _real_sleep(us * _MILLION // _rate)


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(s):
    sleep_us(int(s * _MILLION))


def time_ns():
    return (_rtc_us + _uptime_us()) * 1000


def time():
    return (_rtc_us + _uptime_us()) // _MILLION


def gmtime(s=None):
    return _gmtime(_EPOCH + (time() if s is None else s))[:8]


localtime = gmtime


def mktime(t):
    return int(_mktime(t)) - _EPOCH

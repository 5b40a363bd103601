# machine of the chip, as far as a virtual board can have it.
import gc as _gc
import sys as _sys

import _rpc
import _time
from machine import Signal  # noqa: F401

# Not mem8 and the like: in this VM they are the /dev/mem of the machine that it runs on.

PWRON_RESET = 0
WDT_RESET = 1
SOFT_RESET = 4
DEEPSLEEP_RESET = 5
HARD_RESET = 6
DEEPSLEEP = 4


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    IRQ_RISING = 1
    IRQ_FALLING = 2

    def __init__(self, number, *args, **kw):
        if isinstance(number, Pin):
            number = number._number
        _rpc.ask("pin.check", number)
        self._number = number
        if args or kw:
            self.init(*args, **kw)

    def init(self, mode=-1, pull=None, value=None, alt=None):
        _rpc.ask("pin.init", self._number, mode, pull, value)

    def value(self, *args):
        if not args:
            return _rpc.call(17, self._number)
        _rpc.call(18, self._number, 1 if args[0] else 0)

    __call__ = value

    def on(self):
        self.value(1)

    high = on

    def off(self):
        self.value(0)

    low = off

    def irq(self, *args, **kw):
        if self._number == 16:
            raise OSError("pin does not have IRQ capabilities")
        _missing("Pin.irq")

    def __repr__(self):
        return "Pin(%d)" % self._number


class RTC:
    def datetime(self, *args):
        if not args:
            t = _time.gmtime()
            return t[0], t[1], t[2], t[6], t[3], t[4], t[5], 0
        y, mo, d, _, h, mi, s, us = args[0]
        seconds = _time.mktime((y, mo, d, h, mi, s, 0, 0))
        _time._rtc_us += (seconds - _time.time()) * 1000000
        _rpc.ask("rtc.set", _time._rtc_us)

    def memory(self, *args):
        return _rpc.ask("rtc.memory", *(bytes(a) if not isinstance(a, str) else a.encode() for a in args))

    ALARM0 = 0

    def alarm(self, *args):
        _missing("RTC.alarm")

    irq = alarm


class WDT:
    def __init__(self, id=0, timeout=5000):
        _rpc.ask("wdt.start", id, timeout)

    def feed(self):
        _rpc.ask("wdt.feed")


_reserve = bytearray(512)  # to ask with where a program has left nothing: on the chip a reset takes no heap


def reset():
    global _reserve
    _reserve = None
    _gc.collect()
    _rpc.ask("reset")


soft_reset = _sys.exit


def reset_cause():
    return _rpc.ask("reset_cause")


def unique_id():
    return _rpc.ask("unique_id")


def freq(*args):
    return _rpc.ask("freq", *args)


def idle():
    _time.sleep_ms(1)


def lightsleep(ms=None):
    _time.sleep_ms(ms or 1)


def deepsleep(ms=0):
    _rpc.ask("deepsleep", ms)


def disable_irq():
    return 0


def enable_irq(state=None):
    pass


def time_pulse_us(*args):
    _missing("time_pulse_us")


def bitstream(*args):
    _missing("bitstream")


def _missing(name):
    raise NotImplementedError("the virtual board has no machine." + name)


class _Missing:
    def __init__(self, *args, **kw):
        _missing(type(self).__name__)


class ADC(_Missing):
    pass


class PWM(_Missing):
    pass


class SPI(_Missing):
    pass


class SoftSPI(_Missing):
    pass


class I2C(_Missing):
    pass


class SoftI2C(_Missing):
    pass


class UART(_Missing):
    pass


class Timer(_Missing):
    pass

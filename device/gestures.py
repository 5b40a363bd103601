"""A person at the board: a button that is held, the reset button pressed twice, and the LED that answers.

The engine reads the pin once a turn. This code is in memory while the button is pressed only. A press counts if the pin
was seen high before: something else that pulls it low is no person.
"""

from . import policy
from .overlay import forget

SOON = 0b0101010101010101  # let go now and the portal opens
ERASED = 0b1111111111111111

MODULES = "gestures marks slots store net.actions net.station options settings"


class Press:
    """A press of the button that is going on."""

    def __init__(self, now):
        self.began_at = self.looked_at = now
        self.erased = False


def begin(machine):
    """Find button and LED by the settings; obey what was asked for before the start."""
    from .options import option

    context = machine.context
    hardware = context.hardware
    pins = hardware.machine.Pin
    machine.dark = 1 if option(hardware, None, b"led_active_low") else 0
    led = option(hardware, None, b"led_pin")
    # Where there is none, something built in that does nothing, or is always true: a function of this file would keep
    # all of it in memory.
    machine.led = bool if led is None else pins(led, pins.OUT, value=machine.dark)
    button = option(hardware, None, b"button_pin")
    machine.button = b"up".strip if button is None else pins(button, pins.IN, pins.PULL_UP)
    machine.lit = machine.dark  # the level that was set last
    machine.press = 0 if machine.button() else None
    from .marks import start

    machine.settles_at = start(context)
    forget(MODULES)


def look(machine):
    """The button is pressed or was let go, or the first of two resets is to be forgotten.

    machine.press: a Press; 0 if the button is up, None if the pin is low and does not count.
    """
    context = machine.context
    now = context.clock.now()
    if machine.settles_at is not None and now >= machine.settles_at:
        from .marks import unmark

        machine.settles_at = None
        unmark(context.hardware)
    press = machine.press
    if machine.button():
        if press and not press.erased and now - press.began_at >= policy.PORTAL_PRESS_MS:
            ask_for_portal(context)
        machine.press = 0
    elif press is not None:
        # Whoever looks away for long has not seen whether it was one press or two.
        if not press or now - press.looked_at > policy.LOOKS_APART_MS:
            press = machine.press = Press(now)
        press.looked_at = now
        held_ms = now - press.began_at
        if held_ms >= policy.ERASE_PRESS_MS and not press.erased:
            press.erased = True
            erase(context)
        light(machine, press, held_ms, now)
        if held_ms < policy.PRESS_LIMIT_MS:
            return
        machine.press = None
    forget(MODULES)


def light(machine, press, held_ms, now):
    pattern = ERASED if press.erased else SOON if held_ms >= policy.PORTAL_PRESS_MS else machine.state.LED
    level = pattern >> (now >> 7 & 15) & 1 ^ machine.dark
    if level != machine.lit:
        machine.lit = level
        machine.led(level)


def ask_for_portal(context):
    if context.networks:  # else it is open, and for everybody
        print("button: the portal opens")
        context.portal_requested = True
        context.open_until = context.clock.now() + policy.GESTURE_WINDOW_MS


def erase(context):
    from .net.actions import forget as forget_all

    print("button: everything is erased")
    forget_all(context)

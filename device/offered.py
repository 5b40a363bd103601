"""What `homeport.` has for an owner's program, and where the rest of it is. In memory while somebody asks for it."""

import sys

from .overlay import PACKAGE, forget
from .policy import GESTURE_WINDOW_MS


def machine(hardware=None):
    """The state machine, on this board's hardware or on another of its shape, see hardware.py."""
    from .context import Context
    from .engine import Machine

    return Machine(Context(hardware))


def on_transition(callback):
    """Have callback(state, event, next_state), three texts, called after each transition (docs/state-machine.md).

    It delays the board's next turn, so it has to be short. What it raises is printed, and the board goes on. Several
    may be told; None in place of a callback: nobody is any more.
    """
    from .engine import Machine

    Machine.listeners = Machine.listeners + (callback,) if callback else ()


def open_portal():
    """Have the running machine give up its link and open the portal to everybody for ten minutes.

    It does so in its next turn; if the watchdog is armed the board starts again first. RuntimeError without a machine.
    """
    context = sys.modules[PACKAGE].running
    if context is None:
        raise RuntimeError("no machine was made")
    if context.networks:  # else it is open
        context.portal_requested = True
        context.open_until = context.clock.now() + GESTURE_WINDOW_MS


FUNCTIONS = {b"machine": machine, b"on_transition": on_transition, b"open_portal": open_portal}


def command(name):
    """What homeport.`name` is, or AttributeError."""
    forget("offered")
    running = sys.modules[PACKAGE].running
    word = name.encode()  # compared as bytes: texts would stay in memory
    if word == b"watchdog":
        return running and running.watchdog
    if word == b"feed":
        from .feeding import feed

        sys.modules[PACKAGE].feed = feed  # at once the next time
        return feed
    if word == b"values":  # it needs the room
        from .owner import values

        return values
    if word == b"forget":
        from .commands import forget_all

        return forget_all
    if word == b"portal":
        from .commands import restart_into_portal

        return restart_into_portal
    if word == b"run":  # it goes on for long, as the next one does, and would keep all of this with it
        from .online import run

        return run
    if word == b"keep_online":
        from .online import keep_online

        return keep_online
    if word in FUNCTIONS:
        return FUNCTIONS[word]
    try:  # `from . import` with the name of a module asks MicroPython's package for it first
        return __import__(PACKAGE + "." + name, None, None, (name,))
    except ImportError:
        raise AttributeError(name)

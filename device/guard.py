"""The chip's watchdog: armed last, fed at every turn, and never disarmed, because that is impossible.

Unfed it resets the chip after 1.6 to 3.2 s, whatever its timeout is said to be (ports/esp8266/ets_alt_task.c). So a
scan is not for a board with an armed one, nor is a session at the prompt: who wants there gets there by a reset.
"""

import sys

from . import policy
from .marks import FLAGS, PROMPT, TOOL, flush, load, mark, unmark
from .overlay import forget
from .program import UNSTABLE

NEVER = 1 << 60
CTRL_A = b"\1"
LISTEN_BYTES = 8
LISTEN_MS = 100  # a tool sends Ctrl-A right behind its Ctrl-C


def arm(context, due_at):
    """Arm it when the board has been connected for a while, unless the settings forbid that. Returns when to come back.

    due_at: UNSTABLE of program.py, or what this has returned.
    """
    later = due_at == UNSTABLE or not context.saved  # a restart would lose what flash has refused to keep
    if not later:
        from .options import option

        if option(context.hardware, None, b"watchdog"):
            context.watchdog = context.hardware.machine.WDT()
    forget("guard marks slots options")
    context.rest()
    return context.clock.now() + policy.STABLE_AFTER_MS if later else NEVER


def program(context, served):
    """The name of the owner's program, empty if there is none.

    served: the portal was open since the start. It has left some 4 KB of names behind that only a restart frees, so a
    program has the same memory after every start; but where the access point always stays, the portal is always there.
    """
    found = False
    if context.program_wanted:
        files = [name.encode() for name in context.hardware.files("/")]  # texts would stay in memory
        found = b"app.py" in files or b"app.mpy" in files
    if found and served and context.saved and context.portal is None and context.portal_due_at is None:
        print("homeport: starting again, to leave all memory to the program")
        flush(context)
        context.hardware.reset()
    forget("guard marks slots")
    context.rest()
    return str(b"app" if found else b"", "ascii")  # trusted: our own word


def prompt(hardware):
    """How to wait and to start again, whatever comes; (None, None) if this start leads to the prompt, see leave().

    hardware: None for the board's.
    """
    if hardware is None:
        from .hardware import Hardware as hardware
    flags = load(hardware)[FLAGS]
    if not flags & PROMPT:
        forget("program guard marks slots seldom")
        return hardware.sleep_ms, hardware.reset
    unmark(hardware)
    print("homeport: stopped; a reset starts it")
    if flags & TOOL:
        from .interrupt import type_again

        type_again(hardware, CTRL_A)
    return None, None


def leave(hardware, context):
    """A person or a tool at the console wants to get to the prompt. hardware: None for the board's."""
    if hardware is None:
        from .hardware import Hardware as hardware
    if context is None or context.watchdog is None:
        unmark(hardware)
        return
    context.watchdog.feed()
    mark(hardware, PROMPT | TOOL if is_tool(hardware) else PROMPT)
    flush(context)
    hardware.reset()


def is_tool(hardware):
    """True if Ctrl-A follows: it is lost by the reset, and whoever has sent it waits for its effect in vain."""
    poll = hardware.poll()
    poll.register(sys.stdin, hardware.POLLIN)
    for _ in range(LISTEN_BYTES):
        if not poll.poll(LISTEN_MS):
            break
        if sys.stdin.buffer.read(1) == CTRL_A:
            return True
    return False

"""The two of them on one board: Homeport and the owner's program."""

import sys

from .overlay import forget

IDLE_MS = 20  # how long a turn waits for a phone; what a phone sends meanwhile is handled at once
FAULT_PAUSE_MS = 5_000  # to read the fault, or to press Ctrl-C, before the board starts again


def main(hardware, machine_on):
    """Step the machine for ever. The owner's program is app.py: it is imported when the board is first connected and
    the setup is over; if it has a function step(), that is called at every turn. A fault, here or there, is printed
    and the board starts again; Ctrl-C leads to the prompt.
    """
    forget("program")
    try:
        board = machine_on(hardware)
        context = board.context
        context.idle_ms = IDLE_MS
        while context.state != "connected" or context.portal:
            board.step()
        files = hardware.files("/")
        app = __import__("app") if "app.py" in files or "app.mpy" in files else None
        step = getattr(app, "step", None)
        while True:
            board.step()
            if step:
                step()
    except Exception as error:
        sys.print_exception(error)
        print("homeport: starting again in", FAULT_PAUSE_MS // 1000, "s; Ctrl-C stops it")
        hardware.sleep_ms(FAULT_PAUSE_MS)
        hardware.reset()

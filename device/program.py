"""The two of them on one board: Homeport and the owner's program."""

import sys

from .context import Context
from .engine import Machine
from .overlay import forget

IDLE_MS = 20  # how long a turn waits for a phone; what a phone sends meanwhile is handled at once
UNSTABLE = 1  # in place of when to arm the watchdog: the time until then has yet to begin
FAULT_PAUSE_MS = 5_000  # if a crash cannot be handled


def main(hardware=None, machine_on=None):
    """Step the machine for ever, beside the owner's program. That is app.py: it is imported when the board is first
    connected and the setup is over; if it has a function step(), that is called at every turn. What either raises is
    printed and logged, and the board starts again (crash.py); Ctrl-C leads to the prompt.

    The watchdog is armed last, when the board has been connected for a while: then a turn may take 1.5 s at most.

    Other hardware than the board's, and machine_on(hardware), are for tests.
    """
    from .guard import prompt

    sleep_ms, reset = prompt(hardware)
    if not reset:
        return
    del prompt  # a name of this long-lived function keeps all of its module in memory
    context = board = app = step = None
    served = False  # the portal was open since the start
    arm_at = UNSTABLE
    while True:
        try:
            try:
                if not board:
                    board = machine_on(hardware) if machine_on else Machine(Context())
                    context = board.context
                    context.idle_ms = IDLE_MS
                while True:
                    board.step()
                    served = served or context.portal is not None
                    # A press of the reset button is one of two only until then, and the program may never step again.
                    if step is None and context.settled and board.settles_at is None:
                        from .guard import program

                        app = program(context, served)
                        del program
                        for _ in range(3):
                            board.step()  # the stack forgets what that has used, which the owner's program needs
                        step = app and getattr(__import__(app), "step", False)
                    if step:
                        step()
                    if context.watchdog is not None:
                        context.watchdog.feed()
                    elif not context.settled or context.portal is not None:
                        arm_at = UNSTABLE
                    elif context.clock.now() >= arm_at:
                        from .guard import arm

                        arm_at = arm(context, arm_at)
                        del arm
            except (Exception, SystemExit) as error:
                board = step = None
                if context and context.pages:
                    context.pages = None
                # What app holds may be all the memory there was. When an import fails, its name goes, but the module
                # stays in its place of the table (mp_map_lookup() in py/map.c): it has to be written over.
                if app:
                    sys.modules[app] = None
                    del sys.modules[app]
                forget("crash")
                try:
                    from .crash import crashed as handle

                    handle(hardware, context, error)
                except Exception:  # there may be no memory even for that
                    print("homeport: starting again")
                    sleep_ms(FAULT_PAUSE_MS)
                    reset()
        except KeyboardInterrupt:
            from .interrupt import interrupted as handle

            handle(hardware, context, board, step)
            del handle

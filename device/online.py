"""The machine while a program waits for it, and as a task of asyncio, which the port has in its flash."""

from .context import Context
from .engine import Machine

IDLE_MS = 20  # how long a turn waits for a phone; what a phone sends meanwhile is handled at once
TURN_MS = 20  # between two turns the other tasks have the chip


def run(board=None):
    """Step until the board is connected and nobody needs its portal any more. Returns the port's WLAN object of the
    station."""
    board = board or Machine(Context())
    board.context.idle_ms = IDLE_MS
    heard = False
    # A press of the reset button is one of two for some seconds, and the program may never step the board again.
    while not board.context.settled or board.settles_at is not None:
        try:
            board.step()
        except KeyboardInterrupt:
            from .interrupt import interrupted

            interrupted(None, board.context, board)
            del interrupted
            heard = True
    if heard:
        from .improv import finish

        finish()
    return board.context.hardware.station


def keep_online(board=None):
    """A coroutine that keeps the board online for ever: asyncio.create_task(homeport.keep_online()).

    board: of homeport.machine(); one is made if it is None. A turn takes less than 100 ms but for a scan, which takes
    two seconds and happens before the portal opens and in an outage. When memory runs out the board starts again: what
    the machine needs then is there before the program is loaded, if homeport.run() comes first.
    """
    from asyncio import sleep_ms

    board = board or Machine(Context())
    context = board.context
    context.idle_ms = 0
    while True:
        try:
            board.step()
        except MemoryError as error:  # the program has taken too much for a portal or a search
            print("homeport: starting again, for there is no memory beside the program:", error)
            context.hardware.reset()
        if context.watchdog is not None:
            context.watchdog.feed()
        yield from sleep_ms(TURN_MS)

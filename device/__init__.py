"""Homeport: the board joins the Wi-Fi it knows, or opens a portal and asks.

    import homeport
    homeport.main()             # for a main.py of two lines; runs the owner's app.py once the board is connected
    wlan = homeport.run()       # or: returns once the board is connected
    board = homeport.machine()  # or: call board.step() from a loop of your own
"""

IDLE_MS = 20  # how long a turn waits for a phone; what a phone sends meanwhile is handled at once
FAULT_PAUSE_MS = 5_000  # to read the fault and press Ctrl-C before the board starts again


def machine():
    """The state machine on this board's hardware."""
    from .context import Context
    from .engine import Machine
    from .hardware import Hardware

    return Machine(Context(Hardware()))


def run(board=None):
    """Step until the board is connected. Returns the port's WLAN object of the station."""
    board = board or machine()
    board.context.idle_ms = IDLE_MS
    while board.context.state != "connected":
        board.step()
    return board.context.hardware.station


def main():
    """Keep the board online for ever, beside the owner's program.

    The program is app.py. It is imported when the board is first connected and the setup is over; if it has a
    function step(), that is called at every turn. A fault, here or there, is printed and the board starts again;
    Ctrl-C leads to the prompt.
    """
    from .hardware import Hardware

    try:
        board = machine()
        context = board.context
        context.idle_ms = IDLE_MS
        while context.state != "connected" or context.portal:
            board.step()
        app = context.hardware.program("app")
        step = getattr(app, "step", None)
        while True:
            board.step()
            if step:
                step()
    except Exception as error:
        Hardware().restart_after(error, FAULT_PAUSE_MS)

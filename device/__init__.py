"""Homeport: the board joins the Wi-Fi it knows, or opens a portal and asks.

    import homeport
    homeport.main()             # for a main.py of two lines; runs the owner's app.py once the board is connected
    wlan = homeport.run()       # or: returns once the board is connected
    board = homeport.machine()  # or: call board.step() from a loop of your own

What people entered into the owner's inputs (docs/settings.md) is there from then on, for instance in app.py:

    import homeport
    server = homeport.values()["mqtt_host"]  # str of a text or a select, int or None of a number, bool of a checkbox
"""

IDLE_MS = 20  # how long a turn waits for a phone; what a phone sends meanwhile is handled at once


def machine(hardware=None):
    """The state machine, on this board's hardware or on another of its shape, see hardware.py."""
    if hardware is None:
        from .hardware import Hardware

        hardware = Hardware()
    from .context import Context
    from .engine import Machine

    return Machine(Context(hardware))


def run(board=None):
    """Step until the board is connected. Returns the port's WLAN object of the station."""
    board = board or machine()
    board.context.idle_ms = IDLE_MS
    while board.context.state != "connected":
        board.step()
    return board.context.hardware.station


def main():
    """Keep the board online for ever, beside the owner's program: see program.py."""
    from .hardware import Hardware
    from .program import main

    main(Hardware(), machine)


def values():
    """{name: value} of the owner's inputs, read from flash: call it again when the board was set up anew."""
    from .hardware import Hardware
    from .owner import values

    return values(Hardware())

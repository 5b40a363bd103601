"""Homeport: the board joins the Wi-Fi it knows, or opens a portal and asks.

    import homeport
    homeport.main()             # for a main.py of two lines; runs the owner's app.py once the board is connected
    wlan = homeport.run()       # or: returns once the board is connected
    board = homeport.machine()  # or: call board.step() from a loop of your own

What people entered into the owner's inputs (docs/settings.md) is there from then on, for instance in app.py:

    import homeport
    server = homeport.values()["mqtt_host"]  # str of a text or a select, int or None of a number, bool of a checkbox

For a program whose step() takes longer than a second, and at the prompt (docs/recovery.md):

    homeport.feed()    # the watchdog
    homeport.forget()  # erase everything
    homeport.portal()  # start again into the portal, open to everybody for ten minutes

All of it is in docs/your-program.md.
"""

running = None  # the context of the machine that was made last


def __getattr__(name):
    """The other functions: see offered.py and program.py, which are in memory while somebody asks for one."""
    if name == "main":
        from .program import main

        return main
    from .offered import command

    return command(name)

"""As much of the port's machine as the firmware asks for, on a board that was just plugged in."""


def reset():
    raise SystemExit("the firmware reset the board")


def reset_cause():
    return 0


def unique_id():
    return b"\xa1\xb2\xc3\x04"

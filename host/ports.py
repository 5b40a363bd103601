"""Which serial port a board is at, and what can be wrong with that."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

import serial
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

# What a person may read on the board; everything else that is a serial port over USB is offered as well.
BRIDGES = {0x1A86: "CH340", 0x10C4: "CP210x", 0x0403: "FTDI", 0x067B: "PL2303", 0x303A: "Espressif USB"}
LOCKED = (errno.EAGAIN, errno.EBUSY)
MISSING = (errno.ENOENT, errno.ENODEV, errno.ENXIO)


class PortError(Exception):
    """A board cannot be reached at a port; the text says why, and what to do."""


class NoBoardError(PortError):
    """Nothing that could be a board is plugged in."""


class SeveralBoardsError(PortError):
    """More than one port could be meant."""


class Interrupted(PortError):
    """A person has pressed Ctrl-C; the text says what the board is now, and how to finish."""


def plugged_in() -> list[str]:
    """The serial ports of this machine that a board may be at: those on USB."""
    return [port.device for port in _on_usb()]


def the_port(chosen: str | Path | None = None) -> str:
    """`chosen`, or the only port there is. NoBoardError, SeveralBoardsError."""
    if chosen is not None:
        return str(chosen)
    found = _on_usb()
    if not found:
        raise NoBoardError(
            "no board: plug one in with a cable that carries data, or name its port with --port\n"
            "  (many cables only charge; `mpremote connect list` shows what this machine sees)"
        )
    if len(found) > 1:
        rows = "".join(f"\n  --port {port.device}   {_described(port)}" for port in found)
        raise SeveralBoardsError(f"several boards: name one with --port{rows}")
    return found[0].device


def the_ports(chosen: Sequence[str | Path]) -> list[str]:
    """`chosen`, each once, or all there are. NoBoardError."""
    return list(dict.fromkeys(str(port) for port in chosen)) or plugged_in() or [the_port()]


def refusal(port: str) -> str | None:
    """Why the port cannot be opened, and what to do next. None if it can, now."""
    try:
        serial.serial_for_url(port, exclusive=True).close()
    except ValueError as error:
        return f"{port} is no serial port: {error}.\n  `mpremote connect list` shows the ports"
    except OSError as error:
        return _refusal(port, error)
    return None


def locked_by(port: str) -> str | None:
    """Name and number of the process that holds the lock on the port; None where that cannot be told."""
    try:
        found = os.stat(port)
        wanted = f"{os.major(found.st_dev):02x}:{os.minor(found.st_dev):02x}:{found.st_ino}"
        for line in Path("/proc/locks").read_text().splitlines():
            words = line.split()
            if len(words) > 5 and words[1] == "FLOCK" and words[5] == wanted:
                return f"{Path('/proc', words[4], 'comm').read_text().strip()} (process {words[4]})"
    except OSError:
        pass
    return None


def _on_usb() -> list:
    ports = [port for port in list_ports.comports() if port.vid is not None and port.pid is not None]
    return sorted(ports, key=lambda port: port.device)


def _described(port: ListPortInfo) -> str:
    """What a person recognises a board's USB bridge by."""
    name = BRIDGES.get(port.vid) or port.description
    serial_number = f", serial number {port.serial_number}" if port.serial_number else ""
    return f"{name} ({port.vid:04x}:{port.pid:04x}{serial_number})"


def _refusal(port: str, error: OSError) -> str:
    number = error.errno or _cause(error)
    if number in LOCKED:
        return (
            f"{port} is busy: {locked_by(port) or 'another program'} has it open.\n"
            "  Close that (a monitor, mpremote, an IDE), then run this again"
        )
    if number == errno.EACCES:
        return (
            f"{port} may not be opened by you.\n"
            "  On Linux: sudo usermod -a -G dialout $USER, then log out and in again (the group is uucp on Arch)"
        )
    if number in MISSING:
        return (
            f"{port} is not there.\n"
            "  Is the board plugged in, or the virtual board running? `mpremote connect list` shows the ports"
        )
    if number == errno.ENOTTY:
        return f"{port} is no serial port.\n  `mpremote connect list` shows the ports"
    return (
        f"{port} cannot be opened: {os.strerror(number) if number else error}.\n"
        "  Is it the right one? `mpremote connect list` shows the ports of this machine"
    )


def _cause(error: BaseException) -> int | None:
    """The number in what pyserial has put into words of its own: of termios, which is no OSError."""
    number = error.__context__.args[0] if error.__context__ and error.__context__.args else None
    return number if isinstance(number, int) else None

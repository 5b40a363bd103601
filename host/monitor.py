"""`homeport monitor`: the board's console, with states in their colours and tracebacks that lead to the sources."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from rich.console import Console as Terminal
from rich.markup import escape

from .link import Gone, Link
from .ports import PortError, refusal
from .shown import is_noise, readable, transition
from .traces import Traces

PARTIAL_S = 0.3  # a prompt has no end of its line
BACK_S = 0.2  # between two looks whether the port is back


class Console:
    """Shows a board's lines on a rich Console."""

    def __init__(self, out: Terminal, traces: Traces | None = None) -> None:
        self._out = out
        self._traces = traces or Traces()
        self._noise = False

    def show(self, data: bytes) -> None:
        """data: a line without its end, bytes."""
        text = readable(data)
        noise, self._noise = self._noise, bool(text) and is_noise(text)
        if self._noise:
            if not noise:
                self._out.print("[dim](the chip's boot ROM speaks at another speed)[/dim]", soft_wrap=True)
            return
        text = self._traces.translated(text)
        if not self._out.is_terminal:
            self._out.file.write(text + "\n")
            self._out.file.flush()
        else:
            style = "red" if "Error" in text or text.startswith("Traceback") else "dim"
            self._out.print(transition(text) or f"[{style}]{escape(text)}[/]", soft_wrap=True)


def monitor(
    port: str, out: Terminal, note: Callable[[str], None], reset: bool = False, tree: Path | None = None
) -> NoReturn:
    """Until KeyboardInterrupt; a board that is unplugged is waited for. PortError if it cannot be reached at first."""
    console = Console(out, Traces(tree) if tree else None)
    link = Link(port)
    try:
        if reset:
            try:
                link.enter()
                link.reset()
            except KeyboardInterrupt:
                link.abandon()  # it may be at its prompt by now
                raise
        note(f"console of {port}; Ctrl-C leaves, the board goes on" + ("" if reset else "; --reset starts it again"))
        while True:
            try:
                _follow(link, console)
            except Gone:
                link.close()
                note(f"{port} is gone; waiting for it")
                link = _back(port)
                note(f"{port} is back")
    finally:
        link.close()


def _follow(link: Link, console: Console) -> NoReturn:
    rest, heard_at = b"", 0.0
    while True:
        data = link.read()
        if data:
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                console.show(line.rstrip(b"\r"))
            heard_at = time.monotonic()
            continue
        if rest and time.monotonic() - heard_at > PARTIAL_S:
            console.show(rest)
            rest = b""
        time.sleep(0.01)


def _back(port: str) -> Link:
    while True:
        time.sleep(BACK_S)
        why = refusal(port)
        if why is None:
            return Link(port)
        if "is busy" in why:
            raise PortError(why)

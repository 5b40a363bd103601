"""A board at its prompt for what takes long: a link that can be told to stop, and has the board start again then."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from mpremote.transport import TransportError

from .link import Gone, Link, Lost, NoPython, check_chip, literal

END = b"\x04"  # of what a program printed, and of its traceback
TICK_S = 0.2  # how soon `stop` is noticed
TRACEBACK_S = 5.0


class Stopped(Exception):
    """`stop` said so."""


class Cable(Link):
    """Enters the prompt in a `with`, and starts the board again if that is left by an exception. Unsuitable for another
    chip.

    stop: asked several times a second while the board works; True raises Stopped.
    """

    def __init__(self, port: str | Path, stop: Callable[[], bool] = lambda: False) -> None:
        super().__init__(port)
        self._stop = stop

    def __enter__(self) -> "Cable":
        try:
            self.enter()
            check_chip(self.facts())
        except BaseException as error:
            if not isinstance(error, Gone | NoPython):
                self.abandon()
            self.close()
            raise
        return self

    def __exit__(self, kind: Any, error: Any, *_: object) -> None:
        if kind is not None and not isinstance(error, Gone):
            self.abandon()
        self.close()

    def ask(self, code: str) -> Any:
        """What `code` printed last, as repr() gives it. PortError."""
        return literal(self.run(code).strip().rpartition("\n")[2])

    def work(self, code: str, patience_s: float) -> tuple[str, str]:
        """(what `code` printed, its traceback or ""), however long it is silent. PortError, Stopped."""
        printed = bytearray()
        try:
            self._transport.exec_raw_no_follow(code)
            deadline = time.monotonic() + patience_s
            while self._transport.read_until(1, END, timeout=TICK_S, data_consumer=printed.extend) != END:
                if self._stop():
                    raise Stopped
                if time.monotonic() >= deadline:
                    raise Lost(f"the board on {self.port} has not finished in time")
            failed = self._transport.read_until(1, END, timeout=TRACEBACK_S)
        except TransportError as error:
            raise self._lost() from error
        except OSError as error:
            raise self._gone() from error
        return _text(printed), _text(failed)

    def console(self, patience_s: float) -> Iterator[str]:
        """Lines of what the board prints after a reset(), for so long at most. PortError, Stopped."""
        for line in self.lines(until_s=patience_s):
            if self._stop():
                raise Stopped
            if line is not None:
                yield line.decode("utf-8", "replace")


def _text(data: bytes | bytearray) -> str:
    return bytes(data).removesuffix(END).decode("utf-8", "replace").replace("\r\n", "\n")

"""The board's prompt over its cable: mpremote's transport, its errors told apart and turned into what to do next."""

import ast
import contextlib
import re
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType, TracebackType
from typing import Any, Self

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport

from .ports import PortError, refusal

ANSWER_S = 10  # a board that says nothing for so long, in the middle of what it was told to do, is lost
RUN_S = 120  # and so is one that talks on and on: it restarted, and that is its own program
# For each of the answers on the way to the prompt, try by try: opening the port resets some boards, and what is typed
# while a board starts is lost; an armed watchdog makes a restart of the way to the prompt.
ENTER_S = (4, 6, 10)
HEARD_LIMIT = 60  # characters of what a stranger on the port says
ERRNO = re.compile(r"OSError: (?:\[Errno )?(\d+)")
CORRUPT = "looks corrupt"  # what the port prints for ever if its part of the flash holds something else (inisetup.py)

PLATFORM = "esp8266"
OLDEST = (1, 25)  # the first whose access point tells who has joined, and what the firmware asks it
PROVEN = (1, 28)  # what the tests run
MPY_VERSION = 6  # of compiled files

FACTS = """
import sys
i = sys.implementation
print(repr((sys.platform, i.name, tuple(i.version)[:3], getattr(i, '_machine', ''), getattr(i, '_mpy', 0) & 255)))
"""
RESET = "import machine, time; time.sleep_ms(100); machine.reset()"
TICK_S = 0.01


class NoPython(PortError):
    """Something else than MicroPython is at the other end, or nothing."""


class Unsuitable(PortError):
    """It is MicroPython, but another chip's, or too old."""


class Gone(PortError):
    """The port has vanished: unplugged, or switched off."""


class Lost(PortError):
    """The board has stopped answering as it should: it restarted, or it hangs."""


class BoardFault(PortError):
    """What the board was told to do has raised there. `errno`: of an OSError, else None."""

    def __init__(self, text: str) -> None:
        super().__init__(f"the board says: {text.strip().splitlines()[-1] if text.strip() else 'nothing'}")
        self.text = text
        found = ERRNO.search(text)
        self.errno = int(found[1]) if found else None


@dataclass(frozen=True)
class Facts:
    """What is at the prompt. `mpy`: version of compiled files that it loads."""

    platform: str
    name: str
    version: tuple[int, ...]
    machine: str
    mpy: int

    @property
    def release(self) -> str:
        return ".".join(map(str, self.version))


class _Transport(SerialTransport):
    """mpremote's. What comes and was not expected, bytes, is in `unexpected`: mpremote prints it, and a process has one
    standard output for all the threads that have a board each."""

    def __init__(self, port: str, answer_s: float) -> None:
        self.unexpected: list[bytes] = []
        super().__init__(port, timeout=answer_s)

    def enter_raw_repl(self, *words: Any, **named: Any) -> None:
        self._unprinted(SerialTransport.enter_raw_repl)(self, *words, **named)

    def exec_raw_no_follow(self, *words: Any, **named: Any) -> None:
        self._unprinted(SerialTransport.exec_raw_no_follow)(self, *words, **named)

    def _unprinted(self, method: Any) -> FunctionType:
        """The method of mpremote's, for which `print` is another function."""
        names = {**method.__globals__, "print": self.unexpected.append}
        same = FunctionType(method.__code__, names, method.__name__, method.__defaults__, method.__closure__)
        same.__kwdefaults__ = method.__kwdefaults__
        return same


class Link:
    """One open port. Whatever goes wrong with it is a PortError of this module.

    `enter()` interrupts what runs on the board and leads to its prompt, with an empty heap; `run(code)` has it do
    something there; `reset()` starts it again, and `lines()` listens. Use it in a with statement.
    """

    def __init__(self, port: str | Path, enter_s: tuple[float, ...] = ENTER_S, answer_s: float = ANSWER_S) -> None:
        self.port = str(port)
        self._enter_s, self._answer_s = enter_s, answer_s
        try:
            self._transport: Any = _Transport(self.port, answer_s)
        except (TransportError, ValueError):
            raise PortError(refusal(self.port) or f"{self.port} could not be opened; run this again") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._transport.close()
        with contextlib.suppress(OSError):
            self._transport.serial.close()

    def enter(self, soft_reset: bool = True) -> None:
        """To the raw prompt; with soft_reset its heap is as after a start."""
        heard = ""
        for patience_s in self._enter_s:
            self._transport.unexpected.clear()
            try:
                self._transport.enter_raw_repl(soft_reset, patience_s)
                return
            except TransportError:
                heard = _text(b"".join(self._transport.unexpected)) or heard
            except OSError as error:
                raise self._gone() from error
        raise NoPython(self._stranger(heard))

    def _stranger(self, heard: str) -> str:
        if CORRUPT in heard:
            return (
                "MicroPython finds something else than its file system on the board's flash.\n"
                "  That was another firmware: run `homeport flash --erase IMAGE`, which erases all of it"
            )
        if heard:
            return (
                f"what is on {self.port} does not lead to MicroPython's prompt; it says {heard[-HEARD_LIMIT:]!r}.\n"
                "  If that is another firmware: `homeport flash --erase IMAGE` writes MicroPython. If it is the right\n"
                "  board, press its reset button and run this again"
            )
        return (
            f"nothing answers on {self.port}.\n"
            "  Is it the right port? Press the board's reset button and run this again.\n"
            "  If there is no MicroPython on it yet: `homeport flash IMAGE` writes it (docs/commands.md)"
        )

    def facts(self) -> Facts:
        """Facts of what is at the prompt."""
        text = self.run(FACTS)
        with sensible():
            return Facts(*literal(text))

    def suitable(self, note: Callable[[str], None] = lambda text: None) -> Facts:
        """Its Facts; Unsuitable if the firmware cannot run there. note(text) is told what is merely unproven."""
        facts = self.facts()
        check_suitable(facts, note)
        return facts

    def run(self, code: str, heard: Callable[[str], None] | None = None) -> str:
        """What `code` prints there, as text. heard(line): called for each line of it as it comes. BoardFault if it
        raises, Lost if it has not ended after RUN_S."""
        out, line = bytearray(), bytearray()
        deadline = time.monotonic() + RUN_S

        def consume(data: bytes) -> None:
            if time.monotonic() > deadline:
                raise TransportError("no end")
            data = data.replace(b"\x04", b"")
            out.extend(data)
            line.extend(data)
            while heard and b"\n" in line:
                end = line.index(b"\n")
                heard(line[:end].decode("utf-8", "replace").strip("\r"))
                del line[: end + 1]

        try:
            fault = self._transport.exec_raw(code, self._answer_s, consume)[1]
        except (TransportError, struct.error) as error:  # half an answer cannot be unpacked
            raise self._lost() from error
        except OSError as error:
            raise self._gone() from error
        if fault:
            raise BoardFault(fault.decode("utf-8", "replace"))
        return out.decode("utf-8", "replace").replace("\r\n", "\n")

    def reset(self) -> None:
        """Start the board again, as its reset button does; what it says then is in lines()."""
        try:
            self._transport.exec_raw_no_follow(RESET)
            self._transport.in_raw_repl = False
        except (TransportError, struct.error) as error:
            raise Lost(f"the board on {self.port} did not take the reset; press its reset button") from error
        except OSError as error:
            raise self._gone() from error

    def abandon(self) -> None:
        """After a failure: have the board run what it has, if it still listens."""
        self._enter_s = self._enter_s[:1]
        with contextlib.suppress(PortError):
            self.enter(soft_reset=False)
            self.reset()

    def read(self) -> bytes:
        """The bytes that have come, b"" if none. Gone."""
        port = self._transport.serial
        try:
            waiting = port.in_waiting
            return port.read(waiting) if waiting else b""
        except OSError as error:
            raise self._gone() from error

    def lines(self, quiet_s: float | None = None, until_s: float | None = None) -> Iterator[bytes | None]:
        """The lines that the board prints, bytes without their ends, and None now and then while there is nothing.

        Ends when nothing has come for quiet_s, or after until_s.
        """
        rest, started = b"", time.monotonic()
        heard_at = started
        while True:
            data, now = self.read(), time.monotonic()
            if data:
                heard_at = now
                *whole, rest = (rest + data).split(b"\n")
                yield from (line.rstrip(b"\r") for line in whole)
                continue
            if quiet_s is not None and now - heard_at >= quiet_s or until_s is not None and now - started >= until_s:
                if rest:
                    yield rest
                return
            yield None
            time.sleep(TICK_S)

    def _lost(self) -> Lost:
        return Lost(
            f"the board on {self.port} has stopped answering: it restarted, or it hangs.\n"
            "  Press its reset button and run this again"
        )

    def _gone(self) -> Gone:
        return Gone(f"{self.port} is gone: the board was unplugged or switched off.\n  Plug it in and run this again")


def check_chip(facts: Facts) -> None:
    """Unsuitable if the Facts are not from MicroPython on an ESP8266."""
    if facts.name != "micropython":
        raise Unsuitable(f"{facts.name} is on the board.\n  `homeport flash --erase IMAGE` writes MicroPython")
    if facts.platform != PLATFORM:
        raise Unsuitable(
            f"this is another chip: {facts.machine or facts.platform}. Homeport is for the ESP8266.\n"
            "  If there are several boards, name the right one's port with --port"
        )


def check_suitable(facts: Facts, note: Callable[[str], None] = lambda text: None) -> None:
    """Unsuitable if the firmware cannot run where the Facts are from; note(text) is told what is merely unproven."""
    check_chip(facts)
    if facts.version < OLDEST or facts.mpy != MPY_VERSION:
        raise Unsuitable(
            f"MicroPython {facts.release} on the board is too old: it has to be {'.'.join(map(str, OLDEST))} or "
            "later.\n  `homeport flash IMAGE` writes another; what is saved on the board stays"
        )
    if facts.version < PROVEN:
        note(f"MicroPython {facts.release} is older than {'.'.join(map(str, PROVEN))}, with which Homeport is tested")


def _text(data: bytes) -> str:
    """What a stranger has said in place of a prompt's words."""
    return data.decode("ascii", "replace").replace("raw REPL; CTRL-B to exit", "").strip("\r\n >")


def literal(text: str) -> Any:
    """What the board has printed as repr() gives it. Lost if it is something else."""
    with sensible():
        return ast.literal_eval(text.strip())


@contextlib.contextmanager
def sensible() -> Iterator[None]:
    """Around taking a board's answer apart: Lost if it is not what was asked for."""
    try:
        yield
    except (ValueError, TypeError, LookupError, SyntaxError) as error:
        raise Lost(
            "the board's answer makes no sense: it restarted, or the cable is bad.\n"
            "  Run this again; if that does not help, try another cable"
        ) from error

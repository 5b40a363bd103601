"""`homeport flash`: writes a MicroPython image that a person has onto a board, with esptool. Image, chip and size of
the flash are looked at before anything is erased."""

import contextlib
import importlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from esptool import cmds
from esptool.bin_image import LoadFirmwareImage
from esptool.logger import EspLog, TemplateLogger, log
from esptool.util import FatalError, flash_size_bytes
from serial import SerialException

from .deploy import Silent
from .link import OLDEST
from .ports import Interrupted, PortError, refusal

CHIP = "ESP8266"
BAUD = 460_800
MIB = 1024 * 1024
FIRMWARE_BYTES = 1 * MIB  # behind it the file system begins (ports/esp8266/modules/flashbdev.py)
FLASH_BYTES = 2 * MIB  # of the smallest chip with room for firmware and file system
CONNECT_TRIES = 4  # each resets the chip in another way
BANNER = re.compile(rb"MicroPython v(\d+)\.(\d+)(?:\.(\d+))?")  # what the prompt says first
DETECTED = re.compile(r"Detected image type: (\S+)")
WHERE = "micropython.org/download/ESP8266_GENERIC has the right ones"


class FlashError(PortError):
    """The image is none for this board, or could not be written; the text says what to do next."""


@dataclass(frozen=True)
class Image:
    """An image that was looked at. version: of MicroPython, or None if it cannot be found in it."""

    path: Path
    data: bytes
    version: tuple[int, ...] | None

    @property
    def release(self) -> str:
        return ".".join(map(str, self.version)) if self.version else "of unknown version"


def read_image(path: str | Path) -> Image:
    """Image of a file; FlashError if it cannot be for an ESP8266, is damaged, or is too old for Homeport."""
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FlashError(f"{path}: {error.strerror}.\n  {WHERE}") from None
    try:
        with _logging(_Log(lambda text: None)):
            image = LoadFirmwareImage("esp8266", data)
        if image.checksum != image.calculate_checksum():
            raise FatalError("its checksum is wrong")
    except (FatalError, TypeError, IndexError) as error:  # an empty file has no first byte
        raise FlashError(f"{path} is {_what_else(data)}, no image for the {CHIP}: {error}.\n  {WHERE}") from None
    if len(data) > FIRMWARE_BYTES:
        raise FlashError(
            f"{path} has {len(data)} bytes and would reach into the file system, which begins at {FIRMWARE_BYTES}.\n"
            f"  {WHERE}"
        )
    found = BANNER.search(data)
    version = tuple(int(part or 0) for part in found.groups()) if found else None
    if version and version < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        release = ".".join(map(str, version))
        raise FlashError(f"{path} is MicroPython {release}: it has to be {oldest} or later.\n  {WHERE}")
    return Image(path, data, version)


def _what_else(data: bytes) -> str:
    """What esptool takes a file for that is no image for the chip."""
    shown: list[str] = []
    with _logging(_Log(shown.append)), contextlib.suppress(Exception):  # whatever it makes of what is none
        cmds.image_info(data)
    found = DETECTED.search("\n".join(shown))
    if found and found[1] == CHIP:
        return "damaged or cut short"
    return f"for the {found[1]}" if found else "something else"


def flash(
    port: str, image: Image, report: Silent, erase: bool = False, baud: int = BAUD, flash_mode: str = "keep"
) -> int:
    """Write an Image; erase: all of the flash before, with everything that is saved there.

    The chip starts afterwards. Raises FlashError, PortError; Interrupted in place of KeyboardInterrupt.
    """
    if why := refusal(port):
        raise PortError(why)
    writing = False
    try:
        with _logging(_Log(report.doing, report)):
            report.doing("Connecting")
            with _connected(port) as esp:
                _check_chip(esp)
                esp = cmds.run_stub(esp)
                if baud != esp.get_baud():
                    esp.change_baud(baud)
                cmds.attach_flash(esp)
                size_bytes = _check_flash(esp)
                writing = True
                cmds.write_flash(
                    esp, [(0, image.data)], flash_mode=flash_mode, flash_size="detect", erase_all=erase
                )  # fmt: skip
                cmds.reset_chip(esp, "hard-reset")
                return size_bytes
    except FlashError:
        raise
    except (FatalError, SerialException, OSError, *_terminal_errors()) as error:
        raise FlashError(_failure(port, error, writing)) from error
    except KeyboardInterrupt:
        raise Interrupted(_failure(port, "interrupted", writing)) from None
    finally:
        report.finished()


def _connected(port: str) -> Any:
    try:
        return cmds.detect_chip(port, connect_attempts=CONNECT_TRIES)
    except FatalError as error:
        raise FlashError(
            f"no chip answers on {port} ({str(error).splitlines()[0]}).\n"
            "  Hold the FLASH button (GPIO0 to ground), press the reset button, let go of both, then run this again.\n"
            "  Is it the right port, and a cable that carries data?"
        ) from None


def _check_chip(esp: Any) -> None:
    if esp.CHIP_NAME != CHIP:
        raise FlashError(
            f"this is an {esp.CHIP_NAME}; Homeport, and the image, are for the {CHIP}. Nothing was written.\n"
            "  If there are several boards, name the right one's port with --port"
        )


def _check_flash(esp: Any) -> int:
    size = cmds.detect_flash_size(esp)
    size_bytes = flash_size_bytes(size)
    if size_bytes is None:
        raise FlashError("the board's flash does not tell its size. Nothing was written: try another cable, or board")
    if size_bytes < FLASH_BYTES:
        raise FlashError(
            f"the board's flash is too small: {size}, and {FLASH_BYTES // MIB} MB are needed. Nothing was written.\n"
            "  A D1 mini or NodeMCU has 4 MB"
        )
    return size_bytes


def _terminal_errors() -> tuple[type[Exception], ...]:
    """What a port that vanishes raises in the middle of pyserial: on Windows there is none besides OSError."""
    with contextlib.suppress(ImportError):
        return (importlib.import_module("termios").error,)
    return ()


def _failure(port: str, error: object, writing: bool) -> str:
    if not writing:
        return f"{port}: {error}. Nothing was written; run this again"
    return (
        f"{port}: {error}.\n"
        "  MicroPython on the board is not complete and may not start. Run the same command again; that always works,\n"
        "  because the chip's own loader cannot be overwritten"
    )


class _Log(TemplateLogger):
    """What esptool says, as work that is shown."""

    def __init__(self, doing: Callable[[str], object], report: Silent | None = None) -> None:
        self._doing, self._report = doing, report
        self._done: int | None = None

    def print(self, *args: Any, **kwargs: Any) -> None:
        text = " ".join(map(str, args)).strip(" .\n")
        if text:
            self._doing(text)

    def note(self, message: str) -> None:
        pass

    def warning(self, message: str) -> None:
        if self._report:
            self._report.say(str(message))

    def error(self, message: str) -> None:
        self.warning(message)

    def stage(self, finish: bool = False) -> None:
        pass

    def progress_bar(
        self, cur_iter: int, total_iters: int, prefix: str = "", suffix: str = "", bar_length: int = 30
    ) -> None:
        if self._report is None:
            return
        if self._done is None:
            self._report.copying(total_iters)
        self._report.copied("Writing", cur_iter - (self._done or 0))
        self._done = cur_iter if cur_iter < total_iters else None

    def set_verbosity(self, verbosity: str) -> None:
        pass


@contextlib.contextmanager
def _logging(logger: TemplateLogger) -> Iterator[None]:
    """esptool has one logger for all."""
    before = EspLog.instance
    log.set_logger(logger)
    try:
        yield
    finally:
        EspLog.instance = before

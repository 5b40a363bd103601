"""An image for MicroPython's ROMFS variant: the firmware lies in the part of the flash that the chip can address, and
its code runs there instead of being copied into the heap. Made and written by mpremote."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from .deploy import DeployError, compile_tree
from .link import Link
from .places import DEVICE
from .ports import PortError
from .squeeze_program import OUTSIDE, PACKAGE

ROM_BYTES = 320 * 1024  # of the variant (ports/esp8266/boards/esp8266_2MiB_ROMFS.ld)
MOUNT = "/rom"
LIBRARY = "lib"  # /rom/lib is in sys.path before /lib
TIMEOUT_S = 300
STEP = re.compile(r"(?:Writing|Preparing) at offset (\d+)")

START = """
import os
if %r not in os.listdir("/"):
    with open(%r, "w") as file:
        file.write(%r)
"""

OTHER_VARIANT = "ROMFS is not enabled"
HINT_VARIANT = (
    "\n  The board has another MicroPython than the ROMFS variant: `homeport flash` that one (docs/packaging.md).\n"
    "  Without it there is `homeport deploy`"
)
HINT_AGAIN = "\n  Press the board's reset button and run this again"


class RomfsError(Exception):
    """The image cannot be made or written; the text says why, mostly in mpremote's words."""


def make_image(path: str | Path, tree: str | Path = DEVICE) -> int:
    """Write the image of the firmware in `tree` to `path`, whole or not at all. Returns its bytes. RomfsError."""
    path = Path(path)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as work:
        image = Path(work) / "image.romfs"
        stage(Path(work) / "rom", Path(tree))
        _mpremote("romfs", "--no-mpy", "--output", image, "build", Path(work) / "rom")
        size = image.stat().st_size
        if size > ROM_BYTES:
            raise RomfsError(f"the image has {size} bytes, and {ROM_BYTES} have room")
        os.replace(image, path)
    return size


def stage(folder: Path, tree: Path = DEVICE) -> None:
    """Lay out in `folder` what is in the image: lib/homeport, which finds its pages there. RomfsError."""
    with tempfile.TemporaryDirectory() as work:
        moved = Path(work) / "device"
        shutil.copytree(tree, moved, ignore=shutil.ignore_patterns("__pycache__"))
        found = 0
        for source in moved.rglob("*.py"):
            text = source.read_text(encoding="utf-8")
            place = f'"/{LIBRARY}/{PACKAGE}/'
            found += text.count(place)
            source.write_text(text.replace(place, f'"{MOUNT}/{LIBRARY}/{PACKAGE}/'), encoding="utf-8")
        if not found and (moved / "pages").is_dir():
            raise RomfsError("no source says where the pages are: they would not be found in the image")
        try:
            compile_tree(moved, folder).unlink(missing_ok=True)
        except DeployError as error:
            raise RomfsError(str(error)) from error


def deploy_image(port: str, image: str | Path, tree: str | Path = DEVICE, told: Callable[[str], None] = print) -> None:
    """Write the image to the ROMFS of the board at `port`, then main.py unless it has one, and start it again.

    A copy that is interrupted leaves a board without main.py's package at worst: run it again. told(line) gets what
    mpremote prints. RomfsError, PortError.
    """
    with Link(port) as link:  # which knows better than mpremote what to do about a port, or a board
        link.enter()
        try:
            link.suitable()
        except PortError:
            link.abandon()
            raise
    main = Path(tree) / OUTSIDE
    words = ["connect", port, "romfs", "deploy", image]
    if main.exists():
        words += ["+", "exec", START % (OUTSIDE, OUTSIDE, main.read_text(encoding="utf-8"))]
    try:
        _mpremote(*words, "+", "reset", told=told)
    except BaseException:  # it left the board stopped; what it has runs again, if it still listens
        with contextlib.suppress(PortError), Link(port) as link:
            link.abandon()
        raise


def _mpremote(*words: object, told: Callable[[str], None] = lambda line: None) -> None:
    command = [sys.executable, "-m", "mpremote", *map(str, words)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        lines = []
        try:
            for line in process.stdout:
                lines.append(line.rstrip())
                told(lines[-1])
            status = process.wait(TIMEOUT_S)
        except BaseException:
            process.kill()
            raise
        if status:
            text = "\n".join(line for line in lines[-5:] if line) or "mpremote failed"
            if "connect" in words:
                text += HINT_VARIANT if OTHER_VARIANT in text else HINT_AGAIN
            raise RomfsError(text)

"""NOR flash in a file: erase sets every bit of a sector, programming only clears bits, power may fail in between.

The file is exactly the LittleFS partition of the board, so littlefs-python can mount it. Every operation reaches the
file before it returns: to kill the process is to cut the power.
"""

import fcntl
import os
import random

BLOCK_BYTES = 4096
BLOCKS = 763  # 4 MiB board: 1024 sectors - 256 of firmware - 5 of SDK parameters (ports/esp8266/modules/flashbdev.py)
BLOCKS_2MIB = 251
ROM_BYTES = 320 * 1024  # of the variant with a ROMFS (ports/esp8266/boards/esp8266_2MiB_ROMFS.ld)
ERASED = 0xFF


def make_rom(path):
    """The file that stands for the partition of a ROMFS, empty if it was missing. ValueError, OSError."""
    size = os.path.getsize(path) if os.path.exists(path) else 0
    if size == 0:
        with open(path, "wb") as file:
            file.write(bytes([ERASED]) * ROM_BYTES)
    elif size != ROM_BYTES:
        raise ValueError(f"{path}: {size} bytes are not the partition of a ROMFS ({ROM_BYTES})")


class PowerLost(Exception):
    """`cut_after` operations have been done; the last one was torn."""


class Flash:
    """`operations` counts programs, erases and saves of SDK parameters since the last `arm()`."""

    def __init__(self, path, blocks=BLOCKS, seed=None):
        self.path = path
        self.blocks = blocks
        self.operations = 0
        self._cut_after = None
        self._random = random.Random(seed)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise ValueError(f"{path}: another board uses this image; choose another with --flash") from None
        size = os.fstat(self._fd).st_size
        if size == 0:
            self.wipe()
        elif size % BLOCK_BYTES or size not in (BLOCKS * BLOCK_BYTES, BLOCKS_2MIB * BLOCK_BYTES):
            os.close(self._fd)
            raise ValueError(f"{path}: {size} bytes are not a flash image ({BLOCKS} or {BLOCKS_2MIB} blocks of 4096)")
        else:
            self.blocks = size // BLOCK_BYTES

    def wipe(self):
        """As `esptool erase_flash` leaves it; not counted."""
        os.ftruncate(self._fd, 0)
        os.pwrite(self._fd, bytes([ERASED]) * (self.blocks * BLOCK_BYTES), 0)

    def arm(self, cut_after=None):
        """Count from here; the `cut_after`-th operation (1 is the next) is torn and raises PowerLost."""
        self.operations = 0
        self._cut_after = cut_after

    def read(self, offset, size):
        self._check(offset, size)
        return os.pread(self._fd, size, offset)

    def program(self, offset, data):
        self._check(offset, len(data))
        old = os.pread(self._fd, len(data), offset)
        self._commit(offset, bytes(a & b for a, b in zip(old, data, strict=True)))

    def erase(self, block):
        self._check(block * BLOCK_BYTES, BLOCK_BYTES)
        self._commit(block * BLOCK_BYTES, bytes([ERASED]) * BLOCK_BYTES)

    def save_parameters(self, save):
        """Run `save()`, one operation: the SDK keeps two copies, so a cut leaves the old one."""
        if self._count():
            raise PowerLost
        save()

    def close(self):
        os.close(self._fd)

    def _commit(self, offset, data):
        if self._count():
            os.pwrite(self._fd, data[: self._random.randrange(len(data))], offset)
            raise PowerLost
        os.pwrite(self._fd, data, offset)

    def _count(self):
        self.operations += 1
        return self.operations == self._cut_after

    def _check(self, offset, size):
        if offset < 0 or size < 0 or offset + size > self.blocks * BLOCK_BYTES:
            raise ValueError(f"flash: {size} bytes at {offset} are outside of the image")

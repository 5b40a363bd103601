"""How a board is made."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .flash import BLOCKS

CHIP_HEAP_BYTES = 37_952  # `GC: total` on the chip (ports/esp8266/main.c: 38 KiB with the collector's tables)
# The VM has 64-bit words. The firmware takes 1.48 to 1.63 times the bytes in it that it takes on 32 bits: measured by
# running the same program in both (host/heap.py), from a few modules to the serving portal.
WORD_FACTOR = 1.6
OVERHEAD_BYTES = 45_000  # what the simulation itself keeps in the heap, with the collector's tables; a test holds it
DEFAULT_HEAP_BYTES = OVERHEAD_BYTES + round(WORD_FACTOR * CHIP_HEAP_BYTES)


@dataclass
class Settings:
    """`flash` is the image's path. `air`: a path, an air as a dict, or None. `console`: called with bytes."""

    flash: str
    air: str | Path | dict[str, Any] | None = None
    erase: bool = False
    address: str = "127.0.0.1"
    http_port: int = 8080
    dns_port: int = 10053
    tty: str | None = None
    clock: float = 1.0
    cut_after: int | None = None
    heap: int = DEFAULT_HEAP_BYTES
    seed: int | None = None
    blocks: int = BLOCKS
    jump: bool = False  # instead of `clock`: what the board waits for comes at once, see clock.py
    uptime_ms: int = 0  # what the board's clock shows at power-on
    rom: str | None = None  # of a chip with the ROMFS variant of MicroPython: the file that its partition is
    console: Callable[[bytes], object] = field(default=lambda data: None)
    warn: Callable[[str], object] = field(default=lambda text: print(f"homeport: {text}", file=sys.stderr))

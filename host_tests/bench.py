"""Figures, not pass or fail: `make bench`, or python -m host_tests.bench [section ...].

A section is a function that returns rich tables; add it to SECTIONS. Figures of time depend on the machine: compare
only what one run printed.
"""

import sys

from homeport import heap
from rich.console import Console
from rich.table import Table


def heap_figures():
    """What the firmware leaves of the chip's heap, measured on 32 bits (host/heap.py says how)."""
    table = Table(
        title=f"Heap bytes on the chip ({heap.CHIP_HEAP_BYTES} in all, {heap.CHIP_START_BYTES} used at start)"
    )
    for title in ("at", "firmware", "free", "names"):
        table.add_column(title, justify="left" if title == "at" else "right")
    one, four = heap.firmware(), heap.firmware(open_connections=4)
    for mark in one.used:
        table.add_row(mark, str(one.used[mark]), str(one.free(mark)), str(one.names[mark]))
        if one.used[mark] != four.used[mark]:
            table.add_row(
                f"{mark}, four connections", str(four.used[mark]), str(four.free(mark)), str(four.names[mark])
            )
    costs = Table(title="Heap bytes a module")
    costs.add_column("module")
    costs.add_column("bytes", justify="right")
    for name, cost in sorted(heap.costs().items(), key=lambda item: -item[1]):
        costs.add_row(name, str(cost))
    return [table, costs]


# To come, each on a virtual board of its own (host_tests/boards.py): HTTP pages a second, DNS answers a second, and
# milliseconds from power-on to `connected` beyond the radio's own join_ms.
SECTIONS = {"heap": heap_figures}


def main(wanted):
    console = Console()
    for name, section in SECTIONS.items():
        if not wanted or name in wanted:
            for table in section():
                console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])

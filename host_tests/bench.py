"""Figures, not pass or fail: `make bench`, or python -m host_tests.bench [section ...].

A section is some functions that return a rich table each; add it to SECTIONS. They get a boards.Bench. Figures of time
depend on the machine: compare only what one run printed.
"""

import re
import socket
import sys
import tempfile
import time
from pathlib import Path

import dns.message
from homeport import heap
from rich.console import Console
from rich.table import Table

from device.net.clients import CONNECTIONS_LIMIT

from . import boards
from .bench_portal import journey_table, page_table, truth_table
from .test_outside import HOME, OPEN, request, submit
from .verdicts import verdicts

WORK_S = 3
RESTARTS = 5
PAGE = "in the middle of a page"
WIDTH = 110  # of the tables
REST = "at rest after pages"
SETTINGS = Path(__file__).parent.parent / "docs" / "settings.md"


def heap_table(_):
    """What the firmware leaves of the chip's heap, measured on 32 bits (host/heap.py says how)."""
    chip = f"{heap.CHIP_HEAP_BYTES} in all, {heap.CHIP_START_BYTES} used at start"
    table = Table(title=f"Heap bytes on the chip ({chip}), 20 networks in the air")
    for title in ("at", "firmware", "free", "names"):
        table.add_column(title, justify="left" if title == "at" else "right")
    one = heap.firmware()
    for mark in one.used:
        if not mark.startswith("page "):
            table.add_row(mark, str(one.used[mark]), str(one.free(mark)), str(one.names[mark]))
    return table


def outage_table(_):
    """The same behind the portal of an outage, during the farewell, and after it."""
    table = Table(title="Heap bytes free with a saved network")
    full, plain = heap.outage(open_connections=CONNECTIONS_LIMIT), heap.outage(coding="identity")
    figures = heap.outage(), full, plain
    table.add_column("at")
    for title in ("one page", "four pages", "one plain page"):
        table.add_column(title, justify="right")
    for mark in figures[0].used:
        table.add_row(mark, *(str(one.free(mark)) for one in figures))
    return table


def clients_table(_):
    """Free bytes with several phones at once, and with the inputs that the documentation gives as an example."""
    table = Table(title="Heap bytes free while pages are sent, and at rest afterwards")
    for title in ("clients at once", "page", "owner's inputs", PAGE, REST, "names"):
        table.add_column(title, justify="right" if title in (PAGE, REST, "names") else "left")
    settings = SETTINGS.read_text(encoding="utf-8")
    example = re.search(r'^    \{\n      "fields".*?^    \}$', settings, re.DOTALL | re.MULTILINE)[0]
    for inputs, files in (("none", None), ("four", {"homeport.json": example})):
        for coding in ("gzip", "plain"):
            for clients in (1, 3, CONNECTIONS_LIMIT):
                found = heap.firmware(open_connections=clients, coding=coding, files=files)
                table.add_row(
                    str(clients), coding, inputs, str(found.free(PAGE)), str(found.free(REST)), str(found.names[REST])
                )
    return table


def costs_table(_):
    costs = Table(title="Heap bytes a module")
    costs.add_column("module")
    costs.add_column("bytes", justify="right")
    squeezed, readable = heap.costs(), heap.costs(squeezed=False)
    for name, cost in sorted(squeezed.items(), key=lambda item: -item[1]):
        costs.add_row(name, str(cost))
    costs.add_row("together", str(sum(squeezed.values())))
    costs.add_row("together, if it were not squeezed", str(sum(readable.values())))
    return costs


def speed_table(bench):
    """What the virtual board does in a second; how long it takes to be online beyond the radio's own time."""
    table = Table(title=f"The virtual board, its clock beside the wall's; {WORK_S} s each")
    table.add_column("what")
    table.add_column("figure", justify="right")
    network = {"ssid": "Home", "key": "correct horse", "join_ms": 1000}
    board = bench.start(firmware=True, air={"networks": [network]})
    board.wait_for("portal open")
    page = request(fields=b"Accept-Encoding: gzip\r\n")
    table.add_row("setup pages a second, one client, compressed", _rate(lambda: board.http(page)))
    probe = request(b"/generate_204", host=b"connectivitycheck.gstatic.com")
    table.add_row("redirects of a phone's probe a second", _rate(lambda: board.http(probe)))
    query = dns.message.make_query("example.com", "A")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", board.dns_port))
        client.settimeout(1)
        wire = query.to_wire()
        table.add_row("DNS answers a second", _rate(lambda: (client.send(wire), client.recv(512))))
    submit(board, network["ssid"], network["key"])
    board.wait_for("got_ip connected")
    board.power_cut()
    times = []
    for _ in range(RESTARTS):
        again = bench.start(board.flash, air={"networks": [network]})
        times.append(int(again.wait_for(r"fsm (\d+) try_saved got_ip connected")[1]) - network["join_ms"])
        again.power_cut()
    table.add_row(f"power-on to connected less join_ms, best and worst of {RESTARTS}", f"{min(times)}-{max(times)} ms")
    return table


def verdict_table(bench):
    """What the clients that look for portals make of the virtual board's answers to their own probes."""
    table = Table(title="What clients make of the answers to their probes (models: host_tests/verdicts.py)")
    for title in ("client", "probes", "portal open", "success told"):
        table.add_column(title, justify="right" if title == "probes" else "left")
    board = bench.start(firmware=True, air={"networks": [HOME], "phones": 1})
    board.wait_for(OPEN)
    found = [list(verdicts(board.http))]
    submit(board, HOME["ssid"], HOME["key"])
    board.wait_for("got_ip connected")
    board.http(request(b"/status"))
    found.append(list(verdicts(board.http)))
    board.power_cut()
    for client in dict.fromkeys(row[0] for row in found[0]):
        judged = [[row[2] for row in rows if row[0] == client] for rows in found]
        table.add_row(client, str(len(judged[0])), *(", ".join(sorted(set(words))) for words in judged))
    return table


def _rate(work):
    work()
    count, end = 0, time.monotonic() + WORK_S
    while time.monotonic() < end:
        work()
        count += 1
    return f"{count / WORK_S:.0f}"


SECTIONS = {
    "heap": (heap_table, outage_table, clients_table, costs_table),
    "speed": (speed_table,),
    "wire": (page_table, journey_table),
    "truth": (truth_table,),
    "verdicts": (verdict_table,),
}


def main(wanted):
    console = Console()
    console.width = max(console.width, WIDTH)
    with tempfile.TemporaryDirectory() as folder:
        bench = boards.Bench(folder, boards.Images(folder))
        try:
            for name, section in SECTIONS.items():
                if not wanted or name in wanted:
                    for table in section:
                        console.print(table(bench))
        finally:
            bench.close()


if __name__ == "__main__":
    main(sys.argv[1:])

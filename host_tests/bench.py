"""Figures, not pass or fail: `make bench`, or python -m host_tests.bench [section ...].

A section is a function that returns rich tables; add it to SECTIONS. Figures of time depend on the machine: compare
only what one run printed.
"""

import socket
import sys
import tempfile
import time

import dns.message
from homeport import heap
from rich.console import Console
from rich.table import Table

from device.net.clients import CONNECTIONS_LIMIT

from . import boards
from .test_outside import HOME, OPEN, request, submit
from .verdicts import verdicts

WORK_S = 5
RESTARTS = 5


def heap_figures():
    """What the firmware leaves of the chip's heap, measured on 32 bits (host/heap.py says how)."""
    table = Table(
        title=f"Heap bytes on the chip ({heap.CHIP_HEAP_BYTES} in all, {heap.CHIP_START_BYTES} used at start)"
    )
    for title in ("at", "firmware", "free", "names"):
        table.add_column(title, justify="left" if title == "at" else "right")
    one, all_places = heap.firmware(), heap.firmware(open_connections=CONNECTIONS_LIMIT)
    for mark in one.used:
        for label, figures in ((mark, one), (f"{mark}, {CONNECTIONS_LIMIT} connections", all_places)):
            if figures is one or figures.used[mark] != one.used[mark]:
                table.add_row(label, str(figures.used[mark]), str(figures.free(mark)), str(figures.names[mark]))
    costs = Table(title="Heap bytes a module")
    costs.add_column("module")
    costs.add_column("bytes", justify="right")
    for name, cost in sorted(heap.costs().items(), key=lambda item: -item[1]):
        costs.add_row(name, str(cost))
    return [table, costs]


def speed_figures():
    """What the virtual board does in a second; and how long it takes to be online beyond the radio's own time."""
    with tempfile.TemporaryDirectory() as folder:
        bench = boards.Bench(folder, boards.Images(folder))
        try:
            return [_speed_table(bench)]
        finally:
            bench.close()


def _speed_table(bench):
    table = Table(title=f"The virtual board, its clock beside the wall's; {WORK_S} s each")
    table.add_column("what")
    table.add_column("figure", justify="right")
    network = {"ssid": "Home", "key": "correct horse", "join_ms": 1000}
    board = bench.start(firmware=True, air={"networks": [network]})
    board.wait_for("portal open")
    request = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{board.http_port}\r\n\r\n".encode()
    table.add_row("setup page, bytes on the wire", str(len(board.http(request))))
    table.add_row("setup pages a second, one client", _rate(lambda: board.http(request)))
    probe = b"GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\n\r\n"
    table.add_row("redirects of a phone's probe a second", _rate(lambda: board.http(probe)))
    query = dns.message.make_query("example.com", "A")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", board.dns_port))
        client.settimeout(1)
        wire = query.to_wire()
        table.add_row("DNS answers a second", _rate(lambda: (client.send(wire), client.recv(512))))
    form = b"ssid=Home&password=correct+horse"
    board.http(
        b"POST /connect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        + b"Content-Length: %d\r\n\r\n" % len(form) + form
    )
    board.wait_for("got_ip connected")
    board.power_cut()
    times = []
    for _ in range(RESTARTS):
        again = bench.start(board.flash, air={"networks": [network]})
        times.append(int(again.wait_for(r"fsm (\d+) try_saved got_ip connected")[1]) - network["join_ms"])
        again.power_cut()
    table.add_row(f"power-on to connected less join_ms, best and worst of {RESTARTS}", f"{min(times)}-{max(times)} ms")
    return table


def verdict_figures():
    """What the clients that look for portals make of the virtual board's answers to their own probes."""
    table = Table(title="What clients make of the answers to their probes (models: host_tests/verdicts.py)")
    for title in ("client", "probes", "portal open", "success told"):
        table.add_column(title, justify="right" if title == "probes" else "left")
    with tempfile.TemporaryDirectory() as folder:
        bench = boards.Bench(folder, boards.Images(folder))
        try:
            board = bench.start(firmware=True, air={"networks": [HOME], "phones": 1})
            board.wait_for(OPEN)
            found = [list(verdicts(board.http))]
            submit(board, HOME["ssid"], HOME["key"])
            board.wait_for("got_ip connected")
            board.http(request(b"/status"))
            found.append(list(verdicts(board.http)))
        finally:
            bench.close()
    for client in dict.fromkeys(row[0] for row in found[0]):
        judged = [[row[2] for row in rows if row[0] == client] for rows in found]
        table.add_row(client, str(len(judged[0])), *(", ".join(sorted(set(words))) for words in judged))
    return [table]


def _rate(work):
    work()
    count, end = 0, time.monotonic() + WORK_S
    while time.monotonic() < end:
        work()
        count += 1
    return f"{count / WORK_S:.0f}"


SECTIONS = {"heap": heap_figures, "speed": speed_figures, "verdicts": verdict_figures}


def main(wanted):
    console = Console()
    for name, section in SECTIONS.items():
        if not wanted or name in wanted:
            for table in section():
                console.print(table)


if __name__ == "__main__":
    main(sys.argv[1:])

"""A month on the virtual board: an outage every hour, phones that look in, and nothing that grows.

`make soak`, or python -m host_tests.soak [--days N] [--seed S]. The real firmware in the real VM on a real LittleFS,
set up by a phone over real sockets, with a clock that jumps over what the board waits for (host/board/clock.py). Two
boards run side by side: one as delivered, whose watchdog makes it restart when the portal has to open, and one without
the watchdog, which is on for the whole month and passes the wrap of the port's counter twice.
"""

import argparse
import contextlib
import multiprocessing
import re
import shutil
import socket
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from homeport import model
from homeport.board import Board, Settings
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from device import policy

from .boards import Images, free_port, write_file

DAYS = 30
HOUR_MS = 3_600_000
DAY_HOURS = 24
OUTAGE_AT_MS = 60_000  # of every hour
LOOK_AT_MS = HOUR_MS - 60_000  # of every hour: long after the outage, everything is at rest again
SET_UP_LIMIT_S = 30
RECOVERY_SLACK_MS = 6_000  # a scan, a join and the owner's program, which holds each turn up
HEAP_TREND_BYTES = 128  # what the last day may have less than the first: two objects
HEAP_AT_REST_BYTES = 33_000  # free in this VM, 20 600 on the chip, while the board is connected; beside the program
# A month of hourly outages, most of them with a restart. The chip's sectors last for 100 000 erases each, and LittleFS
# spreads them over hundreds: at this figure a century does not wear it out.
FLASH_OPERATIONS_A_MONTH = 6_000
SOFT_RESET = 4

# An owner's program that works for a while at every turn, yet shorter than the watchdog bites (1.6 s on the chip). It
# is what makes a month fit into minutes: as many turns as such a program allows.
PROGRAM = """
import gc, network, time
station = network.WLAN(0)
due = time.ticks_add(time.ticks_ms(), 600000)
turns = 0
online = True
def step():
    global due, turns, online
    turns += 1
    if turns & 7 == 0:
        online = station.status() == 5
    time.sleep_ms(1400 if online else 180)
    if time.ticks_diff(time.ticks_ms(), due) >= 0:
        due = time.ticks_add(due, 1200000)
        gc.collect()
        print("soak heap", gc.mem_free())
"""
HOME = {"ssid": "Home", "key": "correct horse", "channel": 6, "rssi": -52, "join_ms": 1800}
NEIGHBOURS = [
    {"ssid": "Neighbour", "key": "not for you", "channel": 11, "rssi": -71},
    {"ssid": "Cafe", "security": "open", "channel": 1, "rssi": -80},
]
GONE, OTHER_KEY, NO_ADDRESS = {"up": False}, {"key": "battery staple"}, {"dhcp": False}
# What happens to the router, for how many seconds, are the neighbours in the air, is a phone at the access point.
OUTAGES = (
    (GONE, 12, True, 0),
    (GONE, 240, True, 0),
    (GONE, 45, False, 0),
    (OTHER_KEY, 80, True, 0),
    (GONE, 600, True, 1),
    (NO_ADDRESS, 30, True, 0),
    (GONE, 110, False, 0),
    (GONE, 3, True, 0),
    (OTHER_KEY, 300, True, 0),
    (NO_ADDRESS, 200, False, 0),
    (GONE, 900, False, 1),
)
REPORTED = re.compile(r"Traceback|Error|starting again (in|after)|no transition|cannot|could not|corrupt|no memory")
# What an armed watchdog makes necessary, and the names that a portal leaves:
# {line that announces it: (state it comes from, trace that follows)}
RESTARTS = {
    "homeport: starting again, to leave all memory to the program": ("connected", "boot credentials_found try_saved"),
    "homeport: starting again, to open the portal": ("fallback", "boot portal_requested fallback"),
    "homeport: starting again, to look around": ("try_saved", "boot credentials_found try_saved"),
}
HEAP = re.compile(r"^soak heap (\d+)$")
BOOTED = re.compile(r"^fsm \d+ boot ")


def air(outage=None):
    change, _, neighbours, phones = outage or ({}, 0, True, 0)
    return {"networks": [{**HOME, **change}] + (NEIGHBOURS if neighbours else []), "phones": phones}


@dataclass
class Look:
    """What one hour left behind."""

    handles: int
    connections: int
    operations: int
    files: int  # that this process has open


@dataclass
class Result:
    """`faults`: sentences, empty if all is well. `heap`: {hour: free bytes late in it}."""

    hours: int
    faults: list = field(default_factory=list)
    heap: dict = field(default_factory=dict)
    looks: list = field(default_factory=list)
    recoveries_ms: list = field(default_factory=list)
    fallbacks: int = 0
    restarts: int = 0
    answers: int = 0
    wall_s: float = 0.0

    @property
    def first_day(self):
        """(least, greatest) free heap of the first day, or of the first half if it was less than two days."""
        return self._span(0)

    @property
    def last_day(self):
        return self._span(self.hours - self._window)

    @property
    def _window(self):
        return min(DAY_HOURS, self.hours // 2)

    def _span(self, start):
        found = [self.heap[hour] for hour in range(start, start + self._window) if hour in self.heap]
        return (min(found), max(found)) if len(found) == self._window else None

    @property
    def operations(self):
        return self.looks[-1].operations - self.looks[0].operations if self.looks else 0


class Soak:
    """One board. `settings`: text of homeport.json. `on_hour(n)` hears of progress."""

    def __init__(self, flash, hours, seed, settings=None, on_hour=lambda hour: None):
        self.result = Result(hours)
        self._on_hour = on_hour
        self._lines, self._rest = [], b""
        self._trace_lines = []
        self._phones = []
        self._port = free_port()
        self._outage = None  # (what, when its end came) of this hour
        self._opened = self._hour_number = 0
        self._announced = []  # of RESTARTS, in their order
        write_file(flash, "app.py", PROGRAM.encode())
        if settings:
            write_file(flash, "homeport.json", settings.encode())
        self.board = Board(
            Settings(
                str(flash), air(), http_port=self._port, dns_port=free_port(socket.SOCK_DGRAM), seed=seed, jump=True,
                console=self._printed, warn=lambda text: self._fault(text),
            )
        )  # fmt: skip

    def run(self):
        began = time.monotonic()
        try:
            self.board.power_on()
            self._set_up()
            self._announced.clear()  # once set up it started again for its program
            start = self._now
            for hour in range(self.result.hours):
                self._hour(hour, start + hour * HOUR_MS)
                self._on_hour(hour)
        finally:
            self.board.close()
        for phone in self._phones:
            phone.join(5)
        self._judge()
        self.result.wall_s = time.monotonic() - began
        return self.result

    @property
    def _now(self):
        return self.board.hardware.clock.now_ms()

    def _set_up(self):
        """By a phone, as a person does it."""
        deadline = time.monotonic() + SET_UP_LIMIT_S
        self._until(lambda: self._opened, deadline)
        body = b"ssid=Home&password=correct+horse"
        kind = b"Content-Type: application/x-www-form-urlencoded\r\n"
        self._send(b"POST /connect", kind + b"Content-Length: %d\r\n" % len(body), body)
        self._until(lambda: self._state() == "connected", deadline)
        self._send(b"GET /status")
        end = self._now + 2 * policy.STABLE_AFTER_MS
        self._until(lambda: self._now >= end, deadline)

    def _until(self, reached, deadline):
        while not reached():
            if time.monotonic() > deadline:
                raise AssertionError("the board was not set up:\n" + "\n".join(self._lines[-30:]))
            self.board.step(0.05)

    def _hour(self, hour, start):
        outage = OUTAGES[hour % len(OUTAGES)]
        what = f"hour {hour}: {outage[1]} s of {outage[0]}"
        back = start + OUTAGE_AT_MS + 1000 * outage[1]
        mark = len(self._trace_lines)
        self._hour_number = hour
        for at, action in (
            (start + OUTAGE_AT_MS, lambda: self.board.set_air(air(outage))),
            (back, lambda: self.board.set_air(air())),
            (start + LOOK_AT_MS, self._look),
        ):
            self.board.call_at(at, action)
        self.board.run(until=lambda: self._now >= start + HOUR_MS)
        trace = self._trace_lines[mark:]
        if self._state() != "connected":
            self._fault(f"{what}: it ended in {self._state()}")
        joined = [ms for ms, line in trace if line.endswith(" connected")]
        self.result.fallbacks += any(line.endswith(" fallback") for _, line in trace)
        if joined:
            took = max(0, joined[-1] - back)
            self.result.recoveries_ms.append(took)
            limit = policy.RETRY_INTERVAL_MS + policy.JOIN_TIMEOUT_MS + RECOVERY_SLACK_MS
            if took > limit:
                lines = "; ".join(f"{ms - start} {line}" for ms, line in trace)
                self._fault(f"{what}: connected {took} ms after the router was back, more than {limit}: {lines}")
        elif 1000 * outage[1] > 2 * policy.LINK_LOST_AFTER_MS:
            self._fault(f"{what}: it was not noticed")
        self._explain(what, trace)

    def _explain(self, what, trace):
        """Every boot is one that an armed watchdog made necessary, and goes on as it was announced."""
        for at, (_, line) in enumerate(trace):
            if BOOTED.match(line):
                self.result.restarts += 1
                cause = self.board.hardware.cause
                before = trace[at - 1][1].split()[-1] if at else "connected"
                state, goes_on = self._announced.pop(0) if self._announced else (None, None)
                if (cause, before) != (SOFT_RESET, state) or not line.endswith(goes_on):
                    self._fault(f"{what}: a reset that nothing explains (cause {cause}, from {before}): {line}")

    def _look(self):
        hardware = self.board.hardware
        stack = hardware.stack
        files = len(list(Path("/proc/self/fd").iterdir()))
        self.result.looks.append(Look(stack.open_handles(), len(stack.connections), hardware.flash.operations, files))

    def _judge(self):
        result = self.result
        if result.fallbacks in (0, result.hours):
            self._fault(f"{result.fallbacks} of {result.hours} outages opened the portal, not some of them")
        if result.fallbacks and not result.answers:
            self._fault("no phone was answered")
        for look in result.looks:
            if look.handles or look.connections:
                self._fault(f"sockets were left open: {look}")
                break
        files = {look.files for look in result.looks}
        if len(files) > 1:
            self._fault(f"files of the machine were left open: {sorted(files)}")
        if not result.first_day or not result.last_day:
            self._fault(f"figures of the heap are missing: {result.heap}")
        elif result.last_day[0] < HEAP_AT_REST_BYTES:
            self._fault(f"code that is not needed stays in the heap: {result.last_day}")
        elif result.last_day[0] < result.first_day[0] - HEAP_TREND_BYTES:
            self._fault(f"the heap shrinks: first day {result.first_day}, last day {result.last_day}")
        limit = FLASH_OPERATIONS_A_MONTH * result.hours / (DAYS * DAY_HOURS)
        if result.operations > limit:
            self._fault(f"{result.operations} flash operations in {result.hours} hours, more than {limit:.0f}")
        try:
            for _ in model.replay([line for _, line in self._trace_lines]):
                pass
        except model.ModelError as error:
            self._fault(f"the trace does not replay: {error}")

    # The console

    def _printed(self, data):
        *lines, self._rest = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            self._line(line.decode("utf-8", "replace"))

    def _line(self, line):
        self._lines = self._lines[-200:] + [line]
        if line.startswith("fsm "):
            self._trace_lines.append((self._now, line))
        elif found := HEAP.match(line):
            if self._state() == "connected":
                self.result.heap[self._hour_number] = int(found[1])
        elif line.startswith("portal open"):
            self._opened += 1
            if self._opened > 1:
                self._visit()
        elif announced := [RESTARTS[start] for start in RESTARTS if line.startswith(start)]:
            self._announced += announced
        elif REPORTED.search(line):
            self._fault(line)

    def _state(self):
        return self._trace_lines[-1][1].split()[-1] if self._trace_lines else None

    def _fault(self, text):
        if len(self.result.faults) < 20:
            self.result.faults.append(text)

    # Phones

    def _visit(self):
        """Somebody at the access point asks for pages; every fourth one also opens a connection and says nothing."""
        silent = self._opened % 4 == 0

        def ask():
            with contextlib.ExitStack() as stack:
                if silent:
                    with contextlib.suppress(OSError):
                        stack.enter_context(socket.create_connection(("127.0.0.1", self._port), 5))
                for path in (b"GET /", b"GET /api/status", b"GET /generate_204"):
                    if not self._exchange(path).startswith(b"HTTP/1."):
                        return
                    self.result.answers += 1

        self._start(ask)

    def _send(self, request, fields=b"", body=b""):
        self._start(lambda: self._exchange(request, fields, body))

    def _start(self, work):
        self._phones = [phone for phone in self._phones if phone.is_alive()]
        self._phones.append(threading.Thread(target=work, daemon=True))
        self._phones[-1].start()

    def _exchange(self, request, fields=b"", body=b""):
        answer = b""
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 5) as client:
            client.sendall(request + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n" + fields + b"\r\n" + body)
            while part := client.recv(4096):
                answer += part
        return answer


VARIANTS = {"as delivered": None, "without watchdog": '{"watchdog": false}'}


def copy(image, target):
    for suffix in ("", ".sdk"):
        shutil.copyfile(f"{image}{suffix}", f"{target}{suffix}")
    return target


def soak_one(image, name, hours, seed, queue=None):
    """Result of one variant, on a copy of the image beside it."""
    flash = copy(image, Path(image).with_name(f"{name.replace(' ', '-')}.bin"))
    told = (lambda hour: queue.put((name, hour + 1))) if queue else (lambda hour: None)
    return Soak(flash, hours, seed, VARIANTS[name], told).run()


def _work(image, name, hours, seed, queue):
    queue.put((name, soak_one(image, name, hours, seed, queue)))


def table(results):
    made = Table(title="Heap bytes free (of the VM with 64-bit words), least to greatest of a day")
    rows = (
        ("simulated days", lambda r: f"{r.hours / DAY_HOURS:.0f}"),
        ("outages; with portal", lambda r: f"{r.hours}; {r.fallbacks}"),
        ("slowest recovery, s", lambda r: f"{max(r.recoveries_ms, default=0) / 1000:.1f}"),
        ("restarts", lambda r: str(r.restarts)),
        ("answers to phones", lambda r: str(r.answers)),
        ("heap free, first day", lambda r: "{} to {}".format(*r.first_day or ("", ""))),
        ("heap free, last day", lambda r: "{} to {}".format(*r.last_day or ("", ""))),
        ("sockets at rest, most", lambda r: str(max((look.handles + look.connections for look in r.looks), default=0))),
        ("flash operations", lambda r: str(r.operations)),
        ("minutes of the wall clock", lambda r: f"{r.wall_s / 60:.1f}"),
        ("faults", lambda r: str(len(r.faults))),
    )
    made.add_column("board")
    for name in results:
        made.add_column(name, justify="right")
    for title, figure in rows:
        made.add_row(title, *(figure(result) for result in results.values()))
    return made


def main():
    parser = argparse.ArgumentParser(description="Run the firmware for a month on the virtual board.")
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    out = Console()
    print(f"seed {options.seed}")
    hours = options.days * DAY_HOURS
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        image = Images(Path(folder))[True]
        queue = multiprocessing.Queue()
        workers = [
            multiprocessing.Process(target=_work, args=(image, name, hours, options.seed, queue)) for name in VARIANTS
        ]
        for worker in workers:
            worker.start()
        columns = (TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=out) as progress:
            bars = {name: progress.add_task(name, total=hours) for name in VARIANTS}
            while len(results) < len(VARIANTS):
                if not any(worker.is_alive() for worker in workers) and queue.empty():
                    break
                with contextlib.suppress(Exception):
                    name, news = queue.get(timeout=1)
                    if isinstance(news, Result):
                        results[name] = news
                    else:
                        progress.update(bars[name], completed=news)
                        if not out.is_terminal and news % (2 * DAY_HOURS) == 0:
                            print(f"{name}: {news // DAY_HOURS} days", flush=True)
        for worker in workers:
            worker.join()
    out.print(table(results))
    faults = [f"{name}: {fault}" for name, result in results.items() for fault in result.faults]
    faults += [f"{name}: it did not end" for name in VARIANTS if name not in results]
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()

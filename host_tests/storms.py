"""Storms: seeded timelines of all that happens to a board, run through the device's own code on fakes, and judged.

    .venv/bin/python -m host_tests.storms --seeds 0..200000      # make storms
    storms.replay([(0, "saved", (b"Home", b"correct horse")), ..., (900_000, "end")])

A timeline is a list of (ms since the first start, word, arguments); Storm.on_<word> says what each does. It is all that
a run depends on. The judge (storm_judge.py) looks after every turn; the library `transitions` takes each event along. A
failure is shrunk to the shortest timeline that still breaks the same invariant, and printed so that it can be pasted.
"""

import argparse
import contextlib
import gc
import io
import json
import multiprocessing
import sys
import time
from random import Random
from types import SimpleNamespace
from urllib.parse import quote_plus

from homeport import model
from transitions import MachineError

import device
from device import engine, overlay, policy, store
from device.context import Context, Network
from device.program import main as run_main_loop

from .fakes import (
    NEVER,
    POWER_ON,
    RESET_PIN,
    SOFT_RESET,
    SOFTWARE_WATCHDOG,
    TICKS_PERIOD,
    FakeHardware,
    FakeTime,
    Phone,
    PowerLost,
    Restart,
    Router,
)
from .storm_judge import Judge, Violation

MINUTE_MS = 60_000
STARTS_LIMIT = 50  # in a row, without a turn between them
REFUSAL = "a text and no number"
FAST_MS = (20, 100, 200, 200, 300, 300)  # turns while the station is busy
ARMED_MS = 500  # and while a watchdog waits
SLOW_MS = (200, 500, 1000, 1000, 2000)  # and while it is not
MANY = [(b"Neighbour %d" % n, b"\6\0\0\0\0" + bytes([n]), 1 + n % 13, -50 - n % 40, 3, 0) for n in range(60)]
SCANS = {"usual": {}, "empty": {"scanned": []}, "many": {"scanned": MANY}, "slow": {"scan_ms": 10_000}}


class Over(BaseException):
    """The timeline is at its end, or something is wrong. No Exception: the firmware's main loop lets it pass."""


class Outside(Restart):
    """Not the firmware starts the chip again."""


class Storm:
    """One run of a timeline. run() raises Violation. trace: (ms, state, event, next state)."""

    def __init__(self, timeline):
        self._timeline = sorted(timeline, key=lambda event: event[0])
        self._next = 0
        self._setting = {event[1]: event[2:] for event in timeline if event[1] in ("ticks", "seed", "started_by")}
        ticks = self._setting.get("ticks", (TICKS_PERIOD - 7_000,))[0]
        seed = self._setting.get("seed", (0,))[0]
        self._random = Random(seed)
        self.fast_ms = self._random.choice(FAST_MS)
        self.slow_ms = self._random.choice(SLOW_MS)
        self.hardware = FakeHardware(time=FakeTime(ticks), seed=seed)
        self.hardware.reset_cause = self._setting.get("started_by", (POWER_ON,))[0]
        self._routers = {}
        # Of the reset button: when, if nothing else has started the board since.
        self._presses = [0] if self.hardware.reset_cause == RESET_PIN else []
        self.judge = Judge(self.hardware)
        self.oracle = oracle()
        self.trace = []
        self.machine = None
        self.phone = Phone(self.hardware, self._turn_for_phone)
        self.turns = 0
        self._starts = 0  # since the last turn
        self._by_itself = False  # did the firmware start the board again?
        self._pressed_twice = None  # the reset button: True if it is certain to be told
        self._found = None  # the Violation that ended the run
        self._crashes = 0  # that the owner's program has still to make
        self._app = SimpleNamespace(step=self._step_of_the_owner)

    # The run

    def run(self):
        cause = None  # of the chip's next start
        while self._starts < STARTS_LIMIT:
            self._starts += 1
            try:
                while self._due() and not self.turns:
                    self._happen()  # what is there at the start
                if cause is not None:
                    self.hardware.restart(cause)
                self.oracle.set_state(model.INITIAL)
                sys.modules["app"] = self._app
                device.watchdog = None  # what was in memory
                run_main_loop(self.hardware, self._made)
                raise Violation("nothing raises", "the main loop ends", self.now)
            except Restart as restart:
                cause = restart.cause
                self._by_itself = cause != POWER_ON and not isinstance(restart, Outside)
                if self._by_itself:
                    self._presses = []
                if self._by_itself and cause == SOFTWARE_WATCHDOG:
                    raise Violation("the watchdog is fed", "it had to start the board again", self.now) from None
            except Over:
                if self._found:
                    raise self._found from self._found.__cause__
                return self
        raise Violation("nothing raises", "it starts again and again", self.now)

    def _made(self, hardware):
        """The machine, for the firmware's own main loop. Its turns are ours."""
        try:
            machine = engine.Machine(Context(hardware, silent))
        except Exception as error:
            self._end(error)
        self.machine, self._step = machine, machine.step
        machine.step = self._turn
        self.judge.started(machine.context, self._by_itself)
        if self._pressed_twice is not None:
            self.judge.gesture(self._pressed_twice)
            self._pressed_twice = None
        return machine

    def _end(self, error):
        """Over, by what is wrong. The main loop would handle an Exception."""
        if not isinstance(error, Violation):
            found = Violation("nothing raises", repr(error), self.now)
            found.__cause__ = error
            error = found
        self._found = error
        raise Over

    @property
    def now(self):
        return self.hardware.time.elapsed

    def _due(self):
        return self._next < len(self._timeline) and self._timeline[self._next][0] <= self.now

    def _happen(self):
        _, word, *arguments = self._timeline[self._next]
        self._next += 1
        getattr(self, "on_" + word)(*arguments)
        self.hardware.station.advance()

    def _turn(self):
        """One turn of the main loop, after all that is due."""
        try:
            while self._due():
                self._happen()
            self._turn_of(self._idle_ms())
        except Exception as error:
            self._end(error)

    def _turn_for_phone(self):
        self._turn_of(20)

    def _turn_of(self, idle_ms):
        context = self.machine.context
        context.idle_ms = idle_ms
        station = self.hardware.station
        station.calls.clear()
        before = context.state
        event = self._step()
        self.turns += 1
        self._starts = 0
        if event is not None:
            self._compare(before, event, context.state)
        self.judge.look(idle_ms, station.calls.count("scan"))

    def _idle_ms(self):
        hardware = self.hardware
        idle_ms = self.fast_ms if hardware.station.is_busy or not hardware.pin(0).level else self.slow_ms
        if hardware.time.bites_at != NEVER:
            idle_ms = min(idle_ms, ARMED_MS)
        if self._next < len(self._timeline):
            idle_ms = min(idle_ms, max(1, self._timeline[self._next][0] - self.now))
        return idle_ms

    def _compare(self, before, event, after):
        """The library's machine goes the same way."""
        self.trace.append((self.now, before, event, after))
        try:
            self.oracle.trigger(event)
        except (MachineError, AttributeError) as error:
            raise Violation("as the table says", f"{before} {event}: {error}", self.now) from error
        if self.oracle.state != after:
            raise Violation("as the table says", f"{before} {event} led to {after}", self.now)

    # What happens: the board and its air

    def on_end(self):
        raise Over

    def on_app(self):
        """The owner has a program on the board."""
        self.hardware.flash.files["/app.py"] = b""

    def on_crash(self, times):
        """It fails so often, each time that it runs."""
        self._crashes = times

    def _step_of_the_owner(self):
        if self._crashes:
            self._crashes -= 1
            raise RuntimeError("the owner's fault")

    def on_seed(self, number):
        pass

    on_ticks = on_started_by = on_seed

    def on_saved(self, *pairs):
        """Networks that have worked before, the last proven first."""
        networks = [Network(ssid, key) for ssid, key in pairs]
        for network in networks:
            network.proven = True
        store.save(self.hardware, networks, silent)
        self.judge.known = dict(pairs)

    def on_remembered(self, ssid, key):
        """The chip was on that network before Homeport came."""
        station = self.hardware.station
        station.on = True
        station.target = (ssid, key)
        station.restart()
        self.judge.remembered = (ssid, key)

    def on_settings(self, settings):
        self.hardware.flash.files["/homeport.json"] = json.dumps(settings).encode()
        self.judge.access_point = settings.get("access_point", "fallback")

    def on_router(self, label, properties):
        properties = {"bssid": b"\2\0\0\0\1" + label.encode(), **properties}
        self._routers[label] = Router(**properties)
        self.hardware.routers.append(self._routers[label])

    def on_change(self, label, properties):
        router = self._routers.get(label)
        if router:
            for name, value in properties.items():
                setattr(router, name, value)

    def on_phones(self, count):
        self.hardware.access_point.phones = count

    def on_restart(self, cause):
        self._presses = [at for at in self._presses if self.now - at < 12_000]
        if cause == RESET_PIN:
            self._presses.append(self.now)
        else:
            self._presses = []
        if len(self._presses) > 1:
            # The two presses are certain to be told if there were not three, and neither too close nor too far apart.
            gap_ms = self._presses[-1] - self._presses[-2]
            self._pressed_twice = len(self._presses) == 2 and 500 <= gap_ms <= policy.DOUBLE_RESET_MS - 1000
        raise Outside(cause)

    def on_power_cut(self):
        self._presses = []
        raise PowerLost()

    def on_button(self, level):
        self.hardware.pin(0).level = level
        self.judge.button(level)

    # What refuses

    def on_flash(self, how, operations=None):
        """fails or cut: at that operation from now; else full, read_only or works."""
        flash = self.hardware.flash
        flash.full, flash.read_only = how == "full", how == "read_only"
        flash.fail_at = operations
        flash.error = PowerLost() if how == "cut" else OSError(28)
        self.judge.flash_fails()

    def on_refuse(self, part, method):
        getattr(self.hardware, part).failing[method] = OSError(REFUSAL)

    def on_sockets(self, refused):
        self.hardware.refuse_sockets = refused

    def on_accept(self):
        self.hardware.station.failing.clear()
        self.hardware.access_point.failing.clear()
        self.on_sockets(False)

    def on_scans(self, how):
        station = self.hardware.station
        station.scanned, station.scan_ms = None, 2000
        station.failing.pop("scan", None)
        if how == "raise":
            station.failing["scan"] = OSError("scan failed")
        for name, value in SCANS.get(how, {}).items():
            setattr(station, name, value)

    def on_no_row(self, number):
        """A state returns an event that its rows do not have: the engine has to start the board again."""
        state = self.machine.context.state
        refused = [event for event in model.events() if (state, event) not in ALLOWED]
        event = refused[number % len(refused)]
        self.machine.state.step = lambda: event
        resets = self.hardware.resets
        try:
            self.oracle.trigger(event)
        except (MachineError, AttributeError):
            try:
                self._turn_of(20)
            finally:
                self.judge.gesture_is_lost()
                if self.hardware.resets != resets + 1:
                    raise Violation("as the table says", f"{state} took {event}", self.now) from None
            return
        raise Violation("as the table says", f"transitions took {event} in {state}", self.now)

    # People

    def _is_anybody_there(self):
        started = self.judge.context is not None  # of two events at the very start one may come before the firmware
        return started and self.hardware.access_point.status("stations") and self.judge.is_reachable()

    def _act(self, how, path, **fields):
        """A form is sent. how: "http" the whole way, "form" from the form's bytes on. The status of the answer."""
        access_point = self.hardware.access_point
        if access_point.failing or not self._is_anybody_there():
            return None
        body = b"&".join([name.encode() + b"=" + quote_plus(value).encode() for name, value in fields.items()])
        if how == "http":
            return self._exchange("post", path, body).status
        from device.net.actions import act

        answer = act(self.machine.context, SimpleNamespace(path=path, length=len(body)), body)
        return 303 if type(answer) is bytes else answer[0]

    def _exchange(self, method, *arguments):
        portal = self.machine.context.portal
        try:
            return getattr(self.phone, method)(*arguments)
        except AssertionError as error:
            if isinstance(error, Violation):
                raise
            if self.machine.context.portal is not portal:
                return SimpleNamespace(status=None)  # it closed meanwhile
            raise Violation("the portal answers", f"{method} {arguments}: {error}", self.now) from error

    def on_submit(self, ssid, key, how="form"):
        remembered, self.judge.remembered = self.judge.remembered, None
        if self._act(how, b"/connect", ssid=ssid, password=key) != 303:
            self.judge.remembered = remembered

    def on_scan_again(self, how="form"):
        self._act(how, b"/scan")

    def on_forget(self, how="form"):
        known, remembered = self.judge.known, self.judge.remembered
        self.judge.known, self.judge.remembered = {}, None  # from the first operation on
        if self._act(how, b"/forget", confirm=b"yes") != 303:
            self.judge.known, self.judge.remembered = known, remembered
            return
        self.judge.forgetting()
        if self.machine.context.saved and not self.judge.troubled:
            self._look_for_leftovers(known)

    def _look_for_leftovers(self, known):
        for path, data in self.hardware.flash.files.items():
            for key in known.values():
                if key and key in data:
                    raise Violation("forgotten means forgotten", f"a key is still in {path}", self.now)
        target = self.hardware.station.target
        if target and target[1] and target in known.items():
            raise Violation("forgotten means forgotten", "the SDK still has a key", self.now)

    def on_look(self):
        """A phone asks for the page and the state."""
        if self.judge.troubled or not self._is_anybody_there():
            return
        for path in (b"/", b"/api/status", b"/status"):
            status = self._exchange("get", path).status
            if status not in (200, None):
                raise Violation("the portal answers", f"{path} with {status}", self.now)


ALLOWED = model.successors()


def oracle(made=[]):  # noqa: B006 - one machine for all runs: making one takes longer than a storm
    if not made:
        made.append(model.machine())
    return made[0]


def silent(text, out=None):
    pass


@contextlib.contextmanager
def speed():
    """Keep code in memory that the firmware lets go, collect no garbage at each step, print nothing: CPython has room,
    and reading the modules again would take most of the time."""
    code, collect, out = overlay.forget.__code__, gc.collect, sys.stdout
    sys.print_exception = silent  # of the port's module
    overlay.forget.__code__ = (lambda names: None).__code__
    gc.collect = lambda *_: 0
    sys.stdout = Nowhere()
    try:
        yield
    finally:
        overlay.forget.__code__, gc.collect, sys.stdout = code, collect, out
        del sys.print_exception
        sys.modules.pop("app", None)


class Nowhere(io.TextIOBase):
    def write(self, text):
        return len(text)


# Timelines


NAMES = (b"Home", b"Office", "Zo\u00eb's \u2603".encode(), b"n" * 32, b"a&b=c+d %41", b'"\\quoted\\"')
KEYS = (b"correct horse", b"battery staple", b"12345678", b"0123456789abcdef" * 4, b"k" * 63, b"")
STATION_CALLS = ("active", "connect", "disconnect", "status", "config", "scan", "ifconfig")
ACCESS_POINT_CALLS = ("active", "config", "status", "ifconfig")


class Weather:
    """Makes the timeline of a seed: what is there at the start, disturbances, and a calm end that is long enough for
    the board to have to come to rest."""

    def __init__(self, seed):
        self._random = Random(seed)
        pick = self._random
        self._length = pick.choice((6, 12, 15, 20, 30)) * MINUTE_MS
        self._calm_from = self._length * pick.choice((3, 5, 6)) // 10
        self._routers = {}  # label: its properties
        self.timeline = [(0, "seed", seed)]
        if pick.random() < 0.5:
            self._add(0, "ticks", TICKS_PERIOD - pick.randrange(1, self._length))
        else:
            self._add(0, "ticks", 0)
        if pick.random() < 0.4:
            self._add(0, "started_by", pick.choice((SOFT_RESET, RESET_PIN, 1, 3)))
        for _ in range(pick.choice((0, 1, 1, 1, 2, 2, 3, 4))):
            self._router(0)
        self._saved()
        if pick.random() < 0.3:
            self._add(0, "app")
        if pick.random() < 0.25:
            settings = {"access_point": pick.choice(("fallback", "temporary", "never", "always", "always"))}
            if pick.random() < 0.3:
                settings["access_point_password"] = "the owner's own"
            if pick.random() < 0.3:
                settings["roam_below_dbm"] = -60
            self._add(0, "settings", settings)
        if pick.random() < 0.5:
            self._add(0, "phones", pick.choice((1, 1, 2, 4)))
        makers = [getattr(self, name) for name in dir(type(self)) if name.startswith("make_")]
        for _ in range(pick.choice((0, 1, 2, 3, 4, 5, 6, 8, 12))):
            pick.choice(makers)(pick.randrange(self._calm_from))
        for at in range(pick.choice((0, 0, 0, 1))):
            self._add(self._length - 1000 - at, "look")
        self._add(self._length, "end")
        if "saved" not in [event[1] for event in self.timeline] and pick.random() < 0.3:
            self._remembered()
        self.timeline.sort(key=lambda event: event[0])

    def _add(self, at, word, *arguments):
        self.timeline.append((at, word, *arguments))

    def _later(self, at):
        """Some time after it, before the calm."""
        pick = self._random
        later = pick.choice((500, 3000, 10_000, 40_000, 150_000, 600_000)) * pick.randint(1, 3)
        return min(self._calm_from, at + later)

    def _router(self, at, **properties):
        pick = self._random
        label = chr(ord("a") + len(self._routers))
        found = {"ssid": pick.choice(NAMES), "key": pick.choice(KEYS), "rssi": -pick.randint(35, 85)}
        found["channel"] = pick.randint(1, 13)
        found["join_ms"] = pick.choice((600, 1800, 1800, 4000))
        for chance, more in (
            (0.1, {"rssi": -pick.randint(89, 95)}),
            (0.15, {"up": False}),
            (0.08, {"dhcp": False}),
            (0.1, {"hidden": True}),
            (0.15, {"refusal": pick.choice((2, 4))}),
            (0.03, {"auth": pick.choice((5, 6))}),
        ):
            if pick.random() < chance:
                found.update(more)
        found.update(properties)
        self._routers[label] = found
        self._add(at, "router", label, found)
        return label

    def _some_router(self):
        return self._random.choice(sorted(self._routers)) if self._routers else None

    def _saved(self):
        pick = self._random
        pairs = {}
        for _ in range(pick.choice((0, 0, 1, 1, 1, 2, 3, 5))):
            label = self._some_router()
            if label and pick.random() < 0.8:
                router = self._routers[label]
                key = router["key"] if pick.random() < 0.8 else pick.choice(KEYS)
                pairs[router["ssid"]] = key
            else:
                pairs[pick.choice(NAMES)] = pick.choice(KEYS)
        if pairs:
            self._add(0, "saved", *pairs.items())

    def _remembered(self):
        label = self._some_router()
        if label:
            router = self._routers[label]
            self._add(0, "remembered", router["ssid"], router["key"])

    def make_outage(self, at):
        label = self._some_router()
        if label:
            self._add(at, "change", label, {"up": False})
            self._add(self._later(at), "change", label, {"up": True})

    make_another_outage = make_outage

    def make_end_of_a_router(self, at):
        label = self._some_router()
        if label:
            self._add(at, "change", label, {"up": False})

    def make_new_password(self, at):
        label = self._some_router()
        if label:
            key = self._random.choice(KEYS)
            self._add(at, "change", label, {"key": key, "auth": 3 if key else 0})

    def make_move(self, at):
        for label in sorted(self._routers):
            self._add(at, "change", label, {"up": False})
        for _ in range(self._random.choice((0, 1, 2))):
            self._router(at)

    def make_twin(self, at):
        label = self._some_router()
        if label:
            router = self._routers[label]
            key = router["key"] if self._random.random() < 0.5 else self._random.choice(KEYS)
            self._router(at, ssid=router["ssid"], key=key)

    def make_arrival(self, at):
        self._router(at)

    def make_change_of_the_air(self, at):
        label = self._some_router()
        pick = self._random
        if label:
            change = pick.choice(
                ({"dhcp": False}, {"dhcp": True}, {"rssi": -92}, {"rssi": -50}, {"channel": pick.randint(1, 13)})
            )
            self._add(at, "change", label, change)

    def make_phones(self, at):
        self._add(at, "phones", self._random.choice((1, 1, 1, 2, 4)))
        if self._random.random() < 0.6:
            self._add(self._later(at), "phones", 0)

    def _way(self):
        return "http" if self._random.random() < 0.05 else "form"

    def make_submission(self, at):
        pick = self._random
        label = self._some_router()
        if label and pick.random() < 0.9:
            router = self._routers[label]
            key = router["key"] if pick.random() < 0.7 else pick.choice(KEYS)
            ssid = router["ssid"]
        else:
            ssid, key = pick.choice(NAMES), pick.choice(KEYS)
        self._add(max(0, at - 1), "phones", 1)
        for again in range(pick.choice((1, 1, 1, 2, 3))):
            self._add(at + again * pick.choice((10, 5000, 30_000)), "submit", ssid, key, self._way())

    make_second_submission = make_third_submission = make_submission

    def make_forgetting(self, at):
        if self._random.random() < 0.6:
            self._add(max(0, at - 1), "phones", 1)
            self._add(at, "forget", self._way())

    def make_search(self, at):
        self._add(at, "scan_again", self._way())

    def make_look(self, at):
        if self._random.random() < 0.2:
            self._add(at, "look")

    def make_restart(self, at):
        self._add(at, "restart", self._random.choice((SOFT_RESET, RESET_PIN, 1, 3)))

    def make_power_cut(self, at):
        self._add(at, "power_cut")

    def make_two_resets(self, at):
        for more in (0, self._random.choice((900, 3000, 8000))):
            self._add(at + more, "restart", RESET_PIN)

    def make_crashes(self, at):
        self._add(at, "crash", self._random.choice((1, 1, 2, 4, 8)))

    def make_button(self, at):
        self._add(at, "button", 0)
        self._add(at + self._random.choice((100, 3000, 6000, 8000, 8000, 15_000, 50_000)), "button", 1)

    def make_flash_trouble(self, at):
        how = self._random.choice(("fails", "full", "read_only", "cut", "cut"))
        if how in ("fails", "cut"):
            self._add(at, "flash", how, self._random.randint(1, 6))
        else:
            self._add(at, "flash", how)
        self._add(self._later(at), "flash", "works")

    def make_refusal(self, at):
        part, calls = self._random.choice((("station", STATION_CALLS), ("access_point", ACCESS_POINT_CALLS)))
        for _ in range(self._random.choice((1, 1, 2))):
            self._add(at, "refuse", part, self._random.choice(calls))
        self._add(self._later(at), "accept")

    def make_socket_trouble(self, at):
        self._add(at, "sockets", True)
        self._add(self._later(at), "sockets", False)

    def make_strange_scans(self, at):
        self._add(at, "scans", self._random.choice(("empty", "many", "slow", "raise")))
        self._add(self._later(at), "scans", "usual")

    def make_event_without_a_row(self, at):
        if self._random.random() < 0.2:
            self._add(at, "no_row", self._random.randrange(20))


def timeline(seed):
    return Weather(seed).timeline


# Runs, shrinking, printing


def replay(events):
    """Run a timeline; Violation if an invariant breaks. Returns the Storm."""
    with speed():
        return Storm(events).run()


def violation(events):
    """The Violation that a timeline ends in, None if it holds."""
    try:
        Storm(events).run()
    except Violation as found:
        return found
    return None


def shrink(events, invariant):
    """A short timeline that breaks the same invariant: fewer events first, then rounder times and fewer words."""

    def breaks(candidate):
        found = violation(candidate)
        return found is not None and found.invariant == invariant

    with speed():
        found = violation(events)
        cut = [event for event in events if event[0] <= found.at_ms and event[1] != "end"]
        cut.append((max(event[0] for event in events), "end"))
        events = cut if breaks(cut) else events
        before = None
        while before != events:
            before = events
            events = _fewer(events, breaks)
            events = _simpler(events, breaks)
    return events


def _fewer(events, breaks):
    """Delta debugging: leave out ever smaller runs of events."""
    size = max(1, len(events) // 2)
    while size:
        at = 0
        while at < len(events):
            rest = events[:at] + events[at + size :]
            if any(event[1] == "end" for event in rest) and breaks(rest):
                events = rest
            else:
                at += size
        size //= 2
    return events


def _simpler(events, breaks):
    for at in range(len(events)):
        for candidate in _simplifications(events[at]):
            changed = sorted(events[:at] + [candidate] + events[at + 1 :], key=lambda event: event[0])
            if candidate != events[at] and len(changed) == len(events) and breaks(changed):
                events = changed
                break
    return events


def _simplifications(event):
    at, word, *arguments = event
    for unit in (MINUTE_MS, 10_000, 1000):
        if at > unit:
            yield (at // unit * unit, *event[1:])
    if word in ("router", "change"):
        for name in arguments[1]:
            if name not in ("ssid",):
                fewer = {key: value for key, value in arguments[1].items() if key != name}
                if fewer:
                    yield (at, word, arguments[0], fewer)
    if word == "saved" and len(arguments) > 1:
        for n in range(len(arguments)):
            yield (at, word, *arguments[:n], *arguments[n + 1 :])
    if word == "submit" and arguments[-1] == "http":
        yield (at, word, *arguments[:-1], "form")
    if word in ("seed", "ticks", "started_by"):
        yield (at, word, 0)


def table(events):
    """The timeline as text that can be pasted as a test."""
    rows = [f"    ({event[0]:>9_}, {repr(event[1:])[1:-1].rstrip(',')}),\n" for event in events]
    return "storms.replay([\n" + "".join(rows) + "])"


def report(seed, events):
    """What a person reads of a failure."""
    with speed():
        storm = Storm(events)
        try:
            storm.run()
            text = "(it holds now)"
        except Violation as found:
            text = str(found)
    lines = [f"seed {seed}: {text}", table(events), "what the board did:"]
    lines += ["    %9d  %s %s %s" % step for step in storm.trace[-20:]]
    return "\n".join(lines)


def run_seeds(seeds):
    """([(seed, name of the broken invariant)] of those that fail, the simulated milliseconds of all, the rows of the
    table that they took)."""
    failures, simulated, rows = [], 0, set()
    with speed():
        for seed in seeds:
            events = timeline(seed)
            simulated += events[-1][0]
            storm = Storm(events)
            try:
                storm.run()
            except Violation as found:
                failures.append((seed, found.invariant))
            except (Over, Restart) as error:  # would end this process, and nobody would know
                raise RuntimeError(f"seed {seed}: {error!r} left the run") from error
            rows |= {step[1:] for step in storm.trace}
    return failures, simulated, rows


BLOCK = 100
FAILURES_LIMIT = 8


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", default="0..200000", help="first..behind the last; or one seed, to see its timeline")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    arguments = parser.parse_args()
    first, dots, end = arguments.seeds.partition("..")
    if not dots:
        events = timeline(int(first))
        found = run_seeds([int(first)])[0]
        print(report(int(first), shrink(events, found[0][1]) if found else events))
        return bool(found)
    return run_all(range(int(first), int(end)), arguments.processes)


def run_all(seeds, processes):
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    blocks = [seeds[at : at + BLOCK] for at in range(0, len(seeds), BLOCK)]
    began, failures, simulated, done = time.monotonic(), [], 0, 0
    with multiprocessing.Pool(processes) as pool, Progress(
        *Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn()
    ) as progress:
        bar = progress.add_task("storms", total=len(seeds))
        for failed, ms, _ in pool.imap_unordered(run_seeds, blocks):
            failures += failed
            simulated += ms
            done += BLOCK
            progress.update(bar, completed=min(done, len(seeds)))
            if len({invariant for _, invariant in failures}) >= FAILURES_LIMIT or len(failures) > 10 * FAILURES_LIMIT:
                break
        pool.terminate()
    took = time.monotonic() - began
    done = min(done, len(seeds))
    days = simulated / 86_400_000
    rate = f"{done / took:.0f} a second"
    print(f"{done} storms, {days:.0f} simulated days, in {took:.0f} s: {rate}; {len(failures)} failed")
    shown = {}
    for seed, invariant in sorted(failures):
        shown.setdefault(invariant, []).append(seed)
    for invariant, failing in shown.items():
        print(f"\n{invariant}: {len(failing)} seeds, such as {failing[:8]}")
        print(report(failing[0], shrink(timeline(failing[0]), invariant)))
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())

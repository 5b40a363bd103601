"""Storms in the tests: a slice of them, and that each invariant is broken by firmware that deserves it.

`make storms` runs many more, see storms.py and docs/tests.md.
"""

import datetime

import pytest
from homeport import model

import device.access
import device.context
import device.engine
import device.moves
import device.net.actions
import device.net.join
import device.net.opening
import device.net.rounds
import device.net.scan
import device.net.server
import device.net.station
import device.net.view
import device.states.connected
import device.states.fallback
import device.states.try_saved
import device.store
from device.slots import SLOTS

from . import storms
from .storm_lives import LIVES, writes_a_month

FIXED = range(0, 400)
A_DAY = 200  # seeds that nobody has run before


def assert_calm(seeds):
    """Returns the rows of the table that were taken."""
    failures, simulated_ms, rows = storms.run_seeds(seeds)
    print(f"storms {seeds.start}..{seeds.stop}, {simulated_ms / 86_400_000:.1f} simulated days")
    if failures:
        seed, invariant = failures[0]
        pytest.fail(storms.report(seed, storms.shrink(storms.timeline(seed), invariant)), pytrace=False)
    return rows


# In a storm nobody sits at the console, which is where a board is told to forget in the middle of an attempt.
ELSEWHERE = {("connecting", "credentials_forgotten", "portal")}


@pytest.mark.slow
def test_the_board_weathers_the_same_storms_every_time_and_takes_every_row_of_the_table():
    assert assert_calm(FIXED) >= {tuple(row) for row in model.rows()} - ELSEWHERE


@pytest.mark.slow
def test_the_board_weathers_storms_that_differ_from_day_to_day():
    first = datetime.date.today().toordinal() * 1000
    assert_calm(range(first, first + A_DAY))


def test_the_same_seed_is_the_same_storm():
    with storms.speed():
        runs = [storms.Storm(storms.timeline(7)).run() for _ in range(2)]
    assert runs[0].trace == runs[1].trace and runs[0].turns == runs[1].turns
    assert runs[0].hardware.flash.files == runs[1].hardware.flash.files


@pytest.mark.slow
@pytest.mark.parametrize("life", LIVES)
def test_a_month_of_a_life_wears_the_flash_no_more_than_stated(life):
    events, limit = LIVES[life]
    sdk, files = writes_a_month(events)
    print(f"{life}: {sdk} writes of SDK parameters and {files} operations on files a month")
    assert sdk + files <= limit


# Sabotages: what is broken, by which hand, which invariant notices within so many seeds.


def never(*arguments, **words):
    return False


def nothing(*arguments, **words):
    return None


def keep_only_new(context, network):
    device.store.keep(context, [network] + [other for other in context.networks if other.ssid != network.ssid])


def save_nothing(*arguments):
    return True


def save_in_place(hardware, networks, report, values=None):
    """Into the slot that is the only one that holds them."""
    found, stored, current, sequence, _ = device.store.load(hardware, storms.silent)
    try:
        hardware.remove(SLOTS[current])
    except OSError:
        pass
    try:
        with hardware.open(SLOTS[current], "wb") as file:
            file.write(device.store.encode(networks, stored if values is None else values, sequence + 1))
    except OSError:
        return False
    return True


def forget_one_slot(hardware, report):
    return device.store.save(hardware, [], report, {})


def raise_on_failure(self, *arguments):
    raise KeyError("status")


def spin(self, turn=device.engine.Machine.step):
    self.context.idle_ms = 0
    return turn(self)


def block(self, *arguments, **words):
    started(self, *arguments, **words)
    self._clock.sleep(500)


started = device.net.join.Join.__init__


def astray(state, event):
    return "portal" if event == "link_lost" else looked_up(state, event)


looked_up = device.moves.successor


def take_all(state, event):
    return looked_up(state, event) or "portal"


def join_all_but_none(radio, ssid, key, bssid=b""):
    return not ssid or joined(radio, ssid, key, bssid)


joined = device.net.station.join


def patience_without_end(self):
    return 10**9


def open_key(networks):
    return b""


def pin(networks, sightings, failures, preferred=()):
    return [(0, sightings[0][2], sightings[0][2])] if sightings else []


SABOTAGES = [  # (what is wrong, where, which name, what is there instead, the invariant that breaks, seeds)
    ("saved networks are not tried again", "states.fallback.State", "_is_time_to_retry", never, "never forgetful", 300),
    ("a rounds' scan shows nothing", "net.rounds", "order", lambda *_: [], "never forgetful", 300),
    ("the portal of an outage stays closed", "access", "access", lambda *_: (None, None), "never stranded", 200),
    ("try_saved never gives up", "states.try_saved.State", "_patience", patience_without_end, "never stranded", 200),
    ("a refused portal is not tried again", "net.opening", "opened", lambda *_: True, "never stranded", 200),
    ("a new key replaces the old one at once", "store", "add", keep_only_new, "what was proven is kept", 600),
    ("what has held is not written", "store", "save", save_nothing, "what was proven is kept", 200),
    ("the only copy is written over", "store", "save", save_in_place, "what was proven is kept", 1500),
    ("the access point of an outage is open", "credentials", "access_point_key", open_key, "no open access point", 300),
    ("what the SDK does is never ended", "net.interfaces.Interfaces", "leave", nothing, "one thing at a time", 200),
    ("a lost link is not noticed", "states.connected.State", "step", nothing, "connected means connected", 200),
    ("a fault in an attempt", "net.join.Join", "_watch_searches", raise_on_failure, "nothing raises", 50),
    ("the portal leaves its sockets open", "net.server.Server", "close", nothing, "sockets are closed", 200),
    ("a turn takes no time", "engine.Machine", "step", spin, "time passes", 20),
    ("an attempt waits where it is", "net.join.Join", "__init__", block, "a turn is short", 50),
    ("the engine goes where no row leads", "moves", "successor", astray, "as the table says", 100),
    ("the engine takes every event", "moves", "successor", take_all, "as the table says", 400),
    ("the older slot keeps its keys", "store", "forget_all", forget_one_slot, "forgotten means forgotten", 1500),
    ("the SDK keeps its copy", "net.station", "join", join_all_but_none, "forgotten means forgotten", 1500),
    ("what only the chip knows is pinned", "net.rounds", "order", pin, "what only the chip knows is kept", 3000),
    ("a page has a fault", "net.view", "view", raise_on_failure, "the portal answers", 400),
]


@pytest.mark.slow
@pytest.mark.parametrize("what, place, name, instead, invariant, seeds", SABOTAGES, ids=[row[0] for row in SABOTAGES])
def test_storms_find(what, place, name, instead, invariant, seeds, monkeypatch):
    import device.credentials  # noqa: F401

    target = device
    for part in place.split("."):
        target = getattr(target, part)
    monkeypatch.setattr(target, name, instead)
    found = {}
    with storms.speed():
        for seed in range(seeds):
            broken = storms.violation(storms.timeline(seed))
            if broken is not None:
                found.setdefault(broken.invariant, seed)
                if invariant in found:
                    break
    print(f"{what}: {found}")
    assert invariant in found


@pytest.mark.slow
def test_a_failure_is_shrunk_to_a_timeline_that_can_be_pasted(monkeypatch):
    monkeypatch.setattr(device.states.try_saved.State, "_patience", patience_without_end)
    seed = next(seed for seed in range(200) if storms.run_seeds([seed])[0])
    short = storms.shrink(storms.timeline(seed), "never stranded")
    assert len(short) <= 5
    text = storms.report(seed, short)
    start, end = text.index("storms.replay("), text.index("])") + 2
    with pytest.raises(storms.Violation, match="never stranded"):
        eval(text[start:end])
    monkeypatch.undo()
    eval(text[start:end])


# Timelines that once broke an invariant, as they were printed.


def test_a_second_submission_of_the_network_that_is_joined_leaves_it_first():
    storms.replay([
        (0, "router", "c", {"ssid": b"Office"}),
        (240_000, "phones", 1),
        (240_000, "submit", b"Office", b"k" * 63, "form"),
        (300_000, "submit", b"Office", b"k" * 63, "form"),
        (1_200_000, "end"),
    ])


def test_an_address_that_the_port_does_not_tell_is_no_fault():
    storms.replay([
        (0, "router", "b", {"ssid": b"n" * 32}),
        (0, "saved", (b"n" * 32, b"12345678")),
        (420_000, "refuse", "station", "ifconfig"),
        (420_000, "power_cut"),
        (1_800_000, "end"),
    ])




def test_the_access_point_is_closed_as_soon_as_the_port_lets_it_be_closed():
    storm = storms.replay([
        (0, "router", "a", {"ssid": b"Home"}),
        (60_000, "phones", 1),
        (60_000, "submit", b"Home", b"k" * 63),
        (120_000, "refuse", "access_point", "active"),
        (600_000, "accept"),
        (620_000, "end"),
    ])
    assert not storm.hardware.access_point.on


def test_a_gesture_opens_the_access_point_for_ten_minutes_and_no_longer_although_a_phone_is_being_told_farewell():
    storm = storms.replay([
        (0, "router", "a", {"ssid": b"Home", "up": False}),
        (0, "saved", (b"Home", b""), (b"Office", b"12345678")),
        (300_000, "restart", 6),
        (303_000, "restart", 6),
        (320_000, "phones", 1),
        (580_000, "change", "a", {"up": True}),
        (915_000, "end"),
    ])
    assert storm.trace[-1][1:] == ("fallback", "got_ip", "connected") and not storm.hardware.access_point.on

"""The store in the whole firmware, on fakes: what a person enters, power cuts at every operation of the flash, the way
back to the key that worked, and what a month of outages writes."""

import pytest

from device import policy
from device.history import INTERVAL_S
from device.slots import SLOTS, crc16, load

from .fakes import FakeFlash, FakeHardware, PowerLost, Router
from .scene import Scene

OLD, NEW, OTHER = b"correct horse", b"battery staple", b"another key"
HELD_MS = policy.STABLE_AFTER_MS + 5_000
JOINED_MS = 400_000  # the longest it may take: another key is tried first, for as long as one attempt lasts
HOUR_MS = 3_600_000


def home(key=OLD):
    return Router(b"Home", key)


def on_flash(scene):
    return [(found.ssid, found.key, found.proven) for found in load(scene.hardware, scene.lines.append)[0]]


def with_a_new_key(router):
    """A board that has worked with the old key, and was just given the new one, which works."""
    scene = Scene(router, saved=[(b"Home", OLD)])
    scene.until("connected", 10_000)
    scene.run_for(HELD_MS)
    router.key = NEW
    scene.until("fallback", JOINED_MS)
    scene.settle()
    scene.submit(b"Home", NEW)
    scene.until("connected", JOINED_MS)
    assert on_flash(scene) == [(b"Home", NEW, False), (b"Home", OLD, True)]
    return scene


# The way back


def drop(scene, router):
    """The router is switched off and on again: whoever was joined has to join anew."""
    router.up = False
    scene.until("try_saved", 30_000)
    router.up = True


def test_a_new_key_that_stops_working_before_it_has_held_gives_way_to_the_old_one():
    router = home()
    scene = with_a_new_key(router)
    router.key = OLD
    drop(scene, router)
    scene.until("connected", JOINED_MS)
    assert scene.context.joined.key == OLD
    assert on_flash(scene) == [(b"Home", NEW, False), (b"Home", OLD, True)]  # it has not held yet
    scene.run_for(HELD_MS)
    assert on_flash(scene) == [(b"Home", OLD, True)]
    assert [found.key for found in scene.context.networks] == [OLD]


@pytest.mark.parametrize("cuts", [1, 3])
def test_the_way_back_is_found_after_power_cuts(cuts):
    router = home()
    scene = with_a_new_key(router)
    router.key = OLD
    for _ in range(cuts):
        scene.power_cut()
        scene.run_for(20_000)
    scene.until("connected", JOINED_MS)
    scene.run_for(HELD_MS)
    assert on_flash(scene) == [(b"Home", OLD, True)]
    scene.power_cut()
    assert scene.until("connected", JOINED_MS) < 5_000


def test_a_new_key_that_works_again_after_a_power_cut_sends_the_old_one_away_when_it_has_held():
    router = home()
    scene = with_a_new_key(router)
    scene.power_cut()
    scene.until("connected", JOINED_MS)
    assert scene.context.joined.key == NEW
    scene.run_for(HELD_MS)
    assert on_flash(scene) == [(b"Home", NEW, True)]


def test_a_key_that_has_held_is_not_given_up_for_an_older_one():
    router = home()
    scene = with_a_new_key(router)
    scene.run_for(HELD_MS)
    router.key = OTHER
    drop(scene, router)
    scene.until("fallback", JOINED_MS)
    assert on_flash(scene) == [(b"Home", NEW, True)]


def test_a_key_that_never_worked_leaves_everything_as_it_was():
    router = home()
    scene = Scene(router, saved=[(b"Home", OLD)])
    scene.until("connected", 10_000)
    scene.run_for(HELD_MS)
    before = scene.hardware.flash.files[SLOTS[0]]
    router.up = False
    scene.until("fallback", JOINED_MS + policy.REBOOTING_ALLOWANCE_MS)
    router.up = True
    scene.settle()
    scene.submit(b"Home", NEW)
    scene.until("connecting", 5_000)
    scene.until("connected", JOINED_MS)
    assert scene.hardware.flash.files[SLOTS[0]] == before and on_flash(scene) == [(b"Home", OLD, True)]


# Power cuts at every operation


def cut_at(n, scene):
    scene.hardware.flash.error, scene.hardware.flash.fail_at = PowerLost(), n


def fresh():
    scene = Scene(home(), Router(b"Office", OTHER))
    scene.settle()
    return scene


def held():
    """A board that holds Home and whose portal is still open, because a phone is on it."""
    scene = fresh()
    scene.hardware.access_point.phones = 1
    scene.bring_online(b"Home", OLD)
    return scene


def submitting(ssid, key):
    def act(scene):
        scene.submit(ssid, key)
        scene.run_for(HELD_MS + 10_000)

    return act


def forgetting(scene):
    scene.phone.post(b"/forget", b"confirm=yes")
    scene.run_for(5_000)


def old_slot(version):
    def begin():
        body = b"HP" + bytes((version, 0, 7, 1)) + b"\4Home\x0d" + OLD + b"\0\2\1\0" + b"\0" * (version > 1)
        crc = crc16(body)
        flash = FakeFlash()
        flash.files[SLOTS[0]] = body + bytes((crc >> 8, crc & 255))
        return Scene(hardware=FakeHardware([home()], flash=flash))

    return begin


def waiting(scene):
    scene.run_for(HELD_MS + 10_000)


def having_an_outage(scene):
    scene.hardware.routers[0].up = False
    scene.run_for(20_000)
    scene.hardware.routers[0].up = True
    scene.run_for(HELD_MS)


STORIES = {
    "first provisioning": (fresh, submitting(b"Home", OLD), 6),
    "another network": (held, submitting(b"Office", OTHER), 6),
    "another password": (lambda: changed(held()), submitting(b"Home", NEW), 6),
    "forgetting": (held, forgetting, 6),
    "from version 1": (old_slot(1), waiting, 5),
    "from version 2": (old_slot(2), waiting, 5),
    "history": (held, having_an_outage, 5),
}
ALLOWED = {  # (name, key) of what may be found besides what was there
    "first provisioning": [[(b"Home", OLD)]],
    "another network": [[(b"Office", OTHER), (b"Home", OLD)]],
    "another password": [[(b"Home", NEW), (b"Home", OLD)], [(b"Home", NEW)]],
    "forgetting": [[]],
    "from version 1": [],
    "from version 2": [],
    "history": [],
}


def changed(scene):
    scene.hardware.routers[0].key = NEW
    return scene


@pytest.mark.parametrize("story", STORIES)
def test_power_lost_at_any_operation_leaves_the_old_or_the_new_set_and_a_board_that_can_be_reached(story):
    begin, act, least = STORIES[story]
    for n in range(1, 100):
        scene = begin()
        before = [(ssid, key) for ssid, key, _ in on_flash(scene)]
        starts = scene.hardware.starts
        cut_at(n, scene)
        try:
            act(scene)
        except AssertionError:
            assert scene.hardware.starts > starts  # the phone got no answer: the power failed
        fired = scene.hardware.starts > starts
        scene.hardware.flash.fail_at = None
        del scene.lines[:]
        scene.power_cut()
        found = [(ssid, key) for ssid, key, _ in on_flash(scene)]
        assert found in [before] + ALLOWED[story], n
        assert not [line for line in scene.lines if line.startswith(("store: /", "history:"))], scene.lines
        if found:
            scene.run_for(JOINED_MS)
            assert scene.state == "connected" or scene.hardware.access_point.on, (n, scene.trace)
        else:
            scene.run_for(30_000)
            assert scene.state == "connected" or scene.hardware.access_point.is_open, (n, scene.trace)
        if not fired:
            assert n > least
            return
    raise AssertionError("the cut never stopped firing")


# Wear


def test_the_first_provisioning_costs_three_writes_and_a_stable_board_none():
    scene = fresh()
    scene.bring_online(b"Home", OLD)
    scene.run_for(HELD_MS)
    # Added, proven, and the history of a first connection.
    assert scene.hardware.flash.writes == 3
    for _ in range(12):
        scene.hardware.time.elapsed += HOUR_MS
        scene.run_for(1000)
    assert scene.hardware.flash.writes == 3


MONTH_HOURS = 30 * 24
WRITES_A_MONTH = MONTH_HOURS * 3600 // INTERVAL_S + 3 + 1  # of the history, and one of the store


@pytest.mark.slow
def test_a_month_of_hourly_outages_costs_a_history_write_in_six_hours_and_one_write_of_the_store():
    """The outages are walked one by one, the quiet time between them in one step."""
    router = home()
    scene = Scene(router, saved=[(b"Home", OLD)])
    scene.until("connected", 10_000)
    scene.context.idle_ms = 200
    stored = 0
    before = scene.hardware.flash.writes
    for _ in range(MONTH_HOURS):
        image = {path: scene.hardware.flash.files.get(path) for path in SLOTS}
        scene.run_for(HELD_MS)
        router.up = False
        scene.until("try_saved", 30_000)
        router.up = True
        scene.until("connected", 60_000)
        scene.hardware.time.elapsed += HOUR_MS - HELD_MS
        stored += image != {path: scene.hardware.flash.files.get(path) for path in SLOTS}
    print(scene.hardware.flash.writes - before, "writes,", stored, "of the store")
    assert scene.hardware.flash.writes - before <= WRITES_A_MONTH and stored <= 1
    assert load(scene.hardware, scene.lines.append)[0][0].key == OLD

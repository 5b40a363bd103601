"""A person at the board: the button, two resets, the LED; and what is none of them."""

import json

import pytest

from device import marks, policy, store
from device.moves import load

from .fakes import POWER_ON, RESET_PIN, SOFT_RESET, SOFTWARE_WATCHDOG, FakeHardware, Restart, Router
from .scene import Scene

KEY = b"correct horse"
SECOND = 1000
BUTTON, LED = 0, 2


def home(**changes):
    return Router(b"Home", KEY, **changes)


def configured(*routers, settings=None, **changes):
    """A board with credentials, on which the first seconds have passed."""
    hardware = FakeHardware(routers, **changes)
    if settings is not None:
        hardware.flash.files["/homeport.json"] = json.dumps(settings).encode()
    return Scene(hardware=hardware, saved=[(b"Home", KEY)])


def press(scene, ms, pin=BUTTON):
    scene.hardware.pin(pin).level = 0
    scene.run_for(ms)


def let_go(scene, pin=BUTTON):
    scene.hardware.pin(pin).level = 1
    scene.turn()
    scene.turn()


def asked(scene):
    return ("portal_requested" in [event for _, event, _ in scene.trace]) or scene.context.portal_requested


def connected(settings=None):
    scene = configured(home(), settings=settings)
    scene.until("connected", 30 * SECOND)
    scene.run_for(6 * SECOND)
    return scene


# The button


def test_a_button_held_for_five_seconds_asks_for_the_portal_and_for_ten_minutes_of_it():
    scene = connected()
    press(scene, 6 * SECOND)
    assert not asked(scene), "it may still become ten seconds"
    let_go(scene)
    assert asked(scene)
    left = scene.context.open_until - scene.context.clock.now()
    assert policy.GESTURE_WINDOW_MS - 3 * SECOND <= left <= policy.GESTURE_WINDOW_MS
    assert scene.saved() == {b"Home": KEY}


@pytest.mark.parametrize("ms", [50, 1000, 4800])
def test_a_shorter_press_does_nothing(ms):
    scene = connected()
    press(scene, ms)
    let_go(scene)
    assert not asked(scene) and scene.context.open_until == 0


def test_a_button_held_for_ten_seconds_erases_everything_at_once_and_the_sdks_copy_as_well():
    scene = connected()
    press(scene, 9_800)
    assert scene.saved() == {b"Home": KEY}
    scene.run_for(400)
    assert scene.saved() == {} and scene.hardware.station.target == (b"", b"")
    scene.until("portal", SECOND)
    let_go(scene)
    scene.run_for(30 * SECOND)
    assert not asked(scene) and scene.state == "portal"


def test_a_button_held_on_and_on_erases_once(capsys):
    scene = connected()
    press(scene, 11 * SECOND)
    writes = scene.hardware.flash.writes
    scene.run_for(300 * SECOND)
    assert scene.hardware.flash.writes == writes
    assert capsys.readouterr().out.count("everything is erased") == 1


def test_a_pin_that_is_low_from_the_start_erases_nothing_for_ever():
    scene = configured(home())
    scene.hardware.pin(BUTTON).level = 0
    scene.restart(POWER_ON)
    scene.run_for(3600 * SECOND)
    assert scene.saved() == {b"Home": KEY} and not asked(scene)
    let_go(scene)
    press(scene, 10_500)
    assert scene.saved() == {}, "seen high since: now it is a button"


def test_a_button_that_was_held_over_the_start_counts_when_it_is_pressed_anew():
    scene = configured(home())
    scene.hardware.pin(BUTTON).level = 0
    scene.restart(RESET_PIN)
    scene.run_for(8 * SECOND)
    let_go(scene)
    assert not asked(scene)
    press(scene, 6 * SECOND)
    let_go(scene)
    assert asked(scene)


def test_a_press_in_the_first_seconds_counts():
    scene = configured(home())
    scene.run_for(SECOND)
    press(scene, 5_500)
    let_go(scene)
    assert asked(scene)


def test_two_taps_that_nobody_watched_between_are_no_long_press():
    scene = connected()
    press(scene, 100)
    scene.hardware.time.elapsed += 12 * SECOND  # the owner's program takes its time; the button is up meanwhile
    scene.turn()
    let_go(scene)
    assert scene.saved() == {b"Home": KEY} and not asked(scene)


def test_five_seconds_change_nothing_where_nothing_is_saved():
    scene = Scene(home())
    scene.until("portal", SECOND)
    scene.run_for(6 * SECOND)
    trace = list(scene.trace)
    press(scene, 7 * SECOND)
    let_go(scene)
    scene.run_for(SECOND)
    assert scene.trace == trace and not scene.context.portal_requested and scene.context.open_until == 0
    assert scene.hardware.access_point.is_open


def test_the_button_is_on_the_pin_of_the_settings():
    scene = connected({"button_pin": 4})
    press(scene, 10_500, BUTTON)
    assert scene.saved() == {b"Home": KEY}
    let_go(scene, BUTTON)
    press(scene, 10_500, 4)
    assert scene.saved() == {}


def test_without_a_button_in_the_settings_no_pin_is_read():
    scene = connected({"button_pin": None})
    press(scene, 60 * SECOND)
    assert scene.saved() == {b"Home": KEY} and not asked(scene)


def test_nothing_of_the_button_is_in_memory_while_nobody_presses_it():
    import sys

    scene = connected()
    assert "device.gestures" not in sys.modules and "device.marks" not in sys.modules
    press(scene, SECOND)
    assert "device.gestures" in sys.modules
    let_go(scene)
    assert "device.gestures" not in sys.modules
    press(scene, policy.PRESS_LIMIT_MS + SECOND)  # something pulls the pin low
    assert "device.gestures" not in sys.modules


def attempt_under_way():
    scene = Scene(home(join_ms=60 * SECOND))
    scene.until("portal", SECOND)
    scene.run_for(6 * SECOND)
    scene.submit(b"Home", KEY)
    scene.until("connecting", SECOND)
    return scene


def test_ten_seconds_during_a_persons_attempt_leave_nothing_of_it():
    scene = attempt_under_way()
    press(scene, 10_500)
    let_go(scene)
    scene.hardware.routers[0].join_ms = 100
    scene.run_for(120 * SECOND)
    assert scene.state == "portal" and scene.saved() == {} and not scene.context.networks


@pytest.mark.parametrize("state", ["try_saved", "fallback"])
def test_ten_seconds_without_a_router_lead_to_the_open_portal(state):
    scene = configured(home(up=False), powered_on=False)
    scene.until(state, 200 * SECOND)
    scene.run_for(6 * SECOND)
    press(scene, 15 * SECOND)
    scene.until("portal", 60 * SECOND)
    scene.run_for(SECOND)
    assert scene.saved() == {} and scene.hardware.access_point.is_open


# Two resets


def reset(scene, after_ms, cause=RESET_PIN):
    scene.run_for(after_ms)
    scene.restart(cause)


def test_two_presses_of_the_reset_button_within_five_seconds_ask_for_the_portal():
    scene = configured(home())
    reset(scene, 60 * SECOND)
    assert not asked(scene)
    reset(scene, 3 * SECOND)
    assert asked(scene) and scene.context.open_until > 0


def test_a_third_press_is_a_plain_reset():
    scene = configured(home())
    for _ in range(3):
        reset(scene, SECOND)
    assert not scene.context.portal_requested and scene.context.open_until == 0


def test_two_presses_with_more_than_five_seconds_between_are_two_resets():
    scene = configured(home())
    reset(scene, 60 * SECOND)
    reset(scene, policy.DOUBLE_RESET_MS + SECOND)
    assert not asked(scene)


@pytest.mark.parametrize("second", [POWER_ON, SOFT_RESET, SOFTWARE_WATCHDOG])
def test_a_flicker_of_the_power_and_restarts_of_any_other_cause_do_not_count(second):
    scene = configured(home())
    reset(scene, 60 * SECOND)
    reset(scene, SECOND, second)
    assert not asked(scene)
    reset(scene, SECOND)
    assert not asked(scene), "the first one is forgotten"


def test_a_board_that_reports_the_reset_pin_at_power_up_does_not_take_it_for_a_gesture():
    scene = configured(home())
    for _ in range(5):
        scene.hardware.memory = b""  # what power-up leaves
        reset(scene, SECOND)
        assert not asked(scene)


@pytest.mark.parametrize("memory", [b"HPm", b"HPm" + bytes(12), b"\xff" * 492, b"HPm\1" + b"\xff" * 11])
def test_rubbish_in_rtc_memory_is_no_gesture(memory):
    scene = configured(home())
    scene.hardware.memory = memory
    reset(scene, SECOND)
    assert not asked(scene) and scene.context.program_wanted


def test_what_the_owners_program_keeps_in_rtc_memory_stays():
    scene = configured(home())
    scene.run_for(60 * SECOND)
    scene.hardware.memory = b"42 kWh"
    reset(scene, SECOND)
    scene.run_for(60 * SECOND)
    assert scene.hardware.memory == b"42 kWh"


def test_a_double_reset_is_asked_for_by_nobody_where_nothing_is_saved():
    scene = Scene(home())
    reset(scene, SECOND)
    reset(scene, SECOND)
    scene.run_for(SECOND)
    assert scene.state == "portal" and not scene.context.portal_requested and scene.context.open_until == 0


# A restart on purpose


@pytest.mark.parametrize("person", [False, True])
def test_a_restart_into_the_portal_keeps_who_asked_for_it(person):
    scene = connected()
    if person:
        scene.context.open_until = scene.context.clock.now() + 300 * SECOND
    with pytest.raises(Restart):
        marks.restart(scene.context)
    scene.restart(SOFT_RESET)
    assert scene.context.portal_requested and (scene.context.open_until > 0) == person
    scene.restart(SOFT_RESET)
    assert not scene.context.portal_requested


# The LED


def shown(scene):
    """The pattern that the LED has in two seconds: a level for each 128 ms, in the middle of which it is looked at."""
    clock, pin = scene.context.clock, scene.hardware.pin(LED)
    while clock.now() % 2048 != 64:
        scene.hardware.time.elapsed += 1
    levels = 0
    for bit in range(16):
        scene.turn()
        levels |= (1 - pin.level) << bit
        scene.hardware.time.elapsed += 128 - (clock.now() % 128) + 64
    return levels


def still(scene):
    """The same scene with turns that take no time."""
    scene.context.idle_ms = 0
    return scene


def test_the_led_shows_the_pattern_of_the_state():
    scene = Scene(home(up=False))
    scene.until("portal", SECOND)
    scene.run_for(6 * SECOND)
    assert shown(still(scene)) == load("portal").LED


def test_every_state_has_a_pattern_of_its_own():
    from homeport import model

    from device.gestures import ERASED, SOON

    patterns = [load(state).LED for state in model.states()] + [SOON, ERASED]
    assert len(set(patterns)) == len(patterns)
    assert all(0 <= pattern < 1 << 16 for pattern in patterns)


def test_the_led_is_switched_off_when_connected_and_then_left_to_the_owners_program():
    scene = connected()
    pin = scene.hardware.pin(LED)
    assert pin.level == 1, "active low: off"
    pin.level = 0  # the program switches it on
    writes = pin.writes
    scene.run_for(60 * SECOND)
    assert pin.level == 0 and pin.writes == writes


def test_the_led_tells_when_to_let_go_and_when_all_is_erased():
    from device.gestures import ERASED, SOON

    scene = connected()
    press(scene, 5_200)
    assert shown(still(scene)) == SOON
    scene.context.idle_ms = 20
    scene.run_for(5 * SECOND)
    assert shown(still(scene)) == ERASED


def test_an_led_that_lights_at_a_high_level():
    scene = configured(home(up=False), settings={"led_active_low": False})
    scene.run_for(6 * SECOND)
    assert 0xFFFF - shown(still(scene)) == load("try_saved").LED


def test_without_a_led_in_the_settings_no_pin_is_written():
    scene = configured(home(), settings={"led_pin": None})
    scene.run_for(60 * SECOND)
    assert scene.hardware.pin(LED).writes == 0
    assert store.SLOTS[0] in scene.hardware.flash.files


def test_a_portal_that_has_to_open_while_the_watchdog_is_armed_opens_after_a_restart():
    scene = connected()
    scene.context.watchdog = scene.hardware.watchdog()
    scene.hardware.time.bites_at = 1 << 60  # this test feeds it
    press(scene, 6 * SECOND)
    starts = scene.hardware.starts
    let_go(scene)
    scene.until("fallback", SECOND)
    scene.run_for(6 * SECOND)
    assert scene.hardware.starts == starts + 1 and scene.context.watchdog is None
    assert scene.hardware.access_point.is_open and scene.context.portal


def test_the_page_shows_the_patterns_as_they_are():
    from pathlib import Path

    from homeport import model

    from device.gestures import ERASED, SOON

    patterns = {state: load(state).LED for state in model.states()}
    patterns |= {"button held for 5 s": SOON, "button held for 10 s": ERASED}
    page = (Path(__file__).parent.parent / "docs" / "recovery.md").read_text()
    for name, pattern in patterns.items():
        drawn = "".join("#" if pattern >> bit & 1 else "." for bit in range(16))
        assert f"| {name} | `{drawn}` |" in page, name

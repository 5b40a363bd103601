"""Corners of the policy that could strand a board, forget what works, or claim too much."""

import json

import pytest

from device import marks, policy, store
from device.context import Network
from device.history import entries
from device.online import run
from device.outage import classify
from device.slots import SLOTS

from .fakes import RESET_PIN, FakeHardware, PowerLost, Router
from .running import Running
from .scene import Scene

KEY, OTHER_KEY = b"correct horse", b"battery staple"
HOUR_MS = 3_600_000
COARSE_TURN_MS = 300  # for hours of outages


def home(**changes):
    return Router(b"Home", KEY, **changes)


def office(**changes):
    return Router(b"Office", OTHER_KEY, **changes)


def saved(ssid, key, **changes):
    network = Network(ssid, key)
    network.proven = network.sighted = True
    for name, value in changes.items():
        setattr(network, name, value)
    return network


def board(routers, networks, powered_on=False, **settings):
    hardware = FakeHardware(routers, powered_on=powered_on)
    if settings:
        hardware.flash.files["/homeport.json"] = json.dumps(settings).encode()
    assert store.save(hardware, networks, print)
    return Scene(hardware=hardware)


def remembered(*routers, **settings):
    """A board on which nothing was ever saved and whose chip remembers Home."""
    hardware = FakeHardware(routers, powered_on=False)
    if settings:
        hardware.flash.files["/homeport.json"] = json.dumps(settings).encode()
    hardware.station.on = True
    hardware.station.target = (b"Home", KEY)
    hardware.station.restart()
    return Scene(hardware=hardware)


def press(scene, seconds):
    scene.hardware.pin(0).level = 0
    scene.run_for(seconds * 1000)
    scene.hardware.pin(0).level = 1
    scene.run_for(200)


# A network that only the chip has the key of


def test_two_access_points_of_a_network_that_the_chip_remembers_never_cost_it_its_key():
    broken = home(rssi=-40, dhcp=False)
    scene = remembered(broken, home(rssi=-65))
    scene.context.idle_ms = COARSE_TURN_MS
    scene.run_for(HOUR_MS)
    assert scene.hardware.station.target == (b"Home", KEY)
    broken.dhcp = True
    scene.until("connected", 2 * policy.RETRY_INTERVAL_WITH_PHONE_MS)


def test_a_better_signal_of_a_network_that_the_chip_remembers_is_no_reason_to_leave_it():
    scene = remembered(home(rssi=-85), roam_below_dbm=-70, watchdog=False)
    scene.until("connected", 60_000)
    scene.hardware.routers.append(home(rssi=-50))
    scene.run_for(3 * policy.ROAM_INTERVAL_MS)
    assert scene.state == "connected" and scene.hardware.station.target == (b"Home", KEY)


# Joining


@pytest.mark.parametrize("calls", [("connect",), ("disconnect",), ("connect", "disconnect")])
def test_an_old_link_never_passes_for_a_new_one_whatever_the_port_refuses(calls):
    scene = board([home()], [saved(b"Home", KEY)], access_point="always")
    scene.until("connected", 60_000)
    scene.run_for(policy.STABLE_AFTER_MS + 5_000)
    for call in calls:
        scene.hardware.station.failing[call] = OSError("Cannot do that")
    assert scene.submit(b"Home", b"wrong wrong").status == 303
    attempt = scene.context.attempt
    scene.run_for(60_000)
    assert attempt.outcome == "failed" and scene.saved() == {b"Home": KEY}
    scene.hardware.station.failing.clear()
    scene.run_for(300_000)
    assert scene.state == "connected" and scene.saved() == {b"Home": KEY}


def test_a_round_that_goes_on_ends_when_a_person_submits_so_that_the_answer_can_leave():
    scene = board([home(up=False), office()], [saved(b"Home", KEY)])
    scene.until("fallback", 400_000)
    for _ in range(10_000):
        if scene.hardware.station.searching:
            break
        scene.turn()
    scene.submit(b"Office", OTHER_KEY)
    scene.until("connecting", 1_000)
    end = scene.now + policy.ANSWER_GRACE_MS - 100
    while scene.now < end:
        scene.turn()
        assert not scene.hardware.station.searching


# The first setup


@pytest.mark.parametrize("key", [KEY, b"wrong wrong"])
def test_power_lost_in_the_first_attempt_leaves_a_board_that_is_new(key):
    """The chip remembers what it was given, but that network has not proven itself, nor is it from before Homeport."""
    scene = Scene(home())
    scene.settle()
    scene.submit(b"Home", key)
    scene.run_for(policy.ANSWER_GRACE_MS + 1_000)
    assert scene.state == "connecting" and scene.hardware.station.target == (b"Home", key)
    scene.power_cut()
    scene.settle()
    assert scene.state == "portal" and scene.context.portal and scene.hardware.access_point.is_open
    scene.bring_online(b"Home", KEY)
    assert scene.saved() == {b"Home": KEY}


def test_a_flash_that_takes_no_mark_is_no_reason_not_to_try():
    scene = Scene(home())
    scene.settle()
    scene.hardware.flash.full = True
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    assert scene.context.saved is False


def test_power_lost_while_the_first_attempt_is_marked_leaves_a_board_that_is_new():
    for n in range(1, 10):
        scene = Scene(home())
        scene.settle()
        flash, starts = scene.hardware.flash, scene.hardware.starts
        flash.error, flash.fail_at = PowerLost(), n
        scene.submit(b"Home", KEY)
        scene.run_for(policy.ANSWER_GRACE_MS + 500)
        if scene.hardware.starts == starts:
            assert n > 1 and flash.files[SLOTS[0]] == b""  # it was marked, and nothing else was written yet
            return
        scene.settle()
        assert scene.state == "portal" and scene.context.portal
    raise AssertionError("the cut never stopped firing")


def test_a_full_flash_does_not_make_the_board_start_again_and_forget_its_only_network(monkeypatch):
    running = Running(monkeypatch)
    del running.hardware.flash.files["/credentials.0"]
    running.hardware.flash.full = True
    phone = []

    def set_up():
        from .fakes import Phone

        phone.append(Phone(running.hardware, running.board.step))
        phone[0].post(b"/connect", b"ssid=Home&password=correct+horse")

    running.at(5, set_up)
    running.run(900_000)
    assert running.starts == [0] and running.context.state == "connected" and running.steps
    assert running.context.saved is False and running.context.watchdog is None


# Rounds


@pytest.mark.parametrize("scan", ["raises", "shows nothing"])
def test_with_scans_that_tell_nothing_every_saved_network_has_its_turn(scan):
    scene = board([home(up=False), office()], [saved(b"Home", KEY), saved(b"Office", OTHER_KEY)])
    if scan == "raises":
        scene.hardware.station.failing["scan"] = OSError("scan failed")
    else:
        scene.hardware.station.scanned = []
    scene.until("connected", 400_000)
    assert scene.context.joined.ssid == b"Office"


def test_a_network_that_was_seen_once_and_is_hidden_since_is_found():
    scene = board([home(hidden=True), office(up=False)], [saved(b"Office", OTHER_KEY), saved(b"Home", KEY)])
    scene.until("connected", 400_000)
    assert scene.context.joined.ssid == b"Home"


@pytest.mark.parametrize("minutes", [15, 40, 70])
def test_of_networks_that_all_failed_the_best_is_the_one_that_is_tried_in_between(minutes):
    best = home(rssi=-50, dhcp=False)
    stale = Router(b"Office", b"another key", rssi=-75)
    scene = board([best, stale], [saved(b"Home", KEY), saved(b"Office", OTHER_KEY)])
    scene.context.idle_ms = COARSE_TURN_MS
    scene.run_for(minutes * 60_000)
    best.dhcp = True
    scene.until("connected", 180_000)


def test_two_keys_of_one_name_have_their_chances_each():
    new, old = saved(b"Home", b"wrong wrong", proven=False), saved(b"Home", b"older older")
    scene = board([home()], [new, old])
    scene.until("fallback", 400_000)
    assert scene.hardware.station.calls.count("connect") >= 2 * policy.REFUSALS_LIMIT


def test_an_access_point_with_a_better_signal_that_refuses_is_tried_once():
    strong = Router(b"Home", b"another key", rssi=-50)
    networks = [saved(b"Office", OTHER_KEY), saved(b"Home", KEY)]
    scene = board([strong, office(rssi=-80)], networks, roam_below_dbm=-70, watchdog=False)
    scene.context.idle_ms = COARSE_TURN_MS
    scene.until("connected", 60_000)
    scene.run_for(2 * HOUR_MS)
    assert [event for _, event, _ in scene.trace].count("better_signal_found") == 1
    assert scene.state == "connected"


def test_a_board_that_is_carried_to_and_fro_roams_each_time():
    here, there = home(rssi=-85), home(rssi=-50)
    scene = board([here, there], [saved(b"Home", KEY)], roam_below_dbm=-70, watchdog=False)
    scene.context.idle_ms = COARSE_TURN_MS
    scene.until("connected", 60_000)
    for _ in range(4):
        scene.run_for(2 * policy.ROAM_INTERVAL_MS)
        here.rssi, there.rssi = there.rssi, here.rssi
    assert scene.context.radio.spurned == ()
    assert [event for _, event, _ in scene.trace].count("better_signal_found") == 3  # once for each time but the last


# How long it waits


def test_after_a_power_cut_one_stale_network_does_not_cut_the_patience_with_the_others_router_short():
    guest = Router(b"Guest", b"changed since", rssi=-80)
    networks = [saved(b"Home", KEY), saved(b"Guest", OTHER_KEY)]
    scene = board([home(up=False), guest], networks, powered_on=True)
    assert scene.until("fallback", 400_000) >= policy.POWER_ON_ALLOWANCE_MS


def test_after_a_power_cut_a_stranger_alone_is_given_time_for_the_neighbours_to_boot():
    scene = board(
        [home(up=False), Router(b"Van", OTHER_KEY)],
        [saved(b"Home", KEY, neighbours=b"\1\2\3\4")],
        powered_on=True,
    )
    took = scene.until("fallback", 400_000)
    assert policy.OUTAGE_ALLOWANCE_MS <= took < policy.POWER_ON_ALLOWANCE_MS


def test_a_refusal_of_a_network_that_has_gone_says_nothing_of_its_password():
    networks = [saved(b"Home", KEY), saved(b"Office", OTHER_KEY)]
    row = (b"Office", -60, 1, "wpa2")
    assert classify(networks, [], (b"Home",)) is None
    assert classify(networks, [row], (b"Office",)) == b"password_changed"
    assert classify(networks, [row], (b"Office",), powered_on=True) is None
    assert classify(networks, [row], (b"Office", b"Home"), powered_on=True) == b"password_changed"


# Two presses of the reset button


def test_a_program_that_never_steps_the_board_again_makes_no_second_press_of_one_hours_later(monkeypatch):
    scene = board([home()], [saved(b"Home", KEY)])
    scene.hardware.restart(RESET_PIN)
    scene.switch_on()
    run(scene.machine)
    assert not marks.load(scene.hardware)[marks.FLAGS] and scene.hardware.time.ticks_ms()
    scene.hardware.time.sleep_ms(7 * HOUR_MS)
    scene.hardware.restart(RESET_PIN)
    scene.switch_on()
    scene.settle()
    assert scene.state == "try_saved" and not scene.hardware.access_point.on


def test_a_program_is_not_loaded_before_the_first_of_two_presses_is_forgotten(monkeypatch):
    running = Running(monkeypatch, step=lambda running: seen.append(marks.load(running.hardware)[marks.FLAGS]))
    seen = []
    running.hardware.restart(RESET_PIN)
    running.run(policy.DOUBLE_RESET_MS + 5_000)
    assert seen and not any(seen)


def test_the_second_press_counts_up_to_the_last_moment_with_a_program_there_as_well(monkeypatch):
    running = Running(monkeypatch)
    running.hardware.restart(RESET_PIN)
    running.run(policy.DOUBLE_RESET_MS - 1_000)
    assert running.context.state == "connected"
    running.hardware.restart(RESET_PIN)
    running.run(3_000)
    assert running.context.state == "fallback" and running.hardware.access_point.is_open


# Who may join


def test_a_short_key_of_wep_protects_the_access_point_too():
    scene = board([], [saved(b"Old", b"abcde")])
    scene.until("fallback", 300_000)
    scene.settle()
    assert not scene.hardware.access_point.is_open and scene.hardware.access_point.settings["key"] == b"6162636465"


def connected_after_a_gesture():
    """(scene, when the gesture was made) of a board that a person has set up at the end of its ten minutes."""
    scene = board([home(up=False), office()], [saved(b"Home", KEY)])
    scene.run_for(3_000)
    press(scene, 6)
    start = scene.now
    scene.until("fallback", 3_000)
    scene.settle()
    scene.hardware.access_point.phones = 1
    scene.run_for(policy.GESTURE_WINDOW_MS - 3_000)
    scene.submit(b"Office", OTHER_KEY)
    scene.until("connected", 60_000)
    assert scene.context.clock.now() >= scene.context.open_until and scene.hardware.access_point.is_open
    return scene, start


def test_an_attempt_at_the_end_of_a_gestures_window_leaves_the_access_point_open_for_a_minute_at_most():
    scene, start = connected_after_a_gesture()
    while scene.hardware.access_point.is_open and scene.now - start < HOUR_MS:
        scene.turn()
    joined_ms = policy.ANSWER_GRACE_MS + policy.JOIN_TIMEOUT_MS
    assert scene.now - start <= policy.GESTURE_WINDOW_MS + joined_ms + policy.FAREWELL_MS


def test_a_farewell_after_a_gesture_does_not_depend_on_what_the_port_was_given_last():
    """Nothing is known of that once the port has refused something."""
    scene, _ = connected_after_a_gesture()
    scene.context.radio.raised = None
    scene.run_for(policy.FAREWELL_MS + 1_000)
    assert scene.state == "connected" and not scene.hardware.access_point.on


def test_a_phone_of_an_earlier_round_does_not_shorten_the_farewell_after_a_persons_success():
    router = Router(b"Home", b"another key")
    scene = board([router], [saved(b"Home", KEY)])
    scene.until("fallback", 300_000)
    scene.hardware.access_point.phones = 1
    scene.run_for(policy.RETRY_INTERVAL_WITH_PHONE_MS + 60_000)
    router.key = OTHER_KEY
    scene.submit(b"Home", OTHER_KEY)
    scene.until("connecting", 3_000)
    scene.hardware.access_point.phones = 0  # it is slow to come back
    scene.until("connected", 30_000)
    start = scene.now
    while scene.hardware.access_point.on and scene.now - start < HOUR_MS:
        scene.turn()
    assert scene.now - start >= policy.FAREWELL_MS


# What is left of an outage


def refused():
    scene = board([Router(b"Home", b"another key")], [saved(b"Home", KEY)])
    scene.until("fallback", 300_000)
    scene.settle()
    assert scene.context.outage == b"password_changed"
    return scene


def test_forgetting_forgets_the_outage_too():
    scene = refused()
    scene.phone.post(b"/forget", b"confirm=yes")
    scene.until("portal", 5_000)
    scene.settle()
    assert json.loads(scene.phone.get(b"/api/status").body).get("outage") is None
    assert b"new password" not in scene.phone.get(b"/", fields=b"Accept-Language: en\r\n").body


def test_a_board_that_was_forgotten_in_an_outage_and_set_up_again_has_its_whole_allowance():
    router = home(up=False)
    scene = board([router], [saved(b"Home", KEY)])
    scene.run_for(30_000)
    press(scene, 11)
    scene.until("portal", 3_000)
    scene.run_for(600_000)
    router.up = True
    scene.submit(b"Home", KEY)
    scene.until("connected", 20_000)
    scene.run_for(5_000)
    router.up = False
    scene.until("try_saved", 20_000)
    assert scene.until("fallback", 300_000) >= policy.OUTAGE_ALLOWANCE_MS


def test_what_was_submitted_in_the_moment_of_forgetting_is_forgotten():
    from device.attempt import Attempt
    from device.net.actions import forget

    scene = board([home()], [saved(b"Home", KEY)], access_point="always")
    scene.until("connected", 30_000)
    scene.context.submitted = True
    scene.context.attempt = Attempt(1, Network(b"Home", KEY), {}, ())
    forget(scene.context)
    scene.run_for(5_000)
    assert scene.trace[-1] == ("connected", "credentials_forgotten", "portal") and scene.state == "portal"


def test_what_failed_is_noted_with_its_signal():
    scene = board([Router(b"Home", b"another key", rssi=-86)], [saved(b"Home", KEY)])
    scene.until("fallback", 300_000)
    assert [(ssid, reason, rssi) for ssid, reason, rssi, _, _ in entries(scene.context)][0] == (
        b"Home", b"wrong_password", -86,
    )  # fmt: skip


def test_a_search_never_ends_a_join_that_is_going_on():
    router = home(join_ms=15_000)
    scene = board([router], [saved(b"Home", KEY)], access_point="always")
    scene.settle()
    scene.phone.post(b"/scan", b"")
    scene.context.portal_due_at = 0  # as when a socket was refused
    assert scene.until("connected", 20_000) < 16_000 and "scan" not in scene.hardware.station.calls


def test_a_connected_board_whose_access_point_stays_searches_when_it_is_asked_to():
    scene = board([home()], [saved(b"Home", KEY)], access_point="always")
    scene.until("connected", 30_000)
    scene.run_for(2_000)
    assert scene.phone.post(b"/scan", b"").status == 303
    scene.run_for(5_000)
    assert [row[0] for row in scene.context.seen] == [b"Home"] and scene.state == "connected"


"""What the board does, on fakes: power on, portal, submit, outage. The clock starts just before its wrap."""

import json

import pytest

from device import policy
from device.context import Network
from device.store import prove

from .fakes import FakeHardware, Router
from .scene import Scene

KEY = b"correct horse"


def home(**changes):
    return Router(b"Home", KEY, **changes)


# Power on


def test_a_new_board_opens_its_portal():
    scene = Scene(home())
    scene.until("portal", 100)
    scene.settle()
    assert scene.trace == [("boot", "credentials_missing", "portal")]
    assert scene.hardware.access_point.is_open and scene.context.portal


def test_a_board_with_credentials_joins_and_opens_no_access_point():
    scene = Scene(home(join_ms=1800), saved=[(b"Home", KEY)])
    took = scene.until("connected", 3000)
    assert took < 1800 + 100
    assert scene.trace == [("boot", "credentials_found", "try_saved"), ("try_saved", "got_ip", "connected")]
    assert not scene.hardware.access_point.on and scene.context.portal is None


def test_a_static_address_is_given_to_the_port_before_the_station_joins():
    hardware = FakeHardware([home()])
    addresses = ["192.168.1.77", "255.255.255.0", "192.168.1.1", "1.1.1.1"]
    hardware.flash.files["/homeport.json"] = json.dumps({"static_address": addresses}).encode()
    scene = Scene(hardware=hardware, saved=[(b"Home", KEY)])
    station = hardware.station
    assert station.on and station.static_address == tuple(addresses) and not station.searching
    scene.until("connected", 5000)
    assert scene.context.radio.address(station) == "192.168.1.77"


def test_the_sdks_own_attempt_at_power_up_is_left_alone():
    hardware = FakeHardware([home()])
    hardware.station.on, hardware.station.target, hardware.station.searching = True, (b"Home", KEY), True
    scene = Scene(hardware=hardware, saved=[(b"Home", KEY)])
    scene.until("connected", 3000)
    assert "connect" not in hardware.station.calls and "disconnect" not in hardware.station.calls


def test_the_sdks_attempt_with_an_outdated_key_is_replaced_after_a_while():
    hardware = FakeHardware([home()])
    hardware.station.on, hardware.station.target, hardware.station.searching = True, (b"Home", b"outdated"), True
    scene = Scene(hardware=hardware, saved=[(b"Home", KEY)])
    scene.until("connected", policy.SDK_JOIN_TIMEOUT_MS + 6000)


def test_the_sdks_attempt_at_another_network_is_ended():
    hardware = FakeHardware([home(), Router(b"Cafe")])
    hardware.station.on, hardware.station.target, hardware.station.searching = True, (b"Cafe", b""), True
    scene = Scene(hardware=hardware, saved=[(b"Home", KEY)])
    scene.until("connected", 3000)
    assert hardware.station.target == (b"Home", KEY)


def test_a_name_of_32_bytes_that_the_port_reads_on_into_the_password_is_recognised():
    name = b"n" * 32
    hardware = FakeHardware([Router(name, KEY)])
    station = hardware.station
    station.on, station.target, station.searching = True, (name, KEY), True
    original = station.config
    station.config = lambda key: original(key) + "correct horse" if key == "ssid" else original(key)
    scene = Scene(hardware=hardware, saved=[(name, KEY)])
    scene.until("connected", 3000)
    assert "connect" not in station.calls


def test_a_lost_link_to_a_network_that_is_not_the_first_is_left_to_the_sdk_as_well():
    near, far = Router(b"Near", KEY, rssi=-40), Router(b"Far", KEY, rssi=-80, up=False)
    scene = Scene(near, far, saved=[(b"Far", KEY), (b"Near", KEY)])
    scene.until("connected", 60_000)
    near.up = False
    scene.until("try_saved", 10_000)
    calls = len(scene.hardware.station.calls)
    near.up = True
    scene.until("connected", 10_000)
    assert scene.context.joined.ssid == b"Near" and "connect" not in scene.hardware.station.calls[calls:]


def test_an_access_point_that_the_sdk_restored_is_closed_on_a_configured_board():
    hardware = FakeHardware([home()])
    assert hardware.access_point.on
    scene = Scene(hardware=hardware, saved=[(b"Home", KEY)])
    scene.turn()
    assert not hardware.access_point.on


def test_the_router_may_take_five_minutes_after_a_power_cut():
    router = home(up=False)
    scene = Scene(router, saved=[(b"Home", KEY)])
    scene.run_for(290_000)
    assert scene.state == "try_saved" and not scene.hardware.access_point.on
    router.up = True
    scene.until("connected", 30_000)


def test_without_a_router_a_powered_on_board_opens_its_portal_after_the_long_allowance():
    scene = Scene(home(up=False), saved=[(b"Home", KEY)])
    took = scene.until("fallback", 400_000)
    assert policy.POWER_ON_ALLOWANCE_MS <= took <= policy.POWER_ON_ALLOWANCE_MS + 15_000


def test_after_a_warm_reset_the_allowance_is_short():
    scene = Scene(home(up=False), saved=[(b"Home", KEY)], powered_on=False)
    took = scene.until("fallback", 200_000)
    assert policy.OUTAGE_ALLOWANCE_MS <= took <= policy.OUTAGE_ALLOWANCE_MS + 15_000


def test_the_long_allowance_is_given_once_a_boot():
    router = home()
    scene = Scene(router, saved=[(b"Home", KEY)])
    scene.until("connected", 5000)
    router.up = False
    scene.until("try_saved", 20_000)
    assert scene.until("fallback", 200_000) <= policy.OUTAGE_ALLOWANCE_MS + 15_000


def test_of_two_networks_in_reach_the_stronger_is_joined():
    scene = Scene(
        Router(b"Last", KEY, up=False), Router(b"Far", KEY, rssi=-80), Router(b"Near", KEY, rssi=-40),
        saved=[(b"Last", KEY), (b"Far", KEY), (b"Near", KEY)],
    )
    scene.until("connected", 60_000)
    assert scene.context.joined.ssid == b"Near"


def test_a_hidden_network_is_tried_although_no_scan_names_it():
    scene = Scene(
        Router(b"Gone", KEY, up=False), home(hidden=True), saved=[(b"Gone", KEY), (b"Home", KEY)]
    )
    scene.until("connected", 90_000)


# A person submits


def test_right_credentials_lead_to_connected_and_are_saved_only_then():
    scene = Scene(home())
    scene.settle()
    answer = scene.submit(b"Home", KEY)
    assert answer.status == 303 and answer.fields[b"location"] == b"http://192.168.4.1/status"
    assert scene.saved() == {}
    scene.until("connected", 10_000)
    assert scene.trace[1:] == [("portal", "credentials_submitted", "connecting"), ("connecting", "got_ip", "connected")]
    assert scene.saved() == {b"Home": KEY}


def test_the_answer_has_time_to_leave_before_the_channel_moves():
    scene = Scene(home())
    scene.settle()
    scene.submit(b"Home", KEY)
    scene.until("connecting", 1000)
    calls = len(scene.hardware.station.calls)
    scene.run_for(policy.ANSWER_GRACE_MS - 100)
    assert "connect" not in scene.hardware.station.calls[calls:]


def test_the_access_point_goes_to_the_targets_channel_first():
    scene = Scene(home(channel=11))
    scene.settle()
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    assert scene.hardware.access_point.settings["channel"] == 11


@pytest.mark.parametrize(
    "router, ssid, key, reason, guess",
    [
        (home(), b"Home", b"wrong horse", "wrong_password", True),
        (home(), b"Hom", KEY, "not_found", False),
        (home(dhcp=False), b"Home", KEY, "no_ip", False),
        (home(up=False), b"Home", KEY, "not_found", False),
    ],
)
def test_a_failed_attempt_is_explained_and_nothing_is_saved(router, ssid, key, reason, guess):
    scene = Scene(router)
    scene.settle()
    scene.submit(ssid, key)
    scene.until("connecting", 1000)
    scene.until("portal", 45_000)
    assert scene.trace[-1] == ("connecting", "connect_failed", "portal")
    assert (scene.context.attempt.reason, scene.context.attempt.guess) == (reason, guess)
    files = scene.hardware.flash.files
    assert scene.saved() == {} and sorted(files) == ["/credentials.0", "/history"] and not files["/credentials.0"]
    assert not scene.hardware.station.searching  # the air belongs to the access point again


@pytest.mark.parametrize("code, reason", [(2, "wrong_password"), (4, "connect_failed")])
def test_what_the_chip_says_itself_is_no_guess(code, reason):
    scene = Scene(home())
    scene.settle()
    scene.submit(b"Home", b"wrong horse")
    scene.until("connecting", 1000)
    scene.hardware.station.status = lambda what=None: 31 if what else code
    scene.until("portal", 45_000)
    assert (scene.context.attempt.reason, scene.context.attempt.guess) == (reason, False)


def test_a_certain_reason_ends_the_attempt_at_once():
    scene = Scene(home())
    scene.settle()
    scene.submit(b"Home", b"wrong horse")
    scene.until("connecting", 1000)
    scene.hardware.station.status = lambda what=None: 31 if what else 2
    assert scene.until("portal", 45_000) < policy.ANSWER_GRACE_MS + 500


def test_an_attempt_ends_after_two_times_twenty_seconds():
    scene = Scene(home())
    scene.settle()
    scene.submit(b"Home", b"wrong horse")
    scene.until("connecting", 1000)
    scene.hardware.station.status = lambda what=None: 31 if what else 4
    assert scene.until("portal", 60_000) < policy.ANSWER_GRACE_MS + 2 * policy.JOIN_TIMEOUT_MS + 500


def test_a_wrong_password_leaves_working_credentials_alone():
    router = home(up=False)
    scene = Scene(router, Router(b"Office", b"battery staple"), saved=[(b"Home", KEY)], powered_on=False)
    scene.until("fallback", 200_000)
    before = scene.saved()
    scene.settle()
    scene.submit(b"Office", b"wrong staple")
    scene.until("connecting", 1000)
    scene.until("fallback", 45_000)
    assert scene.trace[-1] == ("connecting", "connect_failed_others_saved", "fallback")
    assert scene.saved() == before == {b"Home": KEY}
    router.up = True
    scene.until("connected", 60_000)


def test_a_persons_attempt_does_not_inherit_the_power_on_allowance():
    scene = Scene(home())
    scene.settle()
    scene.submit(b"Home", b"wrong horse")
    scene.until("connecting", 1000)
    assert scene.until("portal", 45_000) < 45_000


def test_a_second_attempt_is_refused_while_one_runs():
    scene = Scene(home())
    scene.settle()
    assert scene.submit(b"Home", KEY).status == 303
    assert scene.submit(b"Cafe", b"").status == 409
    scene.until("connecting", 1000)
    assert scene.submit(b"Cafe", b"").status == 409
    scene.until("connected", 10_000)
    assert scene.context.joined.ssid == b"Home"


def test_a_full_flash_is_told_and_the_board_is_connected_all_the_same():
    scene = Scene(home())
    scene.settle()
    scene.hardware.flash.fail_at = 1
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    assert b"could not be saved" in scene.phone.get(b"/status").body
    assert b'"saved": false' in scene.phone.get(b"/api/status").body


# Farewell


def test_the_access_point_closes_ten_seconds_after_the_result_was_fetched():
    scene = Scene(home())
    scene.settle()
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    assert b"192.168.1.50" in scene.phone.get(b"/status").body
    scene.run_for(policy.FAREWELL_AFTER_RESULT_MS - 500)
    assert scene.hardware.access_point.on
    scene.run_for(1000)
    assert not scene.hardware.access_point.on and scene.context.portal is None


def test_without_a_phone_the_farewell_ends_after_a_minute():
    scene = Scene(home())
    scene.settle()
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    scene.run_for(policy.FAREWELL_MS - 500)
    assert scene.hardware.access_point.on
    scene.run_for(1000)
    assert not scene.hardware.access_point.on


def test_the_farewell_ends_early_when_the_last_phone_leaves():
    scene = Scene(home())
    scene.hardware.access_point.phones = 1
    scene.settle()
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    scene.run_for(5000)
    scene.hardware.access_point.phones = 0
    scene.run_for(policy.PHONE_GONE_AFTER_MS + 500)
    assert not scene.hardware.access_point.on


def test_a_phone_that_never_asks_keeps_the_access_point_for_five_minutes_at_most():
    scene = Scene(home())
    scene.hardware.access_point.phones = 1
    scene.settle()
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    scene.run_for(policy.FAREWELL_LIMIT_MS - 1000)
    assert scene.hardware.access_point.on
    scene.run_for(2000)
    assert not scene.hardware.access_point.on


def test_another_network_may_be_submitted_during_the_farewell():
    scene = Scene(home(), Router(b"Office", b"battery staple"))
    scene.settle()
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    scene.submit(b"Office", b"battery staple")
    scene.until("connecting", 1000)
    scene.until("connected", 10_000)
    assert scene.saved() == {b"Office": b"battery staple", b"Home": KEY}


def test_the_oldest_network_gives_way_when_all_places_are_taken():
    scene = Scene(home())
    scene.settle()
    for number in range(7):
        prove(scene.context, Network(b"net%d" % number, b""))
    assert list(scene.saved()) == [b"net6", b"net5", b"net4", b"net3", b"net2"]


# Outage


def test_a_lost_link_is_noticed_after_five_seconds_and_healed():
    router = home()
    scene = Scene(router, saved=[(b"Home", KEY)])
    scene.until("connected", 5000)
    router.up = False
    took = scene.until("try_saved", 10_000)
    assert policy.LINK_LOST_AFTER_MS <= took < policy.LINK_LOST_AFTER_MS + 200
    router.up = True
    scene.until("connected", 30_000)
    assert ("connected", "link_lost", "try_saved") in scene.trace


def test_a_flicker_of_the_link_is_no_loss():
    router = home()
    scene = Scene(router, saved=[(b"Home", KEY)])
    scene.until("connected", 5000)
    for _ in range(5):
        router.up = False
        scene.run_for(3000)
        router.up = True
        scene.run_for(3000)
    assert scene.state == "connected" and len(scene.trace) == 2


def test_the_board_comes_back_from_fallback_by_itself_and_closes_its_portal():
    router = home(up=False)
    scene = Scene(router, saved=[(b"Home", KEY)], powered_on=False)
    scene.until("fallback", 200_000)
    scene.settle()
    assert scene.hardware.access_point.on
    router.up = True
    assert scene.until("connected", 60_000) <= policy.RETRY_INTERVAL_MS + policy.JOIN_TIMEOUT_MS
    assert scene.trace[-1] == ("fallback", "got_ip", "connected")
    assert not scene.hardware.access_point.on


def test_the_fallback_comes_back_at_every_outage():
    router = home()
    scene = Scene(router, saved=[(b"Home", KEY)], powered_on=False)
    for _ in range(3):
        router.up = True
        scene.until("connected", 60_000)
        router.up = False
        scene.until("fallback", 200_000)
        scene.settle()
        assert scene.hardware.access_point.on


def test_the_fallback_access_point_is_protected_by_the_key_of_the_saved_network():
    scene = Scene(home(up=False), saved=[(b"Home", KEY)], powered_on=False)
    scene.until("fallback", 200_000)
    scene.settle()
    settings = scene.hardware.access_point.settings
    assert settings["key"] == KEY and settings["security"] == 3
    assert not scene.hardware.access_point.is_open


def test_with_a_phone_joined_the_background_search_is_rare():
    scene = Scene(home(up=False), saved=[(b"Home", KEY)], powered_on=False)
    scene.until("fallback", 200_000)
    scene.hardware.access_point.phones = 1
    calls = len(scene.hardware.station.calls)
    scene.run_for(policy.RETRY_INTERVAL_WITH_PHONE_MS - 1000)
    assert "connect" not in scene.hardware.station.calls[calls:]
    scene.run_for(2000)
    assert "connect" in scene.hardware.station.calls[calls:]


def test_a_submission_ends_the_background_search():
    scene = Scene(home(up=False), Router(b"Office", b"battery staple"), saved=[(b"Home", KEY)], powered_on=False)
    scene.until("fallback", 200_000)
    scene.run_for(policy.RETRY_INTERVAL_MS + 1000)
    scene.submit(b"Office", b"battery staple")
    scene.until("connected", 10_000)
    assert scene.context.joined.ssid == b"Office"


def test_every_saved_network_has_its_turn_behind_the_portal():
    scene = Scene(
        home(up=False), office := Router(b"Office", KEY, up=False), saved=[(b"Home", KEY), (b"Office", KEY)],
        powered_on=False,
    )
    scene.until("fallback", 300_000)
    office.up = True
    scene.until("connected", 2 * (policy.RETRY_INTERVAL_MS + policy.JOIN_TIMEOUT_MS))


def test_waiting_for_the_router_writes_nothing_to_flash():
    scene = Scene(home(up=False), saved=[(b"Home", KEY)], powered_on=False)
    scene.until("fallback", 200_000)
    scene.settle()
    files, settings = scene.hardware.flash.writes, scene.hardware.access_point.writes
    scene.hardware.station.calls.clear()
    given = scene.hardware.station.target
    scene.run_for(3_600_000)
    assert scene.hardware.flash.writes == files and scene.hardware.access_point.writes == settings
    assert "active" not in scene.hardware.station.calls and scene.hardware.station.target is given


def test_a_month_of_connected_writes_nothing_after_the_first_minute():
    scene = Scene(home(), saved=[(b"Home", KEY)])
    scene.until("connected", 5000)
    scene.run_for(70_000)
    writes = scene.hardware.flash.writes
    scene.context.idle_ms = 10 * 60_000
    scene.run_for(30 * 24 * 3_600_000)
    assert scene.state == "connected" and scene.hardware.flash.writes == writes


def test_a_stable_network_is_remembered_as_the_first_to_try():
    near, far = Router(b"Near", KEY, rssi=-40), Router(b"Far", KEY, rssi=-80, up=False)
    scene = Scene(near, far, saved=[(b"Far", KEY), (b"Near", KEY)])
    scene.until("connected", 60_000)
    scene.run_for(policy.STABLE_AFTER_MS + 1000)
    assert list(scene.saved()) == [b"Near", b"Far"]


def test_never_a_scan_or_a_second_connect_during_an_attempt():
    router = home(up=False)
    scene = Scene(router, Router(b"Office", b"battery staple"), saved=[(b"Home", KEY), (b"Gone", KEY)])
    scene.until("fallback", 400_000)
    scene.run_for(100_000)
    scene.submit(b"Office", b"wrong staple")
    scene.run_for(100_000)
    scene.phone.post(b"/scan", b"")
    scene.run_for(40_000)
    router.up = True
    scene.until("connected", 60_000)
    assert scene.hardware.station.overlaps == []


# Forgetting


def test_forgetting_in_fallback_erases_everything_and_opens_the_portal():
    scene = Scene(home(up=False), saved=[(b"Home", KEY)], powered_on=False)
    scene.until("fallback", 200_000)
    scene.settle()
    assert scene.phone.post(b"/forget", b"").status == 200  # asks first
    assert scene.saved() == {b"Home": KEY}
    assert scene.phone.post(b"/forget", b"confirm=yes").status == 303
    scene.until("portal", 1000)
    scene.settle()
    assert scene.saved() == {} and scene.hardware.access_point.is_open
    assert scene.hardware.station.target == (b"", b"")  # the SDK's own copy


def test_forgetting_during_the_farewell_disconnects():
    scene = Scene(home())
    scene.settle()
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    scene.phone.post(b"/forget", b"confirm=yes")
    scene.until("portal", 1000)
    assert scene.saved() == {} and not scene.hardware.station.searching


def test_forgetting_with_nothing_saved_changes_nothing_later():
    scene = Scene(home())
    scene.settle()
    scene.phone.post(b"/forget", b"confirm=yes")
    scene.run_for(1000)
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    scene.run_for(1000)
    assert scene.state == "connected" and scene.saved() == {b"Home": KEY}


# Refusals of the port


def test_an_open_access_point_that_cannot_be_protected_is_closed_and_tried_again():
    scene = Scene(home(), Router(b"Office", b"battery staple"))
    scene.settle()
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    scene.submit(b"Office", b"wrong staple")
    scene.until("connecting", 1000)
    access_point = scene.hardware.access_point
    access_point.failing["config"] = OSError("can't set AP config")
    scene.until("fallback", 45_000)
    scene.settle()
    assert not access_point.is_open and scene.context.portal is None
    access_point.failing.clear()
    scene.run_for(policy.PORTAL_RETRY_MS + 100)
    assert scene.context.portal and access_point.settings["key"] == KEY


@pytest.mark.parametrize("method", ["active", "connect", "disconnect", "status", "scan", "config"])
def test_no_refusal_of_the_station_stops_the_board(method):
    router = home()
    scene = Scene(router, saved=[(b"Home", KEY)], powered_on=False)
    scene.until("connected", 5000)
    scene.hardware.station.failing[method] = OSError("a text and no number")
    router.up = False
    scene.run_for(300_000)
    del scene.hardware.station.failing[method]
    router.up = True
    scene.until("connected", 120_000)


@pytest.mark.parametrize("method", ["active", "config"])
def test_a_refused_access_point_is_tried_again(method):
    hardware = FakeHardware([home()])
    hardware.access_point.on = False
    hardware.access_point.failing[method] = OSError("can't set AP config")
    scene = Scene(hardware=hardware)
    scene.run_for(20_000)
    assert scene.state == "portal" and scene.context.portal is None
    hardware.access_point.failing.clear()
    scene.run_for(policy.PORTAL_RETRY_MS + 100)
    assert scene.context.portal and hardware.access_point.is_open


def test_refused_sockets_are_tried_again():
    hardware = FakeHardware([home()])
    hardware.refuse_sockets = True
    scene = Scene(hardware=hardware)
    scene.run_for(20_000)
    hardware.refuse_sockets = False
    scene.run_for(policy.PORTAL_RETRY_MS + 100)
    assert scene.phone.get(b"/").status == 200


def test_no_step_takes_longer_than_a_tenth_of_a_second_but_for_a_scan():
    router = home(up=False)
    scene = Scene(router, saved=[(b"Home", KEY)], powered_on=False)
    for _ in range(20_000):
        scans, before = scene.hardware.station.calls.count("scan"), scene.now
        scene.turn()
        if scene.hardware.station.calls.count("scan") == scans:
            assert scene.now - before <= 100
    assert scene.state == "fallback"


def test_no_secret_reaches_the_console(capsys):
    router = home()
    scene = Scene(router)
    scene.settle()
    scene.submit(b"Home", b"wrong horse")
    scene.run_for(60_000)
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    router.up = False
    scene.until("fallback", 400_000)
    scene.run_for(60_000)
    printed = capsys.readouterr().out + "".join(scene.lines)
    assert "fsm" in printed and "horse" not in printed


def test_the_portal_stays_for_a_phone_that_the_change_of_channel_has_dropped():
    router = home(up=False)
    scene = Scene(router, saved=[(b"Home", KEY)], powered_on=False)
    scene.until("fallback", 200_000)
    scene.hardware.access_point.phones = 1
    router.up = True
    scene.until("connected", policy.RETRY_INTERVAL_WITH_PHONE_MS + 10_000)
    scene.hardware.access_point.phones = 0
    scene.run_for(policy.PHONE_GONE_AFTER_MS - 3_000)
    assert scene.context.portal is not None
    scene.run_for(6_000)
    assert scene.context.portal is None


@pytest.mark.parametrize("interface", ["station", "access_point"])
def test_a_port_that_refuses_to_tell_an_address_stops_nothing(interface):
    scene = Scene(home(), saved=[(b"Home", KEY)] if interface == "station" else ())
    fake = getattr(scene.hardware, interface)
    told = fake.ifconfig
    fake.ifconfig = lambda: (_ for _ in ()).throw(OSError("refused"))
    scene.run_for(10_000)
    assert scene.state == ("connected" if interface == "station" else "portal")
    fake.ifconfig = told
    scene.run_for(policy.PORTAL_RETRY_MS + 100)
    assert interface == "station" or scene.context.portal is not None

"""What the board does when a saved network cannot be joined: whom it tries, for how long, behind which access point."""

import json

import pytest

from device import outage, policy
from device.context import Network
from device.net.rounds import order, unseen

from .fakes import FakeHardware, Router
from .scene import Scene

KEY = b"correct horse"
OPEN, WPA2 = 0, 3


def home(**changes):
    return Router(b"Home", KEY, **changes)


def settings(scene_or_hardware, **values):
    scene_or_hardware.flash.files["/homeport.json"] = json.dumps(values).encode()


def board(*routers, saved=((b"Home", KEY),), powered_on=False, **values):
    hardware = FakeHardware(routers, powered_on=powered_on)
    if values:
        settings(hardware, **values)
    return Scene(hardware=hardware, saved=saved)


def connects(scene):
    return scene.hardware.station.calls.count("connect")


# Which network is tried, and by which access point


def trial_names(networks, sightings, failures=None, preferred=()):
    """Names in the order in which they are tried."""
    trials = order(networks, sightings, failures or {}, preferred)
    return [networks[place].ssid for place, _, _ in reversed(trials)]


def network(ssid, **values):
    found = Network(ssid, KEY)
    for name, value in values.items():
        setattr(found, name, value)
    return found


def test_the_stronger_network_comes_first_but_the_last_proven_one_has_ten_decibels_of_credit():
    networks = [network(b"proven"), network(b"other")]
    assert trial_names(networks, [(b"other", -50, b"o"), (b"proven", -60, b"p")]) == [b"proven", b"other"]
    assert trial_names(networks, [(b"other", -50, b"o"), (b"proven", -61, b"p")]) == [b"other", b"proven"]


def test_the_owners_order_outranks_the_signal():
    networks = [network(b"a"), network(b"b"), network(b"c")]
    heard = [(b"a", -30, b"1"), (b"b", -50, b"2"), (b"c", -80, b"3")]
    assert trial_names(networks, heard, preferred=(b"c", b"b")) == [b"c", b"b", b"a"]


def test_what_no_scan_shows_is_not_tried_in_its_round_and_may_be_hidden_the_sooner_if_none_ever_did():
    networks = [network(b"seen"), network(b"away", sighted=True), network(b"hidden 1"), network(b"hidden 2")]
    assert trial_names(networks, [(b"seen", -50, b"1")]) == [b"seen"]
    assert [place for place, _, _ in reversed(unseen(networks, [(b"seen", -50, b"1")]))] == [2, 3, 1]


def test_of_twins_the_strongest_is_left_to_the_sdk_and_the_next_one_is_pinned_after_two_failures():
    networks = [network(b"Home")]
    heard = [(b"Home", -40, b"strong"), (b"Home", -60, b"middle"), (b"Home", -70, b"weak")]
    assert order(networks, heard, {}) == [(0, b"", b"strong")]
    assert order(networks, heard, {(0, b"strong"): 1}) == [(0, b"", b"strong")]
    assert order(networks, heard, {(0, b"strong"): 2}) == [(0, b"middle", b"middle")]
    assert order(networks, heard, {(0, b"strong"): 2, (0, b"middle"): 2}) == [(0, b"weak", b"weak")]
    assert order(networks, heard, {(0, b"strong"): 2, (0, b"middle"): 2, (0, b"weak"): 2}) == [(0, b"", b"strong")]


def test_an_access_point_that_was_pinned_before_is_asked_for_again_which_writes_nothing():
    networks = [network(b"Home", bssid=b"strong")]
    assert order(networks, [(b"Home", -40, b"strong")], {}) == [(0, b"strong", b"strong")]


def test_a_board_gets_around_an_access_point_that_lets_nobody_in():
    broken, good = home(rssi=-40, dhcp=False), home(rssi=-65)
    scene = board(broken, good, powered_on=True)
    took = scene.until("connected", 120_000)
    assert scene.hardware.station.pinned == good.bssid
    assert took <= (1 + policy.BSSID_FAILURES_LIMIT) * (policy.JOIN_TIMEOUT_MS + 5_000) + 10_000  # one is blind
    scene.run_for(policy.STABLE_AFTER_MS + 1_000)
    assert scene.context.networks[0].bssid == good.bssid
    writes = scene.hardware.station.writes
    scene.power_cut()
    scene.until("connected", 10_000)  # the one that was proven, at once
    assert scene.hardware.station.pinned == good.bssid and scene.hardware.station.writes == writes


def test_a_pinned_access_point_that_is_gone_gives_way_to_another_one_of_that_name():
    hardware = FakeHardware([home(bssid=b"\2\0\0\0\0\1")], powered_on=False)
    scene = Scene(hardware=hardware, saved=[(b"Home", KEY)])
    scene.context.networks[0].bssid = b"\2\0\0\0\0\7"
    scene.until("connected", policy.JOIN_TIMEOUT_MS + 10_000)


def test_a_new_key_that_stops_working_before_it_is_proven_gives_way_to_the_old_one():
    router = home()
    scene = board(router)
    scene.until("connected", 10_000)
    scene.run_for(policy.STABLE_AFTER_MS + 1_000)
    router.key = b"only for today"
    scene.until("fallback", 200_000)
    scene.settle()
    scene.bring_online("Home", "only for today")
    router.key = KEY
    router.up = False
    scene.until("try_saved", 20_000)
    router.up = True
    scene.until("connected", 120_000)
    assert scene.context.joined.key == KEY
    scene.run_for(policy.STABLE_AFTER_MS + 1_000)
    assert scene.saved() == {b"Home": KEY} and len(scene.context.networks) == 1


# Pauses


def test_pauses_between_rounds_grow_to_half_a_minute_with_jitter_and_shrink_once_the_link_is_stable():
    router = home(up=False)
    scene = board(router, outage_allowance_s=3600)
    starts, searching = [], False
    while len(starts) < 14:
        scene.turn()
        now_searching = scene.hardware.station.searching
        if now_searching and not searching:
            starts.append(scene.now)
        searching = now_searching
    gaps = [later - earlier for earlier, later in zip(starts[:-1], starts[1:], strict=True)]
    attempt_ms = policy.NOT_FOUND_AFTER_MS + 2_000 + 3_000  # the search, a scan, the SDK's own pace
    longest_pause_ms = policy.PAUSE_LIMIT_MS * (100 + policy.JITTER_PERCENT) // 100
    assert gaps[0] < attempt_ms + 1_500 and gaps[-1] > policy.PAUSE_LIMIT_MS
    assert max(gaps) <= attempt_ms + longest_pause_ms
    assert len(set(gaps[-5:])) > 1  # no two alike: jitter
    router.up = True
    scene.until("connected", 60_000)
    assert scene.context.rounds > 5
    scene.run_for(policy.STABLE_AFTER_MS + 1_000)
    assert scene.context.rounds == 0 and scene.context.outage_since is None


def test_a_link_that_comes_and_goes_does_not_start_the_allowance_anew():
    router = home()
    scene = board(router)
    scene.until("connected", 10_000)
    scene.run_for(policy.STABLE_AFTER_MS + 1_000)
    start = scene.now
    while scene.state != "fallback":  # ten seconds of link in every forty
        router.up = False
        scene.run_for(32_000)
        router.up = True
        scene.run_for(8_000)
        router.up = False
        assert scene.now - start < 2 * policy.OUTAGE_ALLOWANCE_MS, scene.trace
    assert ("connected", "link_lost", "try_saved") in scene.trace[2:]


# What kind of outage it is


def rows(*names):
    return [(name, -50, 6, "wpa2") for name in names]


def test_evidence_makes_the_kind_of_an_outage():
    around = outage.around(rows(b"Home", b"Left", b"Right"), b"Home")
    saved = [network(b"Home", neighbours=around)]
    assert outage.classify(saved, rows(b"Left"), ()) == b"router_rebooting"
    assert outage.classify(saved, rows(b"Left", b"Stranger"), ()) == b"router_rebooting"
    assert outage.classify(saved, rows(b"Stranger"), ()) == b"moved"
    assert outage.classify(saved, rows(b"Home", b"Left"), (b"Home",)) == b"password_changed"
    assert outage.classify(saved, rows(b"Home", b"Left"), ()) is None
    assert outage.classify(saved, [], ()) is None  # the whole street may be without power
    assert outage.classify([network(b"Home")], rows(b"Stranger"), ()) is None  # nothing is known of its neighbours


def test_as_long_as_one_saved_network_may_still_let_the_board_in_no_password_has_changed():
    saved = [network(b"Home"), network(b"Office")]
    assert outage.classify(saved, rows(b"Home", b"Office"), (b"Home",)) is None
    assert outage.classify(saved, rows(b"Home", b"Office"), (b"Home", b"Office")) == b"password_changed"


def settled_at_home(scene):
    scene.settle()
    scene.bring_online("Home", KEY.decode())
    scene.run_for(policy.STABLE_AFTER_MS + policy.FAREWELL_LIMIT_MS)
    assert scene.state == "connected"


@pytest.mark.parametrize(
    "air, kind, least_ms, most_ms",
    [
        ("neighbour", b"router_rebooting", policy.REBOOTING_ALLOWANCE_MS, policy.REBOOTING_ALLOWANCE_MS + 45_000),
        ("stranger", b"moved", 0, policy.MOVED_ALLOWANCE_MS + 30_000),
        ("nothing", None, policy.OUTAGE_ALLOWANCE_MS, policy.OUTAGE_ALLOWANCE_MS + 45_000),
    ],
)
def test_the_kind_of_an_outage_decides_how_long_the_board_waits(air, kind, least_ms, most_ms):
    router, neighbour = home(), Router(b"Neighbour", b"not for us")
    stranger = Router(b"Stranger", b"nor this", up=False)
    scene = board(router, neighbour, stranger, saved=())
    settled_at_home(scene)
    router.up = False
    neighbour.up = air == "neighbour"
    stranger.up = air == "stranger"
    scene.until("try_saved", 10_000)
    took = scene.until("fallback", 400_000)
    assert least_ms <= took <= most_ms
    assert scene.context.outage == kind


def test_a_changed_password_opens_the_portal_soon_and_says_so_and_the_old_one_is_kept():
    router = home()
    scene = board(router, saved=())
    settled_at_home(scene)
    router.key = b"a new secret"
    router.up = False
    scene.until("try_saved", 10_000)
    router.up = True
    took = scene.until("fallback", 400_000)
    assert took <= policy.SDK_JOIN_TIMEOUT_MS + policy.REFUSALS_LIMIT * (policy.JOIN_TIMEOUT_MS + 5_000)
    assert scene.context.outage == b"password_changed" and scene.saved() == {b"Home": KEY}
    router.key = KEY
    scene.until("connected", policy.RETRY_INTERVAL_WITH_PHONE_MS + policy.JOIN_TIMEOUT_MS)
    assert scene.context.outage is None


# The access point that the settings ask for


def outage_of(**values):
    router = home()
    scene = board(router, **values)
    scene.until("connected", 10_000)
    scene.run_for(1_000)
    router.up = False
    return scene, router


def test_never_means_that_an_outage_opens_no_access_point_but_the_board_comes_back():
    scene, router = outage_of(access_point="never")
    scene.until("fallback", 200_000)
    scene.run_for(600_000)
    assert not scene.hardware.access_point.on and scene.context.portal is None
    router.up = True
    scene.until("connected", policy.RETRY_INTERVAL_MS + policy.JOIN_TIMEOUT_MS)


def test_never_does_not_lock_out_the_owner_of_a_board_on_which_nothing_is_saved():
    scene = board(home(), saved=(), access_point="never")
    scene.until("portal", 1_000)
    scene.settle()
    assert scene.hardware.access_point.is_open


def test_temporary_closes_after_its_minutes_and_opens_again_at_the_next_outage():
    scene, router = outage_of(access_point="temporary", access_point_minutes=3)
    for _ in range(2):
        scene.until("fallback", 200_000)
        scene.run_for(170_000)
        assert scene.hardware.access_point.on
        scene.run_for(20_000)
        assert not scene.hardware.access_point.on and scene.context.portal is None
        router.up = True
        scene.until("connected", policy.RETRY_INTERVAL_MS + policy.JOIN_TIMEOUT_MS)
        router.up = False
        scene.until("try_saved", 10_000)


def test_a_temporary_portal_is_not_closed_on_a_phone():
    scene, _ = outage_of(access_point="temporary", access_point_minutes=1)
    scene.until("fallback", 200_000)
    scene.hardware.access_point.phones = 1
    scene.run_for(120_000)
    assert scene.hardware.access_point.on
    scene.hardware.access_point.phones = 0
    scene.run_for(policy.PHONE_GONE_AFTER_MS + 1_000)
    assert not scene.hardware.access_point.on


def test_always_keeps_a_protected_portal_while_connected_and_while_trying():
    scene, router = outage_of(access_point="always")
    access_point = scene.hardware.access_point
    for state, up in (("connected", True), ("try_saved", False), ("fallback", False), ("connected", True)):
        router.up = up
        scene.until(state, 200_000)
        scene.run_for(500)
        assert access_point.on and access_point.settings["security"] == WPA2 and access_point.settings["key"] == KEY
        assert scene.phone.get(b"/").status == 200
    assert scene.context.settled


def test_a_device_password_protects_the_access_point_in_place_of_a_networks_key():
    scene, _ = outage_of(access_point_password="only for the owner")
    scene.until("fallback", 200_000)
    scene.settle()
    assert scene.hardware.access_point.settings["key"] == b"only for the owner"


def test_other_numbers_are_settings_as_well():
    scene, router = outage_of(outage_allowance_s=20, retry_interval_s=10)
    scene.until("try_saved", 10_000)
    assert scene.until("fallback", 60_000) <= 60_000
    router.up = True
    assert scene.until("connected", 30_000) <= 10_000 + 5_000


# A person asks for the portal


def test_a_gesture_while_connected_opens_the_portal_to_everybody_for_ten_minutes_and_then_it_needs_the_key_again():
    router = home()
    scene = board(router)
    scene.until("connected", 10_000)
    context = scene.context
    context.portal_requested, context.open_until = True, context.clock.now() + policy.GESTURE_WINDOW_MS
    scene.until("fallback", 5_000)
    scene.settle()
    assert scene.hardware.access_point.is_open
    router.up = False
    scene.run_for(policy.GESTURE_WINDOW_MS - 20_000)
    assert scene.state == "fallback" and scene.hardware.access_point.is_open
    scene.run_for(30_000)
    assert scene.hardware.access_point.on and not scene.hardware.access_point.is_open


def test_if_nobody_comes_after_a_gesture_the_board_goes_back_to_its_network():
    scene = board(home())
    scene.until("connected", 10_000)
    context = scene.context
    context.portal_requested, context.open_until = True, context.clock.now() + policy.GESTURE_WINDOW_MS
    scene.until("fallback", 5_000)
    took = scene.until("connected", policy.RETRY_INTERVAL_WITH_PHONE_MS + policy.JOIN_TIMEOUT_MS)
    assert took >= policy.RETRY_INTERVAL_WITH_PHONE_MS - 1_000
    scene.run_for(1_000)
    assert not scene.hardware.access_point.on


# The network that the SDK remembers


def remembered(*routers, key=KEY, flash=None):
    hardware = FakeHardware(routers, flash=flash)
    hardware.station.on, hardware.station.target = True, (b"Home", key)
    return hardware


def test_a_board_that_was_online_before_homeport_stays_online():
    scene = Scene(hardware=remembered(home()))
    scene.until("connected", 10_000)
    assert scene.trace[0] == ("boot", "credentials_found", "try_saved")
    assert scene.hardware.station.writes == 0
    scene.run_for(policy.STABLE_AFTER_MS + 1_000)
    assert scene.saved() == {}  # nobody told us the key
    scene.power_cut()
    scene.until("connected", 10_000)


def test_the_sdks_network_is_waited_for_like_a_saved_one_and_never_overwritten_meanwhile():
    router = home(up=False)
    scene = Scene(hardware=remembered(router))
    scene.until("fallback", 400_000)
    scene.settle()
    assert scene.hardware.access_point.is_open  # no key is known that could protect it
    router.up = True
    scene.until("connected", policy.RETRY_INTERVAL_MS + policy.JOIN_TIMEOUT_MS)
    assert scene.hardware.station.target == (b"Home", KEY) and scene.hardware.station.writes == 0


def test_a_persons_network_takes_the_place_of_the_one_that_the_sdk_remembers():
    scene = Scene(hardware=remembered(home(up=False), Router(b"Office", b"battery staple")))
    scene.until("fallback", 400_000)
    scene.settle()
    scene.bring_online("Office", "battery staple")
    assert [network.ssid for network in scene.context.networks] == [b"Office"]
    assert scene.saved() == {b"Office": b"battery staple"}


def test_what_was_erased_is_not_taken_back_from_the_sdk():
    scene = board(home())
    scene.until("connected", 10_000)
    scene.context.open_portal(KEY)
    scene.settle()
    assert scene.phone.post(b"/forget", b"confirm=yes").status == 303
    scene.until("portal", 5_000)
    scene.hardware.station.target = (b"Home", KEY)  # had the SDK kept it after all
    scene.power_cut()
    scene.run_for(5_000)
    assert scene.state == "portal"


# Roaming


def test_roaming_is_off_unless_the_settings_ask_for_it():
    near, far = home(rssi=-40, up=False), home(rssi=-85)
    scene = board(near, far)
    scene.until("connected", 30_000)
    near.up = True
    calls = scene.hardware.station.calls.count("scan")
    scene.run_for(3 * policy.ROAM_INTERVAL_MS)
    assert scene.hardware.station.calls.count("scan") == calls


def test_a_weak_link_gives_way_to_a_much_stronger_access_point():
    near, far = home(rssi=-50, up=False), home(rssi=-85)
    scene = board(near, far, roam_below_dbm=-75)
    scene.until("connected", 30_000)
    near.up = True
    scene.run_for(policy.ROAM_INTERVAL_MS + 20_000)
    assert ("connected", "better_signal_found", "try_saved") in scene.trace
    assert scene.state == "connected" and scene.hardware.station.joined is near


@pytest.mark.parametrize("mine, other", [(-70, -40), (-80, -72)])
def test_a_good_signal_or_a_small_gain_is_no_reason_to_move(mine, other):
    near, far = home(rssi=other, up=False), home(rssi=mine)
    scene = board(near, far, roam_below_dbm=-75)
    scene.until("connected", 30_000)
    near.up = True
    scene.run_for(3 * policy.ROAM_INTERVAL_MS)
    assert ("connected", "better_signal_found", "try_saved") not in scene.trace


# Wear


@pytest.mark.slow
def test_hours_without_the_router_writes_almost_nothing_however_many_networks_are_saved():
    names = [b"Home", b"Office", b"Cafe", b"Parents", b"Boat"]
    scene = board(*[Router(name, KEY, up=False) for name in names], saved=[(name, KEY) for name in names])
    scene.context.idle_ms = 500
    hours = 6
    scene.run_for(hours * 3_600_000)
    assert scene.hardware.station.writes <= hours * (len(names) + 1) + 60
    assert scene.state == "fallback"


@pytest.mark.slow
def test_a_month_of_hourly_outages_at_home_writes_no_setting_of_the_sdk():
    router = home()
    scene = board(router, Router(b"Neighbour", b"not for us"))
    scene.until("connected", 10_000)
    scene.run_for(policy.STABLE_AFTER_MS + 1_000)
    writes = scene.hardware.station.writes
    for _ in range(48):
        router.up = False
        scene.run_for(60_000)
        router.up = True
        scene.until("connected", 60_000)
        scene.context.idle_ms = 500
        scene.run_for(3_500_000)
        scene.context.idle_ms = 20
    assert scene.hardware.station.writes == writes


def test_a_wrong_key_does_not_pass_for_a_remembered_network_after_the_next_start():
    scene = board(home(), saved=())
    scene.settle()
    assert scene.submit("Home", "wrong horse").status == 303
    scene.until("connecting", 1_000)
    scene.until("portal", 60_000)
    scene.power_cut()
    scene.run_for(5_000)
    assert scene.state == "portal" and scene.hardware.access_point.is_open


def test_a_network_that_flash_refused_is_saved_as_soon_as_flash_takes_it():
    scene = board(home(), saved=())
    scene.settle()
    scene.hardware.flash.full = True
    assert scene.submit("Home", KEY.decode()).status == 303
    scene.until("connected", 10_000)
    scene.run_for(policy.STABLE_AFTER_MS + 5_000)
    assert scene.saved() == {} and not scene.context.saved
    scene.hardware.flash.full = False
    scene.run_for(policy.SAVE_AGAIN_MS + 1_000)
    assert scene.saved() == {b"Home": KEY} and scene.context.saved

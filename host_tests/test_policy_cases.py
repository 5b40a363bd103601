"""What other projects got wrong, one by one, and what this board does there. Names in brackets are where it was found.

More of the same kind, and of what is behind it, is in test_behaviour.py.
"""

import json

import pytest

from device import policy, slots

from .fakes import TICKS_PERIOD, Answer, FakeFlash, FakeHardware, FakeTime, PowerLost, Router
from .scene import Scene

KEY = b"correct horse"
OTHER_KEY = b"battery staple"
ROUND_MS = 35_000  # the last round over the saved networks, which is not cut short at the end of an allowance
AGAIN_MS = policy.RETRY_INTERVAL_MS + policy.JOIN_TIMEOUT_MS
SOON_MS = 30_000


def home(**changes):
    return Router(b"Home", KEY, **changes)


def online(*routers, **options):
    scene = Scene(*routers, saved=options.pop("saved", [(b"Home", KEY)]), **options)
    scene.until("connected", SOON_MS)
    return scene


def fallen_back(*routers, **options):
    """Behind the portal of a configured board."""
    scene = Scene(*routers, saved=options.pop("saved", [(b"Home", KEY)]), powered_on=False, **options)
    scene.until("fallback", 400_000)
    scene.settle()
    assert scene.context.portal
    return scene


def watch_connects(scene):
    """The board's times of all connect() from now on."""
    station, times = scene.hardware.station, []
    original = station.connect

    def connect(*args, **kw):
        times.append(scene.now)
        return original(*args, **kw)

    station.connect = connect
    return times


# Credential write refused while connecting (EnergyMe)


@pytest.mark.parametrize("searching_for", [b"Cafe", b"Home"])
def test_new_credentials_are_given_to_an_sdk_that_is_at_rest(searching_for):
    """One that is connecting refuses them."""
    hardware = FakeHardware([home(), Router(b"Office", OTHER_KEY)])
    station = hardware.station
    original = station.connect

    def connect(ssid=None, key=None, **kw):
        if ssid is not None and station.searching:
            raise OSError("Cannot set STA config")
        return original(ssid, key, **kw)

    station.connect = connect
    station.on, station.target, station.searching = True, (searching_for, b"outdated"), True
    scene = Scene(hardware=hardware, saved=[(b"Office", OTHER_KEY)])
    scene.until("connected", SOON_MS)
    scene.hardware.routers[1].up = False
    scene.until("fallback", 400_000)
    scene.run_for(policy.RETRY_INTERVAL_MS + 1000)  # in the middle of a retry
    scene.submit(b"Home", KEY)
    scene.until("connected", SOON_MS)
    assert scene.context.joined.ssid == b"Home"


# SDK auto-reconnect racing the own retry


def test_after_a_lost_link_the_sdk_reconnects_without_being_disturbed():
    router = home()
    scene = online(router)
    scene.run_for(policy.STABLE_AFTER_MS + 1000)
    connects = watch_connects(scene)
    router.up = False
    scene.until("try_saved", SOON_MS)
    router.up = True
    scene.until("connected", SOON_MS)
    assert connects == [] and scene.hardware.station.overlaps == []


def test_in_a_long_outage_no_attempt_hits_another_or_a_scan():
    router = home()
    scene = online(router, saved=[(b"Home", KEY), (b"Office", OTHER_KEY)])
    for _ in range(3):
        router.up = False
        scene.run_for(500_000)
        router.up = True
        scene.until("connected", 2 * AGAIN_MS)
    assert scene.hardware.station.overlaps == []


def test_a_scan_for_an_emptied_board_ends_a_search_that_the_sdk_brought_along():
    hardware = FakeHardware([home()])
    hardware.flash.files["/credentials.0"] = slots.encode([], {}, 1)
    station = hardware.station
    station.on, station.target, station.searching = True, (b"Gone", KEY), True
    scene = Scene(hardware=hardware)
    scene.settle()
    assert scene.state == "portal" and station.overlaps == [] and not station.searching


# Reset cause evaluated per attempt instead of per boot; a person's attempt inheriting the 300 s


def test_the_power_on_allowance_is_one_deadline_and_not_one_for_each_attempt():
    scene = Scene(
        home(up=False), Router(b"Office", OTHER_KEY, up=False), saved=[(b"Home", KEY), (b"Office", OTHER_KEY)]
    )
    assert scene.until("fallback", 600_000) <= policy.POWER_ON_ALLOWANCE_MS + ROUND_MS


def test_an_outage_long_after_power_on_gets_the_short_allowance():
    router = home()
    scene = online(router, powered_on=True)
    scene.run_for(3_600_000)
    router.up = False
    scene.until("try_saved", SOON_MS)
    assert scene.until("fallback", 400_000) <= policy.OUTAGE_ALLOWANCE_MS + ROUND_MS


def test_a_persons_attempt_right_after_power_on_ends_after_its_own_time():
    scene = Scene(Router(b"Home", KEY, refusal=None), powered_on=True)
    scene.settle()
    scene.submit(b"Home", b"wrong horse")
    scene.until("connecting", 1000)
    limit = policy.ANSWER_GRACE_MS + policy.JOIN_ATTEMPTS_LIMIT * policy.JOIN_TIMEOUT_MS + 1000
    assert scene.until("portal", 400_000) <= limit


def test_a_board_that_was_set_up_long_after_power_on_has_had_its_long_allowance():
    router = home()
    scene = Scene(router, powered_on=True)
    scene.run_for(3_600_000)
    scene.bring_online(b"Home", KEY)
    scene.run_for(3_600_000)
    router.up = False
    scene.until("try_saved", SOON_MS)
    assert scene.until("fallback", 600_000) <= policy.REBOOTING_ALLOWANCE_MS + ROUND_MS


# Driver restores an access point nobody raised


@pytest.mark.parametrize("saved", [[], [(b"Home", KEY)]])
def test_an_access_point_of_the_driver_is_never_on_the_air_as_it_was(saved):
    hardware = FakeHardware([home()])
    access_point = hardware.access_point
    access_point.on, access_point.settings = True, {"ssid": "MicroPython-c0ffee", "security": 0, "key": b""}
    scene = Scene(hardware=hardware, saved=saved)
    assert not access_point.on
    scene.run_for(10_000)
    if saved:
        assert scene.state == "connected" and not access_point.on
    else:
        assert scene.state == "portal" and access_point.settings["ssid"] == scene.context.name


# A page that claims a success it cannot prove


def test_no_page_speaks_of_success_before_there_is_an_address():
    router = home(dhcp=False)
    scene = Scene(router)
    scene.settle()
    scene.submit(b"Home", KEY)
    seen = set()
    while scene.state != "portal" or not seen:
        scene.run_for(1000)
        answer = json.loads(scene.phone.get(b"/api/status").body)
        seen.add((answer["state"], answer["reason"], answer["ip"]))
        assert b"192.168.1.50" not in scene.phone.get(b"/status").body
    assert seen <= {("portal", None, None), ("connecting", None, None), ("portal", "no_ip", None)}
    assert ("portal", "no_ip", None) in seen and scene.saved() == {}


def test_credentials_that_flash_refused_are_not_called_saved():
    scene = Scene(home())
    scene.settle()
    scene.hardware.flash.full = True
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    assert json.loads(scene.phone.get(b"/api/status").body)["saved"] is False


# A retry path that never counts failures, so the portal never opens


def refuse_to_connect(scene):
    scene.hardware.station.failing["connect"] = OSError("Cannot connect to AP")


def connect_for_ever(scene):
    scene.hardware.station.status = lambda what=None: 31 if what else 1


def say_nothing(scene):
    scene.hardware.station.status = lambda what=None: 31 if what else 0


@pytest.mark.parametrize(
    "change, act",
    [
        ({"up": False}, None),
        ({"key": OTHER_KEY}, None),
        ({"dhcp": False}, None),
        ({"hidden": True, "key": OTHER_KEY}, None),
        ({"key": OTHER_KEY, "refusal": 2}, None),
        ({"key": OTHER_KEY, "refusal": 4}, None),
        ({"up": False}, refuse_to_connect),
        ({"up": False}, connect_for_ever),
        ({"up": False}, say_nothing),
    ],
)
def test_however_joining_fails_the_portal_opens(change, act):
    router = home()
    scene = online(router, powered_on=False)
    router.up = False
    scene.until("try_saved", SOON_MS)
    vars(router).update({"up": True, **change})
    if act:
        act(scene)
    scene.until("fallback", policy.POWER_ON_ALLOWANCE_MS + ROUND_MS)
    scene.settle()
    assert scene.context.portal and scene.hardware.access_point.on


# Stale index after a phase jump (ESPHome#13086)


def test_the_turn_of_networks_behind_the_portal_survives_a_list_that_became_shorter():
    saved = [(b"Home", KEY)] + [(b"net%d" % n, KEY) for n in range(4)]
    scene = fallen_back(router := home(up=False), saved=saved)
    scene.run_for(4 * AGAIN_MS)  # the turn is at the last ones
    scene.phone.post(b"/forget", b"confirm=yes")
    scene.until("portal", 1000)
    router.up = True
    scene.submit(b"Home", KEY)
    scene.until("connected", SOON_MS)
    router.up = False
    scene.until("fallback", 400_000)
    router.up = True
    scene.until("connected", 2 * AGAIN_MS)


def test_whichever_of_several_networks_comes_back_is_found_behind_the_portal():
    routers = [Router(b"net%d" % n, KEY, up=False) for n in range(3)]
    scene = fallen_back(*routers, saved=[(router.ssid, KEY) for router in routers])
    for router in routers:
        scene.run_for(AGAIN_MS)
        router.up = True
        scene.until("connected", 2 * AGAIN_MS)
        router.up = False
        scene.until("fallback", 600_000)


# Retry counter not reset (ESPHome#11831)


def test_every_outage_has_its_whole_allowance():
    router = home()
    scene = online(router, powered_on=False)
    for _ in range(4):
        scene.run_for(2 * policy.STABLE_AFTER_MS)
        router.up = False
        scene.until("try_saved", SOON_MS)
        scene.run_for(policy.OUTAGE_ALLOWANCE_MS - 5000)
        assert scene.state == "try_saved" and not scene.hardware.access_point.on
        router.up = True
        scene.until("connected", SOON_MS)
    assert all(target != "fallback" for _, _, target in scene.trace)


def test_a_link_that_comes_and_goes_is_one_outage():
    """It never holds for long enough to be stable, so the portal has to open in the end."""
    router = home()
    scene = online(router, powered_on=False)
    scene.run_for(2 * policy.STABLE_AFTER_MS)
    start = scene.now
    while scene.state != "fallback":
        assert scene.now - start < 2 * policy.REBOOTING_ALLOWANCE_MS
        router.up = not router.up
        scene.run_for(20_000)
    scene.settle()
    assert scene.context.portal


# How long to wait, and for whom


def scans_of_an_outage(jitter):
    """When the board looked around in the five minutes that it waits for a router after power-on."""
    hardware = FakeHardware([home(up=False)])
    hardware.random = lambda limit: int(jitter * max(0, limit - 1))
    scene = Scene(hardware=hardware, saved=[(b"Home", KEY)])
    station, times = hardware.station, []
    original = station.scan

    def scan():
        times.append(scene.now)
        return original()

    station.scan = scan
    scene.run_for(policy.POWER_ON_ALLOWANCE_MS - 10_000)
    assert scene.state == "try_saved"
    return [later - sooner for sooner, later in zip(times, times[1:], strict=False)]


def test_rounds_over_the_saved_networks_come_ever_more_rarely_and_not_in_step():
    early, late = scans_of_an_outage(0), scans_of_an_outage(1)
    assert early[-1] >= early[0] + policy.PAUSE_LIMIT_MS // 2
    assert late[-1] >= early[len(late) - 1] + policy.PAUSE_LIMIT_MS * policy.JITTER_PERCENT // 200


def test_an_access_point_that_fails_gives_way_to_another_of_its_name():
    strong, weak = home(rssi=-40, channel=1, dhcp=False), home(rssi=-70, channel=11)
    scene = Scene(strong, weak, saved=[(b"Home", KEY)])
    scene.until("connected", policy.POWER_ON_ALLOWANCE_MS)
    assert scene.hardware.station.joined is weak


def test_a_stronger_stranger_of_the_same_name_does_not_keep_the_board_out():
    stranger, own = Router(b"Home", OTHER_KEY, rssi=-40, channel=1), home(rssi=-70, channel=11)
    scene = Scene(stranger, own, saved=[(b"Home", KEY)])
    scene.until("connected", 2 * policy.POWER_ON_ALLOWANCE_MS)
    assert scene.hardware.station.joined is own


def outage_ms(after):
    """How long the portal stays closed when the router is switched off and `after(router, neighbour)` has happened."""
    router, neighbour = home(), Router(b"Neighbour", OTHER_KEY, channel=1)
    scene = Scene(router, neighbour, powered_on=False)
    scene.run_for(3000)
    scene.bring_online(b"Home", KEY)
    scene.run_for(policy.FAREWELL_LIMIT_MS)
    router.up = False
    scene.until("try_saved", SOON_MS)
    after(router, neighbour)
    return scene.until("fallback", 600_000)


def test_what_is_in_the_air_tells_how_long_to_wait():
    def rebooting(router, neighbour):
        pass

    def moved(router, neighbour):
        neighbour.ssid = b"Stranger"

    def other_password(router, neighbour):
        router.key, router.up = OTHER_KEY, True

    assert outage_ms(rebooting) >= policy.REBOOTING_ALLOWANCE_MS
    assert outage_ms(moved) <= policy.MOVED_ALLOWANCE_MS + ROUND_MS < policy.OUTAGE_ALLOWANCE_MS
    assert outage_ms(other_password) < policy.OUTAGE_ALLOWANCE_MS


def test_a_key_that_stops_working_before_it_is_proven_gives_way_to_the_old_one():
    """Somebody enters a new password, and the router goes back to the old one."""
    router = home()
    scene = online(router, powered_on=False)
    scene.run_for(2 * policy.STABLE_AFTER_MS)
    router.key = OTHER_KEY
    scene.until("fallback", 600_000)
    scene.settle()
    scene.submit(b"Home", OTHER_KEY)
    scene.until("connected", SOON_MS)
    scene.run_for(policy.STABLE_AFTER_MS // 3)
    router.key = KEY
    scene.until("try_saved", SOON_MS)
    scene.until("connected", policy.POWER_ON_ALLOWANCE_MS)
    assert scene.hardware.station.target == (b"Home", KEY)
    scene.run_for(2 * policy.STABLE_AFTER_MS)
    assert scene.state == "connected" and scene.saved() == {b"Home": KEY}


# Access point flag latched for the whole boot (ESPHome#19459)


def test_the_portal_is_armed_again_after_each_outage_also_after_one_that_a_person_ended():
    router, office = home(), Router(b"Office", OTHER_KEY)
    scene = online(router, office, powered_on=False)
    for _ in range(3):
        router.up = office.up = False
        scene.until("fallback", 600_000)
        scene.settle()
        assert scene.context.portal and scene.hardware.access_point.on
        office.up = True
        scene.submit(b"Office", OTHER_KEY)
        scene.until("connected", SOON_MS)
        scene.phone.get(b"/status")
        scene.run_for(policy.FAREWELL_LIMIT_MS)
        assert not scene.hardware.access_point.on and scene.context.portal is None


# Success in mid-portal


def test_a_page_that_is_on_its_way_when_the_network_comes_back_arrives_whole():
    scene = fallen_back(router := home(up=False))
    while not scene.hardware.station.searching:
        scene.run_for(100)
    scene.hardware.access_point.phones = 1
    sock = scene.phone.connect()
    sock.deliver(b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n")
    sock.room = 100
    scene.turn()
    sock.room = 0  # it is somewhere else in the house
    router.up = True
    scene.until("connected", SOON_MS)
    scene.run_for(500)
    sock.room = 1072
    scene.settle()
    answer = Answer(sock.out)
    assert sock.closed and answer.status == 200 and len(answer.body) == int(answer.fields[b"content-length"])


def test_a_phone_on_the_portal_learns_that_the_network_is_back_and_then_it_closes():
    scene = fallen_back(router := home(up=False))
    scene.hardware.access_point.phones = 1
    scene.run_for(5000)
    router.up = True
    scene.until("connected", policy.RETRY_INTERVAL_WITH_PHONE_MS + AGAIN_MS)
    scene.settle()
    assert scene.context.portal and json.loads(scene.phone.get(b"/api/status").body)["state"] == "connected"
    scene.hardware.access_point.phones = 0
    scene.run_for(policy.FAREWELL_LIMIT_MS)
    assert scene.context.portal is None and not scene.hardware.access_point.on


# Clock wrap


@pytest.mark.parametrize("before_ms", [100, 3_000, 60_000, 120_000, 200_000, 420_000])
def test_a_wrap_of_the_counter_is_no_event_in_any_state(before_ms):
    """The same story with the wrap at other moments of it, and without one: every row at the same time."""

    def story(start):
        router = home()
        hardware = FakeHardware([router], time=FakeTime(start), powered_on=False)
        scene = Scene(hardware=hardware, saved=[(b"Home", KEY)])
        times = []
        scene.until("connected", SOON_MS)
        scene.run_for(policy.STABLE_AFTER_MS + 5000)
        router.up = False
        for state in ("try_saved", "fallback"):
            scene.until(state, 400_000)
            times.append(scene.now)
        scene.run_for(2 * AGAIN_MS)
        scene.submit(b"Home", b"wrong horse")
        for state in ("connecting", "fallback"):
            scene.until(state, 100_000)
            times.append(scene.now)
        router.up = True
        scene.until("connected", 2 * AGAIN_MS)
        return times, scene.trace

    with_wrap, without = story(TICKS_PERIOD - before_ms), story(0)
    assert with_wrap[1] == without[1]
    # What is random may shift a retry; a wrap that is overlooked shifts it by twelve days.
    assert all(abs(a - b) < ROUND_MS for a, b in zip(with_wrap[0], without[0], strict=True))


# Last phone leaves


def test_when_the_last_phone_leaves_the_search_goes_on_at_its_usual_pace():
    scene = fallen_back(home(up=False))
    scene.hardware.access_point.phones = 1
    scene.run_for(policy.RETRY_INTERVAL_MS + policy.JOIN_TIMEOUT_MS)
    connects = watch_connects(scene)
    scene.run_for(policy.RETRY_INTERVAL_MS)
    assert connects == []
    scene.hardware.access_point.phones = 0
    scene.run_for(policy.RETRY_INTERVAL_MS)
    assert connects


def test_retries_behind_the_portal_leave_the_radio_alone_in_between():
    scene = fallen_back(home(up=False))
    connects = watch_connects(scene)
    quiet = 0
    for _ in range(600):
        scene.run_for(1000)
        quiet += not scene.hardware.station.searching
    gaps = [later - sooner for sooner, later in zip(connects, connects[1:], strict=False)]
    assert len(connects) > 5 and min(gaps) >= policy.RETRY_INTERVAL_MS
    assert quiet >= 300


# Probe flood with 2 sockets


def test_a_person_gets_through_a_flood_of_probes():
    """Every phone asks on several connections at once, again and again."""
    scene = Scene(home())
    scene.settle()
    hosts = (b"connectivitycheck.gstatic.com/generate_204", b"captive.apple.com/", b"www.msftconnecttest.com/ncsi.txt")
    probes = []
    for number in range(60):
        host, _, path = hosts[number % 3].partition(b"/")
        probe = scene.phone.connect()
        if number % 4:
            probe.deliver(b"GET /" + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        probes.append(probe)
        if number % 20 == 10:
            assert scene.phone.get(b"/").status == 200
    assert scene.submit(b"Home", KEY).status == 303
    scene.until("connected", 20_000)
    scene.run_for(30_000)
    assert all(probe.closed for probe in probes)


# SSID with quotes, UTF-8, 32 bytes, NUL


@pytest.mark.parametrize(
    "ssid",
    [b'"it\'s" <b>&amp; 50% \\o/', "Café 咖啡".encode(), b"n" * 32, b"\xff\xfe\x01 raw", b" spaces ", b'","x":"'],
)
@pytest.mark.parametrize("key", [KEY, b"\"'<>&%+ \\\xc3\xa9", b"k" * 63, b"0123456789abcdef" * 4])
def test_a_name_and_a_key_of_any_bytes_join_are_saved_and_join_again(ssid, key):
    scene = Scene(Router(ssid, key))
    scene.settle()
    scene.bring_online(ssid, key)
    assert json.loads(scene.phone.get(b"/api/status").body)["state"] == "connected"
    assert scene.saved() == {ssid: key}
    scene.power_cut()
    scene.until("connected", SOON_MS)
    assert scene.hardware.station.target == (ssid, key)


def test_a_name_with_a_zero_byte_which_the_sdk_would_cut_is_refused():
    scene = Scene(Router(b"Home", KEY))
    scene.settle()
    assert scene.submit(b"Home\0 or not", KEY).status == 422
    assert scene.submit(b"Home", KEY + b"\0").status == 422
    scene.run_for(5000)
    assert scene.state == "portal" and scene.hardware.station.target is None


# Torn write at every operation


@pytest.mark.slow
def test_power_lost_at_any_flash_operation_of_a_life_leaves_the_old_or_the_new_credentials():
    """Set up, another password, another network, forget; after each cut the board joins by itself or can be set up."""
    cuts = 0
    for number in range(1, 400):
        flash = FakeFlash()
        hardware = FakeHardware([home(), Router(b"Office", OTHER_KEY)], flash=flash)
        scene = Scene(hardware=hardware)
        flash.error, flash.fail_at = PowerLost(), number
        starts = hardware.starts
        told = live(scene, lambda hardware=hardware, starts=starts: hardware.starts > starts)
        if hardware.starts == starts:
            break
        cuts += 1
        for router in scene.hardware.routers:
            router.up = True
        saved = scene.saved()
        assert saved in told, (number, saved, told)
        if saved:
            scene.until("connected", 2 * AGAIN_MS)
        else:
            scene.until("portal", SOON_MS)
            scene.run_for(10_000)
            scene.bring_online(b"Home", KEY)
    print(cuts, "cuts")
    assert 6 < cuts < 390


def live(scene, was_cut):
    """Walk through the story until it is cut; returns what may be saved then."""
    before, after = {}, {}
    for ssid, key, result in (
        (b"Home", KEY, {b"Home": KEY}),
        (b"Office", OTHER_KEY, {b"Home": KEY, b"Office": OTHER_KEY}),
    ):
        before, after = after, result
        for act in (
            scene.settle,
            lambda ssid=ssid, key=key: scene.submit(ssid, key),
            lambda: scene.run_for(policy.ANSWER_GRACE_MS + 10_000),
            lambda: scene.run_for(2 * policy.STABLE_AFTER_MS),
        ):
            try:
                act()
            except (AssertionError, AttributeError):  # its portal went with the power
                assert was_cut()
            if was_cut():
                return [before, after]
        if scene.state == "connected" and ssid == b"Home":
            scene.hardware.routers[0].up = False
            scene.until("fallback", 600_000)
            scene.settle()
            if was_cut():
                return [before, after]
    return [after]

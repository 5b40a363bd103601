"""A radio that misbehaves: scans that fail, hang or drown the board, and OSError("a text") from every call of WLAN.

Whatever it does, step() raises nothing, whoever can reach the portal is served, and once the radio is well again the
board is where it belongs.
"""

import json

import pytest

from device import policy

from .boards import bench_fixture, images_fixture  # noqa: F401
from .fakes import FakeHardware, Router
from .scene import Scene

KEY = b"correct horse"
REFUSAL = OSError("a text and no number")
STATION = ("active", "connect", "disconnect", "status", "config", "scan")
ACCESS_POINT = ("active", "config", "status")
CALLS = [("station", method) for method in STATION] + [("access_point", method) for method in ACCESS_POINT]
TROUBLE_MS = 100_000  # longer than the allowance of an outage
RECOVERY_MS = 2 * (policy.OUTAGE_ALLOWANCE_MS + policy.RETRY_INTERVAL_MS + policy.JOIN_TIMEOUT_MS)
COARSE_MS = 100  # of a turn, where nobody is served
ATTEMPTS_LIMIT = 3  # by a person, each of which two refusals may end
RESTART_PAUSE_MS = 5_000


class Refusing(dict):
    """In place of a fake's `failing`: `method` is refused, for ever or so many times. `refused`: how often it was."""

    def __init__(self, method, times=None):
        super().__init__()
        self._method, self._left = method, times
        self.refused = 0

    def __contains__(self, method):
        if method != self._method or self._left == 0:
            return False
        if self._left is not None:
            self._left -= 1
        self.refused += 1
        return True

    def __getitem__(self, method):
        return REFUSAL


def home(**changes):
    return Router(b"Home", KEY, **changes)


def in_portal():
    scene = Scene(home())
    scene.settle()
    assert scene.state == "portal" and scene.context.portal
    return scene


def in_connecting():
    scene = in_portal()
    scene.submit(b"Home", b"wrong horse")
    scene.until("connecting", 1000)
    return scene


def in_try_saved():
    scene = Scene(home(up=False), saved=[(b"Home", KEY)], powered_on=False)
    scene.until("try_saved", 1000)
    return scene


def in_connected():
    scene = Scene(home(), saved=[(b"Home", KEY)], powered_on=False)
    scene.until("connected", 5000)
    return scene


def in_fallback():
    scene = Scene(home(up=False), saved=[(b"Home", KEY)], powered_on=False)
    scene.until("fallback", 200_000)
    scene.settle()
    assert scene.context.portal
    return scene


STATES = {name[3:]: function for name, function in list(globals().items()) if name.startswith("in_")}


def coarsely(scene, ms):
    scene.context.idle_ms = COARSE_MS
    scene.run_for(ms)
    scene.context.idle_ms = 20


def assert_recovers(scene):
    """With the radio well and the router on: online if anything is saved, else set up by a person now."""
    scene.hardware.routers[0].up = True
    if scene.saved():
        scene.context.idle_ms = COARSE_MS
        scene.until("connected", RECOVERY_MS)
        return
    scene.run_for(2 * policy.PORTAL_RETRY_MS)
    for _ in range(ATTEMPTS_LIMIT):
        scene.until("portal", policy.JOIN_ATTEMPTS_LIMIT * policy.JOIN_TIMEOUT_MS)
        assert scene.phone.get(b"/").status == 200
        scene.submit(b"Home", KEY)
        scene.run_for(10_000)
        if scene.state == "connected":
            return
    raise AssertionError(f"nobody can set it up: {scene.trace}")


# Refusals of every call, in every state


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("interface, method", CALLS)
def test_a_call_that_is_always_refused_stops_nothing_and_the_board_recovers(interface, method, state):
    scene = STATES[state]()
    part = getattr(scene.hardware, interface)
    part.failing = Refusing(method)
    scene.hardware.routers[0].up = not scene.hardware.routers[0].up  # there is something to do
    coarsely(scene, TROUBLE_MS)
    part.failing = {}
    assert_recovers(scene)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("interface, method", CALLS)
@pytest.mark.parametrize("times", [1, 4])
def test_a_call_that_is_refused_at_first_delays_the_board_only(interface, method, state, times):
    scene = STATES[state]()
    getattr(scene.hardware, interface).failing = Refusing(method, times)
    coarsely(scene, 10_000)
    assert_recovers(scene)


@pytest.mark.parametrize("interface, method", CALLS)
def test_a_board_whose_radio_refuses_from_the_start_recovers(interface, method):
    hardware = FakeHardware([home()])
    getattr(hardware, interface).failing = Refusing(method)
    scene = Scene(hardware=hardware)
    coarsely(scene, TROUBLE_MS)
    getattr(hardware, interface).failing = {}
    assert_recovers(scene)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("interface", ["station", "access_point"])
def test_an_address_that_cannot_be_read_which_the_port_never_refuses_costs_restarts_at_most(interface, state):
    scene = STATES[state]()
    part = getattr(scene.hardware, interface)
    part.failing = Refusing("ifconfig")
    scene.hardware.routers[0].up = True
    end = scene.now + TROUBLE_MS
    while scene.now < end:
        try:
            scene.turn()
        except OSError:  # as program.py does
            scene.hardware.sleep_ms(RESTART_PAUSE_MS)
            scene.restart()
    part.failing = {}
    assert_recovers(scene)


@pytest.mark.parametrize("state", ["portal", "fallback"])
@pytest.mark.parametrize("method", STATION)
def test_the_portal_serves_whatever_the_station_refuses(method, state):
    scene = STATES[state]()
    scene.hardware.station.failing = Refusing(method)
    for _ in range(4):
        coarsely(scene, policy.RETRY_INTERVAL_MS)
        assert scene.phone.get(b"/").status == 200
        assert json.loads(scene.phone.get(b"/api/status").body)["state"] == state
        assert scene.phone.post(b"/scan", b"").status == 303


def test_a_refused_listener_leaves_no_socket_behind():
    hardware = FakeHardware([home()])
    original, bound = hardware.bind, []

    def bind(port, kind):
        if kind == hardware.TCP:
            raise OSError(12)
        bound.append(original(port, kind))
        return bound[-1]

    hardware.bind = bind
    scene = Scene(hardware=hardware)
    scene.run_for(4 * policy.PORTAL_RETRY_MS)
    assert len(bound) > 2 and all(sock.closed for sock in bound) and scene.context.portal is None


# Scans


def rows(*found):
    """The port's rows of (name, rssi, authmode)."""
    return [
        (name, number.to_bytes(6, "big"), 1 + number % 13, rssi, auth, int(not name))
        for number, (name, rssi, auth) in enumerate(found)
    ]


def scanned(scene):
    """What the portal shows after a scan."""
    scene.phone.post(b"/scan", b"")
    scene.run_for(500)
    assert scene.phone.get(b"/").status == 200
    return json.loads(scene.phone.get(b"/api/networks").body)


@pytest.mark.parametrize("error", [REFUSAL, OSError("scan failed"), ValueError(), MemoryError()], ids=repr)
def test_a_scan_that_raises_leaves_an_empty_list_and_a_portal_that_takes_a_name(error):
    scene = in_portal()
    scene.hardware.station.failing["scan"] = error
    assert scanned(scene) == []
    assert any("cannot scan" in line for line in scene.lines)
    scene.submit(b"Home", KEY)  # its name is typed
    scene.until("connected", 10_000)


@pytest.mark.parametrize("error", [REFUSAL, MemoryError()], ids=repr)
def test_saved_networks_are_tried_without_a_scan_that_works(error):
    router = home(up=False)
    scene = Scene(router, saved=[(b"Gone", KEY), (b"Home", KEY)], powered_on=False)
    scene.hardware.station.failing["scan"] = error
    scene.run_for(30_000)
    router.up = True
    scene.until("connected", 60_000)


@pytest.mark.parametrize("state", ["portal", "fallback"])
def test_a_scan_that_takes_ten_seconds_delays_the_portal_and_no_more(state):
    scene = STATES[state]()
    scene.hardware.station.scan_ms = 10_000
    before = scene.now
    scanned(scene)
    assert scene.now - before < 13_000
    scene.hardware.routers[0].up = True
    scene.submit(b"Home", KEY)
    scene.until("connected", 20_000)


def test_a_hanging_scan_does_not_make_an_outage_longer_than_its_allowance_and_one_round():
    scene = in_try_saved()
    scene.hardware.station.scan_ms = 10_000
    assert scene.until("fallback", 300_000) <= policy.OUTAGE_ALLOWANCE_MS + 10_000 + policy.JOIN_TIMEOUT_MS


def test_a_scan_that_finds_nothing_is_shown_as_such():
    scene = in_portal()
    scene.hardware.station.scanned = []
    assert scanned(scene) == []


def test_of_sixty_networks_the_strongest_are_shown_and_the_page_fits():
    scene = in_portal()
    scene.hardware.station.scanned = rows(*((b"net %02d" % n, -30 - n, n % 5) for n in range(60)))
    shown = scanned(scene)
    assert [row["ssid"] for row in shown] == ["net %02d" % n for n in range(policy.SCAN_LIMIT)]
    assert b"net 00" in scene.phone.get(b"/").body


def test_odd_rows_of_a_scan_are_shown_as_far_as_they_make_sense():
    scene = in_portal()
    scene.hardware.station.scanned = rows(
        (b"", -40, 3),
        (b"", -41, 9),
        (b"Future", -50, 9),
        (b"Loud", 31, 3),
        (b"n" * 32, -60, 3),
        (b"\xff\x00\xfe", -61, 0),
    )
    shown = {row["ssid"]: row["security"] for row in scanned(scene)}
    assert shown["Future"] == "unknown" and shown["Loud"] == "wpa2" and shown["n" * 32] == "wpa2"
    assert "" not in shown and len(shown) == 4
    assert scene.phone.get(b"/").status == 200


def test_of_twins_with_different_security_the_stronger_one_counts():
    scene = in_portal()
    scene.hardware.station.scanned = rows((b"Twin", -70, 3), (b"Twin", -40, 0), (b"Twin", -80, 5))
    assert [(row["ssid"], row["rssi"], row["security"]) for row in scanned(scene)] == [("Twin", -40, "open")]


@pytest.mark.parametrize("name", [b"Future", b"Loud", b"n" * 32])
def test_a_saved_network_that_a_scan_shows_oddly_is_joined(name):
    router = Router(name, KEY, up=False)
    scene = Scene(router, saved=[(b"Gone", KEY), (name, KEY)], powered_on=False)
    scene.hardware.station.scanned = rows((b"", -40, 9), (name, 31, 9), (name, -90, 0))
    scene.run_for(20_000)
    router.up = True
    scene.until("connected", 60_000)


# The real port's own words


@pytest.mark.board
def test_on_the_board_a_station_that_refuses_to_join_and_a_crowded_air_leave_a_portal_that_works(bench):
    crowd = [{"ssid": f"net {n}", "key": "not for you", "rssi": -40 - n, "channel": 1 + n % 13} for n in range(60)]
    odd = [
        {"ssid_hex": "ff00fe41", "security": "open", "rssi": -35},
        {"ssid": "n" * 32, "security": "wpa3", "rssi": -36},
        {"ssid": "Office", "security": "enterprise", "rssi": -37},
        {"ssid": "Twin", "security": "open", "rssi": -38},
        {"ssid": "Twin", "key": "not for you", "rssi": -39, "bssid": "02:00:00:00:01:00"},
        {"ssid": "Hidden", "hidden": True, "key": "not for you", "rssi": -30},
    ]
    board = bench.start(firmware=True, air={"networks": odd + crowd}, clock=20)
    board.wait_for("portal open")
    answer = board.http(b"GET /api/networks HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    shown = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert len(shown) == policy.SCAN_LIMIT
    assert [row["security"] for row in shown[1:4]] == ["wpa3", "enterprise", "open"]
    body = b"ssid=Office&password=not+for+you"
    board.http(
        b"POST /connect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body
    )
    board.wait_for("connecting connect_failed portal", timeout=30)
    assert b"200 OK" in board.http(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")

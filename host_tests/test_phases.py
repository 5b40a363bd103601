"""Phases A and B: Androids that distrust a private address find the portal as well, and nobody else pays for it."""

import random
import time

import dns.message
import dns.query
import pytest

from device.net.dns import PHASE_A, PHASE_B
from device.net.phases import ASKED_AGAIN_MS, CLIENTS_LIMIT, STAY_MS, Phases

from .androids import ANDROIDS, HTTP_HOST, HTTPS_HOST, PROBE, Android, FlaggedAndroid, Samsung10, Samsung11
from .boards import bench_fixture, images_fixture  # noqa: F401
from .fakes import Router
from .scene import Scene
from .verdicts import NONE, PORTAL

BOARD = "192.168.4.1"
EACH_KIND = pytest.mark.parametrize("kind", ANDROIDS, ids=lambda kind: kind.__name__)


@pytest.fixture
def scene():
    scene = Scene(Router(b"Home", b"correct horse"))
    scene.settle()
    return scene


# Each kind of phone


@pytest.mark.parametrize(
    "kind, limit_ms", [(Android, 50), (Samsung10, 50), (Samsung11, 50), (FlaggedAndroid, 1200)], ids=str
)
def test_every_android_finds_the_portal_within_its_time(scene, kind, limit_ms):
    found, took_ms = kind(scene).joins()
    assert found == PORTAL
    assert took_ms <= limit_ms


@pytest.mark.parametrize("kind", [FlaggedAndroid, Samsung10, Samsung11], ids=str)
def test_without_the_phases_those_that_distrust_would_not_find_it(scene, kind, monkeypatch):
    monkeypatch.setattr(scene.context.portal.phases, "withheld", lambda *_: b"")
    monkeypatch.setattr(scene.context.portal.phases, "give", lambda *_: True)
    assert kind(scene).joins()[0] == NONE
    assert Android(scene, "192.168.4.3").joins()[0] == PORTAL


def test_phase_a_alone_would_not_do_for_all(scene, monkeypatch):
    monkeypatch.setattr(scene.context.portal.phases, "give", lambda *_: True)
    assert FlaggedAndroid(scene).joins()[0] == NONE
    assert Samsung10(scene, "192.168.4.3").joins()[0] == PORTAL


@EACH_KIND
def test_the_sign_in_app_that_loads_the_probe_itself_finds_its_host(scene, kind):
    android = kind(scene)
    android.joins()
    for pause_ms in (0, 900, 5_000, STAY_MS - 10_000, STAY_MS, 600_000):
        scene.run_for(pause_ms)
        assert android.resolve(HTTP_HOST) == BOARD
        assert android.probe(HTTP_HOST, PROBE) == PORTAL


@EACH_KIND
def test_a_phone_that_comes_back_later_finds_the_portal_again(scene, kind):
    assert kind(scene).joins()[0] == PORTAL
    scene.run_for(STAY_MS)
    assert kind(scene).joins()[0] == PORTAL


def test_all_kinds_at_once_do_not_disturb_each_other(scene):
    phones = [kind(scene, "192.168.4.%d" % at) for at, kind in enumerate(ANDROIDS, 2)]
    for phone in phones:
        phone.starts()
    assert [phone.evaluate() for phone in phones] == [NONE if type(p) is FlaggedAndroid else PORTAL for p in phones]
    scene.run_for(1000)
    assert [phone.evaluate() for phone in phones] == [PORTAL] * 4


# The rules, name by name


def test_phase_b_withholds_the_http_host_and_gives_the_https_one(scene):
    android = Android(scene)
    assert (android.resolve(HTTP_HOST), android.resolve(HTTPS_HOST)) == (BOARD, None)
    scene.run_for(ASKED_AGAIN_MS)
    assert (android.resolve(HTTP_HOST), android.resolve(HTTPS_HOST)) == (None, BOARD)
    assert android.resolve("play.googleapis.com") == android.resolve("www.qq.com") == BOARD


def test_questions_that_come_together_are_one(scene):
    android = Android(scene)
    for _ in range(4):
        assert android.resolve(HTTP_HOST) == BOARD
        assert android.resolve(HTTP_HOST, "AAAA") is None
        scene.run_for(ASKED_AGAIN_MS // 5)
    assert android.resolve(HTTPS_HOST) is None


@pytest.mark.parametrize(
    "name, kind", [(HTTP_HOST, "AAAA"), (HTTP_HOST, "HTTPS"), (HTTPS_HOST, "A"), ("www.gstatic.com", "A")]
)
def test_only_the_address_of_the_http_host_counts(scene, name, kind):
    android = Android(scene)
    android.resolve(HTTP_HOST)
    for _ in range(3):
        scene.run_for(ASKED_AGAIN_MS)
        android.resolve(name, kind)
    assert android.resolve(HTTPS_HOST) is None
    fresh = Android(scene, "192.168.4.3")
    fresh.resolve(name, kind)
    scene.run_for(ASKED_AGAIN_MS)
    assert fresh.resolve(HTTP_HOST) == BOARD  # its first


def test_phase_b_lasts_until_http_is_seen(scene):
    android = Android(scene)
    for pause_ms in (1000, 2000, 4000, 8000, 16_000):
        android.resolve(HTTP_HOST)
        scene.run_for(pause_ms)
        assert android.resolve(HTTP_HOST) is None
    assert android.probe("www.google.com", "/gen_204") == PORTAL
    for _ in range(10):
        assert (android.resolve(HTTP_HOST), android.resolve(HTTPS_HOST)) == (BOARD, None)
        scene.run_for(ASKED_AGAIN_MS)


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03"])
def test_whatever_is_answered_counts_as_http(scene, data):
    android = Android(scene)
    android.resolve(HTTP_HOST)
    android.phone.request(data)
    scene.run_for(ASKED_AGAIN_MS)
    assert android.resolve(HTTP_HOST) == BOARD


def test_a_connection_without_a_request_is_no_http(scene):
    android = Android(scene)
    android.resolve(HTTP_HOST)
    sock = android.phone.connect()
    sock.deliver(b"GET / HT")
    scene.settle()
    sock.hang_up()
    scene.run_for(ASKED_AGAIN_MS)
    assert android.resolve(HTTP_HOST) is None


def test_one_clients_phase_is_not_anothers(scene):
    first, second = Android(scene), Android(scene, "192.168.4.3")
    first.resolve(HTTP_HOST)
    scene.run_for(ASKED_AGAIN_MS)
    assert first.resolve(HTTP_HOST) is None
    assert second.probe("www.google.com", "/gen_204") == PORTAL
    assert first.resolve(HTTP_HOST) is None
    assert (second.resolve(HTTP_HOST), second.resolve(HTTPS_HOST)) == (BOARD, None)


def test_a_client_in_phase_b_that_was_away_starts_anew(scene):
    samsung = Samsung10(scene)
    samsung.resolve(HTTP_HOST)
    scene.run_for(ASKED_AGAIN_MS)
    assert samsung.joins(1)[0] == NONE  # its one look came in phase B
    scene.run_for(STAY_MS)
    assert samsung.joins(1)[0] == PORTAL


def test_strangers_take_no_place_in_the_table(scene):
    android = Android(scene)
    android.resolve(HTTP_HOST)
    stranger = Android(scene, "10.0.0.1")
    for _ in range(CLIENTS_LIMIT):
        with pytest.raises(IndexError):
            stranger.resolve(HTTP_HOST)  # there is no answer
    scene.run_for(ASKED_AGAIN_MS)
    assert android.resolve(HTTP_HOST) is None


# The table


def test_beyond_its_places_the_first_client_is_forgotten():
    phases = Phases()
    for n in range(CLIENTS_LIMIT + 1):
        assert phases.give("192.168.4.%d" % n, n)
    now = CLIENTS_LIMIT + ASKED_AGAIN_MS
    assert not phases.give("192.168.4.1", now)
    assert phases.give("192.168.4.0", now)


def test_the_table_keeps_its_rules_whatever_comes():
    """Against a model that keeps everything: {address: [first answer, B, HTTP, time of the last step]}."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    phases, model, now = Phases(), {}, 0
    addresses = ["192.168.4.%d" % n for n in range(2, 2 + CLIENTS_LIMIT)]
    seen = set()
    for _ in range(20_000):
        now += chance.choice((1, 50, ASKED_AGAIN_MS // 2, ASKED_AGAIN_MS, STAY_MS // 3, STAY_MS))
        address = chance.choice(addresses[: chance.randint(1, CLIENTS_LIMIT)])
        state = model.get(address)
        if state and now - state["step"] >= STAY_MS:
            state = None
        assert phases.withheld(address, now) == (PHASE_B if state and state["b"] else PHASE_A)
        if chance.random() < 0.3:
            phases.heard(address, now)
            if state:
                state.update(b=False, http=True, step=now)
        elif not (state and state["b"]):
            given = phases.give(address, now)
            if state is None:
                state = {"b": False, "http": False, "step": now}
            elif not state["http"] and now - state["step"] >= ASKED_AGAIN_MS:
                state.update(b=True, step=now)
            assert given == (not state["b"])
        model[address] = state
        seen.add((bool(state and state["b"]), bool(state and state["http"])))
    assert seen == {(False, False), (False, True), (True, False)}


# On the virtual board, with its own sockets and clock


@pytest.mark.board
def test_a_board_enters_phase_b_for_who_asks_again_and_leaves_it_after_http(bench):
    board = bench.start(firmware=True)
    board.wait_for("portal open")

    def has_address(name):
        query = dns.message.make_query(name, "A")
        return bool(dns.query.udp(query, "127.0.0.1", port=board.dns_port, timeout=5).answer)

    def given_for_s(wanted):
        """How long the HTTP host's answer stays like this, asked again and again for at most three seconds."""
        start = time.monotonic()
        while has_address(HTTP_HOST) is wanted and time.monotonic() - start < 3:
            pass
        return time.monotonic() - start

    assert has_address("example.com") and not has_address(HTTPS_HOST)
    # The first answer left the board a little before it came here, and clocks count whole milliseconds.
    assert ASKED_AGAIN_MS / 1000 - 0.1 <= given_for_s(True) < 3
    assert has_address(HTTPS_HOST)
    assert given_for_s(False) >= 3
    request = b"GET /gen_204 HTTP/1.1\r\nHost: www.google.com\r\n\r\n"
    assert b" 302 " in board.http(request)
    assert given_for_s(True) >= 3
    assert not has_address(HTTPS_HOST)

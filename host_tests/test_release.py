"""Once a person was told that the board is connected, those who look for a portal hear that there is none.

What each client hears is in the corpus (test_vectors.py, test_verdicts.py); here is when, and when not.
"""

import pytest

from device import policy

from .androids import HTTP_HOST, HTTPS_HOST, Android
from .fakes import Router
from .scene import Scene

KEY = b"correct horse"
STATUS = b"GET /status HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n"


@pytest.fixture
def scene():
    """Connected, with the phone of the person who set it up, who was not told yet."""
    scene = Scene(Router(b"Home", KEY), Router(b"Office", KEY))
    scene.hardware.access_point.phones = 1
    scene.settle()
    scene.submit(b"Home", KEY)
    scene.until("connected", 10_000)
    return scene


def probe(scene):
    return scene.phone.get(b"/generate_204", host=HTTP_HOST.encode())


def is_released(scene):
    answer = probe(scene)
    assert answer.status in (204, 302)
    assert (b"location" in answer.fields) == (answer.status == 302)
    return answer.status == 204


def test_connected_alone_releases_nobody(scene):
    scene.run_for(30_000)
    assert not is_released(scene)
    assert scene.context.attempt.told_at is None


@pytest.mark.parametrize("path", [b"/status", b"/status?lang=de"])
def test_whoever_got_the_outcome_was_told(scene, path):
    assert scene.phone.get(path).status == 200
    assert is_released(scene)


@pytest.mark.parametrize(
    "request_",
    [
        STATUS.replace(b"GET", b"HEAD"),  # asks for no page
        b"POST /status HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 0\r\n\r\n",
        STATUS.replace(b"192.168.4.1", b"example.com"),
        STATUS.replace(b"HTTP/1.1", b"HTTP/3.1"),
        STATUS.replace(b"/status", b"/api/status"),  # nor is this a page that a person reads
        STATUS.replace(b"/status", b"/api/networks"),
        STATUS.replace(b"/status", b"/"),
    ],
)
def test_whoever_got_something_else_was_not(scene, request_):
    scene.phone.request(request_)
    assert scene.context.attempt.told_at is None
    assert not is_released(scene)


def test_an_answer_that_did_not_leave_whole_has_told_nothing(scene):
    sock = scene.phone.connect()
    sock.room = 100
    sock.deliver(STATUS)
    for _ in range(5):
        scene.turn()
    assert sock.out
    sock.error = OSError(104)
    scene.settle()
    assert sock.closed
    assert not is_released(scene)


def test_a_page_that_failed_has_told_nothing(scene, monkeypatch):
    def broken(*_):
        raise KeyError

    with monkeypatch.context() as patch:
        patch.setattr("device.net.respond.respond", broken)
        assert scene.phone.get(b"/status").status == 500
    assert not is_released(scene)


def test_a_page_that_was_made_while_trying_tells_nothing_however_late_it_leaves():
    scene = Scene(Router(b"Home", KEY, join_ms=500))
    scene.settle()
    scene.submit(b"Home", KEY)
    sock = scene.phone.connect()
    sock.room = 0
    sock.deliver(STATUS)
    scene.until("connected", 10_000)
    sock.room = 1072
    scene.settle()
    assert sock.closed and b"200 OK" in sock.out
    assert scene.context.attempt.told_at is None
    assert not is_released(scene)


def test_the_portals_own_pages_go_on(scene):
    scene.phone.get(b"/status")
    assert is_released(scene)
    for path in (b"/", b"/status", b"/forget", b"/api/status", b"/api/networks"):
        assert scene.phone.get(path).status == 200
    assert scene.phone.get(b"/somewhere").status == 302
    assert is_released(scene)


@pytest.mark.parametrize("path", [b"/", b"/index.html", b"/redirect", b"/wpad.dat", b"/status", b"/generate", b"/a b"])
def test_where_nobody_looks_for_a_portal_nothing_is_there(scene, path):
    scene.phone.get(b"/status")
    answer = scene.phone.get(path.replace(b" ", b"%20"), host=b"www.example.com")
    assert answer.status == 404
    assert b"location" not in answer.fields and int(answer.fields[b"content-length"]) == len(answer.body)


@pytest.mark.parametrize("path, host", [(b"/generate_204", b"x"), (b"/hotspot-detect.html", b"captive.apple.com")])
def test_a_form_sent_to_a_probe_is_not_found_and_head_has_no_body(scene, path, host):
    scene.phone.get(b"/status")
    assert scene.phone.post(path, b"a=b", host=host).status == 404
    get = scene.phone.get(path, host=host)
    head = scene.phone.request(b"HEAD " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    assert head.body == b"" and (head.status, head.fields) == (get.status, get.fields)


def test_names_resolve_as_before(scene):
    android = Android(scene)
    scene.phone.get(b"/status")
    assert (android.resolve(HTTP_HOST), android.resolve(HTTPS_HOST)) == ("192.168.4.1", None)
    assert android.resolve("captive.apple.com") == "192.168.4.1"


def test_the_access_point_goes_down_at_the_end_of_it(scene):
    scene.phone.get(b"/status")
    scene.run_for(policy.FAREWELL_AFTER_RESULT_MS - 500)
    assert is_released(scene)  # being asked does not prolong it
    scene.run_for(1000)
    assert not scene.hardware.access_point.on and scene.context.portal is None


def test_another_network_that_is_submitted_ends_it_at_once(scene):
    scene.phone.get(b"/status")
    assert scene.submit(b"Office", KEY).status == 303
    scene.until("connecting", 1000)
    assert not is_released(scene)
    scene.until("connected", 10_000)
    assert not is_released(scene)
    scene.phone.get(b"/status")
    assert is_released(scene)


def test_a_page_of_the_last_outcome_that_leaves_late_releases_nobody_during_the_next_attempt(scene):
    sock = scene.phone.connect()
    sock.room = 0
    sock.deliver(STATUS)
    scene.settle()
    scene.submit(b"Office", KEY)
    scene.until("connecting", 1000)
    sock.room = 1072
    scene.settle()
    assert sock.closed
    assert not is_released(scene)


def test_a_failure_that_was_told_releases_nobody():
    scene = Scene(Router(b"Home", KEY))
    scene.settle()
    scene.submit(b"Home", b"wrong horse")
    scene.until("connecting", 1000)
    scene.until("portal", 60_000)
    scene.phone.get(b"/status")
    assert scene.context.attempt.told_at is not None
    assert not is_released(scene)


def test_a_portal_that_opens_after_the_link_was_lost_does_not_speak_of_the_old_success(scene):
    scene.phone.get(b"/status")
    scene.run_for(policy.FAREWELL_AFTER_RESULT_MS + 500)
    for router in scene.hardware.routers:
        router.up = False
    scene.until("fallback", policy.POWER_ON_ALLOWANCE_MS + 60_000)
    scene.settle()
    assert not is_released(scene)
    assert b'"attempt": null' in scene.phone.get(b"/api/status").body
    assert not is_released(scene)


def test_a_failure_that_was_told_does_not_end_a_later_farewell_early():
    scene = Scene(Router(b"Home", KEY, up=False), saved=[(b"Home", KEY)], powered_on=False)
    scene.until("fallback", policy.OUTAGE_ALLOWANCE_MS + 60_000)
    scene.settle()
    scene.submit(b"Nowhere", KEY)
    scene.until("connecting", 1000)
    scene.until("fallback", 60_000)
    scene.phone.get(b"/status")
    scene.hardware.access_point.phones = 1
    scene.hardware.routers[0].up = True
    scene.until("connected", policy.RETRY_INTERVAL_WITH_PHONE_MS + 60_000)
    assert not is_released(scene)
    scene.run_for(policy.FAREWELL_AFTER_RESULT_MS)
    assert scene.hardware.access_point.on  # the phone may still want to see it

"""The portal over HTTP and DNS, on fake sockets: right answers, and nothing that a client does stops it."""

import html
import json
import random
import re
from urllib.parse import quote_plus

import pytest

from device.net import clients, connection

from .fakes import FakeSocket, Router
from .scene import Scene

KEY = b"correct horse"
PAGE = b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n"


@pytest.fixture
def scene():
    scene = Scene(Router(b"Home", KEY, rssi=-52), Router(b"Cafe", b"", rssi=-75, channel=11))
    scene.settle()
    return scene


def alive(scene):
    """The portal still serves a page and a name."""
    assert scene.phone.get(b"/").status == 200
    scene.hardware.dns.incoming.append((QUERY, ("192.168.4.2", 4711)))
    scene.turn()
    assert scene.hardware.dns.answers[-1][0].endswith(bytes([192, 168, 4, 1]))


QUERY = bytes.fromhex("1234 0100 0001 0000 0000 0000".replace(" ", "")) + b"\7example\3com\0\0\1\0\1"


# Pages


def test_the_setup_page_lists_the_networks_strongest_first(scene):
    page = scene.phone.get(b"/")
    assert page.status == 200 and page.fields[b"content-type"] == b"text/html; charset=utf-8"
    assert page.body.index(b"Home") < page.body.index(b"Cafe")


def test_the_length_is_exact_and_nothing_is_cached(scene):
    for path in (b"/", b"/status", b"/forget", b"/api/status", b"/api/networks", b"/nowhere", b"/favicon.ico"):
        answer = scene.phone.get(path)
        assert int(answer.fields[b"content-length"]) == len(answer.body), path
        assert answer.fields[b"connection"] == b"close" and answer.fields[b"cache-control"] == b"no-store"


def test_head_has_the_fields_of_get_and_no_body(scene):
    get, head = scene.phone.get(b"/"), scene.phone.request(PAGE.replace(b"GET", b"HEAD"))
    assert head.body == b"" and head.fields == get.fields


@pytest.mark.parametrize("segment", [1, 7, 536])
def test_a_request_may_arrive_in_any_pieces(scene, segment):
    assert scene.phone.request(PAGE, segment).status == 200


def test_an_answer_is_sent_in_segments_of_at_most_536_bytes(scene):
    sizes = []
    sock = scene.phone.connect()
    original = sock.write
    sock.write = lambda data: sizes.append(len(data)) or original(data)
    sock.deliver(PAGE)
    scene.run_for(1000)
    assert sock.closed and len(sizes) > 3 and max(sizes) == 536


def test_a_client_that_reads_slowly_gets_the_whole_page(scene):
    whole = scene.phone.get(b"/").raw
    sock = scene.phone.connect()
    sock.deliver(PAGE)
    original = sock.write
    sock.write = lambda data: original(data[:100])
    for _ in range(2000):
        scene.turn()
    assert sock.out == whole


def test_a_foreign_host_is_redirected_to_the_portals_absolute_address(scene):
    for host in (b"connectivitycheck.gstatic.com", b"CAPTIVE.APPLE.COM.", b"x:80"):
        answer = scene.phone.get(b"/generate_204", host=host)
        assert answer.status == 302 and answer.fields[b"location"] == b"http://192.168.4.1/"
        assert len(answer.body) >= 5 and b"Success" not in answer.body


def test_a_mapped_port_is_kept_in_the_redirect(scene):
    answer = scene.phone.get(b"/x", host=b"example.com:8080")
    assert answer.fields[b"location"] == b"http://192.168.4.1:8080/"


def test_unknown_paths_lead_to_the_setup_page_but_icons_and_proxies_are_not_found(scene):
    assert scene.phone.get(b"/whatever").status == 302
    for path in (b"/favicon.ico", b"/apple-touch-icon-120x120.png", b"/wpad.dat"):
        assert scene.phone.get(path).status == 404
    assert scene.phone.post(b"/save", b"a=b").status == 404


def test_a_wrong_method_is_told_which_ones_are_allowed(scene):
    answer = scene.phone.get(b"/connect")
    assert answer.status == 405 and answer.fields[b"allow"] == b"POST"
    assert scene.phone.post(b"/status", b"").fields[b"allow"] == b"GET, HEAD"


def test_the_status_before_any_attempt(scene):
    status = json.loads(scene.phone.get(b"/api/status").body)
    assert status["state"] == "portal"
    assert status["ssid"] is status["reason"] is status["ip"] is status["attempt"] is None


def test_the_networks_as_json(scene):
    assert json.loads(scene.phone.get(b"/api/networks").body) == [
        {"ssid": "Home", "rssi": -52, "channel": 6, "security": "wpa2", "saved": False},
        {"ssid": "Cafe", "rssi": -75, "channel": 11, "security": "open", "saved": False},
    ]


def test_no_network_in_reach_is_an_empty_list_and_a_hint():
    scene = Scene()
    scene.settle()
    assert json.loads(scene.phone.get(b"/api/networks").body) == []
    assert b"No network was found" in scene.phone.get(b"/").body


def test_the_status_page_refreshes_itself_while_trying_and_then_stops(scene):
    scene.submit(b"Home", KEY)
    page = scene.phone.get(b"/status").body
    assert b"http-equiv=refresh" in page and b"Home" in page
    scene.until("connected", 10_000)
    page = scene.phone.get(b"/status").body
    assert b"http-equiv=refresh" not in page and b"192.168.1.50" in page
    status = json.loads(scene.phone.get(b"/api/status").body)
    assert (status["state"], status["ssid"], status["reason"]) == ("connected", "Home", None)
    assert (status["ip"], status["attempt"]) == ("192.168.1.50", 1)


def test_a_failure_is_said_with_its_reason_and_the_name_is_put_back(scene):
    scene.submit(b"Home", b"wrong horse")
    scene.until("connecting", 1000)
    scene.until("portal", 60_000)
    assert b"probably wrong" in scene.phone.get(b"/status").body
    page = scene.phone.get(b"/").body
    assert b"probably wrong" in page and re.search(rb'value="Home" checked', page)
    assert b"horse" not in page
    assert json.loads(scene.phone.get(b"/api/status").body)["reason"] == "wrong_password"


def test_the_attempts_are_numbered(scene):
    for number in (1, 2):
        scene.submit(b"Nowhere", KEY)
        assert json.loads(scene.phone.get(b"/api/status").body)["attempt"] == number
        scene.until("connecting", 1000)
        scene.until("portal", 60_000)


# The form


@pytest.mark.parametrize(
    "form, words",
    [
        (b"", b"choose a network"),
        (b"ssid=&password=12345678", b"choose a network"),
        (b"ssid=" + b"x" * 33 + b"&password=12345678", b"name is too long"),
        (b"ssid=Home&password=1234567", b"too short"),
        (b"ssid=Home&password=" + b"x" * 64, b"too long"),
        (b"ssid=Home&password=" + b"x" * 65, b"too long"),
        (b"ssid=Home&password=", b"needs a password"),
        (b"ssid=a%00b&password=12345678", b"zero byte"),
        (b"ssid=Home&password=1234567%00", b"zero byte"),
        (b"ssid=Home&pick=43616665&password=12345678", b"keep only one"),
    ],
)
def test_invalid_input_is_answered_with_the_reason_and_what_was_typed(scene, form, words):
    answer = scene.phone.post(b"/connect", form)
    assert answer.status == 422 and words in answer.body
    typed = re.search(rb"ssid=(x+|Home)", form)
    if typed:
        assert typed[1] in answer.body
    assert b"12345678" not in answer.body  # never the password
    assert scene.state == "portal" and not scene.context.submitted


@pytest.mark.parametrize(
    "ssid, key",
    [
        (b"Home", KEY),
        (b"caf\xc3\xa9 \xf0\x9f\x98\x80", "pässwörd".encode()),
        (b"a+b&c=d%e", b"p+q&r=s%t;u,v\"w'x"),
        (b"  spaces  ", b"  spaces  "),
        (b"x" * 32, b"y" * 63),
        (b"raw", b"0123456789abcdefABCDEF" * 2 + b"0" * 20),
        (bytes(range(1, 33)), bytes(range(128, 191))),
        (b"\xff\xfe", b"\x80" * 8),
    ],
)
def test_credentials_of_every_kind_reach_the_radio_unchanged(ssid, key):
    scene = Scene(Router(ssid, key))
    scene.settle()
    assert scene.submit(ssid, key).status == 303
    scene.until("connected", 10_000)
    assert scene.hardware.station.target == (ssid, key) and scene.saved() == {ssid: key}


@pytest.mark.parametrize("ssid", [b"Home", b"\xff\xfe<b>", b"a\r\nb", bytes(range(1, 33)), "日本".encode()])
def test_a_picked_row_names_exactly_that_network(ssid):
    scene = Scene(Router(ssid, KEY))
    scene.settle()
    page = scene.phone.get(b"/").body
    name, value = re.search(rb'type=radio name=(ssid|pick) value="([^"]+)"', page).groups()
    picked = quote_plus(html.unescape(value.decode())).encode()
    scene.phone.post(b"/connect", name + b"=" + picked + b"&ssid=&password=correct+horse")
    scene.until("connected", 10_000)
    assert scene.context.joined.ssid == ssid


@pytest.mark.parametrize("form", [b"ssid=%zz&password=12345678", b"ssid=%4&password=x", b"pick=4g", b"pick=123"])
def test_a_malformed_form_is_a_bad_request(scene, form):
    assert scene.phone.post(b"/connect", form).status == 400


@pytest.mark.parametrize("kind", [b"Content-Type: text/plain\r\n", b"Content-Type: multipart/form-data\r\n"])
def test_a_body_that_is_no_form_is_refused_and_changes_nothing(scene, kind):
    form = b"ssid=Home&password=correct+horse"
    head = b"POST /connect HTTP/1.1\r\nHost: 192.168.4.1\r\n" + kind + b"Content-Length: %d\r\n\r\n" % len(form)
    assert scene.phone.request(head + form).status == 415
    assert scene.context.attempt is None and not scene.context.submitted
    assert scene.submit(b"Home", b"correct horse").status == 303


@pytest.mark.parametrize("line", [b"CONNECT www.google.com:443", b"OPTIONS /", b"GET /connect"])
def test_where_a_method_is_refused_the_answer_says_which_are_allowed(scene, line):
    answer = scene.phone.request(line + b" HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n")
    assert answer.status == 405 and answer.fields[b"allow"]


def test_an_open_network_needs_no_password(scene):
    assert scene.submit(b"Cafe", b"").status == 303


def test_a_network_nobody_saw_may_be_open(scene):
    assert scene.submit(b"Hidden", b"").status == 303


def test_a_wep_key_fits_a_wep_network_only():
    scene = Scene(Router(b"Old", b"12345", auth=1))
    scene.settle()
    assert scene.submit(b"Other", b"12345").status == 422
    assert scene.submit(b"Old", b"12345").status == 303


def test_state_changes_by_post_from_the_own_page_only(scene):
    form = b"ssid=Home&password=correct+horse"
    assert scene.phone.post(b"/connect", form, host=b"evil.example").status == 302
    for origin in (b"http://evil.example", b"null", b"http://192.168.4.1.evil.example", b"https://192.168.4.1",
                   b"http://192.168.4.1:80@evil.example"):
        assert scene.phone.post(b"/connect", form, fields=b"Origin: " + origin + b"\r\n").status == 403
    assert scene.context.attempt is None
    assert scene.phone.post(b"/connect", form, fields=b"Origin: http://192.168.4.1\r\n").status == 303


def test_names_from_the_air_do_nothing_but_show():
    evil = [b"<script>alert(1)</script>", b"\"'><img src=x>", b"\xe2\x80\xaeabc", b"\xff\xfe\xfd", b"a\nb", b"&amp;"]
    scene = Scene(*[Router(ssid, KEY) for ssid in evil])
    scene.settle()
    page = scene.phone.get(b"/").body
    assert b"<script>alert" not in page and b"<img" not in page and b"\xe2\x80\xae" not in page
    text = page.decode()  # the page is UTF-8 whatever the names are
    assert html.escape("<script>alert(1)</script>") in text
    names = [row["ssid"] for row in json.loads(scene.phone.get(b"/api/networks").body)]
    assert "<script>alert(1)</script>" in names and "a\ufffdb" in names


def test_forty_networks_fit_and_the_strongest_are_shown():
    scene = Scene(*[Router(b"net%02d" % n, KEY, rssi=-40 - n) for n in range(40)])
    scene.settle()
    names = [row["ssid"] for row in json.loads(scene.phone.get(b"/api/networks").body)]
    assert names == ["net%02d" % n for n in range(24)]
    assert scene.phone.get(b"/").status == 200


def test_a_name_is_listed_once_at_its_strongest():
    scene = Scene(Router(b"Mesh", KEY, rssi=-80, channel=1), Router(b"Mesh", KEY, rssi=-50, channel=11))
    scene.settle()
    assert [(row["rssi"], row["channel"]) for row in json.loads(scene.phone.get(b"/api/networks").body)] == [(-50, 11)]


def test_searching_again_renews_the_list(scene):
    scene.hardware.routers.append(Router(b"New", KEY, rssi=-30))
    assert scene.phone.post(b"/scan", b"").status == 303
    scene.settle()
    assert b"New" in scene.phone.get(b"/").body


def test_a_page_that_is_being_sent_survives_a_new_scan(scene):
    sock = scene.phone.connect()
    sock.deliver(PAGE)
    for _ in range(3):
        scene.turn()
    assert sock.out and not sock.closed
    scene.hardware.routers.clear()
    scene.context.scan_wanted = True
    scene.settle()
    head, _, body = sock.out.partition(b"\r\n\r\n")
    assert b"Content-Length: %d" % len(body) in head


# Hostile and clumsy clients


@pytest.mark.parametrize(
    "data, status",
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET / HTTP/1.1\nHost: 192.168.4.1\n\n", 200),  # LF only
        (b"GET / HTTP/1.0\r\n\r\n", 200),
        (b"GET /%zz HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n", 400),
        (b"BREW / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n", 501),
        (b"OPTIONS / HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n", 405),
        (b"CONNECT www.google.com:443 HTTP/1.1\r\nHost: www.google.com:443\r\n\r\n", 405),
        (b"GET / HTTP/2.0\r\nHost: 192.168.4.1\r\n\r\n", 505),
        (b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\nCookie: " + b"c" * 3000 + b"\r\n\r\n", 200),
        (b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\n" + b"X: y\r\n" * 3000 + b"\r\n", 431),
        (b"POST /connect HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 9999\r\n\r\n" + b"x" * 9999, 413),
        (b"POST /connect HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /connect HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 1_0\r\n\r\n", 400),
        (b"POST /connect HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: " + b"9" * 400 + b"\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(200)), 400),  # TLS hello
    ],
)
def test_odd_requests_get_the_right_status(scene, data, status):
    for segment in (536, 61):
        answer = scene.phone.request(data, segment)
        assert answer.status == status
        if status >= 400:
            assert int(answer.fields[b"content-length"]) == len(answer.body)
    alive(scene)


def test_a_request_refused_half_way_is_read_to_its_end_before_the_connection_closes(scene):
    sock = scene.phone.connect()
    sock.deliver(b"POST /connect HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 5000\r\n\r\n")
    scene.settle()
    assert sock.out.startswith(b"HTTP/1.1 413") and not sock.closed
    sock.deliver(b"x" * 5000)
    scene.settle()
    assert not sock.incoming and not sock.closed
    scene.run_for(connection.DRAIN_IDLE_TIMEOUT_MS)
    assert sock.closed


def test_as_long_as_more_of_a_refused_request_comes_it_is_read_but_not_for_ever(scene):
    sock = scene.phone.connect()
    sock.deliver(b"POST /connect HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 5000\r\n\r\n")
    scene.settle()
    answered = scene.now
    while not sock.closed:
        assert not sock.incoming and scene.now - answered < 2 * connection.DRAIN_TIMEOUT_MS
        sock.deliver(b"x" * 100)
        scene.run_for(connection.DRAIN_IDLE_TIMEOUT_MS // 2)
    assert scene.now - answered >= connection.DRAIN_TIMEOUT_MS


def test_the_old_simple_request_gets_a_page_without_a_head(scene):
    sock = scene.phone.connect()
    sock.deliver(b"GET /\r\n")
    scene.run_for(500)
    assert sock.closed and sock.out.startswith(b"<!doctype html>")


def test_a_silent_client_is_dropped_at_its_deadline(scene):
    sock = scene.phone.connect()
    scene.run_for(connection.IDLE_TIMEOUT_MS - 500)
    assert not sock.closed
    scene.run_for(1000)
    assert sock.closed


def test_a_client_that_dribbles_is_dropped_at_the_total_deadline(scene):
    sock = scene.phone.connect()
    for _ in range(100):
        sock.deliver(b"G")
        scene.run_for(connection.TOTAL_TIMEOUT_MS // 50)
        if sock.closed:
            break
    assert sock.closed
    alive(scene)


def test_a_client_that_never_reads_is_dropped(scene):
    sock = scene.phone.connect()
    sock.room = 0
    sock.deliver(PAGE)
    scene.run_for(connection.IDLE_TIMEOUT_MS + 1000)
    assert sock.closed


def test_spare_connections_of_a_browser_do_not_keep_others_out(scene):
    silent = [scene.phone.connect() for _ in range(clients.CONNECTIONS_LIMIT)]
    scene.settle()
    assert scene.phone.get(b"/").status == 200
    assert all(sock.closed for sock in silent)


def held(scene):
    return [sock for sock in scene.context.portal.poller.masks if type(sock) is FakeSocket]


def fill(scene, data=b""):
    """Take every place by clients that send this much and then nothing."""
    socks = [scene.phone.connect() for _ in range(clients.CONNECTIONS_LIMIT)]
    for sock in socks:
        if data:
            sock.deliver(data)
    scene.settle()
    assert held(scene) == socks
    return socks


@pytest.mark.parametrize("data, limit_ms", [(b"", 1_000), (b"GET / HT", 2_000)])
def test_idle_clients_lose_their_places_to_those_who_wait(scene, data, limit_ms):
    idle = fill(scene, data)
    start = scene.now
    assert scene.phone.get(b"/").status == 200
    assert scene.now - start <= limit_ms
    assert any(sock.closed for sock in idle)


@pytest.mark.parametrize("data", [b"", b"GET / HT"])
def test_idle_clients_stay_as_long_as_nobody_waits(scene, data):
    idle = fill(scene, data)
    scene.run_for(connection.IDLE_TIMEOUT_MS - 1000)
    assert not any(sock.closed for sock in idle)


def test_clients_that_dribble_on_every_place_do_not_keep_others_out_for_long(scene):
    slow = fill(scene, b"G")
    waiting = scene.phone.connect()
    waiting.deliver(PAGE)
    start = scene.now
    for _ in range(40):
        for sock in slow:
            sock.deliver(b"E")
        scene.run_for(200)
        if waiting.closed:
            break
    assert waiting.out.startswith(b"HTTP/1.1 200")
    assert scene.now - start <= connection.CROWDED_TOTAL_TIMEOUT_MS


def test_a_reader_who_is_slow_but_reads_is_not_sent_away_while_others_wait(scene):
    whole = scene.phone.get(b"/").raw
    slow = fill(scene, PAGE[:-1])
    for sock in slow:
        sock.room = 536
        sock.deliver(PAGE[-1:])
    waiting = scene.phone.connect()
    waiting.deliver(PAGE)
    scene.run_for(3_000)
    assert [len(sock.out) for sock in slow] == [len(whole)] * len(slow)
    assert waiting.out == whole


def test_while_others_wait_the_rest_of_a_refused_request_is_still_read(scene):
    fill(scene, b"GET / HT")[0].deliver(b"TP/9.9\r\n")
    scene.settle()
    for sock in held(scene)[1:]:
        sock.deliver(b"TP/9.9\r\n" + b"x" * 600)
    scene.phone.connect()
    scene.settle()
    for sock in held(scene):
        assert not sock.incoming


def test_a_client_that_hangs_up_or_resets_frees_its_place(scene):
    for error in (None, OSError(104), OSError("a text")):
        sock = scene.phone.connect()
        sock.deliver(b"GET / HT")
        scene.settle()
        sock.error = error
        sock.hang_up()
        scene.settle()
        assert sock.closed
    alive(scene)


def test_a_reset_at_any_moment_of_an_answer_frees_the_place(scene):
    for turns in range(1, 40):
        sock = scene.phone.connect()
        sock.deliver(PAGE)
        for _ in range(turns):
            scene.turn()
        if sock.closed:
            break
        sock.error = OSError(104)
        scene.turn()
        scene.turn()
        assert sock.closed, turns
    assert turns > 5
    alive(scene)


def test_no_more_connections_are_held_than_memory_allows(scene):
    for _ in range(8):
        scene.phone.connect()
    scene.settle()
    assert len(held(scene)) == clients.CONNECTIONS_LIMIT == 4


def test_waiting_clients_do_not_make_the_board_spin(scene):
    for _ in range(8):
        scene.phone.connect()
    scene.run_for(900)  # run_for fails if time does not pass


def before_each_answer(scene, monkeypatch, act):
    """act() is called at the start of each attempt to answer: the first thing that needs the board's address."""
    radio = scene.machine.context.radio
    address = radio.address

    def asked(interface):
        act()
        return address(interface)

    monkeypatch.setattr(radio, "address", asked)


def test_out_of_memory_in_a_page_is_answered_as_such_and_the_portal_goes_on(scene, monkeypatch):
    def no_room():
        raise MemoryError

    with monkeypatch.context() as patch:
        before_each_answer(scene, patch, no_room)
        assert scene.phone.get(b"/").status == 503
    alive(scene)


def test_when_memory_is_short_the_code_of_the_last_page_makes_room(scene, monkeypatch):
    from device.seldom import Seldom  # the one that is in use now

    rest, rested = Seldom.rest, []

    def short():
        if not rested:
            raise MemoryError

    before_each_answer(scene, monkeypatch, short)
    monkeypatch.setattr(Seldom, "rest", lambda self: rested.append(rest(self)))
    assert scene.phone.get(b"/").status == 200
    assert len(rested) == 1


def test_a_client_for_whom_memory_is_short_is_answered_when_another_one_is_done(scene, monkeypatch):
    room = []

    def short():
        if not room:
            raise MemoryError

    before_each_answer(scene, monkeypatch, short)
    first = scene.phone.connect()
    scene.settle()
    second = scene.phone.connect()
    second.deliver(PAGE)
    scene.settle()
    assert second.out == b"" and not second.closed
    room.append(True)
    first.hang_up()
    scene.settle()
    assert second.out.startswith(b"HTTP/1.1 200") and second.closed


@pytest.mark.parametrize("size", [1, 600, 1024, 1536])
def test_a_form_that_fills_its_buffer_waits_for_memory_like_any_other(scene, monkeypatch, size):
    refusals = [MemoryError] * 6

    def short():
        if refusals:
            raise refusals.pop()

    before_each_answer(scene, monkeypatch, short)
    answer = scene.phone.post(b"/connect", b"x" * size)
    assert answer.status == 422
    assert refusals == []


def test_clients_that_all_wait_for_memory_do_not_wait_for_each_other(scene, monkeypatch):
    def no_room():
        raise MemoryError

    before_each_answer(scene, monkeypatch, no_room)
    socks = [scene.phone.connect() for _ in range(clients.CONNECTIONS_LIMIT)]
    scene.settle()
    for sock in socks:
        sock.deliver(PAGE)
    scene.run_for(clients.WAIT_FOR_MEMORY_MS - 500)
    assert not any(sock.closed for sock in socks)  # memory may come back
    scene.run_for(1000)
    assert all(sock.closed and b" 503 " in sock.out for sock in socks)


def test_without_room_for_another_client_it_waits_in_the_queue_unharmed(scene, monkeypatch):
    full = [True]
    first = scene.phone.connect()
    first.deliver(b"GET / HT")
    scene.settle()
    from device.net.connection import Connection  # the one that is in use now

    make = Connection.__init__

    def short(self, now):
        if full:
            raise MemoryError
        make(self, now)

    monkeypatch.setattr(Connection, "__init__", short)
    second = scene.phone.connect()
    second.deliver(PAGE)
    scene.run_for(500)  # time passes: the board does not spin
    assert not second.closed and scene.hardware.listener.incoming == [second]
    full.clear()
    first.hang_up()
    scene.settle()
    assert second.out.startswith(b"HTTP/1.1 200") and second.closed


def test_a_client_that_cannot_even_be_watched_is_closed_and_leaves_no_trace(scene, monkeypatch):
    def no_room(*_):
        raise MemoryError

    sock = scene.phone.connect()
    with monkeypatch.context() as patch:
        patch.setattr(scene.context.portal.poller, "register", no_room)
        scene.settle()
    assert sock.closed
    alive(scene)
    assert held(scene) == []


def test_a_fault_in_a_page_is_reported_and_the_portal_goes_on(scene, monkeypatch, capsys):
    def broken(*_):
        raise KeyError("oops")

    with monkeypatch.context() as patch:
        patch.setattr(scene.hardware, "page", broken)
        assert scene.phone.get(b"/").status == 500
    assert "oops" in capsys.readouterr().out
    alive(scene)


def test_strangers_from_other_networks_get_no_names(scene):
    scene.hardware.dns.incoming.append((QUERY, ("192.168.1.77", 4711)))
    scene.turn()
    assert scene.hardware.dns.answers == []


def test_hostile_datagrams_are_dropped_or_answered(scene):
    seed = 20261121
    print("seed", seed)
    chance = random.Random(seed)
    for _ in range(2000):
        data = bytearray(QUERY)
        for _ in range(chance.randrange(1, 6)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        scene.hardware.dns.incoming.append((bytes(data[: chance.randrange(len(data) + 1)]), ("192.168.4.2", 4711)))
        scene.turn()
    alive(scene)


def test_hostile_bytes_over_tcp_never_stop_the_portal(scene):
    seed = 20261121
    print("seed", seed)
    chance = random.Random(seed)
    whole = b"POST /connect HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Length: 29\r\n\r\nssid=Nowhere&password=x%20y&z"
    for _ in range(300):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(len(data))] = chance.choice(b"\0\r\n: %/\xff?&=09Az")
        sock = scene.phone.connect()
        sock.deliver(bytes(data), chance.choice((1, 13, 536)))
        sock.hang_up()
        for _ in range(300):
            if sock.closed:
                break
            scene.turn()
        assert sock.closed
    alive(scene)

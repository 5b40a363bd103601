"""Names from the air and forms from strangers: shown they do nothing, submitted they arrive byte for byte, and none of
what clients do takes the portal down.
"""

import json
import socket
import sys
import time
import unicodedata

import pytest

from device.net.text import text

from .boards import bench_fixture, images_fixture  # noqa: F401
from .fakes import FakeSocket, Router
from .forms import Page
from .scene import Scene
from .test_outside import OPEN, request, status, status_of

KEY = b"correct horse"
OWN = b"Host: 192.168.4.1\r\n"
NAMES = {
    "a script": b"<script>alert(1)</script>",
    "an attribute": b"\"onfocus=alert(1) autofocus x='",
    "an image": b"'\"><img src=x onerror=alert(1)>",
    "the end of all": b"</form></main></style></script>",
    "a comment": b"<!--",
    "character data": b"]]><![CDATA[<b>",
    "entities": b"&lt;b&gt;&amp;&#39;&quot;&copy",
    "ampersands": b"&" * 32,
    "quotes": b"\"'" * 16,
    "angles": b"<" * 32,
    "a template": b"{{name}}{{{ssid}}}{{>row.html}}",
    "a format": b"%s%d%(ssid)s{0}%n%00%zz",
    "a form": b"a+b&ssid=c&pick=64;e=f %2B",
    "a path": b"../../etc/passwd",
    "JSON": b'","ssid":"x"},{"a":"\\u0041\\',
    "an expression": b"'; DROP TABLE networks; --",
    "spaces": b"  two  ",
    "a space": b" ",
    "a backslash": b"\\",
    "a line break": b"a\r\nSet-Cookie: x=1",
    "a tab": b"a\tb",
    "an escape sequence": b"\x1b[31mred\x1b]0;title\x07",
    "a delete": b"a\x7fb",
    "controls above ASCII": "a\x85\x9bb".encode(),
    "right to left": "\u202egnp.exe".encode(),
    "isolates": "a\u2066\u2067\u2068b\u2069".encode(),
    "marks of direction": "a\u200e\u200f\u061cb".encode(),
    "Hebrew": "בית שלום".encode(),
    "Arabic": "بيت".encode(),
    "two bytes that are no text": b"\xff\xfe",
    "overlong": b"\xc0\xaf\xe0\x80\xaf",
    "a surrogate": b"\xed\xa0\x80x",
    "above Unicode": b"\xf4\x90\x80\x80",
    "a character that is cut": b"caf\xc3",
    "Latin-1": b"caf\xe9",
    "emoji": "😀🏠👨‍👩‍👧".encode(),
    "32 letters": b"x" * 32,
    "32 bytes of emoji": "😀".encode() * 8,
    "32 bytes that are no text": b"\xff" * 32,
    "32 bytes of Chinese, cut": "家".encode() * 10 + b"\xe5\xae",
    "combined": "e\u0301\u0301\u0301\u0301".encode(),
    "no character": "a\ufeffb\uffffc\u2028d".encode(),
    "as if picked": b"486f6d65",
    "every byte below 32": bytes(range(1, 33)),
}
# What the setup page consists of, whatever the names are: one that can be shown, and one that cannot.
HARMLESS = (b"Home", b"\xff")
CANNOT_BE_JOINED = b"a\0b"
DIRECTION = {"RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"}
RESTED_S = 3  # after it the code for clients has left the memory
LOSS_LIMIT_BYTES = 500
MARKS = "\u200e\u200f\u061c"


def by_name(names=NAMES):
    return pytest.mark.parametrize("ssid", names.values(), ids=names)


def portal(*routers):
    scene = Scene(*routers)
    scene.hardware.access_point.phones = 1
    scene.settle()
    return scene


def shows_harmlessly(body):
    """The page, once it is sure that its text holds nothing that acts on a terminal or on the text around it."""
    page = Page(body)
    for shown in (page.text, *page.values):
        for sign in shown:
            assert sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs"), ascii(shown)
            assert unicodedata.bidirectional(sign) not in DIRECTION and sign not in MARKS, ascii(shown)
    return page


def pages(get):
    """{path: Page} of everything that shows names. get(path) -> body."""
    return {path: shows_harmlessly(get(path)) for path in (b"/", b"/status", b"/forget")}


def life(ssid, key=KEY):
    """Yield ({path: Page}, scene) at each stage of a network's way through the portal."""
    scene = portal(Router(ssid, key))

    def stage():
        return pages(lambda path: scene.phone.get(path).body), scene

    yield stage()
    form = shows_harmlessly(scene.phone.get(b"/").body).form("/connect")
    refused = scene.phone.post(b"/connect", form.encoded({"password": b"short"}, form.radios()[0]))
    assert refused.status == 422
    yield {b"422": shows_harmlessly(refused.body)}, scene
    assert scene.phone.post(b"/connect", form.encoded({"password": b"wrong horse"}, form.radios()[0])).status == 303
    yield stage()
    busy = scene.phone.post(b"/connect", form.encoded({"password": key}, form.radios()[0]))
    assert busy.status == 409
    yield {b"409": shows_harmlessly(busy.body)}, scene
    scene.until("connecting", 5_000)
    scene.until("portal", 60_000)
    yield stage()
    again = shows_harmlessly(scene.phone.get(b"/").body).form("/connect")
    assert scene.phone.post(b"/connect", again.encoded({"password": key})).status == 303  # the row is still checked
    scene.until("connected", 10_000)
    yield stage()


@pytest.fixture(scope="module")
def harmless():
    """For each stage the structures that its pages may have."""
    return [
        {path: a[path].structure | b[path].structure for path in a}
        for (a, _), (b, _) in zip(*map(life, HARMLESS), strict=True)
    ]


# Names


@by_name()
def test_a_name_does_nothing_on_any_page_and_returns_byte_for_byte(ssid, harmless):
    scene = None
    for (shown, scene), allowed in zip(life(ssid), harmless, strict=True):
        for path, page in shown.items():
            assert page.structure <= allowed[path], path
        for path in (b"/api/networks", b"/api/status"):
            json.loads(scene.phone.get(path).body.decode())
    assert scene.hardware.station.target == (ssid, KEY) and scene.saved() == {ssid: KEY}


@by_name()
def test_a_name_that_can_be_typed_is_taken_as_it_was_typed(ssid):
    scene = portal(Router(b"Other", KEY))
    form = Page(scene.phone.get(b"/").body).form("/connect")
    answer = scene.phone.post(b"/connect", form.encoded({"ssid": ssid, "password": KEY}))
    assert answer.status == 303 and scene.context.attempt.network.ssid == ssid


@by_name()
def test_what_was_typed_is_put_back_unharmed(ssid):
    scene = portal(Router(b"Other", KEY))

    def refused(typed):
        form = Page(scene.phone.get(b"/").body).form("/connect")
        return shows_harmlessly(scene.phone.post(b"/connect", form.encoded({"ssid": typed, "password": b"short"})).body)

    page = refused(ssid)
    assert page.structure == refused(b"Harmless").structure
    again = scene.phone.post(b"/connect", page.form("/connect").encoded({"password": KEY}))
    if text(ssid) == ssid:  # what cannot be shown cannot be typed either
        assert again.status == 303 and scene.context.attempt.network.ssid == ssid
    else:
        assert again.status in (303, 422)


def test_a_name_with_a_zero_byte_is_shown_and_refused():
    scene = portal(Router(CANNOT_BE_JOINED, KEY))
    page = shows_harmlessly(scene.phone.get(b"/").body)
    form = page.form("/connect")
    assert scene.phone.post(b"/connect", form.encoded({"password": KEY}, form.radios()[0])).status == 422
    assert not scene.context.submitted


def test_forty_hostile_names_at_once_are_a_list_of_the_strongest(harmless):
    names = [bytes([number]) * 32 for number in range(0xD8, 0x100)]
    scene = portal(*[Router(name, KEY, rssi=-40 - at) for at, name in enumerate(names)])
    rows = json.loads(scene.phone.get(b"/api/networks").body)
    page = shows_harmlessly(scene.phone.get(b"/").body)
    radios = page.form("/connect").radios()
    assert len(radios) == len(rows) == 24 and page.structure <= harmless[0][b"/"]
    for at in (0, 11, 23):
        body = page.form("/connect").encoded({"password": KEY}, radios[at])
        assert scene.phone.post(b"/connect", body).status == 303
        assert scene.context.attempt.network.ssid == names[at]
        scene.until("connecting", 5_000)
        scene.hardware.routers.clear()
        scene.until("portal", 60_000)


@pytest.mark.parametrize("first, second", [((KEY, 3), (b"", 0)), ((b"", 0), (KEY, 3)), ((KEY, 4), (b"12345", 1))])
def test_a_name_with_two_securities_is_one_row_and_can_be_joined(first, second):
    routers = [Router(b"Twin", key, rssi=rssi, auth=auth) for (key, auth), rssi in ((first, -40), (second, -70))]
    scene = portal(*routers)
    form = Page(scene.phone.get(b"/").body).form("/connect")
    assert len(form.radios()) == 1
    assert scene.phone.post(b"/connect", form.encoded({"password": first[0]}, form.radios()[0])).status == 303
    scene.until("connected", 10_000)
    assert scene.hardware.station.target == (b"Twin", first[0])


# Forms


@pytest.mark.parametrize(
    "body, code",
    [
        (b"ssid=Home&ssid=Home&password=correct+horse", 303),
        (b"ssid=Home&ssid=&password=correct+horse", 303),
        (b"ssid=&ssid=Home&password=correct+horse", 303),
        (b"ssid=Home&ssid=Other&password=correct+horse", 422),
        (b"pick=486f6d65&ssid=Home&password=correct+horse", 303),
        (b"pick=486f6d65&pick=486f6d65&password=correct+horse", 400),
        (b"pick=486f6d65&ssid=Other&password=correct+horse", 422),
        (b"ssid=Home&ssid=Home&ssid=Home&password=correct+horse", 400),
        (b"ssid=Home&password=correct+horse&password=correct+horse", 400),
        (b"password=correct+horse", 422),
        (b"ssid=Home", 422),
        (b"pick=486f6d65", 422),
        (b"", 422),
        (b"&&&&", 422),
        (b"=&=&=", 422),
        (b"SSID=Home&PASSWORD=correct+horse", 422),
        (b"ssid=Home&password=%zz", 400),
        (b"ssid=Home&password=%", 400),
        (b"ssid=%4&password=correct+horse", 400),
        (b"pick=4&password=correct+horse", 400),
        (b"pick=zz&password=correct+horse", 400),
        (b"pick=" + b"41" * 33 + b"&password=correct+horse", 422),
        (b"&".join(b"a%d=%d" % (n, n) for n in range(40)), 413),
        (b"&".join([b"x"] * 500), 413),
        (b"&".join(b"%x" % n for n in range(250)), 413),
        (b"&".join(b"f.%d=1" % n for n in range(1000)), 413),
    ],
)
def test_a_form_with_repeated_missing_or_too_many_fields_is_answered(body, code):
    scene = portal(Router(b"Home", KEY))
    answer = scene.phone.post(b"/connect", body)
    assert answer.status == code and int(answer.fields[b"content-length"]) == len(answer.body)
    assert (scene.context.attempt is not None) == (code == 303)
    if code == 303:
        network = scene.context.attempt.network
        assert (network.ssid, network.key) == (b"Home", KEY)
    assert b"horse" not in answer.body


def test_the_second_of_two_phones_is_told_that_an_attempt_is_running_and_changes_nothing():
    scene = portal(Router(b"Home", KEY), Router(b"Cafe", b""))
    phones = [scene.phone.connect() for _ in range(2)]
    for sock, ssid in zip(phones, (b"Home", b"Cafe"), strict=True):
        body = b"ssid=" + ssid + b"&password=correct+horse"
        sock.deliver(request(b"/connect", b"POST", body, b"192.168.4.1"))
    while not all(sock.closed for sock in phones):
        scene.turn()
    assert [status_of(sock.out) for sock in phones] == [303, 409]
    for path, body in ((b"/connect", b"ssid=Cafe"), (b"/scan", b""), (b"/forget", b"confirm=yes")):
        assert scene.phone.post(path, body).status == 409
    scene.until("connected", 10_000)
    assert scene.hardware.station.target == (b"Home", KEY) and scene.saved() == {b"Home": KEY}


# Clients


def rests(scene):
    """Nothing is left of any client."""
    scene.run_for(30_000)
    sockets = scene.context.portal.poller.masks
    assert set(sockets) == {scene.hardware.dns, scene.hardware.listener}
    assert scene.phone.get(b"/").status == 200


def test_of_requests_in_a_row_on_one_connection_the_first_is_answered_and_no_other_done():
    scene = portal(Router(b"Home", KEY))
    post = request(b"/connect", b"POST", b"ssid=Home&password=correct+horse", b"192.168.4.1")
    for first in (b"/", b"/generate_204"):
        for segment in (536, 61):
            sock = scene.phone.connect()
            sock.deliver(request(first, host=b"192.168.4.1") + post * 8, segment)
            scene.run_for(2_000)
            assert sock.closed and sock.out.count(b"HTTP/1.1 ") == 1
    assert scene.context.attempt is None
    rests(scene)


@pytest.mark.parametrize("silent", [3, 5, 8])
def test_a_page_comes_while_others_say_nothing(silent):
    scene = portal()
    others = [scene.phone.connect() for _ in range(silent)]
    scene.settle()
    start = scene.now
    assert scene.phone.get(b"/").status == 200
    assert scene.now - start < 3_000
    rests(scene)
    assert all(sock.closed for sock in others)


def test_clients_that_send_a_byte_now_and_then_hold_the_portal_for_a_while_only():
    scene = portal()
    slow = [scene.phone.connect() for _ in range(8)]
    asking = None
    for turn in range(60):
        for sock in slow:
            if not sock.closed:
                sock.deliver(b"GET / HTTP/1.1\r\nX-Slow: a slow one"[turn : turn + 1])
        scene.run_for(1_000)
        if turn == 2:
            asking = scene.phone.connect()
            asking.deliver(b"GET / HTTP/1.1\r\n" + OWN + b"\r\n")
    assert all(sock.closed for sock in slow) and asking.out.startswith(b"HTTP/1.1 200 ")
    rests(scene)


@pytest.mark.parametrize(
    "head", [b"X: " + b"y" * 20_000, b"X: y\r\n" * 3_000, b"Cookie: a=" + b"b" * 18_000 + b"\r\nX: y", b"\r\n" * 10_000]
)
def test_a_head_of_20_kb_is_read_and_refused(head):
    scene = portal()
    answer = scene.phone.request(b"GET / HTTP/1.1\r\n" + OWN + head + b"\r\n\r\n")
    assert answer.status in (200, 431) and int(answer.fields[b"content-length"]) == len(answer.body)
    rests(scene)


def test_memory_that_does_not_even_suffice_for_making_room_ends_nothing(monkeypatch):
    scene = portal()

    def no_room(*_):
        raise MemoryError

    seldom = sys.modules["device.seldom"]  # as it is now in use
    with monkeypatch.context() as patch:
        patch.setattr(seldom, "make_room", no_room)
        patch.delitem(sys.modules, "device.net.respond", raising=False)  # it is read again, and takes that one
        patch.setattr(seldom.Seldom, "rest", no_room)
        clients = [scene.phone.connect() for _ in range(4)]
        for sock in clients:
            sock.deliver(request(host=b"192.168.4.1"))
        scene.run_for(30_000)
    assert all(sock.closed for sock in clients)
    rests(scene)


def test_who_waits_for_memory_is_tried_again_until_there_is_some(monkeypatch):
    scene = portal()
    first, second = scene.phone.connect(), scene.phone.connect()
    short = [True]
    seldom = sys.modules["device.seldom"]  # as it is now in use

    def make_room(names, ready=seldom.make_room):
        if short[0] and names.startswith("net.http"):  # to begin with an answer
            raise MemoryError
        ready(names)

    monkeypatch.setattr(seldom, "make_room", make_room)
    monkeypatch.delitem(sys.modules, "device.net.respond", raising=False)  # it is read again, and takes that one
    second.deliver(request(host=b"192.168.4.1"))
    scene.run_for(200)
    connection = sys.modules["device.net.connection"].Connection  # as it is now in use

    def make_ready(self, ready=connection.make_ready):
        if short[0] and self.waits_for_memory():
            raise MemoryError
        ready(self)

    monkeypatch.setattr(connection, "make_ready", make_ready)
    first.hang_up()  # now the second one is tried again, in vain
    scene.run_for(200)
    assert first.closed and not second.closed and second.out == b""
    short[0] = False
    scene.run_for(200)
    assert status_of(second.out) == 200 and second.closed


def test_a_portal_that_lived_through_all_of_it_is_as_before():
    scene = portal(*[Router(ssid, KEY) for ssid in NAMES.values()])
    for _ in range(3):
        for data in (
            b"\x16\x03\x01", b"GET", b"POST /connect HTTP/1.1\r\n" + OWN + b"Content-Length: 900\r\n\r\nssid=",
            b"GET / HTTP/1.1\r\n" + OWN + b"\r\n" * 9, b"\0" * 3000, b"POST /scan HTTP/1.1\r\n" + OWN + b"\r\n",
        ):  # fmt: skip
            for segment in (1, 536):
                scene.phone.connect().deliver(data, segment)
                gone = FakeSocket()
                gone.deliver(data, segment)
                gone.hang_up()
                scene.hardware.listener.incoming.append(gone)
            scene.run_for(500)
    rests(scene)


# The same on a board


def air(names, **more):
    """Hostile names for an air file; all of them take the same key."""
    return {
        "networks": [
            {"ssid_hex": ssid.hex(), "key": KEY.decode(), "rssi": -30 - at, "join_ms": 300} | more
            for at, ssid in enumerate(names)
        ],
        "phones": 1,
    }


def body_of(answer):
    return answer.partition(b"\r\n\r\n")[2]


@pytest.mark.board
def test_a_board_shows_forty_hostile_names_harmlessly_and_joins_the_one_that_was_picked(bench, harmless):
    names = sorted(NAMES.values(), key=lambda ssid: text(ssid) == ssid)[:40]  # first those that cannot be shown
    board = bench.start(firmware=True, air=air(names))
    board.wait_for(OPEN)
    page = shows_harmlessly(body_of(board.http(request())))
    form = page.form("/connect")
    assert len(form.radios()) == 24 and page.structure <= harmless[0][b"/"]
    assert len(json.loads(body_of(board.http(request(b"/api/networks"))))) == 24
    body = form.encoded({"password": b"short"}, form.radios()[1])
    refused = board.http(request(b"/connect", b"POST", body))
    page = shows_harmlessly(body_of(refused))
    assert status_of(refused) == 422 and page.structure <= harmless[0][b"/"] | harmless[1][b"422"]
    body = page.form("/connect").encoded({"password": KEY})
    assert status_of(board.http(request(b"/connect", b"POST", body))) == 303
    board.wait_for("got_ip connected")
    for path, shown in pages(lambda path: body_of(board.http(request(path)))).items():
        assert shown.structure <= harmless[-1][path]
    board.power_cut()
    again = bench.start(board.flash, air=air([names[1]]))
    again.wait_for("try_saved got_ip connected")  # so exactly these bytes were saved


def dialled(board, data=b""):
    client = socket.create_connection(("127.0.0.1", board.http_port), 5)
    client.sendall(data)
    return client


def reloaded(board, path):
    """The status of a page for a person who reloads it if memory was short at first."""
    for _ in range(3):
        try:
            code = status_of(board.http(request(path), timeout=30))
        except OSError:
            code = 0
        if code not in (0, 503):
            break
    return code


def free_memory(board):
    """Bytes of the board's heap that are free once it has rested. The program is interrupted for it."""
    return int(board.mpremote("resume", "exec", "import gc; gc.collect(); print(gc.mem_free())"))


ABUSES = (
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" * 20,  # in a row
    b"GET / HTTP/1.1\r\nX: " + b"y" * 20_000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 3_400 + b"\r\n",
    b"POST /connect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999\r\n\r\n" + b"&".join([b"x"] * 500),
    b"POST /connect HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 4\r\n\r\nssid",
    b"POST /connect HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil.example\r\nContent-Length: 4\r\n\r\nssid",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"\r\n" * 2_000,
)


@pytest.mark.board
def test_a_board_serves_and_has_its_memory_back_after_all_that_clients_can_do(bench):
    plain, abused = (bench.start(firmware=True, air=air(list(NAMES.values())[:10])) for _ in range(2))
    for board in (plain, abused):
        board.wait_for(OPEN)
        assert status_of(board.http(request())) == 200
    clients = []
    for data in ABUSES:
        try:
            clients.append(dialled(abused, data))
            assert status_of(clients[-1].recv(4096)) in (0, 200, 302, 400, 403, 413, 415, 431), data[:60]
        except OSError:
            pass  # it may be reset for what it sends
        clients.append(dialled(abused, b"GET / HT"))  # and one that waits, but leaves for the next one
        if len(clients) > 3:
            for client in clients:
                client.close()
            clients.clear()
        assert reloaded(abused, b"/status") == 200, data[:60]
    idle = [dialled(abused) for _ in range(4)]
    slow = dialled(abused, b"GET / HTTP/1.1\r\n")
    assert [reloaded(abused, path) for path in (b"/", b"/generate_204", b"/api/status")] == [200, 302, 200]
    for client in (*clients, *idle, slow):
        client.close()
    assert [status_of(abused.http(request(path))) for path in (b"/", b"/generate_204", b"/status")] == [200, 302, 200]
    assert status(abused)["state"] == "portal"
    assert not [line for line in abused.lines if "Error" in line]
    time.sleep(RESTED_S)
    lost = free_memory(plain) - free_memory(abused)
    print("bytes lost", lost)
    assert lost < LOSS_LIMIT_BYTES


def test_the_code_of_pages_is_the_same_wherever_it_is_let_go():
    from device import seldom
    from device.net import respond

    assert respond.RENDERING == seldom.RENDERING  # twice, as an import would stay on the chip's heap

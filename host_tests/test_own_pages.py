"""The owner's own pages on fakes: routes, methods and arguments, what comes back, who has the port, who has to go."""

import email.utils
import json
import time

import pytest

from device.net import router
from device.net.clients import CONNECTIONS_LIMIT
from device.net.connection import IDLE_TIMEOUT_MS, TOTAL_TIMEOUT_MS
from device.net.date import date
from device.net.form import unquote
from device.net.http import BODY_LIMIT_BYTES
from device.net.web import LISTEN_AGAIN_MS, Reply, Site

from .fakes import Answer, FakeListener, FakePoll
from .sites import SiteScene, SlowReader


@pytest.fixture(autouse=True)
def told(monkeypatch):
    """Exceptions that the board printed."""
    import sys

    found = []
    monkeypatch.setattr(sys, "print_exception", found.append, raising=False)
    return found


@pytest.fixture
def scene():
    return SiteScene()


def dechunked(body):
    out = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            assert body == b"\r\n"
            return out
        out += body[: int(size, 16)]
        assert body[int(size, 16) :][:2] == b"\r\n"
        body = body[int(size, 16) + 2 :]


# Routes: what the founding documents ask for.


def find(routes, path, method):
    return router.find(routes, path, unquote(path), method)


def routes():
    """The endpoints of the example there."""
    return [
        (b"/default", b" GET ", 0, False, "default"),
        (b"/refreshme", b" GET ", b"?", False, "refreshme"),
        (b"/debug", b" GET POST ", 1, False, "debug"),
        (b"/debug/sub", b" GET ", b"*", True, "sub"),
    ]


@pytest.mark.parametrize(
    "path, method, handler, args",
    [
        (b"/debug/sub/..//foo/../bar/./baz", b"GET", "sub", b"..//foo/../bar/./baz"),
        (b"/debug/foo/../bar", b"GET", "debug", b"bar"),
        (b"/debug/../default", b"GET", "default", b""),
        (b"/debug/%2e%2E/default", b"GET", "default", b""),
        (b"//default/", b"HEAD", "default", b""),
        (b"/refreshme", b"GET", "refreshme", b""),
        (b"/refreshme/5", b"GET", "refreshme", b"5"),
        (b"/debug/a%2Fb", b"POST", "debug", b"a/b"),
        (b"/debug/sub", b"GET", "sub", b""),
        (b"/debug/sub/a%2fb", b"GET", "sub", b"a%2fb"),
    ],
)
def test_a_path_leads_to_its_handler_with_what_is_behind_it(path, method, handler, args):
    found, _, taken, _ = find(routes(), path, method)
    assert (found, b"/".join(taken)) == (handler, args)


@pytest.mark.parametrize("path", [b"/debug/../bar", b"/debug/foo/bar", b"/debug", b"/refreshme/5/6", b"/", b"/defaul"])
def test_a_path_without_a_route_or_with_too_few_or_too_many_segments_has_no_page(path):
    handler, _, args, allowed = find(routes(), path, b"GET")
    assert (handler, args, allowed) == (None, (), b"")


def test_another_method_is_told_which_are_allowed():
    assert find(routes(), b"/default", b"POST")[0::3] == (None, b"GET, HEAD, OPTIONS")
    assert find(routes(), b"/debug/x", b"PUT")[0::3] == (None, b"GET, POST, HEAD, OPTIONS")


def test_the_longest_route_wins_and_of_equal_ones_the_one_for_the_method():
    both = [(b"/a", b" GET ", b"*", False, 1), (b"/a/b", b" GET ", 0, False, 2), (b"/a/b", b" POST ", 0, False, 3)]
    assert find(both, b"/a/b", b"GET")[0] == 2
    assert find(both, b"/a/b", b"POST")[0] == 3
    assert find(both, b"/a/b/c", b"GET")[0] == 1
    assert find(both, b"/a/b", b"PUT")[3] == b"GET, HEAD, POST, OPTIONS"


def test_a_route_that_could_never_be_taken_is_a_fault_at_once(scene):
    for path, args in (("/a", 0), (b"a", 0), (b"", 0), (b"/a", "*")):
        with pytest.raises(ValueError):
            scene.site.route(path, args=args)


def test_rules_see_the_path_that_the_handler_is_chosen_by(scene):
    seen = []
    scene.site.rule(lambda request: seen.append(request.path))
    scene.site.route(b"/raw", args=b"*", raw=True)(lambda request: b"")
    scene.site.route(b"/plain", args=b"*")(lambda request: b"")
    scene.ask(b"/raw/../plain/x?q")
    scene.ask(b"/plain/../plain/%78")
    assert seen == [b"/raw/../plain/x", b"/plain/x"]


# Answers.


def test_what_a_handler_returns_becomes_the_answer(scene):
    answers = {
        b"/bytes": (b"21.5", 200, b"text/plain; charset=utf-8", b"21.5"),
        b"/text": ("21.5 \u00b0C", 200, b"text/plain; charset=utf-8", "21.5 \u00b0C".encode()),
        b"/dict": ({"celsius": 21.5}, 200, b"application/json", b'{"celsius": 21.5}'),
        b"/list": ([1, 2], 200, b"application/json", b"[1, 2]"),
        b"/tuple": ((b"made", 201), 201, b"text/plain; charset=utf-8", b"made"),
        b"/none": (None, 204, None, b""),
        b"/status": (202, 202, None, b""),
        b"/html": (Reply(b"<p>", type=b"text/html"), 200, b"text/html; charset=utf-8", b"<p>"),
        b"/png": (Reply(b"\x89", 200, b"image/png", [(b"X-A", b"b")]), 200, b"image/png", b"\x89"),
    }
    for path, (value, *_) in answers.items():
        scene.site.route(path)(lambda request, value=value: value)
    for path, (_, status, kind, body) in answers.items():
        answer = scene.ask(path)
        assert (answer.status, answer.fields.get(b"content-type"), answer.body) == (status, kind, body), path
        assert answer.fields.get(b"content-length") == (None if status == 204 else b"%d" % len(body))
        assert answer.fields[b"server"] == b"Homeport" and answer.fields[b"cache-control"] == b"no-store"
    assert scene.ask(b"/png").fields[b"x-a"] == b"b"


def test_an_iterator_is_sent_as_it_comes_in_the_framing_of_the_clients_version(scene):
    scene.site.route(b"/rows")(lambda request: (b"row %d\n" % n * 60 for n in range(5)))
    rows = b"".join(b"row %d\n" % n * 60 for n in range(5))
    answer = scene.ask(b"/rows")
    assert answer.fields[b"transfer-encoding"] == b"chunked" and dechunked(answer.body) == rows
    old = Answer(scene.raw(b"GET /rows HTTP/1.0\r\n\r\n"))
    assert old.body == rows and b"content-length" not in old.fields and b"transfer-encoding" not in old.fields
    assert scene.raw(b"GET /rows\r\n") == rows


def test_head_is_answered_as_get_without_the_body_and_the_handler_need_not_know(scene):
    tidied = []

    def rows():
        try:
            yield b"x"
        finally:
            tidied.append(True)

    scene.site.route(b"/bytes")(lambda request: b"21.5")
    scene.site.route(b"/rows")(lambda request: rows())
    scene.site.route(b"/other", b"POST")(lambda request: b"")
    answer = scene.ask(b"/bytes", b"HEAD")
    assert (answer.status, answer.body, answer.fields[b"content-length"]) == (200, b"", b"4")
    assert scene.ask(b"/rows", b"HEAD").body == b"" and not tidied  # never begun
    for path in (b"/bytes", b"/rows", b"/none", b"/other", b"/bytes/x"):
        answer, short = scene.ask(path), scene.ask(path, b"HEAD")
        assert (short.status, short.fields, short.body) == (answer.status, answer.fields, b""), path
    tidied.clear()


def test_options_tells_what_a_path_takes_and_is_the_handlers_if_it_wants_it(scene):
    scene.site.route(b"/a", b"GET POST")(lambda request: b"")
    scene.site.route(b"/b", b"OPTIONS")(lambda request: b"mine")
    answer = scene.ask(b"/a", b"OPTIONS")
    assert (answer.status, answer.fields[b"allow"]) == (204, b"GET, POST, HEAD, OPTIONS")
    assert scene.ask(b"/b", b"OPTIONS").body == b"mine"
    assert scene.ask(b"*", b"OPTIONS").status == 204
    assert scene.ask(b"/c", b"OPTIONS").status == 404


def test_statuses_are_those_of_the_standard(scene):
    scene.site.route(b"/a")(lambda request: b"")
    assert scene.ask(b"/b").status == 404
    answer = scene.ask(b"/a", b"POST")
    assert (answer.status, answer.fields[b"allow"]) == (405, b"GET, HEAD, OPTIONS")
    assert b"<h1>405 Method Not Allowed</h1><p>The page is there" in answer.body
    assert scene.ask(b"/a", b"BREW").status == 501
    assert b"allow" in scene.ask(b"a:443", b"CONNECT").fields
    assert Answer(scene.raw(b"GET /a HTTP/2.0\r\nHost: a\r\n\r\n")).status == 505
    assert Answer(scene.raw(b"GET /a HTTP/1.1\r\n\r\n")).status == 400
    assert Answer(scene.raw(b"nonsense\r\n\r\n")).status == 400
    assert Answer(scene.raw(b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\nHost: a\r\n\r\n")).status == 414
    assert Answer(scene.raw(b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n")).status == 400


def test_a_fault_in_a_handler_is_told_to_the_owner_and_the_board_goes_on(scene, told):
    def bad(request):
        raise KeyError("kettle")

    def ends():
        yield b"so far"
        raise RuntimeError

    scene.site.route(b"/bad")(bad)
    scene.site.route(b"/odd")(lambda request: Reply(b"", headers=((b"X", b"a\r\nSet-Cookie: b"),)))
    scene.site.route(b"/object")(lambda request: object())
    scene.site.route(b"/stream")(lambda request: ends())
    scene.site.route(b"/number", args=1)(lambda request: int(request.args[0]))
    scene.site.route(b"/good")(lambda request: b"good")
    assert scene.ask(b"/bad").status == 500 and isinstance(told[-1], KeyError)
    odd = scene.ask(b"/odd")
    assert odd.status == 500 and b"Set-Cookie" not in odd.raw
    assert scene.ask(b"/object").body == b""  # it is found out too late for a status
    stream = scene.ask(b"/stream")
    assert stream.body == b"6\r\nso far\r\n"  # without its end, so nobody takes it for all
    assert scene.ask(b"/good").body == b"good" and len(told) == 4
    for number in (b"0", b"21", b"100", b"199", b"600"):  # a reading, or a status that would leave the client waiting
        assert scene.ask(b"/number/" + number).status == 500 and isinstance(told[-1], ValueError), number
    assert scene.ask(b"/number/599").status == 599 and scene.ask(b"/number/200").status == 200


def test_a_request_is_read_with_all_that_it_brings(scene):
    seen = {}

    @scene.site.route(b"/form", b"GET POST", args=b"?")
    def form(request):
        seen.update(request.values())
        seen["args"] = request.args
        seen["more"] = (request.method, request.client, request.header(b"x-none"), request.cookie(b"b"), request.read())
        return 204

    scene.post(b"/form/a%20b?a=1&b=2", b"b=%C3%BC&c=+", fields=(b"Cookie: a=1; b=two; bb=3",))
    assert seen == {
        b"a": b"1", b"b": "\u00fc".encode(), b"c": b" ", "args": (b"a b",),
        "more": (b"POST", "192.168.1.20", None, b"two", b"b=%C3%BC&c=+"),
    }  # fmt: skip


def test_a_generator_may_read_the_request_while_it_is_sent(scene):
    @scene.site.route(b"/lines", b"POST")
    def lines(request):
        for number in range(200):
            yield b"%s %d\n" % (request.values()[b"word"] if number in (0, 199) else b"-" * 40, number)

    for word in (b"short", b"l" + b"o" * 900 + b"ng"):
        body = dechunked(scene.post(b"/lines", b"word=" + word).body)
        assert body.startswith(word + b" 0\n") and body.endswith(word + b" 199\n")


def test_a_field_that_is_too_long_is_not_read_in_part(scene):
    seen = []
    scene.site.route(b"/")(lambda request: seen.append(request.cookie(b"a")))
    assert scene.ask(b"/", fields=(b"Cookie: a=" + b"x" * 300,)).status == 204
    assert scene.ask(b"/", fields=(b"Cookie: a=" + b"x" * 600,)).status == 204
    assert seen == [b"x" * 300, None]


def test_json_is_taken_if_it_is_json_and_says_so(scene):
    @scene.site.route(b"/json", b"POST")
    def doubled(request):
        return {"twice": request.json()["n"] * 2}

    kind = b"application/json; charset=utf-8"
    assert json.loads(scene.post(b"/json", b'{"n": 21}', kind).body) == {"twice": 42}
    for body in (b'{"n": ', b"\xff\xfe", b"[" * 1200):
        assert scene.post(b"/json", body, kind).status == 400
    assert scene.post(b"/json", b'{"n": 21}', b"text/plain").status == 415
    assert scene.post(b"/json", b"n=1").status == 415
    assert scene.post(b"/json", b"[]", kind).status == 500  # not what this handler had in mind


def test_a_body_that_is_too_long_is_refused_before_it_comes(scene):
    called = []
    scene.site.route(b"/up", b"POST")(called.append)
    sock = scene.connect()
    sock.deliver(b"POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n" + b"x" * 5000)
    scene.until_true(lambda: sock.closed)
    assert Answer(sock.out).status == 413 and not called
    assert scene.post(b"/up", b"a" * BODY_LIMIT_BYTES).status == 204 and len(called) == 1


def test_a_handler_that_runs_out_of_memory_is_not_called_again(scene):
    called = []

    @scene.site.route(b"/")
    def hungry(request):
        called.append(request.path)
        raise MemoryError

    answer = scene.ask(b"/")
    assert answer.status == 503 and called == [b"/"]


@pytest.mark.parametrize("module", ["reply", "wire", "visitors"])
def test_a_request_waits_until_there_is_memory_for_the_code_and_is_answered_once(scene, monkeypatch, module):
    import builtins

    called = []
    scene.site.route(b"/")(lambda request: called.append(request.path) or b"mine")
    real = builtins.__import__
    short = [5]

    def refusing(name, *words, **more):
        if short[0] and name == module:
            short[0] -= 1
            raise MemoryError
        return real(name, *words, **more)

    monkeypatch.setattr(builtins, "__import__", refusing)
    assert scene.ask(b"/").body == b"mine"
    assert short == [0] and called == [b"/"]


def test_a_refusal_waits_for_memory_as_well_and_stays_what_it_is(scene, monkeypatch):
    import builtins

    real = builtins.__import__
    short = [5]

    def refusing(name, *words, **more):
        if short[0] and name == "wire":
            short[0] -= 1
            raise MemoryError
        return real(name, *words, **more)

    monkeypatch.setattr(builtins, "__import__", refusing)
    answer = Answer(scene.raw(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n" + b"x" * 3000))
    assert answer.status == 413 and short == [0]


def refuse(monkeypatch, *names):
    """From now on there is no memory for these modules; returns their names, to which more may be added."""
    import builtins

    real = builtins.__import__
    refused = list(names)

    def refusing(name, *words, **more):
        if name in refused:
            raise MemoryError
        return real(name, *words, **more)

    monkeypatch.setattr(builtins, "__import__", refusing)
    return refused


def test_who_waits_for_memory_in_vain_is_told_so(scene, monkeypatch):
    scene.site.route(b"/")(lambda request: b"mine")
    refuse(monkeypatch, "reply")
    before = scene.now
    assert scene.ask(b"/").status == 503
    assert 1_900 < scene.now - before < 4_000


@pytest.mark.parametrize("module", ["http", "clients", "visitors"])
def test_who_cannot_even_be_read_loses_its_place_and_the_next_one_is_served(scene, monkeypatch, module):
    scene.site.route(b"/")(lambda request: b"mine")
    first = scene.connect()
    with monkeypatch.context() as patch:
        refuse(patch, module)
        first.deliver(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 536)
        scene.run_for(TOTAL_TIMEOUT_MS)
    if module == "http":  # without the code that takes clients it waits where they come in
        assert first.closed and not first.out
        assert any("no memory to answer a client" in line for line in scene.lines)
    assert scene.ask(b"/").body == b"mine"


def test_clients_that_wait_for_memory_do_not_keep_the_pages_from_leaving_the_port(scene, monkeypatch):
    scene.site.route(b"/")(lambda request: b"mine")
    refused = refuse(monkeypatch, "reply")
    clients = [scene.connect() for _ in range(2)]
    for client in clients:
        client.deliver(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 536)
    scene.run_for(100)
    refused.append("http")
    scene.site.close()
    assert all(client.closed for client in clients) and scene.context.rendering == 0


def test_a_page_of_another_site_may_link_here_but_not_send(scene):
    scene.site.route(b"/set", b"GET POST")(lambda request: b"set")
    assert scene.ask(b"/set", fields=(b"Origin: http://evil.example",)).status == 200
    for origin in (b"http://evil.example", b"null", b"http://192.168.1.50.evil.example", b"http://192.168.1.50:81"):
        assert scene.post(b"/set", b"", fields=(b"Origin: " + origin,)).status == 403, origin
    assert scene.post(b"/set", b"", fields=(b"Origin: http://192.168.1.50",)).status == 200
    mapped = scene.post(b"/set", b"", fields=(b"Origin: http://127.0.0.1:8080",), host=b"127.0.0.1:8080")
    assert mapped.status == 200


# Rules, headers, log.


def test_rules_headers_and_log_are_asked_for_every_request(scene):
    site = scene.site
    lines = []
    site.log = lines.append
    site.headers = ((b"X-Foo", b"Foobar"),)
    site.no_cache = lambda request: not request.path.endswith(b".js")
    kept = ((b"Cache-Control", b"max-age=60"),)
    for path in (b"/a.js", b"/a.css"):
        site.route(path)(lambda request: Reply(b"x", 200, b"text/css", kept))

    @site.rule
    def denied(request):
        if request.path == b"/forbidden" or request.path.startswith(b"/forbidden/"):
            return b"Access denied", 403

    site.route(b"/forbidden", args=b"*")(lambda request: b"secret")
    for path in (b"/forbidden", b"/forbidden/x", b"/a/../forbidden/x", b"//forbidden", b"/%66orbidden"):
        answer = scene.ask(path)
        assert (answer.status, answer.body) == (403, b"Access denied"), path
        assert answer.fields[b"x-foo"] == b"Foobar" and b"server" not in answer.fields
    assert scene.ask(b"/a.js").fields[b"cache-control"] == b"max-age=60"
    answer = scene.ask(b"/a.css?token=secret")
    assert answer.fields[b"cache-control"] == b"no-store" and answer.raw.count(b"Cache-Control") == 1
    scene.raw(b"GET /a.js\r\n")
    scene.raw(b"nonsense\r\n")
    assert lines[-4:] == [
        '192.168.1.20 "GET /a.js HTTP/1.1" 200 1',
        '192.168.1.20 "GET /a.css HTTP/1.1" 200 1',
        '192.168.1.20 "GET /a.js" 200 1',
        '192.168.1.20 "- -" 400 %d' % len(scene.ask(b"/%zz").body),
    ]


# Connections.


def test_a_connection_is_kept_for_the_next_request_of_one_who_wants_that(scene):
    scene.site.route(b"/a")(lambda request: b"first")
    scene.site.route(b"/b")(lambda request: iter([b"sec", b"ond"]))
    sock = scene.connect()
    for target, end in ((b"/a", b"first"), (b"/b", b"0\r\n\r\n"), (b"/a", b"first")):
        sock.out = b""
        sock.deliver(b"GET " + target + b" HTTP/1.1\r\nHost: a\r\n\r\n")
        scene.until_true(lambda: sock.out.endswith(end))  # noqa: B023
        scene.settle()
        assert not sock.closed and b"Connection: keep-alive" in sock.out
    scene.run_for(IDLE_TIMEOUT_MS + 100)
    assert sock.closed


@pytest.mark.parametrize(
    "request_",
    [
        b"GET /a HTTP/1.0\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: a\r\nConnection: te, close\r\n\r\n",
        b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET /a\r\n",
        b"GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",  # only its end says where it ends
    ],
)
def test_a_connection_ends_where_keeping_it_is_not_wanted_or_does_not_pay(scene, request_):
    scene.site.route(b"/a")(lambda request: b"first")
    scene.site.route(b"/b")(lambda request: iter([b"first"]))
    sock = scene.connect()
    sock.deliver(request_)
    scene.settle()
    assert sock.closed and sock.out
    assert b"keep-alive" not in sock.out


def test_requests_that_come_together_are_answered_one_a_connection(scene):
    scene.site.route(b"/a")(lambda request: b"first")
    sock = scene.connect()
    sock.deliver(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n" * 50)
    scene.until_true(lambda: sock.closed)
    assert not sock.incoming  # else lwIP would reset it, and the answer could be lost
    answer = sock.out
    assert answer.count(b"HTTP/1.1") == 1 and b"Connection: close" in answer and answer.endswith(b"first")


def test_an_old_client_that_asks_for_it_is_kept_too(scene):
    scene.site.route(b"/a")(lambda request: b"first")
    sock = scene.connect()
    sock.deliver(b"GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
    scene.settle()
    assert not sock.closed and b"Connection: keep-alive" in sock.out


def test_a_kept_connection_makes_place_at_once_for_who_waits(scene):
    scene.site.route(b"/a")(lambda request: b"first")
    kept = [scene.connect() for _ in range(CONNECTIONS_LIMIT)]
    for sock in kept:
        sock.deliver(b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
    scene.until_true(lambda: all(sock.out.endswith(b"first") for sock in kept))
    before = scene.now
    assert scene.ask(b"/a").body == b"first"
    assert scene.now - before < 500


def test_slow_clients_lose_their_places_and_others_are_served(scene):
    scene.site.route(b"/big")(lambda request: b"x" * 20_000)
    silent = [scene.connect() for _ in range(CONNECTIONS_LIMIT)]
    slow = scene.connect()
    slow.deliver(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
    slow.room = 0
    scene.run_for(IDLE_TIMEOUT_MS + 3_000)
    assert all(sock.closed for sock in silent)
    scene.run_for(IDLE_TIMEOUT_MS + 3_000)
    assert slow.closed
    assert len(scene.ask(b"/big").body) == 20_000


def test_who_takes_a_byte_now_and_then_does_not_keep_its_place_for_ever(scene):
    scene.site.route(b"/big")(lambda request: b"x" * 20_000)
    drip = scene.connect(sock=SlowReader())
    drip.deliver(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n")
    before = scene.now
    while not drip.closed:
        drip.room = 1
        scene.run_for(1_000)
        assert scene.now - before < TOTAL_TIMEOUT_MS * 3
    assert len(drip.out) < 5_000


def test_a_client_that_vanishes_frees_what_its_page_held(scene):
    tidied = []

    def rows():
        try:
            while True:
                yield b"x" * 100
        finally:
            tidied.append(True)

    scene.site.route(b"/rows")(lambda request: rows())
    sock = scene.connect()
    sock.deliver(b"GET /rows HTTP/1.1\r\nHost: a\r\n\r\n")
    scene.settle()
    assert not sock.closed and not tidied
    sock.error = OSError(104)
    scene.settle()
    assert sock.closed and tidied == [True]


def test_a_page_of_which_much_is_sent_slowly_but_steadily_arrives_whole(scene):
    scene.site.route(b"/long")(lambda request: b"x" * 120_000)
    sock = scene.connect(sock=SlowReader())
    sock.deliver(b"GET /long HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    before = scene.now
    while not sock.closed:
        sock.room = 1072
        scene.run_for(250)
        assert scene.now - before < 120_000
    assert scene.now - before > TOTAL_TIMEOUT_MS and len(Answer(sock.out).body) == 120_000


# Who has the port.


def test_pages_are_served_while_connected_and_port_80_goes_to_the_portal_when_that_opens(scene):
    scene.site.route(b"/")(lambda request: b"mine")
    assert scene.ask(b"/").body == b"mine"
    mine = scene.hardware.listener
    client = scene.connect()
    scene.settle()
    scene.home.up = False
    scene.until("try_saved", 60_000)
    scene.turn()
    assert mine.closed and client.closed
    scene.until("fallback", 600_000)
    scene.settle()
    assert scene.context.portal is not None
    assert b"Wi-Fi" in scene.phone.get(b"/").body
    scene.home.up = True
    scene.until("connected", 600_000)
    scene.run_for(1_000)
    assert scene.context.portal is None
    assert scene.ask(b"/").body == b"mine"


def test_the_portal_gets_port_80_even_if_nobody_steps_the_site_meanwhile(scene):
    mine = scene.hardware.listener
    scene.site = None
    scene.context.portal_requested = True
    scene.run_for(5_000)
    assert mine.closed and scene.context.portal is not None
    assert not [line for line in scene.lines if "cannot listen" in line]


def test_an_access_point_that_is_always_there_keeps_port_80_and_pages_may_have_another():
    scene = SiteScene(settings=b'{"access_point": "always"}')
    scene.run_for(5_000)
    portal = scene.hardware.listener
    assert not [line for line in scene.lines if "cannot listen" in line]
    assert scene.context.portal is not None and not portal.closed
    assert b"Wi-Fi" in scene.phone.get(b"/").body
    other = Site(8080, scene.machine)
    other.route(b"/")(lambda request: b"mine")
    other.step()
    assert scene.hardware.listener is not portal
    scene.site = other
    assert scene.ask(b"/").body == b"mine" and not portal.closed


def test_a_port_that_is_refused_is_asked_for_again(scene):
    scene.site.route(b"/")(lambda request: b"mine")
    scene.site.close()
    scene.hardware.refuse_sockets = True
    scene.run_for(LISTEN_AGAIN_MS)
    assert any("cannot listen" in line for line in scene.lines)
    scene.hardware.refuse_sockets = False
    scene.run_for(LISTEN_AGAIN_MS)
    assert scene.ask(b"/").body == b"mine"


@pytest.mark.parametrize("step", ["poll", "listen", "register"])
def test_a_port_for_which_there_is_no_memory_is_asked_for_again_and_is_free_meanwhile(scene, monkeypatch, step):
    def failing(*words):
        raise MemoryError

    scene.site.route(b"/")(lambda request: b"mine")
    scene.site.close()
    owner = {"poll": scene.hardware, "listen": FakeListener, "register": FakePoll}[step]
    with monkeypatch.context() as patch:
        patch.setattr(owner, step, failing)
        scene.run_for(LISTEN_AGAIN_MS)
        assert any("cannot listen" in line for line in scene.lines)
        listeners = [sock for sock in scene.hardware.sockets if isinstance(sock, FakeListener)]
        assert all(sock.closed for sock in listeners)
    scene.run_for(LISTEN_AGAIN_MS)
    assert scene.ask(b"/").body == b"mine"


def test_the_code_for_clients_leaves_the_memory_when_they_have_been_gone_for_a_while(scene):
    import sys

    scene.site.route(b"/")(lambda request: b"mine")
    scene.ask(b"/")
    assert "device.net.visitors" in sys.modules
    scene.run_for(3_000)
    assert "device.net.visitors" not in sys.modules and "device.net.clients" not in sys.modules
    assert scene.ask(b"/").body == b"mine"


def test_what_clients_hold_is_not_read_a_second_time_while_they_are_there(scene, monkeypatch):
    import sys

    import device
    from device.owner import values

    monkeypatch.setattr(device, "running", scene.context)
    there = []

    @scene.site.route(b"/")
    def hungry(request):
        scene.context.rest()
        values(scene.hardware)
        there.append("device.seldom" in sys.modules)
        return b"mine"

    assert scene.ask(b"/").body == b"mine" and there == [True]
    scene.run_for(3_000)
    scene.context.rest()
    assert "device.seldom" not in sys.modules
    kept = scene.connect()
    scene.until_true(lambda: scene.context.rendering)
    scene.site.close()
    assert kept.closed and not scene.context.rendering


def test_a_program_that_has_a_clock_may_tell_the_time(scene):
    scene.site.route(b"/")(lambda request: b"mine")
    scene.hardware.gmtime = lambda: (2026, 11, 29, 20, 42, 8, 6, 333)
    for own in (b"Sat, 21 Nov 2026 20:42:08 GMT", b"Sat, 21 Nov 2026 20:42:09 GMT"):
        scene.site.headers = ((b"Server", b"Homeport"), (b"Date", own))
        assert scene.ask(b"/").fields[b"date"] == own


@pytest.mark.parametrize("year, told", [(2000, None), (2026, b"Sun, 29 Nov 2026 20:42:08 GMT")])
def test_the_time_is_told_once_somebody_has_set_the_clock(scene, year, told):
    scene.hardware.gmtime = lambda: (year, 11, 29, 20, 42, 8, 6, 333)
    scene.site.route(b"/")(lambda request: b"mine")
    assert scene.ask(b"/").fields.get(b"date") == told


def test_the_time_is_written_as_pythons_library_writes_it():
    for seconds in range(0, 2_000_000_000, 86_399 * 7):
        now = time.gmtime(seconds)
        assert date(now) == email.utils.formatdate(seconds, usegmt=True).encode()


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
@pytest.mark.parametrize("pieces", [[1, 2, 3], [[b"a"]], [object()], [b"whole", 1], [(b"a" for _ in "ab")]])
def test_a_stream_of_what_cannot_be_sent_ends_early_and_the_board_goes_on(scene, told, pieces, version):
    scene.site.route(b"/")(lambda request: iter(pieces))
    scene.site.route(b"/next")(lambda request: b"mine")
    answer = scene.raw(b"GET / " + version + b"\r\nHost: a\r\n\r\n")
    assert not answer.endswith(b"0\r\n\r\n") and len(told) == 1 and isinstance(told[0], TypeError)
    assert scene.ask(b"/next").body == b"mine" and scene.state == "connected"


def test_a_stream_may_say_that_it_has_nothing_for_now_in_several_ways(scene):
    scene.site.route(b"/")(lambda request: iter([b"a", b"", None, "", "\u00fc", bytearray(b"b")]))
    assert dechunked(scene.ask(b"/").body) == "a\u00fcb".encode()


def test_a_log_that_raises_costs_nobody_an_answer(scene, told):
    def log(line):
        raise OSError(28)

    scene.site.log = log
    scene.site.route(b"/")(lambda request: b"mine")
    assert scene.ask(b"/").body == b"mine" and scene.ask(b"/none").status == 404
    assert scene.raw(b"GET /\r\n") == b"mine"
    assert [error.args for error in told] == [(28,)] * 3


def test_a_request_is_logged_once_with_the_status_that_was_sent(scene, told):
    lines = []
    scene.site.log = lines.append
    scene.site.route(b"/")(lambda request: Reply(b"mine", headers=((b"X", b"a\r\nb"),)))
    assert scene.ask(b"/").status == 500 and len(lines) == 1 and '" 500 ' in lines[0]


@pytest.mark.parametrize("path", [b"/a/", b"/a//b", b"//"])
def test_a_route_that_no_request_could_lead_to_is_refused_at_once(scene, path):
    with pytest.raises(ValueError):
        scene.site.route(path)
    scene.site.route(path, raw=True)(lambda request: b"raw")
    assert scene.ask(path).body == b"raw"


def test_who_starves_beside_others_that_move_on_is_named_on_the_console(scene, monkeypatch):
    scene.site.route(b"/")(lambda request: b"mine")
    scene.site.route(b"/news")(lambda request: iter([b"a"] * 3 + [b""] * 100_000))
    listener = scene.connect()
    listener.deliver(b"GET /news HTTP/1.1\r\nHost: a\r\n\r\n", 536)
    scene.until_true(lambda: listener.out)
    first = scene.connect()
    with monkeypatch.context() as patch:
        refuse(patch, "http")
        first.deliver(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 536)
        scene.run_for(IDLE_TIMEOUT_MS + 1_000)
    assert first.closed and any("no memory to answer a client" in line for line in scene.lines)


def test_a_site_finds_the_board_that_runs(monkeypatch):
    import device

    scene = SiteScene()
    monkeypatch.setattr(device, "running", scene.context)
    scene.site.close()
    scene.site = Site()
    scene.site.route(b"/")(lambda request: b"mine")
    scene.settle()
    assert scene.ask(b"/").body == b"mine"



"""What phones and computers really send is answered as they need it, in whatever pieces it arrives: host_tests/corpus.

The rows go through the functions, then through the server with the rest of the device's code, on fake sockets.
"""

import gc
import io
from email.parser import BytesHeaderParser
from urllib.parse import unquote_to_bytes, urlsplit

import pytest

from device.net.dns import PHASE_A, PHASE_B
from device.net.http import HTTPError
from host_tests.corpus import load
from host_tests.corpus.replay import PIECES_BYTES, answer, parse

from . import check
from .fakes import Router
from .scene import Scene

DNS = load("dns.json")
HTTP = load("http.json")
ONLINE = "success"
PHASES = {"A": PHASE_A, "B": PHASE_B}
AGAIN_AFTER_MS = 900  # a client that asks again later than 800 ms, without HTTP, did not like phase A
TURNS_LIMIT = 6000
KEY = b"correct horse"


def by_name(rows):
    return pytest.mark.parametrize("row", rows, ids=[row["name"] for row in rows])


# The functions


def test_there_are_vectors():
    assert len(DNS) >= 380
    assert len([row for row in HTTP if row.get("phase") != ONLINE]) >= 174
    assert len([row for row in HTTP if row.get("phase") == ONLINE]) >= 39
    for rows in (DNS, HTTP):
        assert len({row["name"] for row in rows}) == len(rows)


@by_name(DNS)
def test_a_client_gets_the_dns_answer_that_it_needs(row):
    assert check.dns_problems(row, answer(bytes.fromhex(row["query"]), PHASES[row["phase"]])) == []


@pytest.mark.parametrize("sizes", PIECES_BYTES)
@by_name(HTTP)
def test_a_client_s_request_is_understood_or_refused_as_it_may_be(row, sizes):
    data = row["request"].encode("latin-1")
    refusals = set(row["status"]) - {200, 204, 302, 303, 404}
    try:
        request, body = parse(data, sizes)
    except HTTPError as error:
        assert error.args[0] in refusals
        return
    assert request.complete
    head, wanted_body = split(data)
    line, fields = head.split(b"\n", 1)
    method, target, version = line.split()
    headers = BytesHeaderParser().parse(io.BytesIO(fields))
    absolute = b"://" in target.split(b"?")[0]
    path = "" if target == b"*" else target.decode()
    url = urlsplit(path if absolute else "http://" + headers.get("Host", "") + path)
    host = None
    if absolute or headers["Host"] is not None:
        host = (url.hostname or "").removesuffix(".").encode()
    assert (request.method, request.target, request.version) == (method, target, 10 if version.endswith(b"0") else 11)
    assert request.path == (unquote_to_bytes(url.path) or (b"*" if target == b"*" else b"/"))
    assert request.query == url.query.encode()
    assert request.host == (b"[" + host + b"]" if host and b":" in host else host)
    assert request.port == str(url.port or "").encode()
    assert request.gzip == ("gzip" in headers.get("Accept-Encoding", ""))
    assert request.language == headers.get("Accept-Language", "").encode()[:64]
    assert bool(request.form) == (headers.get("Content-Type") == "application/x-www-form-urlencoded")
    assert request.expects_continue == ("Expect" in headers)
    assert request.origin == (headers["Origin"].encode() if "Origin" in headers else None)
    assert body == wanted_body


def split(data):
    """(head with LF ends, body)."""
    data = data.lstrip(b"\r\n")
    for end in (b"\r\n\r\n", b"\n\n"):
        if end in data:
            head, body = data.split(end, 1)
            return head.replace(b"\r\n", b"\n") + b"\n", body
    raise AssertionError("no end of the head")


# The server


def portal():
    scene = Scene(Router(b"Home", KEY), Router(b"Cafe"))
    scene.hardware.access_point.phones = 1
    scene.settle()
    return scene


def online():
    """A board whose person was just told that it is connected."""
    scene = portal()
    scene.bring_online(b"Home", KEY)
    return scene


def problems(scene, row, pieces):
    """What is wrong with the answer to a row's request that arrives in these pieces."""
    before, start = state(scene), scene.now
    sock = scene.phone.connect()
    sock.incoming += pieces
    ended = None
    for _ in range(TURNS_LIMIT):
        if sock.closed:
            break
        had = len(sock.out)
        scene.turn()
        if len(sock.out) > had:
            ended = scene.now
    unread = ["closed with data unread: the chip resets the connection"] if sock.incoming else []
    unclosed = [] if sock.closed else ["not closed"]
    took_ms = (scene.now if ended is None else ended) - start
    return unread + unclosed + check.http_problems(row, sock.out, took_ms, before == state(scene))


def state(scene):
    context = scene.context
    return context.state, context.attempt, context.submitted, context.scan_wanted, context.forgotten, scene.saved()


@pytest.fixture
def scene(row):
    return online() if row.get("phase") == ONLINE else portal()


@by_name(HTTP)
def test_a_client_s_request_is_answered_whole_and_byte_by_byte(scene, row):
    data = row["request"].encode("latin-1")
    for size in (536, 1):
        assert problems(scene, row, [data[at : at + size] for at in range(0, len(data), size)]) == [], size


@by_name(HTTP)
def test_a_client_s_request_may_be_split_anywhere(scene, row, monkeypatch):
    # As where memory is plenty: reading the code anew for each of the many thousand requests takes too long.
    monkeypatch.setattr(gc, "mem_free", lambda: 30_000, raising=False)
    monkeypatch.setattr(gc, "mem_alloc", lambda: 1_000, raising=False)
    data = row["request"].encode("latin-1")
    wrong = {at: found for at in range(1, len(data)) if (found := problems(scene, row, [data[:at], data[at:]]))}
    assert wrong == {}


@by_name([row for row in DNS if row["reply"] != "none"])
def test_the_server_gives_the_dns_answer_of_the_client_s_phase(row):
    scene = Scene()
    scene.settle()
    if row["phase"] == "B":
        probe = bytes.fromhex(next(row["query"] for row in DNS if row["name"] == "android-01"))
        asked(scene, probe)
        scene.run_for(AGAIN_AFTER_MS)
        asked(scene, probe)
    assert check.dns_problems(row, asked(scene, bytes.fromhex(row["query"]))) == []


def test_the_server_is_silent_where_no_answer_is_due():
    scene = Scene()
    scene.settle()
    for row in DNS:
        if row["reply"] == "none":
            assert asked(scene, bytes.fromhex(row["query"])) == b"", row["name"]


def asked(scene, query, peer=("192.168.4.2", 4711)):
    answers = scene.hardware.dns.answers
    answers.clear()
    scene.hardware.dns.incoming.append((query, peer))
    scene.turn()
    return answers[0][0] if answers else b""

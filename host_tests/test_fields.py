"""The owner's inputs: what may be defined, what may be entered, and how it reaches the owner's program."""

import gzip
import json
import re
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import credentials, entries, fields, options, owner
from device.net.http import BODY_LIMIT_BYTES

from .boards import bench_fixture, images_fixture, write_file  # noqa: F401
from .fakes import FakeHardware
from .test_docs import ROOT

SERVER = {"name": "mqtt_host", "label": {"en": "MQTT server", "de": "MQTT-Server"}, "required": True}
PORT = {"name": "mqtt_port", "type": "number", "default": 1883, "min": 1, "max": 65535}
UNIT = {"name": "unit", "type": "select", "options": ["°C", "°F"], "default": "°F"}
SECRET = {"name": "mqtt_password", "type": "password", "required": True}
QUIET = {"name": "quiet", "type": "checkbox", "default": True}
ALL = [SERVER, PORT, UNIT, QUIET]


def hardware(text):
    """A board with that settings file."""
    found = FakeHardware()
    found.flash.files[options.PATH] = text if type(text) is bytes else json.dumps(text).encode()
    return found


def read(text):
    """(fields, what was reported) of a settings file."""
    lines = []
    found = options.definitions(hardware(text))
    return () if found is None else fields.fields(found, lines.append), lines


def one(**definition):
    """The field of a definition without faults."""
    found, lines = read({"fields": [{"name": "x", **definition}]})
    assert lines == []
    return found[0]


# Definitions


def test_a_field_of_every_type_is_read_with_all_that_a_page_needs():
    found, lines = read({"fields": ALL})
    assert lines == []
    assert found == [
        (b"mqtt_host", b"text", b"\nen MQTT server\nde MQTT-Server\n", b"", True, 0, 64, ()),
        (b"mqtt_port", b"number", b"mqtt_port", b"1883", False, 1, 65535, ()),
        (b"unit", b"select", b"unit", "°F".encode(), False, 0, 0, ("°C".encode(), "°F".encode())),
        (b"quiet", b"checkbox", b"quiet", b"1", False, 0, 0, ()),
    ]


@pytest.mark.parametrize(
    "label, language, shown",
    [
        ("Server", "de", "Server"),
        ({"en": "Server", "de": "Rechner"}, "de", "Rechner"),
        ({"en": "Server", "de": "Rechner"}, "fr", "Server"),
        ({"de": "Rechner", "en": "Server"}, "fr", "Server"),
        ({"de": "Der Rechner"}, "fr", "Der Rechner"),
        ({}, "en", "x"),
        ("", "en", "x"),
        (None, "en", "x"),
        ("地址", "zh", "地址"),
    ],
)
def test_a_label_is_in_the_readers_language_or_the_nearest_that_there_is(label, language, shown):
    found, lines = read({"fields": [{"name": "x", "label": label}]})
    assert lines == [] and owner.translated(found[0][2], language.encode()) == shown.encode()


@pytest.mark.parametrize(
    "definition, complaint",
    [
        ("mqtt_host", "it is no object"),
        (None, "it is no object"),
        ({}, "name:"),
        ({"name": 5}, "name:"),
        ({"name": ""}, "name:"),
        ({"name": "a" * 17}, "name:"),
        ({"name": "MQTT"}, "name:"),
        ({"name": "1st"}, "name:"),
        ({"name": "a-b"}, "name:"),
        ({"name": "ä"}, "name:"),
        ({"name": "\ud800"}, "name:"),
        ({"name": "x", "type": "colour"}, "type:"),
        ({"name": "x", "type": 5}, "type:"),
        ({"name": "x", "type": None}, "type:"),
        ({"name": "x", "label": 5}, "label:"),
        ({"name": "x", "label": {"en": ""}}, "label:"),
        ({"name": "x", "label": {"": "Server"}}, "label:"),
        ({"name": "x", "label": {"l" * 9: "Server"}}, "label:"),
        ({"name": "x", "label": "l" * 65}, "label:"),
        ({"name": "x", "label": "a\nb"}, "label:"),
        ({"name": "x", "label": "\u202eabc"}, "label:"),
        ({"name": "x", "label": "\ud800"}, "label:"),
        ({"name": "x", "label": {"en": 5}}, "label:"),
        ({"name": "x", "required": 1}, "required:"),
        ({"name": "x", "required": "yes"}, "required:"),
        ({"name": "x", "max_length": 0}, "max_length:"),
        ({"name": "x", "max_length": 129}, "max_length:"),
        ({"name": "x", "max_length": 5.0}, "max_length:"),
        ({"name": "x", "max_length": True}, "max_length:"),
        ({"name": "x", "default": 5}, "default:"),
        ({"name": "x", "default": "abc", "max_length": 2}, "default:"),
        ({"name": "x", "default": "a\0b"}, "default:"),
        ({"name": "x", "default": "\ud800"}, "default:"),
        ({"name": "x", "type": "number", "min": "1"}, "min:"),
        ({"name": "x", "type": "number", "min": -(10**9)}, "min:"),
        ({"name": "x", "type": "number", "min": 2, "max": 1}, "max:"),
        ({"name": "x", "type": "number", "max": 10**300}, "max:"),
        ({"name": "x", "type": "number", "default": "5"}, "default:"),
        ({"name": "x", "type": "number", "default": True}, "default:"),
        ({"name": "x", "type": "number", "default": 5, "min": 6}, "default:"),
        ({"name": "x", "type": "select"}, "options:"),
        ({"name": "x", "type": "select", "options": []}, "options:"),
        ({"name": "x", "type": "select", "options": "abc"}, "options:"),
        ({"name": "x", "type": "select", "options": [1]}, "options:"),
        ({"name": "x", "type": "select", "options": [""]}, "options:"),
        ({"name": "x", "type": "select", "options": ["a"] * 17}, "options:"),
        ({"name": "x", "type": "select", "options": ["a" * 33]}, "options:"),
        ({"name": "x", "type": "select", "options": ["a"], "default": "b"}, "default:"),
        ({"name": "x", "type": "select", "options": ["a"], "default": ""}, "default:"),
        ({"name": "x", "type": "checkbox", "default": 1}, "default:"),
    ],
)
def test_a_bad_definition_is_named_and_left_out_and_the_others_stay(definition, complaint):
    found, lines = read({"fields": [SERVER, definition, QUIET]})
    assert [field[0] for field in found] == [b"mqtt_host", b"quiet"]
    assert len(lines) == 1 and lines[0].startswith("settings: field 2 is left out: " + complaint)


@pytest.mark.parametrize(
    "definition, key",
    [
        ({"name": "x", "lable": "Server"}, "lable"),
        ({"name": "x", "max": 5}, "max"),
        ({"name": "x", "type": "number", "max_length": 5}, "max_length"),
        ({"name": "x", "type": "select", "options": ["a"], "required": True}, "required"),
        ({"name": "x", "type": "checkbox", "required": True}, "required"),
    ],
)
def test_a_key_that_the_type_does_not_know_is_named_and_the_field_works_without(definition, key):
    found, lines = read({"fields": [definition]})
    assert len(found) == 1 and not found[0][4]
    assert len(lines) == 1 and "field 1: unknown key" in lines[0] and key in lines[0]


def test_of_two_fields_with_one_name_the_second_is_left_out():
    found, lines = read({"fields": [SERVER, {**PORT, "name": "mqtt_host"}]})
    assert len(found) == 1 and found[0][1] == b"text"
    assert len(lines) == 1 and "field 2 is left out: name:" in lines[0]


def test_there_are_at_most_eight_fields():
    found, lines = read({"fields": [{"name": f"x{n}", "type": "checkbox"} for n in range(10)]})
    assert len(found) == fields.FIELDS_LIMIT == 8
    assert len(lines) == 2 and "field 10 is left out" in lines[1]


def test_fields_beyond_the_room_for_values_are_left_out_and_smaller_ones_still_fit():
    texts = [{"name": f"x{n}", "max_length": 100} for n in range(4)]
    found, lines = read({"fields": [*texts, QUIET, {**texts[0], "name": "small", "max_length": 19}, PORT]})
    assert [field[0] for field in found] == [b"x0", b"x1", b"x2", b"quiet", b"small"]
    assert len(lines) == 2 and all("320 bytes" in line for line in lines)


# The file


def test_without_a_file_there_are_no_fields_and_nothing_is_said():
    lines = []
    assert not owner.inputs(FakeHardware(), lines.append) and lines == []


@pytest.mark.parametrize(
    "text, complaint",
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff\xfe", "no JSON"),
        (b'{"fields": "\xff"}', "no JSON"),
        (b'{"fields": [}', "no JSON"),
        (b"[]", "no JSON object"),
        (b"5", "no JSON object"),
        (b'"fields"', "no JSON object"),
        (b" " * 2049, "2048 bytes"),
        (b"[" * 2000, "32 lists and objects"),
        (b"{" + b",".join(b'"k%d":""' % n for n in range(100)) + b"}", "160 texts"),
    ],
)
def test_a_file_that_is_of_no_use_is_reported_and_does_no_harm(text, complaint):
    assert read(text) == ((), [])  # the start names it: test_options.py
    lines = []
    assert options.read(hardware(text), lines.append) == {}
    assert len(lines) == 1 and options.PATH in lines[0] and complaint in lines[0]


@pytest.mark.parametrize("value", [b"5", b"{}", b'"text"', b"true"])
def test_fields_that_are_no_list_are_reported(value):
    found, lines = read(b'{"fields": ' + value + b"}")
    assert not found and lines == ["settings: fields: it is no list"]


def test_settings_for_which_there_is_no_memory_are_left_out_and_the_board_goes_on(monkeypatch):
    def no_room(*_):
        raise MemoryError

    monkeypatch.setattr("device.fields.define", no_room)
    lines = []
    found = owner.inputs(hardware({"fields": ALL}), lines.append)
    assert not found and lines == ["settings: there is no memory for them"]


def test_beside_an_unknown_key_which_the_start_names_the_others_count():
    found, lines = read({"feilds": [], "fields": [QUIET]})
    assert len(found) == 1 and lines == []


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["x", "text"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["name", "label", "type", "default", "options", "min", "max", "required", "max_length", "?"]),
        inner,
        max_size=6,
    ),
    max_leaves=12,
)


@given(st.lists(json_values, max_size=4))
def test_whatever_json_says_gives_fields_that_take_their_own_default(definitions):
    found, lines = read({"fields": definitions})
    assert len(found) + len([line for line in lines if "left out" in line]) == len(definitions) or not found
    for field in found:
        assert not entries.problem(field, field[3]) or field[4]


# Entries


@pytest.mark.parametrize(
    "definition, value, problem",
    [
        ({}, b"", None),
        ({"required": True}, b"", b"missing"),
        ({}, b"a" * 64, None),
        ({}, b"a" * 65, b"too_long"),
        ({"max_length": 4}, "äöü".encode(), b"too_long"),  # bytes count
        ({}, b"<b>\"'&", None),
        ({}, b"\xff", b"bad"),
        ({}, b"a\nb", b"bad"),
        ({}, "\u202eabc".encode(), b"bad"),
        ({"type": "number"}, b"", None),
        ({"type": "number", "required": True}, b"", b"missing"),
        ({"type": "number"}, b"-999999999", None),
        ({"type": "number"}, b"1000000000", b"bad"),
        ({"type": "number", "min": 1, "max": 9}, b"0", b"bad"),
        ({"type": "number", "min": 1, "max": 9}, b"9", None),
        ({"type": "number", "min": 1, "max": 9}, b"10", b"bad"),
        ({"type": "number"}, b"1.5", b"bad"),
        ({"type": "number"}, b"1_0", b"bad"),
        ({"type": "number"}, b"0x1", b"bad"),
        ({"type": "number"}, b"--1", b"bad"),
        ({"type": "number"}, b"-", b"bad"),
        ({"type": "number"}, b"+1", b"bad"),
        ({"type": "number"}, b"\xd9\xa1", b"bad"),  # a digit, but not ours
        ({"type": "select", "options": ["a", "b"]}, b"b", None),
        ({"type": "select", "options": ["a", "b"]}, b"c", b"bad"),
        ({"type": "select", "options": ["a", "b"]}, b"", b"bad"),
        ({"type": "checkbox"}, b"1", None),
        ({"type": "checkbox"}, b"0", None),
        ({"type": "checkbox"}, b"yes", b"bad"),
    ],
)
def test_what_may_be_entered(definition, value, problem):
    assert entries.problem(one(**definition), value) == problem


@given(st.binary(max_size=12))
def test_a_number_is_a_sign_and_digits_and_nothing_else(data):
    wanted = int(data) if re.fullmatch(rb"-?[0-9]{1,9}", data) else None
    assert entries.integer(data) == wanted


def entered(definition, form, stored=()):
    return entries.entered([one(**definition)], form, dict(stored))[b"x"]


def test_the_form_comes_before_what_is_stored_and_that_before_the_default():
    text = {"default": "d"}
    assert entered(text, {b"f.x": b"new"}, {b"x": b"old"}) == b"new"
    assert entered(text, {b"f.x": b""}, {b"x": b"old"}) == b""
    assert entered(text, {}, {b"x": b"old"}) == b"old"
    assert entered(text, {}) == b"d"


def test_what_is_stored_and_fits_no_longer_gives_way_to_the_default():
    number = {"type": "number", "max": 9, "default": 5}
    assert entered(number, {}, {b"x": b"9"}) == b"9"
    assert entered(number, {}, {b"x": b"10"}) == b"5"
    assert entered({"type": "select", "options": ["a", "b"]}, {}, {b"x": b"c"}) == b"a"


def test_a_checkbox_that_a_browser_leaves_out_is_not_ticked():
    box = {"type": "checkbox", "default": True}
    assert entered(box, {b"device": b"lamp"}, {b"x": b"1"}) == b"0"
    assert entered(box, {}, {b"x": b"0"}) == b"0"  # no page of ours: what is stored stays
    assert entered(box, {}) == b"1"
    assert entered(box, {b"f.x": b"on"}) == b"1"


def test_spaces_around_an_entry_and_zeros_before_a_number_are_dropped():
    assert entered({}, {b"f.x": b" broker.local "}) == b"broker.local"
    assert entered({"type": "number"}, {b"f.x": b" 007 "}) == b"7"
    assert entered({"type": "number"}, {b"f.x": b"-0"}) == b"0"
    assert entered({"type": "select", "options": [" a"]}, {b"f.x": b" a"}) == b" a"


def test_the_longest_form_fits_a_request():
    # Browsers write a byte as three, but for letters, digits and a few signs.
    sizes = [fields.VALUES_LIMIT_BYTES - 10 * (fields.FIELDS_LIMIT - 1)] + [10] * (fields.FIELDS_LIMIT - 1)
    pairs = [("ssid", b"\xff" * 32), ("ssid", b""), ("password", b"\xff" * 63), ("device", b"d" * 32)]
    pairs += [("f." + "n" * fields.NAME_LIMIT_BYTES, b"\xff" * size) for size in sizes]
    assert len("&".join(name + "=" + quote_plus(value) for name, value in pairs)) <= BODY_LIMIT_BYTES


def test_what_a_program_gets():
    board = hardware({"fields": ALL})
    assert owner.values(board) == {"mqtt_host": "", "mqtt_port": 1883, "unit": "°F", "quiet": True}
    from device import store

    stored = {b"mqtt_host": "bröker".encode(), b"mqtt_port": b"", b"unit": "°C".encode(), b"quiet": b"0", b"old": b"x"}
    assert store.save(board, [], print, stored)
    assert owner.values(board) == {"mqtt_host": "bröker", "mqtt_port": None, "unit": "°C", "quiet": False}
    assert owner.values(FakeHardware()) == {}


@pytest.mark.parametrize("name", [b"a", b"lamp", b"Lamp-2", b"0", b"a" * 32, b"a--b"])
def test_names_that_a_device_may_have(name):
    assert credentials.is_device_name(name)


@pytest.mark.parametrize("name", [b"", b"-a", b"a-", b"-", b"a b", b"a.b", b"a_b", b"a" * 33, "lämp".encode(), b"a\0"])
def test_names_that_no_device_may_have(name):
    assert not credentials.is_device_name(name)


@pytest.mark.parametrize(
    "key, words",
    [
        (b"correct horse", ()),
        (b"", ()),
        (b" correct horse", ("key_spaces",)),
        (b"correct horse ", ("key_spaces",)),
        (b"0123456789abcdefABCDEF" * 2 + b"0" * 20, ("key_hex",)),
    ],
)
def test_what_may_not_be_meant_by_a_password_is_a_warning(key, words):
    assert credentials.warnings(key) == words


# The documentation


def test_every_key_is_documented_with_its_limits():
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    keys = {key.decode() for keys in (fields.KEYS, *fields.KINDS.values(), [options.FIELDS]) for key in keys}
    keys |= {key.decode() for key in options.OPTIONS}  # and what is said of them: test_options.py
    assert sorted(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == sorted(keys)
    for kind in fields.KINDS:
        assert f"`{kind.decode()}`" in page
    for limit in (
        options.LIMIT_BYTES, fields.FIELDS_LIMIT, fields.VALUES_LIMIT_BYTES, options.STRINGS_LIMIT,
        options.OBJECTS_LIMIT, fields.NAME_LIMIT_BYTES, fields.LABEL_LIMIT_BYTES, fields.TEXT_LIMIT_BYTES,
        fields.CODE_LIMIT_BYTES,
        fields.TEXT_BYTES, fields.OPTIONS_LIMIT, fields.OPTION_LIMIT_BYTES, credentials.DEVICE_NAME_LIMIT_BYTES,
    ):  # fmt: skip
        assert re.search(rf"\b{limit:,}\b".replace(",", " "), page), limit
    assert f"{entries.NUMBER_LIMIT:,}".replace(",", " ") in page


def test_the_example_of_the_documentation_is_read_without_a_complaint():
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    example = re.search(r'^    \{\n      "fields".*\n(?:    .*\n)+', page, re.MULTILINE)[0]
    found, lines = read(example.encode())
    assert lines == [] and [field[1] for field in found] == [kind for kind in fields.KINDS if kind != b"password"]
    (another,) = re.findall(r'^    (\{"name".*\})$', page, re.MULTILINE)
    assert one(**{**json.loads(another), "name": "x"})[1] == b"password"
    assert owner.translated(found[0][2], b"de") == b"MQTT-Server"


# On the board


PROGRAM = """
import homeport
for name, value in sorted(homeport.values().items()):
    print("value", name, repr(value))
print("values end")
"""
AIR = {"networks": [{"ssid": "Home", "key": "correct horse", "join_ms": 300}]}
FORM = "ssid=Home&password=correct+horse&device=Shed-7&f.mqtt_host=br%C3%B6ker&f.mqtt_port=8883&f.unit=%C2%B0C"


HEAD = "Host: 127.0.0.1\r\nAccept-Encoding: gzip\r\nAccept-Language: de\r\n"


def ask(board, request):
    """(status, body) of the answer that a phone gets, which takes compressed pages."""
    head, _, body = board.http(request.encode()).partition(b"\r\n\r\n")
    return int(head.split()[1]), gzip.decompress(body) if b"Content-Encoding: gzip" in head else body


def post(board, body):
    kind = "Content-Type: application/x-www-form-urlencoded"
    return ask(board, f"POST /connect HTTP/1.1\r\n{HEAD}{kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}")


def values(board):
    """What the owner's program prints: it starts when the board is connected and its portal closed."""
    board.wait_for("^values end", timeout=40)
    return [line for line in board.lines if line.startswith("value ")]


def joined(board):
    """A phone waits for the result and reads it."""
    board.wait_for("connecting got_ip connected")
    assert ask(board, f"GET /status HTTP/1.1\r\n{HEAD}\r\n")[0] == 200


def settings_file(definitions):
    return json.dumps({"fields": definitions}, ensure_ascii=False).encode()


@pytest.mark.board
def test_what_is_entered_reaches_the_owners_program_and_survives_a_power_cut(bench):
    text = settings_file([*ALL, {"name": "BAD"}])
    flash = bench.image(firmware=True, files=[("homeport.json", text), ("app.py", PROGRAM.encode())])
    board = bench.start(flash, air=AIR, clock=5)
    board.wait_for("settings: field 5 is left out: name:")
    board.wait_for("portal open: join Homeport-")
    assert post(board, FORM)[0] == 303
    joined(board)
    wanted = [
        "value mqtt_host 'br\\xf6ker'", "value mqtt_port 8883", "value quiet False", "value unit '\\xb0C'",
    ]  # fmt: skip
    assert values(board) == wanted
    board.power_cut()
    again = bench.start(flash, air=AIR, clock=5)
    assert values(again) == wanted
    assert again.mpremote("resume", "exec", "import network; print(network.hostname())") == "Shed-7\n"


@pytest.mark.board
def test_the_setup_page_of_a_board_shows_the_owners_inputs_and_puts_wrong_entries_back(bench):
    board = bench.start(bench.image(firmware=True, files=[("homeport.json", settings_file(ALL))]), air=AIR, clock=5)
    board.wait_for("portal open")
    status, page = ask(board, f"GET / HTTP/1.1\r\n{HEAD}\r\n")
    assert status == 200 and b"MQTT-Server" in page and b'value="1883"' in page
    status, page = post(board, FORM.replace("8883", "88830"))
    assert status == 422 and b'value="88830"' in page and b"correct horse" not in page


@pytest.mark.board
@pytest.mark.slow
def test_a_settings_file_that_is_broken_leaves_the_board_reachable_and_keeps_the_values(bench):
    flash = bench.image(firmware=True, files=[("homeport.json", settings_file(ALL)), ("app.py", PROGRAM.encode())])
    board = bench.start(flash, air=AIR, clock=5)
    board.wait_for("portal open")
    assert post(board, FORM)[0] == 303
    joined(board)
    wanted = values(board)
    board.power_cut()
    write_file(flash, "homeport.json", settings_file(ALL)[:-1])
    board = bench.start(flash, air={}, clock=20)  # no router: the portal opens after five minutes
    board.wait_for("settings: /homeport.json is not used", timeout=40)
    board.wait_for("portal open: join Shed-7", timeout=60)
    board.set_air(AIR)
    assert post(board, "ssid=Home&password=correct+horse")[0] == 303
    board.wait_for("connecting got_ip connected")
    board.power_cut()
    write_file(flash, "homeport.json", settings_file(ALL))
    assert values(bench.start(flash, air=AIR, clock=5)) == wanted


# Passwords


def test_a_password_is_shown_on_no_page_and_stays_if_nothing_is_typed():
    from device.store import save

    from .fakes import Router
    from .scene import Scene

    board = hardware({"fields": [SECRET, SERVER]})
    board.routers.append(Router(b"Home", b"correct horse"))
    assert save(board, [], print, {b"mqtt_password": b" hunter2 ", b"mqtt_host": b"broker"})
    scene = Scene(hardware=board)
    scene.settle()
    page = scene.phone.get(b"/").body
    field = re.search(rb"<input type=password[^>]*name=.?f.mqtt_password[^>]*>", page)[0]
    assert b"hunter2" not in page and b"placeholder" in field and b"required" not in field and b"broker" in page
    form = b"device=&ssid=Home&password=correct+horse&f.mqtt_host=&f.mqtt_password="
    refused = scene.phone.post(b"/connect", form + b"new+one")
    assert refused.status == 422 and b"new one" not in refused.body and b"hunter2" not in refused.body
    assert scene.phone.post(b"/connect", form.replace(b"host=", b"host=other")).status == 303
    scene.until("connected", 30_000)
    assert owner.values(scene.hardware) == {"mqtt_password": " hunter2 ", "mqtt_host": "other"}


def test_a_password_that_nobody_has_entered_is_required_and_taken_as_it_is_typed():
    field = one(type="password", required=True, max_length=20)
    assert field == (b"x", b"password", b"x", b"", True, 0, 20, ())
    values = entries.entered([field], {b"f.x": b" s p "}, {})
    assert values == {b"x": b" s p "} and entries.problem(field, b" s p ") is None
    assert entries.problem(field, b"") == b"missing" and entries.problem(field, b"x" * 21) == b"too_long"
    assert entries.entered([field], {b"f.x": b""}, {b"x": b"old"}) == {b"x": b"old"}

"""The settings beside the inputs: what may be said, what a wrong one does, and that the board stays reachable."""

import json
import math
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import options

from .fakes import FakeHardware
from .scene import HOME, Scene
from .test_docs import ROOT
from .test_same_on_the_vm import run_on_the_vm

KEYS = {name.decode(): name for name in options.OPTIONS}
DEFAULTS = {name: row[0] for name, row in options.OPTIONS.items()}
ADDRESSES = ("192.168.1.77", "255.255.255.0", "192.168.1.1", "1.1.1.1")
# Every key with a value that differs from its default, and what the firmware gets.
OTHERS = {
    "access_point": ("never", b"never"),
    "access_point_password": ("garden gate", b"garden gate"),
    "access_point_minutes": (15, 900_000),
    "power_on_allowance_s": (120, 120_000),
    "outage_allowance_s": (0, 0),
    "retry_interval_s": (60, 60_000),
    "retry_interval_with_phone_s": (600, 600_000),
    "roam_below_dbm": (-75, -75),
    "preferred": (["Home", "Café"], (b"Home", "Café".encode())),
    "static_address": (list(ADDRESSES), ADDRESSES),
    "button_pin": (4, 4),
    "led_pin": (None, None),
    "led_active_low": (False, False),
    "watchdog": (False, False),
}


def board(said):
    """Hardware with that settings file: bytes, or what JSON is made of."""
    found = FakeHardware()
    found.flash.files[options.PATH] = said if type(said) is bytes else json.dumps(said).encode()
    return found


def option(said, key):
    """(value, what was reported)."""
    lines = []
    return options.option(board(said), lines.append, key.encode()), lines


def complaints(said):
    lines = []
    options.check(board(said), lines.append)
    return lines


def everything(hardware):
    return {name: options.option(hardware, None, name) for name in options.OPTIONS}


# Values


def test_without_a_file_every_setting_has_its_default_and_nothing_is_said():
    lines = []
    options.check(FakeHardware(), lines.append)
    assert lines == [] and everything(FakeHardware()) == DEFAULTS


@pytest.mark.parametrize("key", KEYS)
def test_a_setting_that_is_right_is_used(key):
    said, meant = OTHERS[key]
    assert meant != DEFAULTS[KEYS[key]]
    assert option({key: said}, key) == (meant, [])
    assert complaints({key: said}) == []


def test_all_settings_together_are_used_and_the_inputs_beside_them():
    said = {key: pair[0] for key, pair in OTHERS.items()} | {"fields": [{"name": "x"}]}
    assert complaints(said) == []
    assert everything(board(said)) == {KEYS[key]: pair[1] for key, pair in OTHERS.items()}
    assert options.definitions(board(said)) == [{"name": "x"}]


BOUNDS = [
    ("access_point_minutes", 1, 1440, 60_000),
    ("power_on_allowance_s", 0, 3600, 1000),
    ("outage_allowance_s", 0, 3600, 1000),
    ("retry_interval_s", 10, 3600, 1000),
    ("retry_interval_with_phone_s", 30, 3600, 1000),
    ("roam_below_dbm", -100, -40, 1),
]


@pytest.mark.parametrize("key, low, high, unit", BOUNDS)
def test_a_number_is_taken_at_its_bounds_and_not_beyond_them(key, low, high, unit):
    assert option({key: low}, key) == (low * unit, [])
    assert option({key: high}, key) == (high * unit, [])
    for beyond in (low - 1, high + 1):
        value, lines = option({key: beyond}, key)
        assert value == DEFAULTS[KEYS[key]]
        assert lines == [f"settings: {key} is not used: it has to be a whole number from {low} to {high}"]


def test_every_time_is_a_small_integer_on_the_chip():
    assert max(high * unit for _, _, high, unit in BOUNDS) < 1 << 30


WRONG = [
    *((key, value) for key, _, _, _ in BOUNDS for value in (1.5, 60.0, True, "60", [60], {}, 10**300, math.nan)),
    *((key, None) for key, _, _, _ in BOUNDS[:-1]),
    *((key, value) for key in ("watchdog", "led_active_low") for value in (0, 1, None, "true", [], {"a": True})),
    *((key, value) for key in ("button_pin", "led_pin") for value in (1, 3, 6, 11, -1, 17, True, False, 2.0, "2", [2])),
    *(("button_pin", pin) for pin in (9, 10, 15, 16)),
    *(("access_point", value) for value in ("", "Never", "on", None, True, 0, ["never"], "\ud800")),
    *(("access_point_password", value) for value in ("", "1234567", "x" * 64, "a gate\0\0", "Gartentür", 12345678, [])),
    *(("static_address", value) for value in ("192.168.1.77", [], ["192.168.1.77"], [1, 2, 3, 4], ["1.2.3.4"] * 5, {})),
    *(("static_address", [text] + ["1.2.3.4"] * 3) for text in ("1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.", "", None)),
    *(("static_address", [text] + ["1.2.3.4"] * 3) for text in ("1.2.3.-4", "1.2.3.1_0", "0x1.2.3.4", "1.2.3.\u0664")),
    *(("preferred", value) for value in ("Home", None, {}, [1], [""], ["x" * 33], ["ä" * 17], ["a"] * 9, [["a"]])),
]


@pytest.mark.parametrize("key, value", WRONG)
def test_a_setting_that_is_wrong_is_named_with_what_is_allowed_and_its_default_is_used(key, value):
    said = json.dumps({key: value, "led_pin" if key != "led_pin" else "button_pin": 5}).encode()
    value, lines = option(said, key)
    assert value == DEFAULTS[KEYS[key]] and type(value) is type(DEFAULTS[KEYS[key]])
    assert len(lines) == 1 and lines[0].startswith(f"settings: {key} is not used: it has to be ")
    assert complaints(said) == lines


def test_a_password_of_the_access_point_is_never_named():
    for password in ("secret7", "geheim\0geheim", "s" * 64):
        assert password not in "".join(complaints({"access_point_password": password}))


def test_false_is_no_pin_and_one_is_no_truth():
    assert option({"button_pin": False}, "button_pin")[0] == 0
    assert type(option({"button_pin": False}, "button_pin")[0]) is int
    assert option({"watchdog": 0}, "watchdog")[0] is True


@pytest.mark.parametrize("said", [{"button_pin": 2}, {"led_pin": 0}, {"led_pin": 5, "button_pin": 5}])
def test_the_button_keeps_a_pin_that_the_led_is_given_as_well(said):
    value, lines = option(said, "led_pin")
    assert value is None and lines == ["settings: led_pin is not used: it has to be another pin than the button"]
    assert option(said, "button_pin") == (said.get("button_pin", 0), [])
    assert complaints(said) == lines


def test_a_led_may_have_the_usual_pin_of_a_button_that_there_is_not():
    assert option({"led_pin": 0, "button_pin": None}, "led_pin") == (0, [])


# The check at the start


def test_each_fault_is_named_once_at_the_start_and_the_rest_counts():
    said = {"acess_point": "never", "watchdog": 1, "outage_allowance_s": 60, "preferred": "Home"}
    hardware = board(said)
    scene = Scene(HOME, hardware=hardware)
    scene.settle()  # the portal opens and reads the file again, for the inputs
    named = [line for line in scene.lines if line.startswith("settings")]
    assert len(named) == 3
    assert "settings: unknown key 'acess_point'" in named
    assert options.option(hardware, None, b"outage_allowance_s") == 60_000


USELESS = [
    (b"", "no JSON"),
    (b"{", "no JSON"),
    (b"\0" * 300, "no JSON"),
    (b'{"watchdog": fals', "no JSON"),
    (b'{"access_point": "\xff\xfe"}', "no JSON"),
    (b"[]", "no JSON object"),
    (b"null", "no JSON object"),
    (b'"never"', "no JSON object"),
    (b"NaN", "no JSON"),
    (b'{"watchdog": false}' + b" " * 2048, "2048 bytes"),
    (b'{"a":' * 100 + b"1" + b"}" * 100, "32 lists and objects"),
    (b"[" * 2000, "32 lists and objects"),
    (b"{" + b",".join(b'"k%d":""' % n for n in range(100)) + b"}", "160 texts"),
]


@pytest.mark.parametrize("said, complaint", USELESS)
def test_a_file_of_no_use_is_named_once_and_the_board_opens_its_portal_with_all_defaults(said, complaint):
    hardware = board(said)
    scene = Scene(HOME, hardware=hardware)
    scene.settle()
    assert scene.phone.get(b"/").status == 200
    named = [line for line in scene.lines if line.startswith("settings")]
    assert len(named) == 1 and options.PATH in named[0] and complaint in named[0]
    assert everything(hardware) == DEFAULTS


def test_settings_for_which_there_is_no_memory_are_left_out_and_the_board_goes_on(monkeypatch):
    def no_room(*_):
        raise MemoryError

    monkeypatch.setattr(options, "read", no_room)
    lines = []
    assert options.option(board({"watchdog": False}), lines.append, b"watchdog") is True
    assert lines == ["settings: there is no memory for them"]


def test_a_file_that_cannot_be_read_is_as_good_as_none():
    hardware = board({"watchdog": False})
    hardware.open = lambda *_: (_ for _ in ()).throw(OSError("no card"))
    assert everything(hardware) == DEFAULTS


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted(KEYS)) | st.text(max_size=8), json_values, max_size=6))
def test_whatever_json_says_each_setting_is_its_default_or_one_that_is_allowed(said):
    lines = []
    hardware = board(said)
    options.check(hardware, lines.append)
    faulty = {line.split()[1] for line in lines if "is not used" in line}
    for name, value in everything(hardware).items():
        if name.decode() in faulty or name.decode() not in said:
            assert value == DEFAULTS[name] or name == b"led_pin"
        assert type(value) in (type(DEFAULTS[name]), int, type(None))


@given(st.binary(max_size=300))
def test_whatever_bytes_the_file_has_every_setting_has_a_value(said):
    hardware = board(said)
    options.check(hardware, lambda text: None)
    assert everything(hardware).keys() == DEFAULTS.keys()


# On the board's interpreter

ON_THE_VM = """
import sys
from device import options
from io import BytesIO

class Board:
    def open(self, path, mode):
        return BytesIO(self.said)

board = Board()
for line in open({inputs!r}):
    board.said = bytes([int(line[at : at + 2], 16) for at in range(0, len(line) - 1, 2)])
    from device.options import OPTIONS, check, option
    faults = []
    check(board, faults.append)
    print([(name, option(board, None, name)) for name in sorted(OPTIONS)], sorted(faults))
"""


def damaged(chance, data):
    data = bytearray(data)
    for _ in range(chance.randint(0, 3)):
        data[chance.randrange(len(data))] = chance.choice(b'"{}[],:0189-.eEntf \\u\xff\0')
    return bytes(data)


def results_on_the_vm(inputs, tmp_path):
    """[(value of every setting, complaints)] for each file."""
    path, program = tmp_path / "inputs", tmp_path / "program.py"
    path.write_text("".join(data.hex() + "\n" for data in inputs))
    program.write_text(ON_THE_VM.format(inputs=str(path)))
    return run_on_the_vm(program).splitlines()


def results_here(data):
    lines = []
    options.check(board(data), lines.append)
    return str(sorted(everything(board(data)).items())) + " " + str(sorted(lines))


def test_the_board_s_interpreter_takes_and_refuses_the_same_values(tmp_path):
    inputs = [json.dumps({key: value}).encode() for key, value in WRONG if value == value and value != "\ud800"]
    inputs += [json.dumps({key: pair[0]}, ensure_ascii=False).encode() for key, pair in OTHERS.items()]
    inputs += [data for data, _ in USELESS if b"NaN" not in data and b"\xff" not in data]
    for data, theirs in zip(inputs, results_on_the_vm(inputs, tmp_path), strict=True):
        assert theirs == results_here(data), data


@pytest.mark.slow
def test_on_the_board_s_interpreter_no_damaged_file_does_harm(tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    whole = json.dumps({key: pair[0] for key, pair in OTHERS.items()}).encode()
    inputs = [b'{[1]: 2, "watchdog": false}', b'{{}: 1}', b"{1: 2}", b"{null: {}}", b"NaN"]  # its reader is a lax one
    inputs += [b'{"access_point": "\xff\xfe"}', b'{"preferred": ["\xff"]}', b'{"button_pin": 1e400}']
    inputs += [damaged(chance, whole) for _ in range(300)] + [whole[:size] for size in range(1, len(whole))]
    assert len(results_on_the_vm(inputs, tmp_path)) == len(inputs)


# The documentation


def test_every_setting_is_documented_with_its_type_its_default_its_range_and_where_the_default_comes_from():
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:3] == "| `"]
    rows = {cells[0].strip("`"): cells[1:] for cells in table if cells[0].strip("`") in KEYS}
    assert rows.keys() == KEYS.keys()
    for key, (kind, default, allowed, meaning, origin) in rows.items():
        expected, _, limits = options.OPTIONS[KEYS[key]]
        unit = limits[2] if key.endswith(("_s", "_minutes")) else 1
        if key in [row[0] for row in BOUNDS]:
            low, high = limits[:2]
            assert allowed == f"{low} to {high}".replace("1440", "1 440").replace("3600", "3 600")
            assert kind.startswith("whole number")
            assert default == ("null" if expected is None else str(expected // unit))
        elif key == "access_point":
            assert re.findall(r"`(\w+)`", allowed) == [word.decode() for word in limits]
            assert default == f"`{expected.decode()}`"
        elif key.endswith("_pin"):
            assert re.findall(r"\d+", allowed) == [str(pin) for pin in limits] and default == str(expected)
            assert "null" in kind
        elif type(expected) is bool:
            assert kind == "true or false" and default == str(expected).lower()
        assert meaning and origin


def test_the_documented_example_is_read_without_a_complaint_and_changes_what_it_says():
    page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    said = [json.loads(text) for text in re.findall(r"(?:^    .*\n)+", page, re.MULTILINE) if '"access_point"' in text]
    assert said and all(complaints(example) == [] for example in said)

"""Labels: what a phone reads in their codes, what a person reads beside them, and where it all comes from."""

import io
import json
import re
import subprocess

import pytest
import zxingcpp
from homeport import label
from homeport.label import Label, LabelError, from_board, password_of, wifi_uri, write
from homeport.ports import PortError
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from .boards import BIN, bench_fixture, images_fixture  # noqa: F401

NAME = "Homeport-1A2B"
OPEN = "WIFI:T:nopass;S:Homeport-1A2B;;"
PORTAL = "http://192.168.4.1/"
AWKWARD = "a\\b;c,d\"e:f 'g' <&> ~"
ESCAPED = r"WIFI:T:WPA;S:Homeport-1A2B;P:a\\b\;c,d\"e\:f 'g' <&> ~;;"


def codes(image):
    """What the QR codes of an image say, from top to bottom."""
    found = zxingcpp.read_barcodes(image.convert("L"), formats=zxingcpp.BarcodeFormat.QRCode)
    return [each.text for each in sorted(found, key=lambda each: each.position.top_left.y)]


def printed(text):
    """The image of a text of half blocks: a sign is 4 dots wide and 8 high."""
    rows = text.splitlines()
    width = max(map(len, rows))
    image = Image.new("L", (4 * width + 40, 8 * len(rows) + 40), 255)
    for y, row in enumerate(rows):
        for x, sign in enumerate(row):
            for half, signs in ((0, "▀█"), (4, "▄█")):
                if sign in signs:
                    image.paste(0, (4 * x + 20, 8 * y + half + 20, 4 * x + 24, 8 * y + half + 24))
    return image


def unescaped(uri):
    """(type, name, password) as the phone that scans a WIFI: code takes it apart."""
    assert uri.startswith("WIFI:") and uri.endswith(";;")
    parts = re.findall(r"([TSPH]):((?:\\.|[^\\;])*);", uri[len("WIFI:") :])
    assert "".join(f"{key}:{value};" for key, value in parts) + ";" == uri[len("WIFI:") :]
    found = {key: re.sub(r"\\(.)", r"\1", value) for key, value in parts}
    return found["T"], found["S"], found.get("P")


@pytest.mark.parametrize("password, expected", [("", [OPEN, PORTAL]), (AWKWARD, [OPEN, ESCAPED, PORTAL])])
def test_a_phone_reads_the_same_codes_from_the_picture_and_from_the_text(password, expected):
    made = Label(NAME, password)
    assert codes(Image.open(io.BytesIO(made.png()))) == expected
    assert codes(printed(made.text())) == expected


@pytest.mark.browser
def test_a_phone_reads_the_same_codes_from_the_drawing(phone):
    phone.set_content(Label(NAME, AWKWARD).svg())
    assert codes(Image.open(io.BytesIO(phone.screenshot()))) == [OPEN, ESCAPED, PORTAL]
    assert [NAME, "1. Join its Wi-Fi", NAME] == phone.locator("svg > text").all_text_contents()[:3]


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=8, max_size=63))
def test_every_password_comes_out_of_the_code_as_it_went_in(password):
    assert unescaped(wifi_uri(NAME, password)) == ("WPA", NAME, password)


def test_the_longest_name_and_password_fit():
    made = Label("W" * 32, "W" * 63)
    image = Image.open(io.BytesIO(made.png()))
    assert codes(image)[1] == f"WIFI:T:WPA;S:{'W' * 32};P:{'W' * 63};;"
    ink = image.convert("L").point(lambda dot: 255 - dot).getbbox()
    assert ink[0] > 0 and ink[2] < image.width and ink[3] < image.height  # nothing runs over an edge


def test_a_long_name_fits_in_whatever_font_the_drawing_is_shown():
    width, size = re.search(r'font-weight="bold" textLength="([\d.]+)"', Label("W" * 32).svg())[1], label.WIDTH_MM
    assert size / 2 < float(width) <= size - 2 * label.MARGIN_MM


@pytest.mark.parametrize("name", ["", "-a", "a-", "a b", "é", "x" * 33, "a\n"])
def test_a_name_that_no_board_takes_is_refused(name):
    with pytest.raises(LabelError, match="a name is"):
        Label(name)


@pytest.mark.parametrize("password", ["short", "x" * 64, "umlautäöü", "tab\tin there"])
def test_a_password_that_no_access_point_takes_is_refused_without_being_shown(password):
    with pytest.raises(LabelError, match="8 to 63") as refused:
        Label(NAME, password)
    assert password not in str(refused.value)


def test_the_password_is_that_of_the_settings():
    assert password_of('{"access_point_password": "blue garden gate", "led_pin": 4}') == "blue garden gate"
    assert password_of("") == password_of("{}") == password_of('{"access_point_password": null}') == ""
    for bad in ("[]", "{", '{"access_point_password": 12345678}'):
        with pytest.raises(LabelError):
            password_of(bad)


def test_the_password_is_not_in_what_a_label_says_of_itself():
    assert "blue garden gate" not in repr(Label(NAME, "blue garden gate"))


def test_the_end_of_the_name_decides_what_is_written(tmp_path):
    for ending in label.FORMATS:
        write(Label(NAME), tmp_path / f"label{ending}")
    assert (tmp_path / "label.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "label.svg").read_text().startswith("<svg ")
    assert (tmp_path / "label.txt").read_text().startswith(NAME)
    with pytest.raises(LabelError, match=r"\.png"):
        write(Label(NAME), tmp_path / "label.pdf")


# From a board


@pytest.mark.board
def test_a_board_tells_its_name_and_the_password_of_its_settings_and_goes_on(bench):
    settings = json.dumps({"access_point_password": AWKWARD}).encode()
    flash = bench.image(firmware=True, files=[("homeport.json", settings)])
    board = bench.start(flash)
    name = board.wait_for("portal open: join ([^ ]+) ")[1]
    start = len(board.lines)
    made = from_board(board.ready_tty())
    assert (made.name, made.password) == (name, AWKWARD)
    board.wait_for("portal open", start=start)


@pytest.mark.board
def test_a_board_without_homeport_and_a_port_without_a_board_are_told_apart(bench, tmp_path):
    board = bench.start()
    with pytest.raises(PortError, match="there is no Homeport on"):
        from_board(board.ready_tty())
    with pytest.raises(PortError, match="is not there"):
        from_board(tmp_path / "tty")


@pytest.mark.board
def test_the_command_writes_files_or_prints_and_has_no_password_on_its_command_line(bench, tmp_path):
    (tmp_path / "homeport.json").write_text(json.dumps({"access_point_password": AWKWARD}))

    def run(*words):
        command = [BIN / "homeport", "label", *words]
        return subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=30)

    made = run("--name", NAME, "--settings", tmp_path / "homeport.json")
    assert made.stdout == Label(NAME, AWKWARD).text()
    made = run("--name", NAME, "--out", tmp_path / "a.png", "--out", tmp_path / "a.svg")
    assert not made.stdout and (tmp_path / "a.svg").read_text() == Label(NAME).svg() and (tmp_path / "a.png").exists()
    made = run("--name", NAME, "--port", "anywhere")
    assert made.returncode == 2 and "no board is asked" in made.stderr
    made = run("--settings", "homeport.json", "--port", "anywhere")
    assert made.returncode == 2 and "--settings goes with --name" in made.stderr
    made = run("--name", NAME, "--out", tmp_path / "missing" / "a.png")
    assert (made.returncode, made.stderr) == (2, f"homeport: {tmp_path}/missing/a.png: No such file or directory\n")
    made = run("--name", "no name")
    assert made.returncode == 2 and made.stderr.startswith("homeport: 'no name'")

"""What a stranger with a shell, curl and bad manners finds: the fixed interfaces only, nothing of the code."""

import json
import subprocess
import urllib.parse

import pytest

from .boards import BIN, bench_fixture, free_port, images_fixture  # noqa: F401

pytestmark = pytest.mark.board

HOME = {"ssid": "Home", "key": "correct horse", "join_ms": 300}
AIR = {"networks": [HOME]}
OPEN = "portal open"
FORM = b"application/x-www-form-urlencoded"
ICON_LIMIT_BYTES = 64  # a longer answer might be taken for an icon or a proxy's script
COMMAND_TIMEOUT_S = 15


def request(path=b"/", method=b"GET", body=None, host=b"127.0.0.1", fields=b""):
    head = method + b" " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + fields
    if body is not None:
        head += b"Content-Type: %s\r\nContent-Length: %d\r\n" % (FORM, len(body))
    return head + b"\r\n" + (body or b"")


def status_of(answer):
    """The number in an answer's first line; 0 if nothing came."""
    return int(answer[9:12]) if answer[:7] == b"HTTP/1." else 0


def form(ssid, password):
    return urllib.parse.urlencode({"ssid": ssid, "password": password}).encode()


def submit(board, ssid, password):
    return status_of(board.http(request(b"/connect", b"POST", form(ssid, password))))


def status(board):
    return json.loads(board.http(request(b"/api/status")).split(b"\r\n\r\n", 1)[1])


def command(*words):
    """(exit status, standard error) of a `homeport board` that is expected to refuse."""
    ports = ("--http-port", free_port(), "--dns-port", free_port())
    words = [BIN / "homeport", "board", *ports, *words]  # of an option given twice the last counts
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
    return done.returncode, done.stderr


# Memory: whatever came before, the next request is served


def test_a_second_password_right_after_a_wrong_one_is_taken(bench):
    board = bench.start(firmware=True, air=AIR, clock=8)
    board.wait_for(OPEN)
    assert submit(board, "Home", "correct horse") == 303
    board.wait_for("connecting got_ip connected")
    board.power_cut()
    two = {"ssid": "Two", "key": "second key"}
    board = bench.start(board.flash, air={"networks": [{**HOME, "up": False}, two], "phones": 1}, clock=100)
    board.wait_for("try_saved connect_failed fallback")
    board.wait_for(OPEN)
    for password, event in (("wrong key 1", "connect_failed_others_saved"), ("second key", "got_ip")):
        start = len(board.lines)
        assert submit(board, "Two", password) == 303
        board.wait_for(f"connecting {event} ", start=start)
        assert status(board)["reason"] == (None if event == "got_ip" else "wrong_password")


def test_the_longest_form_is_read_whatever_was_asked_before_it(bench):
    board = bench.start(firmware=True, air={"networks": [{"ssid": f"Network {n}" + "x" * 20} for n in range(10)]})
    board.wait_for(OPEN)
    longest = request(b"/connect", b"POST", b"x=" + b"a" * 1022)
    many = request(b"/connect", b"POST", b"&".join([b"a"] * 500))
    for before, expected in (
        (request(b"/nothing"), 302),
        (many, 413),
        (request(fields=b"X: y\r\n" * 2000), 431),
        (request(b"/connect", b"POST", b"x" * 100_000), 413),
        (request(b"/api/networks"), 200),
    ):
        assert status_of(board.http(before)) == expected
        assert [status_of(board.http(longest)) for _ in range(3)] == [422] * 3, before[:40]


def test_what_machines_ask_for_is_not_found_in_few_bytes(bench):
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)
    for path in (b"/favicon.ico", b"/wpad.dat", b"/apple-touch-icon.png"):
        answer = board.http(request(path))
        assert status_of(answer) == 404
        assert len(answer.split(b"\r\n\r\n", 1)[1]) <= ICON_LIMIT_BYTES


# The command


def test_a_file_that_is_not_ours_is_no_place_for_the_serial_port(tmp_path):
    letter = tmp_path / "letter"
    letter.write_text("dear")
    code, said = command("--flash", tmp_path / "f.bin", "--tty", letter)
    assert code == 2 and "--tty" in said and letter.read_text() == "dear"


@pytest.mark.parametrize("option", ["--http-port", "--dns-port"])
def test_a_port_that_cannot_be_is_refused_by_the_name_of_its_option(tmp_path, option):
    code, said = command("--flash", tmp_path / "f.bin", option, 99999)
    assert code == 2 and option in said and "Traceback" not in said


def test_a_place_where_no_image_can_be_is_told(tmp_path):
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "file" / "f.bin"):
        code, said = command("--flash", place)
        assert code == 2 and "--flash" in said and "Traceback" not in said


def test_one_image_is_in_one_board_only(bench):
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)
    code, said = command("--flash", board.flash)
    assert code == 2 and "another board" in said


def test_an_empty_file_is_no_image_yet(bench, tmp_path):
    (tmp_path / "empty.bin").touch()
    board = bench.start(tmp_path / "empty.bin", air=AIR)
    board.wait_for(OPEN, timeout=60)


def test_a_neighbour_whose_key_nobody_told_is_seen_and_cannot_be_joined(bench):
    air = {"networks": [{"ssid": "Neighbour", "security": "wpa2"}, {"ssid": "Older", "security": "wep"}]}
    board = bench.start(firmware=True, air=air, clock=20)
    board.wait_for(OPEN)
    rows = json.loads(board.http(request(b"/api/networks")).split(b"\r\n\r\n", 1)[1])
    assert {row["ssid"]: row["security"] for row in rows} == {"Neighbour": "wpa2", "Older": "wep"}
    assert submit(board, "Neighbour", "password1") == 303
    board.wait_for("connecting connect_failed portal")
    assert status(board)["reason"] == "wrong_password"

"""What a stranger with a shell, curl and bad manners finds: the fixed interfaces only, nothing of the code."""

import json
import random
import socket
import subprocess
import sys
import threading
import urllib.parse
from pathlib import Path

import pytest

from .boards import BIN, bench_fixture, free_port, images_fixture  # noqa: F401
from .conftest import UNDER_CI

pytestmark = pytest.mark.board

HOME = {"ssid": "Home", "key": "correct horse", "join_ms": 300}
AIR = {"networks": [HOME]}
OPEN = "portal open"
FORM = b"application/x-www-form-urlencoded"
ICON_LIMIT_BYTES = 64  # a longer answer might be taken for an icon or a proxy's script
COMMAND_TIMEOUT_S = 60  # a machine under load takes its time


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
    many = request(b"/connect", b"POST", b"&".join(b"a%d" % n for n in range(200)))
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


# Several at once


def test_of_two_who_submit_at_once_the_second_is_told_that_the_board_is_trying(bench):
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)
    codes = []
    people = [threading.Thread(target=lambda: codes.append(submit(board, "Home", "wrong horse"))) for _ in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(codes) == [303, 409]


def test_a_page_comes_although_more_clients_than_there_are_places_say_nothing(bench):
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)
    silent = [socket.socket() for _ in range(10)]
    for client in silent:
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", board.http_port))
    assert status_of(board.http(request(), timeout=30)) == 200
    for client in silent:
        client.close()


# Flash


def test_power_that_goes_at_any_flash_operation_of_the_first_provisioning_leaves_a_board_that_starts(bench):
    for operation in range(1, 50):
        board = bench.start(firmware=True, air=AIR, clock=8, cut_after=operation)
        try:
            board.wait_for(OPEN)
            submit(board, "Home", "correct horse")
            board.wait_for("connecting got_ip connected")
            board.wait_for("connected: address")
            provisioned = True
        except (AssertionError, OSError):
            assert board.wait() == 3  # the exit status of a power cut
            provisioned = False
        if board.process.poll() is None:
            board.power_cut()
        again = bench.start(board.flash, air=AIR, clock=8)
        assert again.wait_for(f"(try_saved got_ip connected|{OPEN})")
        again.power_cut()
        if provisioned:
            assert any("try_saved got_ip connected" in line for line in again.lines)
            break
    assert provisioned and operation > 3  # the cuts fired until there were no more operations


@pytest.mark.parametrize(
    "first, second", [(b"\xff" * 40, b"\0" * 40), (b"HP\x63" + bytes(40), b"x" * 5000), (b"", b"")]
)
def test_two_spoilt_slots_lead_to_the_portal_and_can_be_written_again(bench, first, second):
    image = bench.image(firmware=True, files=(("credentials.0", first), ("credentials.1", second)))
    board = bench.start(image, air=AIR, clock=8)
    board.wait_for(OPEN)
    assert submit(board, "Home", "correct horse") == 303
    board.wait_for("connecting got_ip connected")
    board.power_cut()
    bench.start(image, air=AIR, clock=8).wait_for("try_saved got_ip connected")


FILL = """
made = 0
for size in (65536, 4096, 1):
    try:
        while made < 1000:
            with open("/f%d" % made, "wb") as file:
                for _ in range(size // 2048 or 1):
                    file.write(bytes(min(size, 2048)))
            made += 1
    except OSError as error:
        print("full for", size)
"""


def test_a_full_flash_is_told_on_the_page_and_the_board_is_online_all_the_same(bench):
    board = bench.start(firmware=True, air=AIR, clock=4)
    board.wait_for(OPEN)
    assert "full for 1\n" in board.mpremote("exec", FILL)
    start = len(board.lines)
    board.mpremote("reset")
    board.wait_for(OPEN, start=start)
    assert submit(board, "Home", "correct horse") == 303
    board.wait_for("connecting got_ip connected")
    assert status(board)["saved"] is False
    assert b"could not be saved" in board.http(request(b"/status"))


# As on the chip: its address, its ports, and what phones send

REPLAY_S = 8  # for each kind of pieces


def test_every_phone_gets_what_it_needs_from_the_board_at_its_own_address(bench):
    image = bench.image(firmware=True)
    seed = random.randrange(1 << 32)
    print("seed", seed)
    words = ["unshare", "--net", sys.executable, "-m", "host_tests.outside", image, seed, REPLAY_S]
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, timeout=120, cwd=Path(__file__).parent.parent
    )
    if "Operation not permitted" in done.stderr and not UNDER_CI:
        pytest.skip("no network namespace without root")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    print(found["asked"])
    assert found["wrong"] == [] and found["faults"] == []
    assert found["asked"]["names"] > 360 and found["asked"]["names again"] > 15
    assert found["asked"]["captive"] > 170 and found["asked"]["success"] > 35
    assert found["asked"]["captive, at once"] > 100 and found["asked"]["success, at once"] > 15
    for kind in ("byte by byte", "split"):
        assert found["asked"]["captive, " + kind] > 20 and found["asked"]["success, " + kind] > 5


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

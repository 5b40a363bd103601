"""Ways back in on the virtual board: buttons, console, crashes, watchdog, and the real mpremote at all of them."""

import re

import pytest

from .boards import bench_fixture, images_fixture, mount, read_file, write_file  # noqa: F401

pytestmark = pytest.mark.board

HOME = {"ssid": "Home", "key": "correct horse", "channel": 6, "join_ms": 300}
AIR = {"networks": [HOME]}
NO_ROUTER = {"networks": [{**HOME, "up": False}]}
QUICK = 10  # board seconds in one of ours


def configured(bench, air=AIR, files=(), clock=QUICK):
    """A board that is set up and connected, with these files on it; console line where it starts."""
    flash = bench.image(firmware=True, files=files)
    board = bench.start(flash, air=AIR, clock=clock)
    board.wait_for("portal open")
    submit(board)
    board.wait_for("connected: address")
    board.power_cut()
    board = bench.start(flash, air=air, clock=clock)
    return board


def submit(board):
    body = b"ssid=Home&password=correct+horse"
    head = b"POST /connect HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n"
    head += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
    assert b" 303 " in board.http(head % (board.http_port, len(body)) + body)


def connected(bench, **changes):
    board = configured(bench, **changes)
    board.wait_for("connected: address")
    return board


def state(board):
    return [line.split()[4] for line in board.lines if line.startswith("fsm ")][-1]


# Buttons


def test_the_button_opens_the_portal_after_five_seconds_and_erases_after_ten(bench):
    board = connected(bench)
    board.set_air({**AIR, "pins": {"0": 0}})
    start = len(board.lines)
    board.wait_for("button: everything is erased", start=start)
    board.wait_for("credentials_forgotten portal", start=start)
    board.wait_for("portal open", start=start)
    assert b"correct horse" not in board.flash.with_name("flash.bin.sdk").read_bytes()
    board.power_cut()
    board = bench.start(board.flash, air=AIR, clock=QUICK)
    board.wait_for("credentials_missing portal")


def test_a_button_let_go_after_six_seconds_opens_the_portal(bench):
    board = connected(bench, clock=5)
    board.set_air({**AIR, "pins": {"0": 0}})
    from time import sleep

    sleep(7 / 5)
    board.set_air(AIR)
    board.wait_for("connected portal_requested fallback")
    board.wait_for("portal open")


def test_two_presses_of_the_reset_button_open_the_portal_and_one_does_not(bench):
    board = connected(bench, clock=1)
    board.set_air({**AIR, "resets": 1})
    board.wait_for("boot credentials_found try_saved", start=len(board.lines))
    start = len(board.lines)
    board.set_air({**AIR, "resets": 2})
    board.wait_for("boot portal_requested fallback", start=start)


def test_a_flicker_of_the_power_opens_nothing(bench):
    board = connected(bench, clock=1)
    for _ in range(3):
        board.power_cut()
        board = bench.start(board.flash, air=AIR, clock=1)
        assert board.wait_for("fsm .* boot (.*)")[1] == "credentials_found try_saved"


# The console


def test_forget_at_the_prompt_erases_everything(bench):
    board = connected(bench)
    assert "everything is erased" in board.mpremote("exec", "import homeport; homeport.forget()")
    assert b"correct horse" not in board.flash.with_name("flash.bin.sdk").read_bytes()
    start = len(board.lines)
    board.mpremote("reset")
    board.wait_for("boot credentials_missing portal", start=start)


def test_portal_at_the_prompt_starts_again_into_the_open_portal(bench):
    board = connected(bench)
    start = len(board.lines)
    board.mpremote("exec", "--no-follow", "import homeport; homeport.portal()")
    board.wait_for("boot portal_requested fallback", start=start)
    board.wait_for("portal open", start=start)
    start = len(board.lines)
    board.mpremote("reset")
    board.wait_for("connected: address", start=start)


# Crashes


def test_a_program_that_crashes_on_and_on_ends_in_the_portal_and_its_log_can_be_read(bench):
    program = b"print('owner runs')\n\ndef step():\n    raise ValueError('on and on')\n"
    board = connected(bench, files=[("app.py", program)])
    board.wait_for("5 crashes within two minutes", timeout=60)
    board.wait_for("boot portal_requested fallback")
    assert board.lines.count("owner runs") == 5
    log = board.mpremote("fs", "cat", ":/crash.log")
    assert re.match(r"--- \d times, the last one \d+ s after the start\nTraceback", log) and "on and on" in log
    assert 'File "app.py", line 4, in step' in log


HOARDER = "def step():\n    b = []\n    while True:\n        b.append(bytearray(1000))\n"


@pytest.mark.parametrize("program", ["import sys\nsys.exit()\n", HOARDER])
def test_a_program_that_ends_itself_or_the_memory_is_started_again(bench, program):
    board = connected(bench, files=[("app.py", program.encode())])
    board.wait_for("starting again in 2 s", timeout=60)
    assert read_file(board.flash, "crash.log").startswith(b"--- ")


def test_a_program_that_keeps_all_the_memory_is_logged_and_counted_as_any_other(bench):
    """It fails while it is imported: nothing of it may stay behind where the crash has to be written down."""
    program = b"b = []\nwhile True:\n    b.append(bytearray(60))\n"
    board = connected(bench, files=[("app.py", program)])
    board.wait_for("5 crashes within two minutes", timeout=60)
    board.wait_for("boot portal_requested fallback")
    assert not [line for line in board.lines if "could not be logged" in line]
    assert b"MemoryError" in read_file(board.flash, "crash.log")


def test_mpremote_gets_in_during_the_pause_after_a_crash(bench):
    board = connected(bench, files=[("app.py", b"def step():\n    1 // 0\n")], clock=1)
    board.wait_for("starting again in 4 s", timeout=30)
    assert board.mpremote("exec", "print(6 * 7)") == "42\n"


# The watchdog

ARMED = b"import homeport\nshown = False\ndef step():\n    global shown\n"
ARMED += b"    if homeport.watchdog and not shown:\n        shown = True\n        print('armed')\n"


def armed(bench, more=b"", clock=20):
    board = connected(bench, files=[("app.py", ARMED + more)], clock=clock)
    board.wait_for("^armed", timeout=60)
    return board


def test_a_step_that_hangs_resets_the_board(bench):
    board = armed(bench, b"        while True:\n            pass\n")
    start = len(board.lines)
    board.wait_for("boot credentials_found try_saved", start=start)
    board.wait_for("connected: address", start=start)


def test_a_board_with_an_armed_watchdog_goes_on(bench):
    board = armed(bench, clock=6)  # a faster one bites when this machine lets the board wait for a tenth of a second
    start = len(board.lines)
    from time import sleep

    sleep(10)  # a minute
    assert not [line for line in board.lines[start:] if line.startswith("fsm ")]


def test_mpremote_gets_in_at_the_first_try_while_the_watchdog_is_armed(bench):
    board = armed(bench)
    assert board.mpremote("exec", "print(6 * 7)") == "42\n"
    from time import sleep

    sleep(1)  # twenty seconds: nothing bites any more
    assert board.mpremote("resume", "exec", "import homeport; print(homeport.watchdog)") == "None\n"
    start = len(board.lines)
    board.mpremote("reset")
    board.wait_for("connected: address", start=start)


def test_files_can_be_copied_at_the_first_try_while_the_watchdog_is_armed(bench, tmp_path):
    board = armed(bench)
    file = tmp_path / "long"
    file.write_bytes(b"a line of text\n" * 3000)
    board.mpremote("fs", "cp", file, ":long")
    board.power_cut()
    assert read_file(board.flash, "long") == file.read_bytes()


def test_a_person_who_types_ctrl_c_while_it_is_armed_gets_a_friendly_prompt(bench):
    board = armed(bench)
    import os

    tty = os.open(board.ready_tty(), os.O_RDWR | os.O_NOCTTY)
    os.write(tty, b"\3")
    board.wait_for("stopped; a reset starts it")
    board.wait_for("MicroPython v")
    os.write(tty, b"print(6 * 7)\r")
    board.wait_for("^42")
    os.close(tty)


# Every state


def in_portal(bench):
    board = bench.start(bench.image(firmware=True), air=AIR, clock=QUICK)
    board.wait_for("portal open")
    return board


def in_connecting(bench):
    board = bench.start(bench.image(firmware=True), air={"networks": [{**HOME, "join_ms": 3_000_000}]}, clock=1)
    board.wait_for("portal open")
    submit(board)
    board.wait_for("credentials_submitted connecting")
    return board


def in_try_saved(bench):
    board = configured(bench, air=NO_ROUTER, clock=1)
    board.wait_for("credentials_found try_saved")
    return board


def in_fallback(bench):
    board = configured(bench, air=NO_ROUTER, files=[("homeport.json", b'{"power_on_allowance_s": 0}')])
    board.wait_for("connect_failed fallback", timeout=60)
    return board


@pytest.mark.parametrize("reach", [in_portal, in_connecting, in_try_saved, in_fallback, connected])
def test_mpremote_gets_in_at_the_first_try_in_every_state(bench, reach):
    board = reach(bench)
    assert board.mpremote("exec", "print(6 * 7)") == "42\n"

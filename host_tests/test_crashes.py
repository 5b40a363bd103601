"""The owner's program or the firmware raises: it is said, logged, and the board starts again, ever later."""

import sys

import pytest

from device import crash, marks, policy

from .fakes import POWER_ON, RESET_PIN, Router
from .running import KEY, Running

SECOND = 1000


def divides_by_zero(board):
    1 // 0  # noqa: B018


def pauses_s(board):
    """Seconds from each start to the next."""
    return [round((after - before) / SECOND) for before, after in zip(board.starts, board.starts[1:], strict=False)]


def test_a_crash_is_printed_and_logged_and_the_board_starts_again_after_a_second(monkeypatch, capsys):
    board = Running(monkeypatch, divides_by_zero).run(4 * SECOND)
    shown = capsys.readouterr().out
    assert "ZeroDivisionError" in shown and "starting again in 1 s" in shown
    assert board.log().startswith(b"--- 1 times, the last one ") and b"ZeroDivisionError" in board.log()
    assert len(board.starts) == 2


def once(error):
    def step(board):
        if len(board.starts) == 1:
            raise error

    return step


@pytest.mark.parametrize("error", [SystemExit("done"), MemoryError("memory allocation failed"), OSError("text")])
def test_whatever_the_program_raises_the_board_starts_again(monkeypatch, error):
    board = Running(monkeypatch, once(error)).run(30 * SECOND)
    assert len(board.starts) == 2 and type(error).__name__.encode() in board.log()
    assert board.context.state == "connected"


def test_the_pause_doubles_with_each_crash_up_to_five_minutes(monkeypatch):
    def slow_to_crash(board):  # too slow for a rescue, too fast to be forgotten
        board.hardware.sleep_ms(40 * SECOND)
        1 // 0  # noqa: B018

    board = Running(monkeypatch, slow_to_crash, settings=b'{"watchdog": false}').run(3600 * SECOND)
    pauses = [pause - 42 for pause in pauses_s(board)]
    assert pauses[:11] == pytest.approx([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300], abs=1)


def test_five_crashes_within_two_minutes_lead_to_a_protected_portal_without_the_program(monkeypatch, capsys):
    board = Running(monkeypatch, divides_by_zero)
    point = board.hardware.access_point
    seen = []
    board.at(60, lambda: seen.append((board.context.state, point.on and not point.is_open)))
    board.at(180, lambda: seen.append((board.context.state, point.on)))
    board.run(3600 * SECOND)
    assert seen == [("fallback", True), ("connected", False)], "protected, and it goes on trying"
    assert board.steps == 5 and len(board.starts) == 6
    assert not board.context.program_wanted
    assert "the program is left out until the next reset" in capsys.readouterr().out


@pytest.mark.parametrize("cause", [RESET_PIN, POWER_ON])
def test_after_a_rescue_a_reset_gives_the_program_another_chance(monkeypatch, cause):
    board = Running(monkeypatch, divides_by_zero).run(60 * SECOND)
    assert board.steps == 5
    board.step = None
    board.hardware.restart(cause)
    board.run(60 * SECOND)
    assert board.steps > 5 and board.context.program_wanted


def test_two_minutes_without_a_crash_clear_the_count(monkeypatch):
    def late(board):
        if board.context.clock.now() > policy.CRASHES_WITHIN_MS + SECOND:
            1 // 0  # noqa: B018

    board = Running(monkeypatch, late).run(1800 * SECOND)
    assert len(board.starts) > 12 and max(pauses_s(board)) <= 125


def test_the_same_crash_again_and_again_is_counted_and_hardly_ever_written(monkeypatch):
    board = Running(monkeypatch)
    record = marks.load(board.hardware)
    writes = board.hardware.flash.writes
    for number in range(1000):
        text = b"Traceback (most recent call last):\n  File \"app.py\", line 3\nOSError: took %d ms\n" % number
        crash.log(board.hardware, record, text, 5)
    assert board.hardware.flash.writes - writes <= 10
    head = board.log().split(b"\n")[0]
    assert 500 <= int(head.split()[1]) <= 1000 and board.log().count(b"Traceback") == 1


def test_crashes_in_turns_wear_the_flash_no_more(monkeypatch):
    board = Running(monkeypatch)
    record = marks.load(board.hardware)
    writes = board.hardware.flash.writes
    for number in range(1000):
        crash.log(board.hardware, record, b"Traceback\n  %d\nValueError\n" % (number % 3), 5)
    assert board.hardware.flash.writes - writes <= 20


def test_the_log_has_at_most_a_kilobyte_and_keeps_the_newest(monkeypatch):
    board = Running(monkeypatch)
    record = marks.load(board.hardware)
    for number in range(40):
        crash.log(board.hardware, record, b"Traceback\n%s line %d\nValueError\n" % (b"x" * 200, number), 5)
        assert len(board.log()) <= crash.LOG_LIMIT_BYTES
        assert b"line %d\n" % number in board.log()
    assert b"line 38\n" in board.log() and b"line 10\n" not in board.log()


def test_a_long_traceback_keeps_its_end(monkeypatch):
    def deep(board, depth=60):
        if depth:
            deep(board, depth - 1)
        raise ValueError("at the end")

    board = Running(monkeypatch, deep).run(4 * SECOND)
    assert b"at the end" in board.log() and len(board.log()) <= crash.TEXT_LIMIT_BYTES + 60


@pytest.mark.parametrize("rubbish", [b"", b"\n", b"--- ", b"--- x\n", b"\xff" * 3000, b"--- 99999999999999 times\n"])
def test_rubbish_in_place_of_the_log_does_no_harm(monkeypatch, rubbish):
    board = Running(monkeypatch, once(ValueError("news")))
    board.hardware.flash.files["/crash.log"] = rubbish
    board.run(30 * SECOND)
    assert b"news" in board.log() and len(board.log()) <= crash.LOG_LIMIT_BYTES and len(board.starts) == 2


def test_a_flash_that_is_full_does_not_keep_the_board_from_starting_again(monkeypatch):
    board = Running(monkeypatch, once(ValueError("news")))
    board.hardware.flash.full = True
    board.run(60 * SECOND)
    assert len(board.starts) == 2 and board.steps > 1


def test_the_firmwares_own_crash_is_handled_alike_even_before_it_has_begun(monkeypatch):
    board = Running(monkeypatch)
    start = board.machine_on
    board.machine_on = lambda hardware: 1 // 0 if len(board.starts) == 1 else start(hardware)
    board.run(30 * SECOND)
    assert len(board.starts) == 2 and b"ZeroDivisionError" in board.log() and board.steps


def test_a_crash_that_cannot_even_be_handled_restarts_the_board(monkeypatch, capsys):
    board = Running(monkeypatch, once(ValueError("news")))

    def fails(*_):
        if len(board.starts) == 1:
            raise MemoryError

    monkeypatch.setattr(sys, "print_exception", fails)
    board.run(60 * SECOND)
    assert len(board.starts) == 2 and board.steps > 1 and "homeport: starting again\n" in capsys.readouterr().out


def test_no_access_point_stays_behind_that_nobody_serves(monkeypatch):
    def step(board):
        raise ValueError

    board = Running(monkeypatch, step, settings=b'{"access_point": "always"}')
    board.run(2_400)
    assert board.steps == 1 and len(board.starts) == 1 and not board.hardware.access_point.on


def test_ctrl_c_in_the_pause_leads_to_the_prompt_and_clears_the_count(monkeypatch):
    def interrupt():
        assert marks.load(board.hardware)[marks.CRASHES] == 4
        raise KeyboardInterrupt

    board = Running(monkeypatch, divides_by_zero)
    board.at(18, interrupt)
    board.run(60 * SECOND)
    assert board.prompt
    board.prompt, board.step = False, None
    board.hardware.restart(4)
    board.run(30 * SECOND)
    assert board.context.program_wanted and marks.load(board.hardware)[marks.CRASHES] == 0


def test_no_password_is_in_the_log_of_a_crash_of_the_firmware(monkeypatch):
    board = Running(monkeypatch, router=Router(b"Home", KEY))
    monkeypatch.setattr("device.net.station.join", divides_by_zero, raising=True)
    board.run(10 * SECOND)
    assert KEY not in board.log()

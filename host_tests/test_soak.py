"""The soak in small (soak.py has the month), that it sees what it looks for, and the clock that makes it quick."""

import time

import pytest
from homeport.board import Board, Settings
from homeport.board.clock import JumpingClock

from . import soak
from .boards import bench_fixture, free_port, images_fixture  # noqa: F401

pytestmark = [pytest.mark.board, pytest.mark.slow]

ROUND = len(soak.OUTAGES)  # hours, with every kind of outage once; the first half is compared with the second
LIMIT_S = 20


class Jumping:
    """A bare board whose clock jumps, running `main`. `lines`: its console."""

    def __init__(self, bench, main):
        self.shown = bytearray()
        self.board = Board(
            Settings(str(bench.image(main)), http_port=free_port(), dns_port=0, jump=True, console=self.shown.extend)
        )

    def __enter__(self):
        self.board.power_on()
        return self

    def __exit__(self, *_):
        self.board.close()

    @property
    def lines(self):
        return self.shown.decode().replace("\r\n", "\n").split("\n")

    def until(self, line):
        end = time.monotonic() + LIMIT_S
        while line not in self.lines:
            assert time.monotonic() < end, self.lines
            self.board.step(0.05)

    def until_clock(self, board_ms):
        """What the VM says of the time comes by another way than what it prints."""
        end = time.monotonic() + LIMIT_S
        while self.board.hardware.clock.now_ms() < board_ms:
            assert time.monotonic() < end, self.board.hardware.clock.now_ms()
            self.board.step(0.05)


@pytest.mark.parametrize("variant, hours", [("as delivered", 2 * ROUND), ("without watchdog", ROUND)])
def test_a_day_of_hourly_outages_leaves_heap_and_sockets_as_they_were(images, tmp_path, variant, hours):
    result = soak.soak_one(soak.copy(images[True], tmp_path / "image.bin"), variant, hours, 1)
    print(result)
    assert result.faults == []
    assert len(result.recoveries_ms) >= hours - 2  # all but those that are too short to be noticed


# A tuple now and then: so little that the memory lasts for both hours.
LEAK = "kept = None\nold = step\ndef step():\n global kept\n old()\n if turns & 127 == 0:\n  kept = (kept, turns)\n"


def test_a_program_that_keeps_things_is_seen_by_the_soak(images, tmp_path, monkeypatch):
    monkeypatch.setattr(soak, "PROGRAM", soak.PROGRAM + LEAK)
    result = soak.soak_one(soak.copy(images[True], tmp_path / "image.bin"), "without watchdog", 2, 1)
    assert [fault for fault in result.faults if "heap" in fault], result


def test_a_sleep_of_a_day_takes_a_moment_and_all_clocks_agree_on_it(bench):
    main = (
        "import time\nstart = time.ticks_ms(), time.time()\n"
        "for _ in range(24):\n time.sleep(3600)\n"
        "print(time.ticks_diff(time.ticks_ms(), start[0]) // 100000, time.time() - start[1])\nprint('done')\n"
    )
    with Jumping(bench, main) as run:
        run.until("done")
        assert "864 86400" in run.lines
        run.until_clock(86_400_000)


def test_what_is_printed_is_heard_before_the_clock_jumps_on_however_late_the_kernel_tells_of_it(bench):
    main = (
        "import machine, time\npin = machine.Pin(4)\n"
        "for hour in range(1, 4):\n time.sleep(3600)\n pin()\n print(hour)\n pin()\nprint('done')\n"
    )
    with Jumping(bench, main) as run:
        run.board._poller.unwatch(run.board._terminal.master)  # as if the kernel's worker had no time at all
        heard = []

        def note(data):
            run.shown.extend(data)
            heard.append((run.board.hardware.clock.now_ms() // 3_600_000, bytes(data)))

        run.board.settings.console = note
        run.until("done")
        assert [pair for pair in heard if pair[1].strip().isdigit()] == [(n, b"%d\n" % n) for n in (1, 2, 3)]


def test_a_program_that_waits_without_sleeping_gets_there(bench):
    main = (
        "import time as t\nend = t.ticks_ms() + 200\nwhile t.ticks_diff(end, t.ticks_ms()) > 0:\n pass\nprint('done')\n"
    )
    with Jumping(bench, main) as run:
        run.until("done")


def test_what_is_due_comes_in_the_middle_of_a_sleep(bench):
    with Jumping(bench, "import time\ntime.sleep(10)\nprint('done')\n") as run:
        seen = []
        for at in (7000, 2000):
            run.board.call_at(at, lambda: seen.append(run.board.hardware.clock.now_ms()))
        run.until("done")
        assert seen == [2000, 7000]


def test_the_watchdog_bites_who_sleeps_too_long(bench):
    main = (
        "import machine, time\nprint('cause', machine.reset_cause())\n"
        "if machine.reset_cause() == 0:\n dog = machine.WDT()\n for _ in range(60):\n  time.sleep(1)\n  dog.feed()\n"
        " print('fed')\n time.sleep(4)\nprint('done')\n"
    )
    with Jumping(bench, main) as run:
        run.until("done")
        assert run.lines[:4] == ["cause 0", "fed", "cause 3", "done"]


def test_a_wait_for_sockets_ends_in_board_time(bench):
    main = (
        "import select, socket, time\nsock = socket.socket(2, 2)\nsock.bind(('', 53))\npoll = select.poll()\n"
        "poll.register(sock, 1)\nstart = time.ticks_ms()\nfor _ in range(1000):\n poll.poll(20000)\n"
        "print(time.ticks_diff(time.ticks_ms(), start) // 1000)\nprint('done')\n"
    )
    with Jumping(bench, main) as run:
        run.until("done")
        assert "20000" in run.lines


def test_a_clock_that_jumps_never_goes_back():
    clock = JumpingClock(5)
    clock.jump_to(9000)
    clock.jump_to(8000)
    assert (clock.now_us(), clock.now_ms()) == (9000, 9)

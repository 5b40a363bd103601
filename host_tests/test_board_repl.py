"""The board's tty driven by the real mpremote, and by hand."""

import os
import select
import subprocess
import sys
import time

import pytest

from .boards import bench_fixture, images_fixture, read_file  # noqa: F401

pytestmark = pytest.mark.board

BUSY = "n = 0\nprint('up')\nwhile True:\n    n += 1\n"
SLEEPING = "import time\nprint('up')\nwhile True:\n    time.sleep_ms(500)\n"
POLLING = (
    "import socket, select\ns = socket.socket()\ns.bind(('', 80))\ns.listen(2)\np = select.poll()\n"
    "p.register(s, select.POLLIN)\nprint('up')\nwhile True:\n    p.poll(100000)\n"
)
ASKING = "import network\nw = network.WLAN(0)\nprint('up')\nwhile True:\n    w.status()\n"


class Keyboard:
    """A person at the serial port."""

    def __init__(self, board):
        self._fd = os.open(board.ready_tty(), os.O_RDWR | os.O_NOCTTY)
        self.seen = b""

    def type(self, data):
        os.write(self._fd, data)

    def expect(self, text, timeout=5):
        deadline = time.monotonic() + timeout
        while text not in self.seen:
            if not select.select([self._fd], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{text!r} did not come, but {self.seen!r}")
            self.seen += os.read(self._fd, 4096)
        before, self.seen = self.seen.split(text, 1)
        return before

    def close(self):
        os.close(self._fd)


@pytest.fixture
def keyboard():
    made = []

    def connect(board):
        made.append(Keyboard(board))
        return made[-1]

    yield connect
    for one in made:
        one.close()


def test_mpremote_copies_lists_reads_and_removes_files(bench, tmp_path):
    board = bench.start()
    data = bytes(range(256)) * 20
    (tmp_path / "data.bin").write_bytes(data)
    board.mpremote("fs", "mkdir", ":d", "+", "fs", "cp", tmp_path / "data.bin", ":d/data.bin")
    assert "5120 data.bin" in board.mpremote("fs", "ls", ":d")
    assert "data.bin" in board.mpremote("fs", "tree", ":")
    board.mpremote("fs", "cp", ":d/data.bin", tmp_path / "back.bin")
    assert (tmp_path / "back.bin").read_bytes() == data
    board.power_cut()
    assert read_file(board.flash, "d/data.bin") == data


def test_mpremote_copies_a_tree_and_removes_it(bench, tmp_path):
    board = bench.start()
    for name in ("a.txt", "sub/b.txt", "sub/deep/c.txt"):
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    board.mpremote("fs", "cp", "-r", tmp_path / "tree", ":")
    assert board.mpremote("fs", "cat", ":tree/sub/deep/c.txt") == "sub/deep/c.txt"
    board.mpremote("fs", "rm", "-r", ":tree")
    assert "tree" not in board.mpremote("fs", "ls", ":")


def test_mpremote_evaluates_and_runs_programs(bench, tmp_path):
    board = bench.start()
    assert board.mpremote("eval", "6 * 7").strip() == "42"
    (tmp_path / "program.py").write_text("for i in range(3):\n    print('line', i)\n")
    assert board.mpremote("run", tmp_path / "program.py") == "line 0\nline 1\nline 2\n"
    board.mpremote("exec", "x = 5", "+", "exec", "assert x == 5")
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        board.mpremote("exec", "1/0")


def test_mpremote_mounts_a_folder_of_this_machine(bench, tmp_path):
    board = bench.start()
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "module.py").write_text("ANSWER = 42\n")
    shown = board.mpremote("mount", tmp_path / "far", "exec", "import module; print(module.ANSWER)")
    assert shown.endswith("42\n")


def test_mpremote_installs_a_package_from_a_folder(bench, tmp_path):
    board = bench.start()
    (tmp_path / "package.json").write_text('{"urls": [["thing/core.py", "core.py"]], "version": "1"}')
    (tmp_path / "core.py").write_text("NAME = 'thing'\n")
    board.mpremote("mip", "install", tmp_path / "package.json")
    assert board.mpremote("exec", "from thing.core import NAME; print(NAME)") == "thing\n"


@pytest.mark.parametrize("body", ["pass", "time.sleep_ms(50)"])
def test_mpremote_gets_in_after_one_that_was_killed_in_an_endless_program(bench, body):
    board = bench.start()
    words = [sys.executable, "-m", "mpremote", "connect", board.ready_tty()]
    words += ["exec", f"import time\nprint('goes on')\nwhile True: {body}"]
    with subprocess.Popen(list(map(str, words)), stdout=subprocess.DEVNULL) as first:
        board.wait_for("goes on")
        first.kill()
    assert board.mpremote("exec", "print('in')") == "in\n"


def test_a_soft_reset_by_mpremote_runs_boot_but_not_main(bench):
    flash = bench.image("print('main ran')\n", files=[("boot.py", b"print('boot ran')\n")])
    board = bench.start(flash)
    board.wait_for("main ran")
    before = len(board.lines)
    board.mpremote("soft-reset")
    board.wait_for("boot ran", start=before)
    assert not [line for line in board.lines[before:] if "main ran" in line]


def test_reset_by_mpremote_restarts_the_board_with_main(bench):
    board = bench.start(main="import machine\nprint('cause', machine.reset_cause())\n")
    board.wait_for("cause 0")
    board.mpremote("reset")
    board.wait_for("cause 4")


@pytest.mark.parametrize("program", [BUSY, SLEEPING, POLLING, ASKING], ids=["busy", "sleeping", "polling", "asking"])
def test_ctrl_c_and_mpremote_get_into_an_endless_main(bench, keyboard, program):
    board = bench.start(main=program)
    board.wait_for("up")
    hands = keyboard(board)
    hands.type(b"\x03")
    hands.expect(b"KeyboardInterrupt")
    hands.expect(b">>> ")
    hands.type(b"print(1 + 1)\r")
    hands.expect(b"2\n>>> ")
    hands.type(b"\x04")
    hands.expect(b"MPY: soft reboot\r\n")
    hands.expect(b"up")
    assert board.mpremote("eval", "1 + 2").strip() == "3"


def test_ctrl_c_that_comes_before_the_firmware_runs_is_not_lost(bench, keyboard):
    board = bench.start(main=BUSY)
    keyboard(board).type(b"\x03")  # the tty is there before the VM has started
    board.wait_for("KeyboardInterrupt")


def test_the_friendly_prompt_edits_completes_and_pastes(bench, keyboard):
    board = bench.start()
    hands = keyboard(board)
    hands.type(b"\r\x03")
    hands.expect(b">>> ")
    hands.type(b"import sel\t\r")
    hands.expect(b"import select")
    hands.type(b"\x05def f():\r    return 'pasted'\r\x04")
    hands.type(b"f()\r")
    hands.expect(b"'pasted'")


def test_an_exception_in_main_shows_its_own_traceback_and_leaves_its_names(bench, keyboard):
    board = bench.start(main="def f():\n    return 1 // 0\nsaved = 7\nf()\n")
    board.wait_for("ZeroDivisionError")
    at = board.lines.index("Traceback (most recent call last):")
    assert board.lines[at + 1 : at + 3] == [
        '  File "main.py", line 4, in <module>',
        '  File "main.py", line 2, in f',
    ]
    hands = keyboard(board)
    hands.type(b"saved\r")
    hands.expect(b"7\n")


def test_main_is_skipped_after_an_exception_in_boot_but_not_after_system_exit(bench):
    board = bench.start(bench.image("print('main ran')\n", files=[("boot.py", b"import sys\nsys.exit()\n")]))
    board.wait_for("main ran")
    board = bench.start(bench.image("print('main ran')\n", files=[("boot.py", b"1/0\nprint(2)\n")]))
    board.wait_for("ZeroDivisionError")
    board.wait_for('Type "help')
    assert "main ran" not in board.lines


def test_ctrl_c_is_an_ordinary_byte_when_the_program_says_so(bench, keyboard):
    program = (
        "import sys, micropython\nmicropython.kbd_intr(-1)\nprint('up')\n"
        "print(sys.stdin.buffer.read(3))\nmicropython.kbd_intr(3)\n"
    )
    board = bench.start(main=program)
    board.wait_for("up")
    keyboard(board).type(b"a\x03b")
    board.wait_for(r"b'a\\x03b'")


def test_standard_input_can_be_polled(bench, keyboard):
    program = (
        "import sys, select\np = select.poll()\np.register(sys.stdin, select.POLLIN)\n"
        "print('idle', p.poll(0))\nprint('up')\nfor obj, events in p.ipoll(5000):\n"
        "    print(obj is sys.stdin, events, sys.stdin.read(1))\n"
    )
    board = bench.start(main=program)
    board.wait_for("up")
    keyboard(board).type(b"k")
    board.wait_for("True 1 k")
    assert "idle []" in board.lines

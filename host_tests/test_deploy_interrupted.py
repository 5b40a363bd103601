"""Deployment that is interrupted at its steps, by each of the ways there are, and then run again.

Each test takes every fourth step, others with each of the two trees; EVERY=1 in the environment has it take all.
"""

import contextlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from homeport import installed
from homeport.deploy import Silent, deploy, wanted
from homeport.link import ENTER_S, Gone, Link, Lost
from homeport.ports import Interrupted, PortError
from littlefs import LittleFSError
from mpremote.transport_serial import SerialTransport

from .boards import bench_fixture, images_fixture, mount, write_file  # noqa: F401

pytestmark = pytest.mark.board

# What belongs to the owner and has to survive: none of it is the firmware's.
KEPT = {
    "/credentials.0": b"HP saved networks",
    "/history": b"HH what happened",
    "/homeport.json": b'{"led_pin": null}',
    "/app.py": b"print('the program')\n",
}
NEVER = 1 << 30
EVERY = int(os.environ.get("EVERY", "4"))
CUT_EVERY = int(os.environ.get("EVERY", "13"))


def tree_at(folder, letter, entry="def main():\n    print('runs', deep() + wide())\n"):
    """A firmware of two modules that say which version they are of; the new one has lost a module and got another."""
    (folder / "sub").mkdir(parents=True)
    (folder / "__init__.py").write_text(f"from .sub.deep import deep\nfrom .wide import wide\n\n\n{entry}")
    (folder / "sub" / "deep.py").write_text(f"def deep():\n    return {letter * 3!r}\n")
    (folder / "wide.py").write_text(f"def wide():\n    return {letter * 3!r}\n")
    (folder / f"only_{letter}.py").write_text("def run():\n    pass\n")
    (folder / "page").write_bytes(random.Random(letter).randbytes(9000))  # more than one message
    (folder / "main.py").write_text("import homeport\n\nhomeport.main()\n")
    return folder


class Interrupting(Silent):
    """Counts what it is told; `action()` happens at the step of that number."""

    def __init__(self, at=NEVER, action=None):
        self.steps, self.said = 0, []
        self._at, self._action = at, action

    def doing(self, text):
        self._step()

    def copying(self, total_bytes):
        self._step()

    def copied(self, path, count):
        self._step()

    def say(self, text):
        self.said.append(text)

    def _step(self):
        self.steps += 1
        if self.steps == self._at:
            self._action()


@pytest.fixture(params=["the entry changes", "the entry stays"])
def trees(request, tmp_path):
    """(old, new): {path: bytes} of what each is on the board, and the new one's folder."""
    stays = request.param == "the entry stays"
    old = tree_at(tmp_path / "old", "A")
    new = tree_at(tmp_path / "new", "B", *(() if stays else ["def main():\n    print('runs', wide() + deep())\n"]))
    return Trees(wanted(old), wanted(new), new, int(stays))


class Trees:
    def __init__(self, old, new, folder, offset):
        self.old, self.new, self.folder = old, new, folder
        self._offset = offset % EVERY

    def steps(self, count, first=2):
        """Numbers of steps to interrupt at, of so many; the first one, compiling, needs no board."""
        return range(first + self._offset, count + 1, EVERY)


@pytest.fixture
def image(bench, trees):
    """Makes flash images with the old firmware and the owner's files on them."""

    def make():
        path = bench.image()
        for folder in ("lib", "lib/homeport", "lib/homeport/sub"):
            make_folder(path, folder)
        for name, data in {**trees.old, **KEPT}.items():
            write_file(path, name, data)
        return path

    return make


def make_folder(path, name):
    fs = mount(path)
    fs.mkdir(name)
    fs.unmount()
    path.write_bytes(fs.context.buffer)


def files_on(path):
    """{path: bytes} of all files of an image."""
    fs = mount(path)
    found = {}
    for folder, _, names in fs.walk("/"):
        for name in names:
            full = f"{folder.rstrip('/')}/{name}"
            with fs.open(full, "rb") as file:
                found[full] = file.read()
    return found


def firmware(files):
    return {path: data for path, data in files.items() if path.startswith(installed.LIB + "/")}


def check_never_half(path, trees):
    """A program that imports the package finds all of the old one, all of the new one, or no entry at all."""
    files = files_on(path)
    found = firmware(files)
    if f"{installed.LIB}/{installed.ENTRY}" in found:
        assert found in (firmware(trees.old), firmware(trees.new))
    assert {name: files.get(name) for name in KEPT} == KEPT


def check_finished(bench, path, trees):
    """The same command once more: it finishes, and what runs is the new one."""
    board = bench.start(path)
    deploy(board.ready_tty(), trees.folder)
    board.mpremote("reset")
    board.wait_for("runs BBBBBB")
    assert not [line for line in board.lines if "runs " in line and not line.endswith(("runs AAAAAA", "runs BBBBBB"))]
    board.power_cut()
    files = files_on(path)
    assert firmware(files) == firmware(trees.new)
    assert not [name for name in files if name.startswith(installed.STAGE)]
    assert {name: files.get(name) for name in KEPT} == KEPT


def steps_of(bench, image, trees):
    board = bench.start(image())
    report = Interrupting()
    deploy(board.ready_tty(), trees.folder, report)
    board.power_cut()
    assert report.steps > 12  # compile, stop, look at each file, copy each, check, put into place
    return report.steps


def test_a_board_that_loses_power_at_any_step_has_one_whole_firmware_or_none(bench, image, trees):
    for at in trees.steps(steps_of(bench, image, trees)):
        path = image()
        board = bench.start(path)
        with pytest.raises(Gone, match="is gone"):
            deploy(board.ready_tty(), trees.folder, Interrupting(at, board.power_cut))
        check_never_half(path, trees)
        check_finished(bench, path, trees)


def test_ctrl_c_at_any_step_leaves_a_board_that_runs_what_it_had(bench, image, trees):
    def interrupt():
        raise KeyboardInterrupt

    for at in trees.steps(steps_of(bench, image, trees)):
        path = image()
        board = bench.start(path)
        board.wait_for("runs AAAAAA")
        before = len(board.lines)
        with pytest.raises(Interrupted, match="interrupted.*\n.*still whole"):
            deploy(board.ready_tty(), trees.folder, Interrupting(at, interrupt))
        board.wait_for("runs AAAAAA", start=before)
        board.power_cut()
        check_never_half(path, trees)
    check_finished(bench, path, trees)


@pytest.fixture
def impatient(monkeypatch):
    """What restarts and says nothing is noticed after a second instead of ten."""
    monkeypatch.setattr(SerialTransport.read_until, "__defaults__", (1, None, None))
    monkeypatch.setattr(Link.__init__, "__defaults__", (ENTER_S, 1))


def test_a_board_that_restarts_in_the_middle_is_deployed_to_all_the_same(bench, image, trees, impatient):
    for at in trees.steps(steps_of(bench, image, trees), first=3):
        path = image()
        board = bench.start(path)
        board.wait_for("runs AAAAAA")

        def restart(board=board):
            before = len(board.lines)
            board.set_air({"resets": 1})
            board.wait_for("runs AAAAAA", start=before)

        report = Interrupting(at, restart)
        deploy(board.ready_tty(), trees.folder, report)
        assert report.said == ["The board has restarted in the middle of it; going on from there"]
        board.power_cut()
        assert firmware(files_on(path)) == firmware(trees.new)


def test_a_board_that_restarts_for_ever_is_given_up_with_what_to_do(bench, image, trees, impatient):
    board = bench.start(image())
    resets = []

    class Restarting(Silent):
        def copying(self, total_bytes):
            before = len(board.lines)
            resets.append(1)
            board.set_air({"resets": len(resets)})
            board.wait_for("runs AAAAAA", start=before)

    with pytest.raises(Lost, match="(?s)has stopped answering.*reset button.*still whole"):
        deploy(board.ready_tty(), trees.folder, Restarting())
    assert len(resets) == 4


KILLED = """
import os, signal, sys
from homeport.deploy import Silent, deploy
class Killed(Silent):
    count = 0
    def step(self, *_):
        self.count += 1
        if self.count == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
    doing = copying = copied = step
deploy(sys.argv[1], sys.argv[2], Killed())
"""


def test_a_killed_command_is_finished_by_the_next_one_which_does_not_copy_again_what_is_there(bench, image, trees):
    resumed = 0
    for at in trees.steps(steps_of(bench, image, trees)):
        path = image()
        board = bench.start(path)
        words = [sys.executable, "-c", KILLED, board.ready_tty(), trees.folder, at]
        assert subprocess.run(list(map(str, words)), timeout=60).returncode == -signal.SIGKILL
        again = deploy(board.ready_tty(), trees.folder)
        assert not set(again.resumed) & set(again.copied)
        resumed += len(again.resumed)
        board.power_cut()
        check_finished(bench, path, trees)
    assert resumed


def cut_in_a_move(path):
    """Have an image lose power while LittleFS moves a file from folder to folder, so that it hides the next one."""
    for operations in range(1, 20):
        fs = mount(path)
        left, program = operations, fs.context.prog

        def cut(*words, program=program):
            nonlocal left
            left -= 1
            return program(*words) if left > 0 else 0

        fs.context.prog = cut
        with contextlib.suppress(LittleFSError):
            fs.rename("/lib/homeport/a.mpy", "/lib/homeport.new/a.mpy")
        Path(f"{path}.cut").write_bytes(fs.context.buffer)
        if "b.mpy" not in mount(f"{path}.cut").listdir("/lib/homeport"):
            return os.replace(f"{path}.cut", path)
    raise AssertionError("LittleFS hides nothing any more")


def test_what_littlefs_hides_after_a_power_cut_in_the_middle_of_a_move_is_seen(bench):
    names = ("homeport/a.mpy", "homeport/b.mpy", "homeport/c.mpy", "homeport.new/d.mpy")
    path = bench.image(files=[(f"lib/{name}", b"M") for name in names])
    cut_in_a_move(path)
    with Link(bench.start(path).ready_tty()) as link:
        link.enter()
        found = {name.rpartition("/")[2] for name in installed.look(link).files if name.endswith(".mpy")}
    assert found == {"a.mpy", "b.mpy", "c.mpy", "d.mpy"}


def test_power_cuts_in_the_middle_of_flash_operations_never_leave_half_a_firmware(bench, image, trees):
    at = 0
    while True:
        at += CUT_EVERY
        path = image()
        board = bench.start(path, cut_after=at)
        try:
            deploy(board.ready_tty(), trees.folder)
            break
        except PortError:
            assert board.wait() == 3
            check_never_half(path, trees)
            check_finished(bench, path, trees)
    assert at > 30

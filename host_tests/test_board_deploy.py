"""Deployment with the real mpremote, the command line, and the board as a Python object."""

import os
import subprocess
import threading

import pytest
from homeport.board import Board, PowerLost, Settings
from homeport.board.session import make_image
from homeport.deploy import DeployError, compile_tree, deploy
from homeport.ports import PortError

from .boards import BIN, bench_fixture, free_port, images_fixture, mount, read_file, write_file  # noqa: F401

pytestmark = pytest.mark.board


@pytest.fixture
def tree(tmp_path):
    """A small firmware."""
    folder = tmp_path / "tree"
    (folder / "sub").mkdir(parents=True)
    (folder / "__pycache__").mkdir()
    (folder / "__init__.py").write_text("from .sub.deep import name\n\n\ndef main():\n    print('runs', name())\n")
    (folder / "sub" / "__init__.py").write_text("")
    (folder / "sub" / "deep.py").write_text("def name():\n    return 'deep'\n")
    (folder / "page.html").write_text("<p>")
    (folder / "__pycache__" / "x.pyc").write_text("")
    (folder / "main.py").write_text("import homeport\nhomeport.main()\n")
    return folder


def test_modules_go_as_mpy_other_files_as_they_are_and_main_as_source(tree, tmp_path):
    main = compile_tree(tree, tmp_path / "stage")
    found = sorted(str(p.relative_to(tmp_path / "stage")) for p in (tmp_path / "stage").rglob("*") if p.is_file())
    package = "lib/homeport"
    assert found == [
        f"{package}/__init__.mpy",
        f"{package}/page.html",
        f"{package}/sub/deep.mpy",
        f"{package}/version",
        "main.py",
    ]
    assert main.read_text() == (tree / "main.py").read_text()
    assert (tmp_path / "stage" / package / "sub" / "deep.mpy").read_bytes()[:2] == b"M\x06"


def test_a_tree_is_deployed_run_and_deployed_again_after_a_change(bench, tree):
    board = bench.start()
    assert len(deploy(board.ready_tty(), tree).copied) == 5
    board.mpremote("reset")
    board.wait_for("runs deep")
    (tree / "sub" / "deep.py").rename(tree / "sub" / "other.py")
    (tree / "__init__.py").write_text("def main():\n    print('runs changed')\n")
    done = deploy(board.ready_tty(), tree)
    assert done.copied == ["/lib/homeport/__init__.mpy", "/lib/homeport/sub/other.mpy"]
    assert done.removed == ["/lib/homeport/sub/deep.mpy"]
    board.mpremote("reset")
    board.wait_for("runs changed")


def test_a_module_that_does_not_compile_is_an_error_with_the_compilers_words(tree):
    (tree / "bad.py").write_text("def f(:\n")
    with pytest.raises(DeployError, match="bad.py"):
        deploy("/nowhere", tree)


def test_a_port_that_is_not_there_is_an_error_that_names_it(tree, tmp_path):
    with pytest.raises(PortError, match="tty is not there"):
        deploy(str(tmp_path / "tty"), tree)


def test_erase_makes_a_new_image_and_the_chip_keeps_its_number(bench):
    flash = bench.image("print('old program')\n")
    write_file(flash, "data", b"x")
    board = bench.start(flash, erase=True)
    board.wait_for("^fsm .* credentials_missing portal", timeout=60)
    board.power_cut()
    assert "data" not in mount(flash).listdir("/") and b"homeport" in read_file(flash, "main.py")


def test_an_image_whose_making_was_interrupted_is_made_again(tmp_path, tree):
    settings = Settings(str(tmp_path / "flash.bin"), http_port=free_port(), dns_port=0)
    (tree / "bad.py").write_text("def f(:\n")
    with pytest.raises(DeployError):
        make_image(settings, lambda text: None, tree)
    assert not (tmp_path / "flash.bin").exists() and os.listdir(tmp_path) == ["tree"]
    (tree / "bad.py").unlink()
    make_image(settings, lambda text: None, tree)
    assert "main.py" in mount(tmp_path / "flash.bin").listdir("/")


# The board as an object --------------------------------------------------------------------------


@pytest.fixture
def board(bench):
    """Makes a Board whose console is collected in `board.shown`."""
    made = []

    def make(main, **settings):
        shown = bytearray()
        flash = bench.image(main)
        made.append(Board(Settings(str(flash), http_port=free_port(), dns_port=0, console=shown.extend, **settings)))
        made[-1].shown = shown
        return made[-1]

    yield make
    for one in made:
        one.close()


def run_until(board, text):
    """Step the board until its console has `text`."""
    timer = threading.Timer(10, board.stop)
    timer.start()
    try:
        board.run(until=lambda: text in board.shown)
    finally:
        timer.cancel()
    assert text in board.shown, bytes(board.shown)


def test_a_board_is_stepped_cut_off_and_switched_on_again(board):
    one = board("import machine\nprint('cause', machine.reset_cause(), machine.RTC().memory())\n")
    one.power_on()
    run_until(one, b"cause 0 b''")
    one.power_cut()
    one.shown.clear()
    one.power_on()
    run_until(one, b"cause 0 b''")
    assert one.hardware.flash.operations == 0


def test_keys_the_air_and_other_descriptors_can_be_fed_while_it_runs(board):
    main = (
        "import network\nw = network.WLAN(0)\nw.active(True)\nw.connect('Home', '12345678')\nprint('up')\n"
        "while not w.isconnected():\n    pass\nprint('online', input())\n"
    )
    one = board(main, clock=20)
    one.power_on()
    run_until(one, b"up")
    read, write = os.pipe()
    one.watch(read, lambda: (os.read(read, 1), one.set_air({"networks": [{"ssid": "Home", "key": "12345678"}]})))
    os.write(write, b"r")
    one.call_soon(lambda: one.type(b"typed\r"))
    run_until(one, b"online typed")
    os.close(write)
    assert one.hardware.flash.operations == 2  # active(True) and connect(...)


def test_ticks_can_be_made_to_wrap_soon_after_power_on(board):
    main = (
        "import time\na = b = time.ticks_ms()\nwhile b >= a:\n    a, b = b, time.ticks_ms()\n"
        "print('wrapped', a, b, 0 < time.ticks_diff(b, a) < 900, 'end')\n"
    )
    one = board(main, uptime_ms=2**30 - 1000)
    one.power_on()
    run_until(one, b"end")
    assert b"wrapped 10737" in one.shown and b"True" in one.shown


def test_outputs_of_pins_can_be_seen(board):
    one = board("from machine import Pin\nPin(2, Pin.OUT, value=0)\nPin(4, Pin.OUT).on()\nprint('set')\n")
    one.power_on()
    run_until(one, b"set")
    assert one.hardware.pins.outputs() == {2: 0, 4: 1}


def test_power_lost_at_the_nth_operation_is_raised(board):
    one = board("open('x', 'w').close()\nprint('never')\n", cut_after=1)
    one.power_on()
    with pytest.raises(PowerLost):
        run_until(one, b"never")
    assert one.hardware is None and b"never" not in one.shown


# The command -------------------------------------------------------------------------------------


def homeport(*words):
    return subprocess.run([BIN / "homeport", *map(str, words)], capture_output=True, text=True, timeout=30)


def test_the_diagram_is_printed_and_written_between_its_marks(tmp_path):
    shown = homeport("model").stdout
    assert "stateDiagram" in shown
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- diagram -->\nold\n<!-- /diagram -->\nafter\n")
    assert homeport("model", "--write", page).returncode == 0
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("after\n") and "old" not in text and shown.strip() in text
    page.write_text("no marks")
    done = homeport("model", "--write", page)
    assert done.returncode == 2 and "has no" in done.stderr and page.read_text() == "no marks"


def test_an_unknown_option_is_a_usage_error():
    assert homeport("board", "--nonsense").returncode == 2

"""deploy, monitor and doctor as people call them, against the virtual board's tty."""

import binascii
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import time

import pytest
from homeport import commands, installed
from homeport.deploy import DeployError, deploy, wanted
from homeport.examine import decoded_history
from homeport.link import Unsuitable
from homeport.places import DEVICE
from homeport.shown import Shown
from rich.console import Console

from device import slots
from device.context import Network

from .boards import BIN, bench_fixture, images_fixture, mount, read_file, write_file  # noqa: F401
from .test_deploy_interrupted import KEPT, files_on, firmware, make_folder, tree_at
from .test_recovery import armed

pytestmark = pytest.mark.board

KEY = b"correct horse battery"
PORTAL_PASSWORD = "blue garden gate"
TOKEN = b"token-of-the-owner"


def homeport(*words, timeout=60):
    return subprocess.run([BIN / "homeport", *map(str, words)], capture_output=True, text=True, timeout=timeout)


def shown():
    """(Shown, what it shows) for no terminal."""
    text = io.StringIO()
    return Shown(Console(file=text, highlight=False, width=200)), text


@pytest.fixture
def old_and_new(tmp_path):
    """Two small firmwares: folders."""
    return tree_at(tmp_path / "old", "A"), tree_at(tmp_path / "new", "B")


def image_of(bench, tree, files=()):
    path = bench.image()
    for folder in ("lib", "lib/homeport", "lib/homeport/sub"):
        make_folder(path, folder)
    for name, data in {**wanted(tree), **dict(files)}.items():
        write_file(path, name, data)
    return path


# deploy ------------------------------------------------------------------------------------------


def test_a_new_board_gets_the_firmware_in_one_command_which_follows_it_to_its_first_state(bench):
    board = bench.start()
    done = homeport("deploy", "--port", board.ready_tty())
    assert done.returncode == 0, done.stderr
    assert "copied: __init__.mpy" in done.stdout
    assert re.search(r"\d+ files copied \(\d+ bytes\), 0 unchanged", done.stdout)
    assert re.search(r"^fsm \d+ boot credentials_missing portal$", done.stdout, re.M)
    board.wait_for("boot credentials_missing portal")


def test_what_is_there_already_is_skipped_and_what_people_entered_stays(bench):
    flash = bench.image(firmware=True, files=KEPT.items())
    board = bench.start(flash)
    done = homeport("deploy", "--tty", board.ready_tty(), "--verbose")
    assert done.returncode == 0, done.stderr
    assert re.search(r"0 files copied \(0 bytes\), \d\d unchanged, 0 removed", done.stdout)
    assert re.search(r"^unchanged: .*\bcore.mpy\b", done.stdout, re.M)
    board.power_cut()
    files = files_on(flash)
    assert {name: files[name] for name in KEPT if name != "/history"} | {"/history": KEPT["/history"]} == KEPT


def test_a_board_at_work_with_an_armed_watchdog_is_brought_up_to_date_and_is_back_in_its_network(bench, tmp_path):
    board = armed(bench)
    tree = shutil.copytree(DEVICE, tmp_path / "tree", ignore=shutil.ignore_patterns("__pycache__"))
    with (tree / "pages" / "style.css").open("a") as style:
        style.write("\nbody{color:#123456}\n")
    before = len(board.lines)
    screen, text = shown()
    assert commands.deploy(screen, board.ready_tty(), tree=tree) == 0
    assert re.search(r"^copied: pages/", text.getvalue(), re.M) and "core.mpy" not in text.getvalue()
    assert re.search(r"^fsm \d+ boot credentials_found try_saved$", text.getvalue(), re.M)
    board.wait_for("connected: address", start=before)
    board.wait_for("^armed", start=before, timeout=60)  # app.py is still there, and runs
    done = homeport("doctor", "--port", board.ready_tty())
    assert re.search(r"saved +1 network\n +Home, with a key\n", done.stdout), done.stdout
    assert "another one than here" in done.stdout


def test_a_main_of_ones_own_stays_and_is_replaced_on_demand(bench, old_and_new):
    old, _ = old_and_new
    mine = b"import homeport\nprint('mine')\nhomeport.main()\n"
    flash = image_of(bench, old, {"/main.py": mine})
    board = bench.start(flash)
    screen, text = shown()
    assert commands.deploy(screen, board.ready_tty(), tree=old) == 0
    assert "main.py on the board is your own and stays. `homeport deploy --main`" in text.getvalue()
    board.mpremote("reset")
    board.wait_for("mine")
    assert commands.deploy(screen, board.ready_tty(), replace_main=True, restart=False, tree=old) == 0
    board.power_cut()
    assert read_file(flash, "/main.py") == (old / "main.py").read_bytes()


def test_a_main_that_does_not_start_the_firmware_is_told(bench, old_and_new):
    old, _ = old_and_new
    board = bench.start(image_of(bench, old, {"/main.py": b"print('something else')\n"}))
    screen, text = shown()
    assert commands.deploy(screen, board.ready_tty(), tree=old) == 0
    assert "nothing in it starts Homeport" in text.getvalue()


def test_a_module_that_would_be_imported_instead_is_told(bench, old_and_new):
    old, _ = old_and_new
    board = bench.start(image_of(bench, old, {"/homeport.py": b"def main():\n    pass\n"}))
    screen, text = shown()
    commands.deploy(screen, board.ready_tty(), restart=False, tree=old)
    assert "takes /homeport.py; remove it: mpremote fs rm -r :/homeport.py" in text.getvalue()
    assert "ROMFS" in installed.how_to_unshadow("/rom/lib/homeport")


def test_a_firmware_that_crashes_at_its_start_is_told_with_its_traceback_in_the_sources(bench, old_and_new):
    old, new = old_and_new
    (new / "wide.py").write_text("def wide():\n    raise ValueError('broken')\n")
    board = bench.start(image_of(bench, old))
    screen, text = shown()
    assert commands.deploy(screen, board.ready_tty(), tree=new) == 1
    assert "ValueError: broken" in text.getvalue() and "crashed at its start" in text.getvalue()
    assert "homeport doctor" in text.getvalue()


def test_another_chip_and_a_python_that_is_too_old_are_refused_and_nothing_is_touched(bench, old_and_new):
    old, new = old_and_new
    old_python = "sys.implementation = type(sys.implementation)('micropython', (1, 20, 0, ''), '', 0x2706, '')"
    for boot, words in (("sys.platform = 'esp32'", "another chip"), (old_python, "1.20.0 on the board is too old")):
        flash = image_of(bench, old, {"/boot.py": f"import sys\n{boot}\n".encode()})
        board = bench.start(flash)
        with pytest.raises(Unsuitable, match=words):
            deploy(board.ready_tty(), new)
        board.power_cut()
        assert firmware(files_on(flash)) == firmware(wanted(old))


def test_ctrl_c_ends_a_deployment_with_what_the_board_is_now(running):
    master, slave = pty.openpty()  # nobody answers there
    deployment = running("deploy", "--port", os.ttyname(slave))
    assert select.select([master], [], [], 30)[0] and b"\x03" in os.read(master, 100)
    assert deployment.ctrl_c() == 130
    os.close(master)
    os.close(slave)


# A file system that is full ------------------------------------------------------------------------


def fill(path, free_blocks):
    """Leave so many blocks free."""
    fs = mount(path)
    with fs.open("/data", "wb") as file:
        file.write(bytes(4060 * (fs.block_count - fs.used_block_count - free_blocks - 4)))
    while fs.block_count - fs.used_block_count > free_blocks:
        with fs.open("/data", "ab") as file:
            file.write(bytes(4060))
    fs.unmount()
    path.write_bytes(fs.context.buffer)


def big(tree, letter):
    (tree / "big").write_bytes(os.urandom(60_000))
    return tree


def test_a_full_file_system_is_an_error_with_what_is_needed_and_the_old_firmware_goes_on(bench, old_and_new):
    old, new = old_and_new
    flash = image_of(bench, old)
    fill(flash, 8)
    board = bench.start(flash)
    board.wait_for("runs AAAAAA")
    before = len(board.lines)
    with pytest.raises(DeployError, match=r"full: \d+ KB are needed, \d+ KB are free.\n.*mpremote fs rm"):
        deploy(board.ready_tty(), big(new, "B"))
    board.wait_for("runs AAAAAA", start=before)
    board.power_cut()
    assert firmware(files_on(flash)) == firmware(wanted(old))


def test_a_file_system_that_gets_full_on_the_way_is_left_with_the_old_firmware_and_as_much_room(
    bench, old_and_new, monkeypatch
):
    old, new = old_and_new
    monkeypatch.setattr(installed.Plan, "need_blocks", 0)  # as if the estimate had been too low
    flash = image_of(bench, old)
    fill(flash, 8)
    board = bench.start(flash)
    with pytest.raises(DeployError, match="is full.\n.*Remove what is not needed(?s:.*)still whole"):
        deploy(board.ready_tty(), big(new, "B"))
    board.power_cut()
    files = files_on(flash)
    assert firmware(files) == firmware(wanted(old)) and not [path for path in files if path.startswith(installed.STAGE)]


def test_where_both_do_not_fit_the_old_firmware_goes_first(bench, old_and_new):
    old, new = big(old_and_new[0], "A"), big(old_and_new[1], "B")
    flash = image_of(bench, old, KEPT.items())
    fill(flash, 20)
    board = bench.start(flash)
    screen, text = shown()
    commands.deploy(screen, board.ready_tty(), restart=False, tree=new)
    assert "no room for the old firmware and the new one" in text.getvalue()
    board.power_cut()
    files = files_on(flash)
    assert firmware(files) == firmware(wanted(new)) and {name: files[name] for name in KEPT} == KEPT


@pytest.mark.parametrize("path", ["lib", "lib/homeport"])
def test_a_file_where_a_folder_has_to_be_is_told_and_the_next_run_after_its_removal_finishes(bench, old_and_new, path):
    old, _ = old_and_new
    board = bench.start(bench.image(files=[(path, b"")]))
    with pytest.raises(DeployError, match=r"(?s)OSError: 20\..*A file lies where.*fs rm.*again"):
        deploy(board.ready_tty(), old)
    board.mpremote("fs", "rm", f":/{path}")
    deploy(board.ready_tty(), old)
    board.mpremote("reset")
    board.wait_for("runs AAAAAA")


# monitor -----------------------------------------------------------------------------------------


class Running:
    """A command that goes on, its output read as it comes."""

    def __init__(self, *words):
        self._process = subprocess.Popen(
            [BIN / "homeport", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0
        )
        self.seen = ""

    def expect(self, pattern, timeout=20):
        deadline = time.monotonic() + timeout
        while not (found := re.search(pattern, self.seen, re.M)):
            if not select.select([self._process.stdout], [], [], max(0, deadline - time.monotonic()))[0]:
                raise AssertionError(f"{pattern!r} did not come, but:\n{self.seen}")
            data = self._process.stdout.read(4096)
            assert data, f"ended before {pattern!r}:\n{self.seen}"
            self.seen += data.decode()
        self.seen = self.seen[found.end() :]
        return found

    def ctrl_c(self):
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(20)

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


@pytest.fixture
def running():
    made = []

    def start(*words):
        made.append(Running(*words))
        return made[-1]

    yield start
    for one in made:
        one.kill()


def test_the_monitor_shows_the_console_and_ctrl_c_leaves_the_board_going_on(bench, running):
    board = bench.start(firmware=True)
    board.wait_for("portal open")
    monitor = running("monitor", "--port", board.ready_tty(), "--reset")
    monitor.expect("Ctrl-C leaves")
    monitor.expect(r"^fsm \d+ boot credentials_missing portal$")
    before = len(board.lines)
    assert monitor.ctrl_c() == 0
    board.wait_for("portal open", start=before - 2)


def test_the_monitor_that_is_left_while_it_stops_the_board_has_it_go_on(bench, running):
    board = bench.start(firmware=True)
    board.wait_for("portal open")
    monitor = running("monitor", "--port", board.ready_tty(), "--reset")
    board.wait_for(">>>|raw REPL|soft reboot")
    before = len(board.lines)
    assert monitor.ctrl_c() == 0
    board.wait_for("portal open", start=before)


def test_the_monitor_waits_for_a_board_that_was_unplugged(bench, running):
    flash = bench.image(firmware=True)
    board = bench.start(flash)
    monitor = running("monitor", "--port", board.ready_tty())
    monitor.expect("Ctrl-C leaves")
    board.power_cut()
    monitor.expect("is gone; waiting for it")
    board.tty.unlink()
    bench.start(flash)
    monitor.expect("is back")
    monitor.expect("portal open")


def test_the_monitor_shows_tracebacks_of_the_firmware_with_files_and_lines_of_the_sources(bench, running):
    board = bench.start(main="import homeport\nhomeport.machine(42)\n", flash=None, firmware=True)
    board.wait_for("AttributeError")
    monitor = running("monitor", "--port", board.ready_tty(), "--reset")
    monitor.expect("Traceback")
    monitor.expect(r'File "main.py", line 2, in <module>')
    monitor.expect(r'File "\S*device/\w+\.py", line \d+, in machine\n +.*Context\(hardware\)')
    number = monitor.expect(r'File "\S*device/context\.py", line (\d+), in Context.__init__\n')[1]
    source = (DEVICE / "context.py").read_text().split("\n")[int(number) - 1]
    monitor.expect(re.escape(source.strip()))
    monitor.expect("AttributeError")


def test_states_are_coloured_on_a_terminal_and_nothing_from_the_board_gets_to_command_it():
    from homeport.monitor import Console as Monitor

    text = io.StringIO()
    monitor = Monitor(Console(file=text, force_terminal=True, color_system="standard", highlight=False, width=200))
    monitor.show(b"fsm 1500 boot credentials_missing portal")
    monitor.show(b"fsm 2500 try_saved got_ip connected")
    monitor.show(b"ssid \x1b]0;evil\x07 [red]x")
    monitor.show(bytes(range(128, 200)))
    monitor.show(bytes(range(128, 200)))
    shown = text.getvalue()
    assert "\x1b[1;35mportal" in shown and "\x1b[1;32mconnected" in shown and "1.5 s" in shown
    assert "\x1b]0;" not in shown and "[red]x" in shown
    assert shown.count("boot ROM") == 1


# doctor ------------------------------------------------------------------------------------------


def history(*entries):
    """/history as the firmware writes it: (ssid, reason, dBm or 0, count)."""
    data = b"HH\1\0\0\0\0\0\0"
    for ssid, reason, rssi, count in entries:
        data += bytes([len(ssid)]) + ssid + bytes([reason, rssi & 255]) + count.to_bytes(2, "little") + bytes(4)
    crc = slots.crc16(data)
    return data + bytes([crc >> 8, crc & 255])


def full_of_secrets():
    home = Network(b"Home", KEY)
    home.proven = True
    odd = Network(b"\xff\x00odd", KEY[::-1])
    log = b"--- 3 times, the last one 62 s after the start\nTraceback (most recent call last):\n" + (
        b'  File "app.py", line 3, in step\nValueError: ' + KEY + b" and " + TOKEN + b" and " + PORTAL_PASSWORD.encode()
    )
    return {
        "/credentials.0": slots.encode([odd], {}, 0xFFFF),
        "/credentials.1": slots.encode([home, odd], {b"mqtt_token": TOKEN, b"device": b"lamp"}, 1),
        "/homeport.json": json.dumps({"access_point_password": PORTAL_PASSWORD, "led_pin": 99, "tpyo": 1}).encode(),
        "/crash.log": log,
        "/history": history((b"Home", 2, -60, 3), (b"\xff\x00odd", 0, 0, 1)),
        "/app.py": b"import time\n\n\ndef step():\n    pass\n",
    }


def test_the_doctor_tells_what_is_on_a_board_and_no_secret_leaves_it(bench):
    flash = bench.image(firmware=True, files=full_of_secrets().items())
    board = bench.start(flash)
    board.wait_for("^fsm")
    done = homeport("doctor", "--port", board.ready_tty())
    out = done.stdout
    assert done.returncode == 1 and "1 problem, marked with !" in out
    for words in (
        r"MicroPython +1\.28\.0",
        r"firmware +\S+, [0-9a-f]{12}, the same as here",
        r"main\.py +starts Homeport, beside app.py",
        r"heap +\d+ of \d+ bytes free at the prompt, \d+ where",
        r"flash +4096 KB chip; file system \d+ of 3052 KB free",
        r"saved +2 networks\n  Home, with a key\n  hex ff006f6464, with a key, has not held yet\n",
        r"  values of device, mqtt_token",
        r"! settings +/homeport\.json: access_point_password, led_pin, tpyo",
        r"settings: unknown key 'tpyo'",
        r"settings: led_pin is not used",
        r"history +newest first\n  Home: wrong password, -60 dBm, 3 times\n  hex ff00",
        r"crash log .*\n  --- 3 times",
        r"ValueError: \*\*\* and \*\*\* and \*\*\*",
        r"state +try_saved, after a restart",
    ):
        assert re.search(words, out), f"{words}\n{out}"
    for secret in (KEY, KEY[::-1], TOKEN, PORTAL_PASSWORD.encode()):
        assert secret.decode() not in out + done.stderr
        assert not [line for line in board.lines if secret.decode() in line]  # nor over the cable


def test_the_doctor_finds_nothing_wrong_with_a_board_as_it_was_deployed(bench):
    board = bench.start(firmware=True)
    done = homeport("doctor", "--port", board.ready_tty())
    assert done.returncode == 0 and "nothing is wrong" in done.stdout, done.stdout + done.stderr
    assert re.search(r"saved +no networks\n", done.stdout) and re.search(r"crash log +empty", done.stdout)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"/lib/homeport/pages/en": b"x"}, r"firmware .*another one than here .*\n +1 differ: pages/en\n"),
        ({"/lib/homeport.new": None}, "! firmware .*interrupted: the one before still runs\n.*homeport deploy"),
        ({"/homeport.py": b"x = 1"}, r"! import .*takes /homeport.py instead\n.*mpremote fs rm"),
        ({"/main.py": b"print('mine')"}, "! main.py .*does not name homeport"),
        ({"/credentials.0": b"HP\x03 rotten"}, "! saved .*/credentials.0: it is damaged"),
        ({"/history": b"HH rotten"}, "! history .*damaged"),
        ({"/homeport.json": b"{oops"}, "! settings .*/homeport.json is not used: it is no JSON"),
    ],
    ids=["changed", "interrupted", "shadowed", "own main", "damaged store", "damaged history", "no JSON"],
)
def test_the_doctor_tells_what_is_wrong_and_what_to_do(bench, change, words):
    flash = bench.image(firmware=True)
    for name, data in change.items():
        if data is None:
            make_folder(flash, name)
            name, data = f"{name}/core.mpy", b"half"
        write_file(flash, name, data)
    board = bench.start(flash)
    done = homeport("doctor", "--port", board.ready_tty())
    assert re.search(words, done.stdout), done.stdout + done.stderr


def test_the_doctor_says_what_to_do_with_a_board_that_has_no_firmware(bench):
    board = bench.start()
    done = homeport("doctor", "--port", board.ready_tty())
    assert done.returncode == 1
    assert re.search(r"! firmware +there is none\n +`homeport deploy` installs it", done.stdout), done.stdout
    assert re.search(r"state +no transition was seen", done.stdout), done.stdout


def test_the_doctors_view_of_the_history_is_that_of_the_firmware():
    data = history((b"Home", 2, -60, 3), (b"x", 0, 0, 1))
    assert decoded_history(data) == [(b"Home", "wrong password", -60, 3), (b"x", "connected", None, 1)]
    assert decoded_history(b"") == []
    with pytest.raises(ValueError, match="damaged"):
        decoded_history(data[:-1] + bytes([data[-1] ^ 1]))
    assert binascii.crc_hqx(b"123456789", 0xFFFF) == slots.crc16(b"123456789") == 0x29B1


# On a terminal, and elsewhere ----------------------------------------------------------------------


def on_terminal():
    text = io.StringIO()
    return Shown(Console(file=text, force_terminal=True, color_system="standard", highlight=False, width=120)), text


def test_a_person_sees_what_is_being_done_and_a_bar_while_files_are_copied():
    screen, text = on_terminal()
    screen.doing("Compiling [the] firmware")
    screen.copying(2048)
    screen.copied("/lib/homeport/core.mpy", 1024)
    screen.finished()
    screen.say("copied: [core].mpy")
    seen = text.getvalue()
    assert "Compiling [the] firmware" in seen and re.search(r"core\.mpy.*━.*1\.0/2\.0 KiB", seen)
    assert seen.endswith("copied: [core].mpy\n")
    assert seen.index("\x1b[?25l") < seen.rindex("\x1b[?25h")  # the cursor is shown again


def test_a_person_sees_what_the_doctor_found_as_a_table(bench):
    board = bench.start()
    screen, text = on_terminal()
    assert commands.doctor(screen, board.ready_tty()) == 1
    assert "\x1b[32m·" in text.getvalue() and "\x1b[31m!" in text.getvalue() and "marked with !" in text.getvalue()


def test_where_the_virtual_board_cannot_run_the_commands_for_real_ones_are_there_all_the_same():
    program = (
        "import select, sys\nsys.platform = 'freebsd14'\ndel select.epoll, select.EPOLLIN\nimport typer\n"
        "from homeport import commands, flash, label, package, provision, romfs\nfrom homeport.cli import app\n"
        "print(*typer.main.get_command(app).commands)\n"
    )
    done = subprocess.run([BIN / "python", "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert {"flash", "deploy", "monitor", "doctor"} <= set(done.stdout.split()) and "board" not in done.stdout.split()

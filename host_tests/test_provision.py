"""Credentials over the cable: to many boards at once, with the reasons of those that do not take them, in a report."""

import csv
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from homeport.provision import COLUMNS, Credentials, CredentialsError, Report, Row, provision, read_credentials

from .boards import BIN, WAIT_S, bench_fixture, images_fixture, mount, read_file  # noqa: F401

KEY = "correct horse"
HOME = {"ssid": "Home", "key": KEY, "join_ms": 300}
AIR = {"networks": [HOME]}
SLOW = {"networks": [{**HOME, "join_ms": 60_000}]}  # longer than an attempt
FULL_SIZES_BYTES = [(1 << 18, 1 << 12, *last) for last in ((512, 64), (300, 150, 75), (64,), (1024, 256, 64), (96,))]
FILL = """
import sys
from pathlib import Path
from littlefs import LittleFSError
from host_tests.boards import mount
fs = mount(sys.argv[1])
for size in map(int, sys.argv[2:]):
    for number in range(1000):
        try:
            with fs.open(f"full.{size}.{number}", "wb") as file:
                file.write(bytes(size))
        except LittleFSError:
            break
Path(sys.argv[1]).write_bytes(fs.context.buffer)
"""
QUICK = 10  # board seconds in one of ours
CONNECTED = r"^fsm \d+ try_saved got_ip connected"
FIELDS = {"fields": [{"name": "server", "required": True}, {"name": "led", "type": "checkbox"}]}


def image(bench, firmware=True, **more):
    """A flash image of a chip of its own, with a number of its own."""
    flash = bench.image(firmware=firmware, **more)
    Path(f"{flash}.sdk").unlink()
    return flash


def start(bench, number=1, air=AIR, **more):
    board = bench.start(image(bench, **more), air=air, clock=QUICK, seed=number)
    board.wait_for(r"^fsm \d+ boot credentials_missing portal")
    return board


def fill(flash):
    """Leave no room on a flash image. A file too many makes littlefs-python abort, now and then: so it is done
    in another process, with sizes that work for this image."""
    for sizes in FULL_SIZES_BYTES:
        if subprocess.run([sys.executable, "-c", FILL, flash, *map(str, sizes)], capture_output=True).returncode == 0:
            return
    raise AssertionError("no sizes fill this image")


def command(board_or_boards, folder, *words, credentials=None):
    """The command's words and its environment."""
    boards = board_or_boards if isinstance(board_or_boards, list) else [board_or_boards]
    path = folder / "credentials.json"
    path.write_text(json.dumps(credentials or {"ssid": "Home", "password": KEY}))
    path.chmod(0o600)
    ports = [word for board in boards for word in ("--port", board.ready_tty())]
    words = ["provision", *ports, "--credentials", path, "--report", folder / "boards.csv", *words]
    return [str(word) for word in (BIN / "homeport", *words)]


def run(*arguments, **options):
    return subprocess.run(command(*arguments, **options), capture_output=True, text=True, timeout=120)


def report(folder):
    with open(folder / "boards.csv", newline="") as file:
        return list(csv.DictReader(file))


# On the virtual board


@pytest.mark.board
def test_several_boards_are_set_up_at_once_and_the_report_tells_of_each(bench, tmp_path):
    airs = [AIR, AIR, {"networks": [{**HOME, "key": "another key"}]}, {}]
    boards = [start(bench, number, air) for number, air in enumerate(airs)]
    done = run(boards, tmp_path)
    assert done.returncode == 1 and "2 of 4 boards connected" in done.stderr
    rows = {row["port"]: row for row in report(tmp_path)}
    found = [(rows[str(board.tty)]["result"], rows[str(board.tty)]["reason"]) for board in boards]
    assert found == [
        ("connected", ""),
        ("connected", ""),
        ("failed", "probably wrong password"),
        ("failed", "the network is not there"),
    ]
    assert len({row["id"] for row in rows.values()}) == 4 and rows[str(boards[0].tty)]["address"] == "192.168.1.50"
    for board in boards[:2]:
        board.wait_for(CONNECTED)
    for board in boards[2:]:
        assert [line.split()[4] for line in board.lines if line.startswith("fsm ")][-1] == "portal"
        assert read_file(board.flash, "credentials.0") == b""


@pytest.mark.board
def test_the_password_is_on_no_console_in_no_report_and_on_no_command_line(bench, tmp_path):
    board = start(bench)
    process = subprocess.Popen(command(board, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    seen = set()
    while process.poll() is None:
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                seen.add((folder / "cmdline").read_bytes())
            except OSError:
                pass
        time.sleep(0.01)
    shown = process.stdout.read() + (tmp_path / "boards.csv").read_bytes() + "\n".join(board.lines).encode()
    assert process.returncode == 0 and any(b"provision" in words for words in seen)
    assert KEY.encode() not in b"".join(seen) and KEY.encode() not in shown
    assert KEY.encode() in b"".join(read_file(board.flash, f"credentials.{slot}") for slot in (0,))


@pytest.mark.board
def test_a_person_is_asked_and_the_password_is_not_echoed(bench, tmp_path):
    board = start(bench)
    words = [BIN / "homeport", "provision", "--port", board.ready_tty(), "--report", tmp_path / "boards.csv"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(words[0], list(map(str, words)))
    shown = b""
    for asked, answer in ((b"Network", b"Home\r"), (b"if it has none", KEY.encode() + b"\r"), (b"tells of each", b"")):
        while asked not in shown:
            assert select.select([terminal], [], [], WAIT_S)[0], shown
            shown += os.read(terminal, 1024)
        os.write(terminal, answer)
    assert os.waitpid(pid, 0)[1] == 0
    os.close(terminal)
    assert KEY.encode() not in shown and b"Home" in shown and b"192.168.1.50" in shown
    assert [row["result"] for row in report(tmp_path)] == ["connected"]


@pytest.mark.board
def test_inputs_of_the_owner_go_with_the_network_and_a_bad_one_is_refused(bench, tmp_path):
    board = start(bench, files=[("homeport.json", json.dumps(FIELDS).encode())])
    done = run(board, tmp_path)
    assert done.returncode == 1 and "an input is missing or does not fit" in done.stdout
    inputs = {"ssid": "Home", "password": KEY, "fields": {"server": "broker", "sever": "a slip"}}
    done = run(board, tmp_path, credentials=inputs)
    assert done.returncode == 1 and "none of the inputs in the board's homeport.json" in done.stdout
    inputs = {"ssid": "Home", "password": KEY, "fields": {"server": "broker", "led": True}}
    assert run(board, tmp_path, credentials=inputs).returncode == 0
    shown = board.mpremote("exec", "import homeport; print(sorted(homeport.values().items()))")
    assert shown == "[('led', True), ('server', 'broker')]\n"
    assert [row["result"] for row in report(tmp_path)] == ["connected"]  # one line a board


@pytest.mark.board
def test_a_board_that_is_set_up_keeps_its_network_if_the_new_one_fails(bench, tmp_path):
    board = start(bench)
    assert run(board, tmp_path).returncode == 0
    start_at = len(board.lines)
    done = run(board, tmp_path, credentials={"ssid": "Elsewhere", "password": "whatever it is"})
    assert done.returncode == 1 and "the network is not there" in done.stdout
    board.wait_for(CONNECTED, start=start_at)


@pytest.mark.board
def test_a_network_that_flash_refuses_is_not_reported_as_saved(bench):
    flash = image(bench)
    fill(flash)
    board = bench.start(flash, air=AIR, clock=QUICK)
    board.wait_for(r"^fsm \d+ boot credentials_missing portal")
    row = provision(board.ready_tty(), Credentials(b"Home", KEY))
    assert (row.result, row.reason) == ("failed", "it joined, but could not write to its flash")


@pytest.mark.board
def test_interrupted_while_a_board_joins_it_starts_again_and_the_next_run_finishes(bench, tmp_path):
    board = start(bench, air=SLOW)
    process = subprocess.Popen(command(board, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    begin = len(board.lines)
    board.wait_for("'Homeport-", start=begin)  # it was asked who it is
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=WAIT_S)
    assert process.returncode == 130 and "run it again" in complaint and "Traceback" not in complaint
    board.wait_for(r"fsm \d+ boot", start=begin)
    board.set_air(AIR)
    assert run(board, tmp_path).returncode == 0
    assert [row["result"] for row in report(tmp_path)] == ["connected"]


@pytest.mark.board
def test_killed_while_a_board_joins_the_next_run_finishes(bench, tmp_path):
    board = start(bench, air=SLOW)
    process = subprocess.Popen(command(board, tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    board.wait_for("'Homeport-")
    process.kill()
    process.communicate(timeout=WAIT_S)
    board.set_air(AIR)
    assert run(board, tmp_path).returncode == 0


@pytest.mark.board
def test_a_board_that_is_unplugged_while_it_joins_is_a_line_of_the_report(bench):
    board = start(bench, air=SLOW)
    row = provision(board.tty, Credentials(b"Home", KEY), lambda text: text == "joining" and board.power_cut())
    assert row.result == "failed" and "unplugged" in row.reason and row.id


@pytest.mark.board
def test_ports_with_no_board_no_micropython_or_no_homeport_are_told_apart(bench, tmp_path):
    bare = bench.start(image(bench, firmware=False))
    other = bench.start(image(bench, files=[("boot.py", b"import sys\nsys.platform = 'esp32'\n")]))
    silent, slave = pty.openpty()
    (tmp_path / "silent").symlink_to(os.ttyname(slave))
    credentials = Credentials(b"Home", KEY)
    ports = (bare.ready_tty(), other.ready_tty(), tmp_path / "silent", tmp_path / "none")
    found = {port: provision(port, credentials) for port in ports}
    os.close(silent)
    os.close(slave)
    assert [(row.result, row.reason.split(":")[0]) for row in found.values()] == [
        ("failed", "there is no Homeport on it"),
        ("unreachable", "this is another chip"),
        ("unreachable", f"nothing answers on {tmp_path / 'silent'}."),
        ("unreachable", "is not there."),
    ]


@pytest.mark.board
def test_a_port_that_another_program_uses_is_said_to_be_busy(bench, tmp_path):
    from serial import Serial

    board = start(bench)
    with Serial(str(board.ready_tty()), exclusive=True):
        row = provision(board.tty, Credentials(b"Home", KEY))
    assert row.result == "unreachable" and "is busy" in row.reason


# What is read and written


@pytest.mark.parametrize(
    "text, complaint",
    [
        ("", "no JSON"),
        ("[]", "no JSON object"),
        ('{"password": "12345678"}', "has to have ssid"),
        ('{"ssid": "a", "ssid_hex": "61"}', "has to have ssid"),
        ('{"ssid": "a", "pasword": "12345678"}', "unknown key 'pasword'"),
        ('{"ssid": "a", "password": 12345678}', "password has to be a text"),
        ('{"ssid_hex": "6"}', "hex digits"),
        ('{"ssid": "a", "password": "\\ud800 secret"}', "whole characters"),
        ('{"ssid": ""}', "1 to 32 bytes"),
        ('{"ssid": "' + "a" * 33 + '"}', "1 to 32 bytes"),
        ('{"ssid": "a", "fields": []}', "fields has to be"),
        ('{"ssid": "a", "fields": {"x": 1.5}}', "'x' has to be"),
        ('{"ssid": "a", "password": "12345678"', "no JSON"),
    ],
)
def test_credentials_that_cannot_be_read_are_refused_without_being_shown(text, complaint):
    with pytest.raises(CredentialsError) as refused:
        read_credentials(text)
    assert complaint in str(refused.value)
    assert "12345678" not in str(refused.value) and "secret" not in str(refused.value)


def test_a_name_that_is_no_text_and_values_of_all_types_become_a_form():
    text = '{"ssid_hex": "ff41", "password": "p\\u00e4sswort", "fields": {"a": true, "b": false, "c": -5, "d": "x"}}'
    form = read_credentials(text).form()
    expected = {b"ssid": b"\xffA", b"password": "pässwort".encode()}
    assert form == expected | {b"f.a": b"1", b"f.b": b"0", b"f.c": b"-5", b"f.d": b"x"}


def test_the_password_is_not_in_what_credentials_say_of_themselves():
    assert KEY not in repr(Credentials(b"Home", KEY, {"secret": KEY}))


def row(**values):
    return Row(**{name: values.get(name, "") for name in COLUMNS})


def test_the_report_keeps_earlier_boards_and_the_newest_line_of_each(tmp_path):
    path = tmp_path / "boards.csv"
    Report(path).add(row(id="a", port="p1", result="failed"))
    Report(path).add(row(port="p2", result="unreachable"))
    again = Report(path)
    again.add(row(id="a", port="p3", result="connected", network="=cmd|' /C calc'!A0"))
    again.add(row(id="b", port="p2", result="connected"))
    with open(path, newline="") as file:
        found = [(each["id"], each["port"], each["result"]) for each in csv.DictReader(file)]
    assert found == [("a", "p3", "connected"), ("b", "p2", "connected")]
    assert ",'=cmd" in path.read_text()  # no formula, for a spreadsheet
    assert os.listdir(tmp_path) == ["boards.csv"]


@pytest.mark.parametrize("data", [b"to,from\nme,you\n", b"\xff\xfe", b'"' + b"x" * 200_000])
def test_a_file_that_is_no_report_is_not_overwritten(tmp_path, data):
    (tmp_path / "letters.csv").write_bytes(data)
    with pytest.raises(CredentialsError, match="not a report"):
        Report(tmp_path / "letters.csv")
    assert (tmp_path / "letters.csv").read_bytes() == data


def test_a_report_that_cannot_be_written_is_found_out_before_any_board_is_touched(tmp_path):
    words = ["provision", "--port", "nowhere", "--report", tmp_path / "missing" / "boards.csv", "--credentials", "-"]
    done = subprocess.run(
        [str(word) for word in (BIN / "homeport", *words)],
        input=json.dumps({"ssid": "Home"}), capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 2 and "nowhere" not in done.stdout
    assert done.stderr.endswith("boards.csv.new: No such file or directory\n")


def test_the_port_of_the_environment_is_the_only_one_that_is_touched(tmp_path):
    words = [str(BIN / "homeport"), "provision", "--credentials", "-"]
    done = subprocess.run(
        words, input=json.dumps({"ssid": "Home"}), capture_output=True, text=True, timeout=30, cwd=tmp_path,
        env={**os.environ, "HOMEPORT_PORT": "/nowhere"},
    )  # fmt: skip
    assert done.stdout.startswith("/nowhere: unreachable") and "0 of 1 boards" in done.stderr


@pytest.mark.parametrize("words", [[], ["--credentials", "missing.json"], ["--credentials", "bad.json"]])
def test_a_run_without_credentials_ends_before_any_board_is_touched(tmp_path, words):
    (tmp_path / "bad.json").write_text("{}")
    command = [str(BIN / "homeport"), "provision", "--port", "nowhere", *words]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, stdin=subprocess.DEVNULL, timeout=30)
    assert done.returncode == 2 and done.stderr.startswith("homeport: ") and "Traceback" not in done.stderr
    assert not (tmp_path / "boards.csv").exists()

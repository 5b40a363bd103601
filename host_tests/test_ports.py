"""Finding a board's port, and what people are told when that does not work."""

import os
import pty
import re
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
import serial
from homeport import installed, link
from homeport.link import Facts, Gone, Link, Lost, NoPython, Unsuitable, check_suitable
from homeport.ports import NoBoardError, PortError, SeveralBoardsError, refusal, the_port, the_ports
from homeport.spoken import errors
from serial.tools import list_ports


@pytest.fixture
def plugged(monkeypatch):
    """Has this machine list so many boards; there is a serial port besides that is not on USB."""

    def plug(*devices):
        ports = [
            SimpleNamespace(device=device, vid=0x1A86, pid=0x7523, serial_number=f"N{n}", description="USB Serial")
            for n, device in enumerate(devices)
        ]
        ports.append(SimpleNamespace(device="/dev/ttyS0", vid=None, pid=None, serial_number=None, description="n/a"))
        monkeypatch.setattr(list_ports, "comports", lambda: ports)

    return plug


def test_the_only_board_is_taken_and_a_named_port_always(plugged):
    plugged("/dev/ttyUSB0")
    assert the_port() == "/dev/ttyUSB0" and the_port("./tty") == "./tty"


def test_without_a_board_a_person_is_told_to_plug_one_in(plugged):
    plugged()
    with pytest.raises(NoBoardError, match="plug one in with a cable that carries data, or .* --port"):
        the_port()
    with pytest.raises(NoBoardError):
        the_ports([])


def test_several_boards_are_named_so_that_one_can_be_chosen(plugged):
    plugged("/dev/ttyUSB1", "/dev/ttyUSB0")
    with pytest.raises(SeveralBoardsError) as caught:
        the_port()
    rows = str(caught.value).splitlines()[1:]
    assert rows == [
        "  --port /dev/ttyUSB0   CH340 (1a86:7523, serial number N1)",
        "  --port /dev/ttyUSB1   CH340 (1a86:7523, serial number N0)",
    ]
    assert the_ports([]) == ["/dev/ttyUSB0", "/dev/ttyUSB1"]


HOLDER = "import serial, sys\nport = serial.Serial(sys.argv[1], exclusive=True)\nprint(flush=True)\nsys.stdin.read()\n"


def test_a_busy_port_is_told_with_the_program_that_has_it():
    master, slave = pty.openpty()
    port = os.ttyname(slave)
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, port], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        with pytest.raises(PortError, match=rf"{port} is busy: python\S* \(process {holder.pid}\) has it open"):
            Link(port)
        holder.stdin.close()
    assert refusal(port) is None
    os.close(master)
    os.close(slave)


def test_a_port_that_is_not_there_is_forbidden_or_is_none_says_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(PortError, match=r"none is not there.\n.*plugged in"):
        Link(tmp_path / "none")
    with pytest.raises(PortError, match="nonsense:// is no serial port"):
        Link("nonsense://")
    (tmp_path / "file").touch()
    with pytest.raises(PortError, match="file is no serial port.\n.*connect list"):
        Link(tmp_path / "file")
    with pytest.raises(PortError, match="cannot be opened: .*refused.\n.*right one?"):
        Link("socket://127.0.0.1:1")

    def forbidden(*_, **__):
        raise serial.SerialException(13, "Permission denied")

    monkeypatch.setattr(serial, "serial_for_url", forbidden)
    assert "usermod -a -G dialout" in refusal("/dev/ttyUSB0")


class Stranger:
    """Something else than MicroPython at a serial port: answers whatever it hears with the same bytes."""

    def __init__(self, answer):
        self._master, self._slave = pty.openpty()
        self.port = os.ttyname(self._slave)
        self._answer = answer
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            while os.read(self._master, 100):
                os.write(self._master, self._answer)
        except OSError:
            pass

    def close(self):
        os.close(self._master)
        os.close(self._slave)


@pytest.fixture
def stranger():
    made = []

    def make(answer):
        made.append(Stranger(answer))
        return made[-1].port

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", r"nothing answers on .*\n.*right port\? .*\n.*homeport flash IMAGE"),
        (b"\r\nAT\r\nERROR\r\n", r"does not lead to MicroPython's prompt; it says .*ERROR'.\n.*homeport flash --erase"),
        (b"The file system at sector 256 looks corrupt\r\n", r"something else than its file system.*\n.*flash --erase"),
    ],
    ids=["silence", "another firmware", "a foreign file system"],
)
def test_what_is_no_micropython_is_told_from_what_it_says(stranger, answer, words, capsys):
    with Link(stranger(answer), enter_s=(0.3, 0.3), answer_s=0.1) as link, pytest.raises(NoPython, match=words):
        link.enter()
    assert capsys.readouterr().out == ""  # mpremote's own words are not for people


def test_a_board_that_falls_silent_or_talks_nonsense_is_lost(stranger):
    with Link(stranger(b">R\1\x80\0nonsense"), answer_s=0.3) as link:
        link._transport.serial.write(b"what is a prompt?")
        with pytest.raises(Lost, match="restarted, or it hangs"):
            link.run("print(1)")


def test_strangers_at_several_ports_are_told_apart_at_the_same_time(stranger, capsys):
    said = {}

    def enter(port, patience_s):
        with Link(port, enter_s=(patience_s,), answer_s=0.1) as link, pytest.raises(NoPython) as caught:
            link.enter()
        said[port] = str(caught.value)

    ports = [stranger(f"I am number {number}\r\n".encode()) for number in range(3)]
    out = sys.stdout
    threads = [
        threading.Thread(target=enter, args=(port, 0.5 + number * 0.2)) for number, port in enumerate(ports)
    ]  # the first to come is the first to go: each begins and ends in the middle of others
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sys.stdout is out and capsys.readouterr().out == ""
    assert [set(re.findall(r"number (\d)", said[port])) for port in ports] == [{"0"}, {"1"}, {"2"}]


class Talker:
    """A board that is told something, restarts, and whose own program prints from then on."""

    def __init__(self, patience_s=5):
        self._master, self._slave = pty.openpty()
        self.port = os.ttyname(self._slave)
        self._patience_s = patience_s
        self.has_ended = False

    def start(self):
        """Once the port is open: that forgets what has come before."""
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        os.write(self._master, b">")
        heard, end = b"", time.monotonic() + self._patience_s
        while not heard.endswith(b"\x05A\x01"):
            heard += os.read(self._master, 100)
        os.write(self._master, b"R\1\x80\0")
        while not heard.endswith(b"\x04"):
            heard += os.read(self._master, 100)
        os.write(self._master, b"\x04")
        while time.monotonic() < end:
            os.write(self._master, b"21.5 degrees\r\n")
        self.has_ended = True
        os.close(self._master)
        os.close(self._slave)


def test_a_board_that_talks_on_instead_of_answering_is_lost(monkeypatch):
    monkeypatch.setattr(link, "RUN_S", 0.3)
    talker = Talker()
    with Link(talker.port) as board:
        talker.start()
        with pytest.raises(Lost, match="restarted, or it hangs.\n.*reset button"):
            board.run("f.write(b'')")
    assert not talker.has_ended


@pytest.mark.parametrize(
    "line", ["fsm 70 boot credentials_found try_saved", "21", "('/lib/homeport/a.mpy', 3, 'ab')", "(True, False)"]
)
def test_a_board_that_restarts_while_it_is_looked_at_is_lost(line):
    class Restarting:
        def run(self, code, heard):
            heard("('/lib/homeport/__init__.mpy', 3, 'ab')")
            heard(line)

    with pytest.raises(Lost, match="makes no sense: it restarted, .*\n.*again"):
        installed.look(Restarting())


def test_a_port_that_vanishes_is_gone():
    master, slave = pty.openpty()
    with Link(os.ttyname(slave)) as link:
        os.close(slave)
        os.close(master)
        for act in (link.enter, link.read, link.reset, lambda: link.run("1")):
            with pytest.raises(Gone, match="is gone: the board was unplugged or switched off.\n  Plug it in"):
                act()


@pytest.mark.parametrize(
    ("raised", "usage", "status", "words"),
    [
        (OSError(28, "No space left on device", "/tmp/x"), (), 1, "homeport: /tmp/x: No space left on device\n"),
        (OSError(28, "No space left on device"), (OSError,), 2, "homeport: No space left on device\n"),
        (PortError("no board"), (), 1, "homeport: no board\n"),
        (KeyboardInterrupt(), (), 130, "homeport: interrupted; run it again to finish\n"),
    ],
)
def test_what_goes_wrong_is_one_sentence_and_an_exit_status(capsys, raised, usage, status, words):
    with pytest.raises(SystemExit) as ended, errors(*usage):
        raise raised
    assert ended.value.code == status and capsys.readouterr().err == words


# What is at the prompt ---------------------------------------------------------------------------


def facts(platform="esp8266", name="micropython", version=(1, 28, 0), machine="ESP module with ESP8266", mpy=6):
    return Facts(platform, name, version, machine, mpy)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (facts(platform="esp32", machine="ESP32S3 module"), "another chip: ESP32S3 module. Homeport is for the ESP"),
        (facts(name="circuitpython"), "circuitpython is on the board"),
        (facts(version=(1, 24, 1)), "1.24.1 on the board is too old: it has to be 1.25 or later"),
        (facts(mpy=5), "too old"),
    ],
    ids=["another chip", "another python", "too old", "other compiled files"],
)
def test_a_board_that_cannot_run_the_firmware_is_refused(found, words):
    with pytest.raises(Unsuitable, match=words):
        check_suitable(found)


def test_a_micropython_that_the_tests_do_not_run_is_noted_and_a_newer_one_is_not():
    notes = []
    check_suitable(facts(version=(1, 25, 0)), notes.append)
    assert notes == ["MicroPython 1.25.0 is older than 1.28, with which Homeport is tested"]
    check_suitable(facts(), notes.append)
    check_suitable(facts(version=(1, 30, 0)), notes.append)
    assert len(notes) == 1

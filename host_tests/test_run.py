"""`homeport run` as a person uses it: on a terminal, with keys; and without one."""

import json
import os
import pty
import re
import select
import signal
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
from homeport import run
from homeport.board import Settings

from .boards import BIN, free_port

pytestmark = pytest.mark.board
WAIT_S = 40
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Terminal:
    """A person's terminal: what is shown, and keys."""

    def __init__(self, folder, port):
        self.shown = ""
        ours, theirs = pty.openpty()
        self._fd = ours
        command = [BIN / "homeport", "run", "--http-port", str(port), "--dns-port", str(free_port())]
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "50"}
        self.process = subprocess.Popen(
            command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        os.close(theirs)

    def wait_for(self, pattern):
        """Read on until `pattern` is shown; what was shown up to there is gone then."""
        deadline = time.monotonic() + WAIT_S
        while not (match := re.search(pattern, self.shown)):
            assert time.monotonic() < deadline, f"{pattern!r} is not shown:\n{self.shown}"
            if select.select([self._fd], [], [], 0.2)[0]:
                self.shown += ESCAPES.sub("", os.read(self._fd, 65536).decode("utf-8", "replace"))
        self.shown = self.shown[match.end() :]
        return match

    def press(self, key):
        os.write(self._fd, key.encode())

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._fd)


@pytest.fixture
def terminal(tmp_path):
    made = Terminal(tmp_path, free_port())
    yield made
    made.close()


def test_a_newcomer_sees_the_address_submits_switches_off_and_on_and_quits(tmp_path, terminal):
    port = terminal.wait_for(r"http://127\.0\.0\.1:(\d+)/")[1]
    terminal.wait_for(r"credentials_missing\s+→ portal")
    terminal.wait_for("portal open")
    form = urllib.parse.urlencode({"ssid": "Home", "password": "correct horse"}).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/connect", form, timeout=10) as answer:
        assert b"Trying to join" in answer.read()
    terminal.wait_for(r"got_ip\s+→ connected")
    terminal.press("p")
    terminal.wait_for(r"credentials_found\s+→ try_saved")
    terminal.wait_for(r"got_ip\s+→ connected")
    terminal.press("r")
    terminal.wait_for("is off now")
    assert json.loads((tmp_path / ".homeport/air.json").read_text())["networks"][0]["up"] is False
    terminal.wait_for(r"link_lost\s+→ try_saved")
    terminal.press("r")
    terminal.wait_for(r"got_ip\s+→ connected")
    terminal.press("e")
    terminal.wait_for(r"credentials_missing\s+→ portal")
    terminal.press("q")
    assert terminal.process.wait(10) == 0


def test_the_qr_code_is_the_portals_address(terminal):
    terminal.wait_for("virtual ESP8266")
    terminal.wait_for("[▀▄█]{20}")


def test_without_a_terminal_the_console_comes_as_it_is_and_a_signal_ends_it(tmp_path):
    command = [BIN / "homeport", "run", "--http-port", str(free_port()), "--dns-port", str(free_port())]
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, text=True, **streams) as process:
        lines = iter(process.stdout.readline, "")
        assert any(re.match(r"fsm \d+ boot credentials_missing portal$", line) for line in lines)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_a_taken_port_is_a_clear_error(tmp_path):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [BIN / "homeport", "run", "--http-port", str(taken.getsockname()[1])]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and "--http-port" in done.stderr and "Traceback" not in done.stderr


def test_an_image_with_other_firmware_is_noticed(tmp_path):
    image = tmp_path / "flash.bin"
    assert not run.firmware_changed(image)  # none is there
    image.write_bytes(b"")
    assert run.firmware_changed(image)
    run.note_firmware(image)
    assert not run.firmware_changed(image)
    (tmp_path / "flash.bin.firmware").write_text("of another tree")
    assert run.firmware_changed(image)


def test_a_line_that_a_power_cut_broke_off_does_not_spoil_the_next_one(capsys):
    class Board:
        def power_cut(self):
            pass

        def power_on(self):
            session._printed(b"fsm 5 boot credentials_missing portal\n")

    session = run.Session(Settings("unused"), None)
    session.board = Board()
    session._printed(b"connected: addr")
    session._power_cycle()
    assert capsys.readouterr().out.splitlines() == ["connected: addr", "fsm 5 boot credentials_missing portal"]

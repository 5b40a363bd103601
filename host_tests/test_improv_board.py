"""Improv Wi-Fi over serial on the virtual board, with the client of the standard's own SDK."""

import json
import queue
import re
import shutil
import subprocess
import threading
import time
from pathlib import Path

import pytest
from homeport import __version__

from .boards import bench_fixture, images_fixture  # noqa: F401
from .conftest import need, unavailable
from .test_board_repl import Keyboard

pytestmark = pytest.mark.board

HERE = Path(__file__).parent
SDK = HERE / "node_modules" / "improv-wifi-serial-sdk" / "dist"
KEY = "correct horse"
HOME = {"ssid": "Home", "key": KEY, "rssi": -52, "ip": "192.168.1.50", "join_ms": 500}
AIR = {"networks": [HOME, {"ssid": "Café", "rssi": -60}]}
SEEN = [{"name": "Café", "rssi": -60, "secured": False}, {"name": "Home", "rssi": -52, "secured": True}]
URL = "http://192.168.1.50/"
READY, PROVISIONING, PROVISIONED = 2, 3, 4
ANSWER_TIMEOUT_S = 40
PATIENCE_MS = 10_000


@pytest.fixture(scope="module")
def sdk(tmp_path_factory):
    """The SDK's files as Node.js wants them, which have been written for bundlers."""
    if not SDK.exists():
        unavailable("improv-wifi-serial-sdk is not installed (host_tests/install_tools.sh fetches it with npm)")
    need("node")
    folder = tmp_path_factory.mktemp("sdk")
    shutil.copytree(SDK, folder, dirs_exist_ok=True)
    (folder / "package.json").write_text('{"type": "module"}')
    for path in folder.rglob("*.js"):
        path.write_text(re.sub(r'(from "\.[^"]*?)(\.js)?"', r'\1.js"', path.read_text()))
    return folder


class Client:
    """The SDK's ImprovSerial at a board's tty. A call returns what it gave, {"result"} or {"error"}, and what the
    client knows: state, fault (its last error), nextUrl, info, events."""

    def __init__(self, sdk, board):
        command = ["node", HERE / "improv_client.mjs", sdk, board.ready_tty()]
        self._process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answers = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self._process.stdout:
            self._answers.put(json.loads(line))

    def begin(self, method, *args):
        self._process.stdin.write(json.dumps([method, *args]) + "\n")
        self._process.stdin.flush()

    def end(self):
        return self._answers.get(timeout=ANSWER_TIMEOUT_S)

    def __call__(self, method, *args):
        self.begin(method, *args)
        return self.end()

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()


@pytest.fixture
def connect(sdk):
    made = []

    def connect(board):
        made.append(Client(sdk, board))
        return made[-1]

    yield connect
    for one in made:
        one.close()


def fresh(bench, air=AIR, **options):
    board = bench.start(air=air, firmware=True, **options)
    board.wait_for("portal open")
    return board


def online(bench, connect, **options):
    """(board, client) of a board that the client has just brought online."""
    board = fresh(bench, **options)
    client = connect(board)
    assert "error" not in client("initialize", PATIENCE_MS)
    assert "error" not in client("provision", "Home", KEY)
    return board, client


def test_a_client_sets_up_a_fresh_board(bench, connect):
    board = fresh(bench)
    client = connect(board)
    found = client("initialize", PATIENCE_MS)
    assert found["info"]["firmware"] == "Homeport" and found["info"]["version"] == __version__
    assert found["info"]["chipFamily"] == "ESP8266" and found["info"]["name"].startswith("Homeport-")
    assert found["state"] == READY and not found.get("nextUrl")
    assert client("scan")["result"] == SEEN
    wrong = client("provision", "Home", "wrong horse")
    assert wrong["error"] == "UNABLE_TO_CONNECT" and wrong["state"] == READY
    right = client("provision", "Home", KEY)
    assert "error" not in right and right["nextUrl"] == URL and right["state"] == PROVISIONED
    assert ["state-changed", PROVISIONING] in right["events"]
    board.wait_for("fsm .* connecting got_ip connected")
    assert not [line for line in board.lines if "horse" in line], "a key is on the console"


def test_a_client_finds_a_board_that_is_online_and_can_give_it_another_network(bench, connect):
    other = {"ssid": "Other", "key": "battery staple", "ip": "192.168.1.77", "join_ms": 500}
    board, client = online(bench, connect, air={"networks": [HOME, other]})
    client.close()
    again = connect(board)
    found = again("initialize", PATIENCE_MS)
    assert "error" not in found, (found, "\n".join(board.lines[-30:]))
    assert found["state"] == PROVISIONED and found["nextUrl"] == URL
    seen = again("scan")
    assert "error" not in seen, (seen, board.lines)
    assert [row["name"] for row in seen["result"]] == ["Home", "Other"]
    assert again("getDeviceName")["result"] == found["info"]["name"]
    assert again("setHostname", "kitchen")["error"] == "UNKNOWN_RPC_COMMAND"
    assert again("provision", "Other", "battery staple")["nextUrl"] == "http://192.168.1.77/"
    board.wait_for("connected: address 192.168.1.77")


def test_a_wrong_key_on_a_board_that_is_online_leaves_it_its_network(bench, connect):
    board, client = online(bench, connect)
    wrong = client("provision", "Home", "wrong horse")
    assert wrong["error"] == "UNABLE_TO_CONNECT"
    board.wait_for("fsm .* connecting connect_failed_others_saved fallback")
    board.wait_for("fsm .* fallback got_ip connected", timeout=45)
    assert client("requestCurrentState")["state"] == PROVISIONED


@pytest.mark.parametrize("when", ["right after", "in the middle"])
def test_mpremote_gets_in_at_the_first_try(bench, connect, when):
    board = fresh(bench)
    client = connect(board)
    assert "error" not in client("initialize", PATIENCE_MS)
    if when == "in the middle":
        client.begin("scan")
        time.sleep(0.3)  # the board is about to look around
    client.close()
    assert board.mpremote("eval", "6 * 7").strip() == "42"


def test_ctrl_c_of_a_person_leads_to_the_prompt_in_a_session_and_loses_nothing_behind_it(bench, connect):
    board = fresh(bench)
    client = connect(board)
    assert "error" not in client("initialize", PATIENCE_MS)
    client.close()
    hands = Keyboard(board)
    hands.type(b"\x03print(6 * 7)\r")
    hands.expect(b"KeyboardInterrupt")
    hands.expect(b"42\n")
    hands.close()


def test_what_is_typed_behind_a_ctrl_c_reaches_the_prompt_when_no_session_is_on(bench):
    board = fresh(bench)
    hands = Keyboard(board)
    hands.type(b"\x03print(6 * 7)\r")
    hands.expect(b"KeyboardInterrupt")
    hands.expect(b"42\n")
    hands.close()

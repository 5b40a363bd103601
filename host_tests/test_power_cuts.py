"""Power fails at every single flash operation, those of the SDK's parameters included; then the board boots.

Each story is walked on the virtual board's real LittleFS once for every operation in it, which is torn, on a copy of
one image. Boards live in this process: a run costs the start of a VM and little else. Their clock jumps over what they
wait for, so that the load of this machine changes nothing.
"""

import contextlib
import re
import shutil
import socket
import threading
import time

import pytest
from homeport import model
from homeport.board import Board, PowerLost, Settings
from homeport.examine import decoded_history

from device import policy, slots

from .boards import bench_fixture, credentials, free_port, images_fixture, mount, read_file  # noqa: F401

pytestmark = [pytest.mark.board, pytest.mark.slow]

CUTS_LIMIT = 80
FAREWELL_MS = policy.FAREWELL_LIMIT_MS + 5_000  # of the board's time: until the access point is closed, at the latest
HELD_MS = policy.STABLE_AFTER_MS + 5_000  # until the network is proven
AFTERWARDS_MS = 1_000
OUTAGE_MS = 40_000  # time for an attempt in vain
RUN_TIMEOUT_S = 15
TICK_S = 0.02

OLD, NEW = "correct horse", "battery staple"
PORTAL = "portal open"
SET_UP = "connecting got_ip connected"
COMPLAINTS = re.compile(
    "Traceback|corrupt|initial setup|no transition|starting again|could not|store: /|history: |radio: "
)


def home(key, up=True):
    """The air. Whoever has the key of Home knows that of Office, too. up: is the router of Home on."""
    return {
        "networks": [
            {"ssid": "Home", "key": key, "channel": 6, "join_ms": 150, "up": up},
            {"ssid": "Office", "key": NEW, "channel": 11, "join_ms": 150},
        ]
    }


def read_answer(client):
    """As far as the power lasts."""
    with client, contextlib.suppress(OSError):
        while client.recv(4096):
            pass


def form(path, body):
    """What a phone does next: submit a form."""
    kind = "Content-Type: application/x-www-form-urlencoded"
    request = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    return lambda run: run.send(request)


def connect(key, ssid="Home"):
    return form("/connect", f"ssid={ssid}&password={key.replace(' ', '+')}")


def read_result(run):
    run.send("GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")


class Run:
    """One time that the board is on, until it has reached the last of `steps` and stayed on for a while, or is cut.
    That is until the access point is closed if `farewell`, else so many milliseconds of its own time.

    steps: (what a new console line has to match, a function of this run that is called then, or None).
    `lines`: the console. `cut`: did the power fail. `operations`: how many flash operations had been done at each step.
    """

    def __init__(self, flash, key, steps, cut_after=None, afterwards_ms=0, farewell=False):
        self._shown = bytearray()
        self._port = free_port()
        self._phones = []
        self.operations = []
        self.cut = False
        self._board = Board(
            Settings(
                str(flash),
                home(key),
                http_port=self._port,
                dns_port=0,
                jump=True,
                cut_after=cut_after,
                seed=cut_after,
                console=self._shown.extend,
            )
        )
        try:
            self._board.power_on()
            for pattern, act in steps:
                self._reach(pattern)
                self.operations.append(self._board.hardware.flash.operations)
                if act:
                    act(self)
            if farewell:
                self._rest(FAREWELL_MS, lambda: not self._board.hardware.radio.ap_active())
                assert not self._board.hardware.radio.ap_active(), self._console()
            else:
                self._rest(afterwards_ms)
        except PowerLost:
            self.cut = True
        finally:
            self._board.close()
        for thread in self._phones:
            thread.join(RUN_TIMEOUT_S)
        self.lines = self._console()

    def send(self, request):
        """A phone asks, before the board's clock can jump on; the board goes on while the answer is read."""
        client = socket.create_connection(("127.0.0.1", self._port), RUN_TIMEOUT_S)
        client.sendall(request.encode())
        self._phones.append(threading.Thread(target=read_answer, args=(client,), daemon=True))
        self._phones[-1].start()

    def set_router(self, up):
        """It fails, or comes back after the board has looked for it in vain."""
        soon_ms = self._board.hardware.clock.now_ms() + (OUTAGE_MS if up else 0)
        self._board.call_at(soon_ms, lambda: self._board.set_air(home(OLD, up)))

    def set_key(self, key):
        """The router gets another password once the board has left it, while its answer to the phone leaves."""
        soon_ms = self._board.hardware.clock.now_ms() + policy.ANSWER_GRACE_MS / 2
        self._board.call_at(soon_ms, lambda: self._board.set_air(home(key)))

    def _console(self):
        return self._shown.decode("utf-8", "replace").replace("\r\n", "\n").split("\n")

    def _reach(self, pattern):
        start = len(self._console()) - 1
        deadline = time.monotonic() + RUN_TIMEOUT_S
        while not any(re.search(pattern, line) for line in self._console()[start:-1]):
            assert time.monotonic() < deadline, (pattern, self._console())
            self._board.step(TICK_S)

    def _rest(self, board_ms, is_over=lambda: False):
        clock = self._board.hardware.clock
        end_ms = clock.now_ms() + board_ms
        deadline = time.monotonic() + RUN_TIMEOUT_S
        while clock.now_ms() < end_ms and not is_over():
            assert time.monotonic() < deadline, self._console()
            self._board.step(TICK_S)

    @property
    def trace(self):
        """Its transitions; one that the table does not have is an error."""
        return [f"{step.state} {step.event} {step.next_state}" for step in model.replay(self.lines)]


def saved(flash):
    """{ssid: key} on an image, read with littlefs-python: the file system mounts, and no slot is damaged."""
    fs = mount(flash)

    class Files:
        @staticmethod
        def open(path, mode):
            try:
                return fs.open(path, mode)
            except FileNotFoundError as error:
                raise OSError(*error.args) from None

    complaints = []
    networks = slots.load(Files, complaints.append)[0]
    assert not complaints
    found = {}
    for network in networks:
        found.setdefault(bytes(network.ssid).decode(), bytes(network.key).decode())
    return found


def copy(image, target):
    for suffix in ("", ".sdk"):
        shutil.copyfile(f"{image}{suffix}", f"{target}{suffix}")
    return target


def assert_quiet(run):
    assert not [line for line in run.lines if COMPLAINTS.search(line)]


def boot_again(flash):
    """What is saved on the image. The next boot joins with it; with nothing saved, its portal is set up to the end."""
    networks = saved(flash)
    if networks:
        run = Run(flash, networks.get("Home", OLD), [("try_saved got_ip connected", None)])
        assert run.trace == ["boot credentials_found try_saved", "try_saved got_ip connected"]
        assert_quiet(run)
        return networks
    run = Run(flash, OLD, FIRST_SETUP)
    assert run.trace[0] == "boot credentials_missing portal"
    assert saved(flash) == {"Home": OLD}
    assert_quiet(run)
    return networks


def walk(bench, tmp_path, steps, first=1, files=(), **afterwards):
    """Yield (run, image) for a cut at each operation from number `first` on, until a run is not cut any more.

    files: (name, bytes) on the image before. afterwards: how a Run ends.
    """
    master, flash = bench.image(firmware=True, files=files), tmp_path / "cut.bin"
    for n in range(first, first + CUTS_LIMIT):
        run = Run(copy(master, flash), OLD, steps, cut_after=n, **afterwards)
        assert_quiet(run)
        assert run.trace or run.cut
        yield run, flash
        if not run.cut:
            assert len(run.operations) == len(steps)
            return
    raise AssertionError(f"still cut after {CUTS_LIMIT} operations")


def operations_of_the_setup(bench):
    return Run(bench.image(firmware=True), OLD, FIRST_SETUP).operations[-1]


FIRST_SETUP = [(PORTAL, connect(OLD)), (SET_UP, None)]
ANOTHER_PASSWORD = [
    (PORTAL, connect(OLD)),
    (SET_UP, connect(NEW)),
    ("connected credentials_submitted connecting", lambda run: run.set_key(NEW)),
    (SET_UP, read_result),
]
ANOTHER_NETWORK = [
    (PORTAL, connect(OLD)),
    (SET_UP, connect(NEW, "Office")),
    ("connected credentials_submitted connecting", None),
    (SET_UP, read_result),
]
OUTAGE = [
    ("try_saved got_ip connected", lambda run: run.set_router(up=False)),
    ("connected link_lost try_saved", lambda run: run.set_router(up=True)),
    ("try_saved got_ip connected", None),
]
FORGETTING = [
    (PORTAL, connect(OLD)),
    (SET_UP, form("/forget", "confirm=yes")),
    ("connected credentials_forgotten portal", None),
]


def test_power_lost_in_the_first_setup_leaves_a_board_that_can_be_set_up_or_joins(bench, tmp_path):
    found = []
    for run, flash in walk(bench, tmp_path, [(PORTAL, connect(OLD)), (SET_UP, read_result)], farewell=True):
        networks = boot_again(flash)
        assert networks in ({}, {"Home": OLD})
        assert networks or len(run.operations) < 2  # once it says connected, it will join by itself
        found.append(len(networks))
    print(len(found) - 1, "cuts; saved networks after each:", found)
    assert found == sorted(found)
    assert found.count(0) > 3 and found.count(1) > 1  # before and after the credentials are written


def test_power_lost_while_another_password_is_saved_leaves_the_old_one_or_the_new_one(bench, tmp_path):
    found = []
    for run, flash in walk(bench, tmp_path, ANOTHER_PASSWORD, operations_of_the_setup(bench) + 1, farewell=True):
        key = boot_again(flash)["Home"]
        assert key == NEW if len(run.operations) == len(ANOTHER_PASSWORD) else key in (OLD, NEW)
        found.append(key)
    print(len(found) - 1, "cuts:", found)
    assert found == sorted(found, key=(OLD, NEW).index) and found.count(OLD) > 1 and found.count(NEW) > 1


def test_power_lost_while_another_network_is_added_leaves_the_first_one_or_both(bench, tmp_path):
    found = []
    for run, flash in walk(bench, tmp_path, ANOTHER_NETWORK, operations_of_the_setup(bench) + 1, farewell=True):
        networks = boot_again(flash)
        assert networks in ({"Home": OLD}, {"Office": NEW, "Home": OLD})
        assert len(networks) == 2 or len(run.operations) < len(ANOTHER_NETWORK)
        found.append(len(networks))
    print(len(found) - 1, "cuts; saved networks after each:", found)
    assert found == sorted(found) and found.count(1) > 1 and found.count(2) > 1


def older(version):
    """A slot as firmware of that version wrote it. Its channel is not the one where the network is today."""
    body = b"HP" + bytes((version, 0, 7, 1)) + b"\4Home\x0d" + OLD.encode() + b"\0\2\1\0" + b"\0" * (version > 1)
    crc = slots.crc16(body)
    return body + bytes((crc >> 8, crc & 255))


@pytest.mark.parametrize("version", [1, 2])
def test_power_lost_while_an_older_version_is_replaced_leaves_its_network_in_one_or_the_other(bench, tmp_path, version):
    found = []
    steps, files = [("try_saved got_ip connected", None)], [("credentials.0", older(version))]
    for _, flash in walk(bench, tmp_path, steps, files=files, afterwards_ms=HELD_MS):
        assert boot_again(flash) == {"Home": OLD}
        names = mount(flash).listdir("/")
        found.append(max(read_file(flash, name)[2:3] for name in names if name.startswith("credentials"))[0])
    print(len(found) - 1, "cuts; the version that is found after each:", found)
    assert found == sorted(found) and found[0] == version and found[-1] == slots.VERSION


def test_power_lost_while_history_is_written_leaves_what_was_noted_until_then(bench, tmp_path):
    found = []
    for _, flash in walk(bench, tmp_path, OUTAGE, files=credentials(), afterwards_ms=HELD_MS):
        found.append(noted(flash))
        assert boot_again(flash) == {"Home": OLD}
    print(len(found) - 1, "cuts; what had been noted after each:", found)
    assert found[0] == [] and found[-1] == ["connected", "link lost", "not found"]
    assert all(story == found[-1][: len(story)] for story in found)
    assert found == sorted(found, key=len)


def noted(flash):
    """The reasons in the history on an image, the oldest first; ValueError if it is damaged."""
    if "history" not in mount(flash).listdir("/"):
        return []
    return [reason for _, reason, _, _ in decoded_history(read_file(flash, "history"))][::-1]


def test_power_lost_while_everything_is_forgotten_leaves_all_or_nothing(bench, tmp_path):
    found = []
    first = operations_of_the_setup(bench) + 1
    for run, flash in walk(bench, tmp_path, FORGETTING, first, afterwards_ms=AFTERWARDS_MS):
        networks = saved(flash)
        if len(run.operations) == len(FORGETTING):  # said to be forgotten
            assert not networks and not leftovers(flash) and "history" not in mount(flash).listdir("/")
        assert boot_again(flash) == networks
        assert networks in ({"Home": OLD}, {})
        found.append(len(networks))
    print(len(found) - 1, "cuts; saved networks after each:", found)
    assert found == sorted(found, reverse=True) and found.count(1) and found[-1] == 0


def leftovers(flash):
    """Files of the store that hold a password."""
    return [name for name in slots.SLOTS if OLD.encode() in read_file(flash, name[1:])]

"""Boards for tests: each a `homeport board` process of its own, with free ports, its console kept line by line.

A test file that wants the `bench` fixture says `from .boards import bench_fixture, images_fixture  # noqa: F401`.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from device import store
from device.context import Network

from .fakes import FakeHardware

BIN = Path(sys.executable).parent
WAIT_S = 15.0


def credentials(values=None):
    """(name, bytes) of the files of a board that knows the network Home. values: those of the owner's inputs."""
    hardware = FakeHardware()
    network = Network(b"Home", b"correct horse")
    network.proven = True
    assert store.save(hardware, [network], print, values or {})
    return [(path.lstrip("/"), data) for path, data in hardware.flash.files.items()]


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RunningBoard:
    """A board that is switched on. `lines` is its console so far, `errors` what it wrote to standard error.

    `prefix`: what to put before the command, to run it elsewhere. `command`: another `homeport` than that of the tests.
    """

    def __init__(self, flash, air=None, prefix=(), command=BIN / "homeport", **options):
        self.flash = Path(flash)
        self.air_path = self.flash.with_suffix(".air.json")
        self.tty = self.flash.with_suffix(".tty")
        self.tty.unlink(missing_ok=True)  # of a killed board: it may lead to what has got that terminal since
        self.http_port, self.dns_port = free_port(), free_port(socket.SOCK_DGRAM)
        self.set_air(air or {})
        options = {"http_port": self.http_port, "dns_port": self.dns_port, "tty": self.tty, **options}
        command = [*prefix, command, "board", "--flash", self.flash, "--air", self.air_path]
        for name, value in options.items():
            command += [f"--{name.replace('_', '-')}"] + ([] if value is True else [str(value)])
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, bufsize=0
        )
        self.lines, self.errors = [], []
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=pair, daemon=True)
            for pair in ((self.process.stdout, self.lines), (self.process.stderr, self.errors))
        ]
        for reader in self._readers:
            reader.start()

    def set_air(self, air):
        """Replace the air file, atomically."""
        new = self.air_path.with_suffix(".new")
        new.write_text(json.dumps(air))
        os.replace(new, self.air_path)

    def wait_for(self, pattern, timeout=WAIT_S, start=0):
        """The first match of `pattern` in a console line from number `start` on."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                for line in self.lines[start:]:
                    if match := re.search(pattern, line):
                        return match
                left = deadline - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and not any(r.is_alive() for r in self._readers)):
                    console = "\n".join(self.lines + ["--- standard error"] + self.errors)
                    raise AssertionError(f"no line matches {pattern!r} (exit {self.process.poll()}):\n{console}")
                self._news.wait(min(left, 0.2))

    def http(self, request, timeout=5):
        """Everything that comes back for the bytes of a request."""
        with socket.create_connection(("127.0.0.1", self.http_port), timeout) as client:
            client.settimeout(timeout)
            client.sendall(request)
            answer = b""
            while part := client.recv(4096):
                answer += part
            return answer

    def ready_tty(self, timeout=WAIT_S):
        """Path of the serial port, once the board has made it."""
        deadline = time.monotonic() + timeout
        while not self.tty.exists():
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError(f"no tty (exit {self.process.poll()}): {self.errors}")
            time.sleep(0.01)
        return self.tty

    def mpremote(self, *words, timeout=30, check=True):
        """Standard output of the real mpremote on this board's tty."""
        command = [sys.executable, "-m", "mpremote", "connect", self.ready_tty(), *words]
        done = subprocess.run(list(map(str, command)), capture_output=True, timeout=timeout)
        if check and done.returncode:
            raise AssertionError(f"mpremote {words}: {done.stdout!r} {done.stderr!r}\n" + "\n".join(self.lines[-20:]))
        return done.stdout.decode().replace("\r\n", "\n")

    def power_cut(self):
        """SIGKILL: nothing of the process gets to do anything any more."""
        self.process.kill()
        return self._end()

    def stop(self, number=signal.SIGTERM):
        """Exit status after a polite signal."""
        self.process.send_signal(number)
        return self._end()

    def wait(self, timeout=WAIT_S):
        """Exit status of a board that ends by itself."""
        self.process.wait(timeout)
        return self._end()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.power_cut()

    def _end(self):
        status = self.process.wait(WAIT_S)
        for reader in self._readers:
            reader.join(WAIT_S)
        return status

    def _read(self, pipe, lines):
        rest = b""
        while data := pipe.read(4096):
            *whole, rest = (rest + data).replace(b"\r\n", b"\n").split(b"\n")
            with self._news:
                lines += [line.decode("utf-8", "replace") for line in whole]
                self._news.notify_all()
        with self._news:
            if rest:
                lines.append(rest.decode("utf-8", "replace"))
            self._news.notify_all()
        pipe.close()


class Bench:
    """Makes boards in a folder of its own and switches them off at the end.

    `bare`: an image with a file system and nothing else on it; `firmware()`: one with Homeport installed.
    """

    def __init__(self, folder, images):
        self.folder = Path(folder)
        self._images = images
        self._boards = []

    def image(self, main=None, firmware=False, files=()):
        """A flash image for one test. `main` is the text of main.py; `files` are (name, bytes) more."""
        path = Path(tempfile.mkdtemp(dir=self.folder)) / "flash.bin"
        for suffix in ("", ".sdk"):
            shutil.copyfile(f"{self._images[firmware]}{suffix}", f"{path}{suffix}")
        for name, data in (*files, *([("main.py", main.encode())] if main else [])):
            write_file(path, name, data)
        return path

    def start(self, flash=None, air=None, main=None, firmware=False, **options):
        board = RunningBoard(flash or self.image(main, firmware), air, **options)
        self._boards.append(board)
        return board

    def close(self):
        for board in self._boards:
            if board.process.poll() is None:
                board.power_cut()


def mount(path):
    """littlefs-python's view of a flash image, in memory."""
    from littlefs import LittleFS

    data = Path(path).read_bytes()
    fs = LittleFS(
        block_size=4096, block_count=len(data) // 4096, read_size=32, prog_size=32, cache_size=128, lookahead_size=32,
        mount=False,
    )  # fmt: skip
    fs.context.buffer = bytearray(data)
    fs.mount()
    return fs


def write_file(path, name, data):
    """Put a file on a flash image whose board is off."""
    fs = mount(path)
    if "/" in name:
        fs.makedirs(name.rpartition("/")[0], exist_ok=True)
    with fs.open(name, "wb") as file:
        file.write(data)
    fs.unmount()
    Path(path).write_bytes(fs.context.buffer)


def read_file(path, name):
    fs = mount(path)  # has to outlive the file
    with fs.open(name, "rb") as file:
        return file.read()


class Images:
    """The two master images, made when first asked for: `images[False]` is bare, `images[True]` has the firmware."""

    def __init__(self, folder):
        self._folder = Path(folder)
        self._made = {}

    def __getitem__(self, firmware):
        if firmware not in self._made:
            path = self._folder / ("firmware.bin" if firmware else "bare.bin")
            self._make(path, firmware)
            self._made[firmware] = path
        return self._made[firmware]

    def _make(self, path, firmware):
        from homeport.board import Settings
        from homeport.board.session import make_image

        settings = Settings(
            str(path), http_port=free_port(), dns_port=free_port(socket.SOCK_DGRAM), seed=1, warn=lambda text: None
        )
        make_image(settings, lambda text: None, **({} if firmware else {"tree": None}))


@pytest.fixture(scope="session", name="images")
def images_fixture(tmp_path_factory):
    return Images(tmp_path_factory.mktemp("images"))


@pytest.fixture(name="bench")
def bench_fixture(images, tmp_path):
    """Start boards with `bench.start(...)`; all of them are off when the test ends."""
    made = Bench(tmp_path, images)
    yield made
    made.close()

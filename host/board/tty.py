"""The board's serial port for the tools of this machine."""

import os
import tempfile
import time
from select import EPOLLIN

from .process import raw

DEAF_S = 0.1  # a terminal that takes nothing for so long has nobody behind it
TICK_S = 0.001
READ_BYTES = 4096


class TtyError(Exception):
    """The symlink cannot be made; the text says why."""


class Tty:
    """A pseudo-terminal that looks like the board's serial port to mpremote; PATH is a symlink to it."""

    def __init__(self, path, poller, typed):
        self._path, self._poller, self._typed = path, poller, typed
        self._master, self._slave = os.openpty()  # we keep the slave open: its settings stay, nothing hangs up
        raw(self._slave)
        os.set_blocking(self._master, False)
        self._pending = b""
        self._deaf_since = None
        try:
            self._link()
        except OSError as error:
            os.close(self._master)
            os.close(self._slave)
            raise TtyError(f"{path}: {error.strerror}") from None
        self._watch()

    def write(self, data):
        """Waits for a reader that is slow; drops what nobody reads, like a serial line."""
        self._pending += data
        self._flush()
        if not self._pending:
            return
        if self._deaf_since is None:
            self._deaf_since = time.monotonic()
        while self._pending and time.monotonic() - self._deaf_since < DEAF_S:
            time.sleep(TICK_S)
            self._flush()
        self._pending = b""
        self._watch()

    def close(self):
        self._poller.unwatch(self._master)
        if os.path.islink(self._path) and os.readlink(self._path) == os.ttyname(self._slave):
            os.unlink(self._path)
        os.close(self._master)
        os.close(self._slave)

    def _link(self):
        """In place of an older symlink, but of nothing else: that may be somebody's file."""
        if os.path.lexists(self._path) and not os.path.islink(self._path):
            raise FileExistsError(None, "exists and is not a symlink")
        folder = os.path.dirname(os.path.abspath(self._path))
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:
            link = os.path.join(work, "tty")
            os.symlink(os.ttyname(self._slave), link)
            os.replace(link, self._path)

    def _flush(self):
        try:
            while self._pending:
                self._pending = self._pending[os.write(self._master, self._pending) :]
                self._deaf_since = None
        except BlockingIOError:
            pass

    def _watch(self):
        self._poller.watch(self._master, EPOLLIN, lambda _: self._read())

    def _read(self):
        try:
            self._typed(os.read(self._master, READ_BYTES))
        except (BlockingIOError, OSError):
            pass

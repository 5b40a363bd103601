"""The board's serial port for the tools of this machine."""

import os
import tempfile
import time
from select import EPOLLIN

from .process import raw

DEAF_S = 0.1  # a terminal that takes nothing for so long has nobody behind it
TICK_S = 0.001
READ_BYTES = 4096


class Tty:
    """A pseudo-terminal that looks like the board's serial port to mpremote; PATH is a symlink to it."""

    def __init__(self, path, poller, typed):
        self._path, self._poller, self._typed = path, poller, typed
        self._master, self._slave = os.openpty()  # we keep the slave open: its settings stay, nothing hangs up
        raw(self._slave)
        os.set_blocking(self._master, False)
        self._pending = b""
        self._deaf_since = None
        with tempfile.TemporaryDirectory(dir=os.path.dirname(os.path.abspath(path))) as work:
            link = os.path.join(work, "tty")
            os.symlink(os.ttyname(self._slave), link)
            os.replace(link, path)
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
        os.close(self._master)
        os.close(self._slave)
        if os.path.islink(self._path):
            os.unlink(self._path)

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

"""Streams of the chip's lwIP: connections with small buffers, listeners with small queues.

Everything that can block returns None instead ("not yet"): the caller asks again after the next event.
"""

import errno
import fcntl
import socket
import struct
import termios
from collections import deque
from select import EPOLLIN, EPOLLOUT

from .limits import (
    CLOSE_TIMEOUT_MS,
    CONNECTIONS_MAX,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLOUT,
    SEGMENT_BYTES,
    SEND_BUFFER_BYTES,
    WINDOW_BYTES,
    abort,
    error,
)


class Fresh:
    """A TCP socket that is neither connected nor listening."""

    def __init__(self):
        self.port = None
        self.reuse = False

    def revents(self, mask):
        return POLLHUP

    def close(self):
        pass

    def sync(self):
        pass


class Connection:
    """`port` is the board's own. States: connecting, open, reset, closing, closed."""

    reuse = False

    def __init__(self, stack, sock, port, peer, state="open"):
        self.stack, self.port, self.peer, self.state = stack, port, peer, state
        self._sock = sock
        self._segments = deque()
        self._unsent = bytearray()
        self._eof = False
        self.deadline_ms = None  # of a closing one
        self.outgoing = state == "connecting"
        sock.setblocking(False)
        stack.connections.append(self)
        self.sync()

    def recv(self, size):
        """At most the rest of one segment; b"" at the end."""
        self._require_open()
        if self._segments:
            segment = self._segments.popleft()
            if len(segment) > size:
                self._segments.appendleft(segment[size:])
            self.sync()
            return segment[:size]
        return b"" if self._eof else None

    def send(self, data):
        """How many bytes the send buffer took."""
        self._require_open()
        room = SEND_BUFFER_BYTES - self._unacknowledged()
        if room <= 0:
            return None
        self._unsent += data[:room]
        self._flush()
        self._require_open()
        return min(room, len(data))

    def connected(self):
        """True when the connection stands; raises if it was refused."""
        if self.state != "connecting":
            self._require_open()
            return True
        return None

    def revents(self, mask):
        if self.state == "reset":
            return POLLERR | POLLHUP
        found = POLLIN if self._segments or self._eof else 0
        if mask & POLLOUT and self.state == "open" and self._unacknowledged() < SEND_BUFFER_BYTES:
            found |= POLLOUT
        return found & mask

    def close(self):
        if self.state in ("closed", "reset", "connecting"):
            return self._gone()
        if self._segments or self._data_waits():
            return self.abort()
        self.state = "closing"
        self.deadline_ms = self.stack.now_ms() + CLOSE_TIMEOUT_MS
        self._flush()
        return None

    def abort(self):
        if self.state != "closed":
            self.stack.poller.unwatch(self._sock)
            abort(self._sock)
            self._gone(time_wait=False)

    def sync(self):
        """Ask the machine for just the events that can be used now."""
        mask = 0
        if self.state in ("open", "closing", "connecting") and not self._deaf():
            if self.state == "connecting" or self._unsent:
                mask |= EPOLLOUT
            if not self._eof and self.state != "connecting" and self._buffered() < WINDOW_BYTES:
                mask |= EPOLLIN
        if self.state not in ("closed", "reset"):
            self.stack.poller.watch(self._sock, mask, self._event)

    def resume(self):
        """The radio hears again."""
        if self._unsent:
            self._flush()
        self.sync()

    # Inside -----------------------------------------------------------------------------------------------------

    def _deaf(self):
        return self.stack.deaf and not self.outgoing

    def _buffered(self):
        return sum(map(len, self._segments))

    def _require_open(self):
        if self.state == "reset":
            raise error(errno.ECONNRESET)
        if self.state == "connecting":
            raise error(errno.ENOTCONN)

    def _unacknowledged(self):
        waiting = struct.unpack("i", fcntl.ioctl(self._sock, termios.TIOCOUTQ, b"\0\0\0\0"))[0]
        return len(self._unsent) + waiting

    def _data_waits(self):
        try:
            return not self._eof and bool(self._sock.recv(1, socket.MSG_PEEK))
        except OSError:
            return False

    def _event(self, _):
        if self.state == "connecting":
            if self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                return self._reset()
            self.state = "open"
        if self._unsent:
            self._flush()
        while self.state in ("open", "closing") and not self._eof and self._buffered() < WINDOW_BYTES:
            try:
                data = self._sock.recv(SEGMENT_BYTES)
            except BlockingIOError:
                break
            except OSError:
                return self._reset()
            if not data:
                self._eof = True
            elif self.state == "open":
                self._segments.append(data)
        if self.state == "closing" and self._eof and not self._unsent:
            return self._gone()
        self.sync()
        return None

    def _flush(self):
        if self._unsent and not self._deaf():
            try:
                del self._unsent[: self._sock.send(self._unsent)]
            except BlockingIOError:
                pass
            except OSError:
                return self._reset()
        if self.state == "closing" and not self._unsent:
            try:
                self._sock.shutdown(socket.SHUT_WR)
            except OSError:
                return self._gone()
            if self._eof:
                return self._gone()
        self.sync()
        return None

    def _reset(self):
        if self.state == "closing":
            return self._gone()
        self.state = "reset"
        self._segments.clear()
        self._unsent.clear()
        self.stack.poller.unwatch(self._sock)
        self.stack.forget(self)
        return None

    def _gone(self, time_wait=True):
        if self._sock.fileno() >= 0:
            self.stack.poller.unwatch(self._sock)
            self._sock.close()
        waits = time_wait and self.state == "closing"
        self.state = "closed"
        self.stack.forget(self, self.port if waits else None)


class Listener:
    """Queues at most `backlog` connections for accept(); resets those beyond."""

    def __init__(self, stack, port, backlog, reuse):
        self.stack, self.port, self.backlog, self.reuse = stack, port, max(1, backlog), reuse
        self.queue = deque()
        self._sock = None
        self.sync()

    def accept(self):
        return self.queue.popleft() if self.queue else None

    def revents(self, mask):
        return POLLIN & mask if self.queue else 0

    def close(self):
        self._close_socket()
        for connection in self.queue:
            connection.abort()
        self.backlog = 0

    def sync(self):
        if not self.stack.reachable or not self.backlog:
            return self._close_socket()
        if self._sock is None:
            self._sock = self.stack.open_socket(socket.SOCK_STREAM, self.port)
        # A SYN beyond the last connection is ignored and the client tries again; the machine's own queue, which holds
        # one more than it is told, keeps the first of them waiting instead.
        free = CONNECTIONS_MAX - len(self.stack.connections)
        self._sock.listen(max(0, free - 1))
        able = not self.stack.deaf and free > 0
        self.stack.poller.watch(self._sock, EPOLLIN if able else 0, self._event)
        return None

    resume = sync

    def _event(self, _):
        while len(self.stack.connections) < CONNECTIONS_MAX:
            try:
                sock, peer = self._sock.accept()
            except BlockingIOError:
                break
            except OSError:
                continue  # it was reset while it waited
            if len(self.queue) >= self.backlog:
                abort(sock)
            else:
                self.queue.append(Connection(self.stack, sock, self.port, peer))
        self.sync()

    def _close_socket(self):
        if self._sock is not None:
            self.stack.poller.unwatch(self._sock)
            self._sock.close()
            self._sock = None

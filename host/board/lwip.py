"""The chip's lwIP 1.4 on top of the machine's own sockets: its limits, its error numbers, its queues.

Sources: esp-open-lwip's lwipopts.h for the sizes, extmod/modlwip.c for what Python sees. Everything that can block
returns None instead ("not yet"): the caller asks again after the next event.
"""

import errno
import fcntl
import socket
import struct
import termios
from collections import deque
from select import EPOLLIN, EPOLLOUT

CONNECTIONS_MAX = 5  # MEMP_NUM_TCP_PCB, closing ones included
SEGMENT_BYTES = 536  # TCP_MSS
WINDOW_BYTES = 4 * SEGMENT_BYTES
SEND_BUFFER_BYTES = 2 * SEGMENT_BYTES
DATAGRAMS_MAX = 4
SOCKETS_MAX = 64  # no limit of lwIP's own: there the memory ends first
DATAGRAM_BYTES_MAX = 1472  # no fragments are put together
CLOSE_TIMEOUT_MS = 5000
TIME_WAIT_MS = 5000
POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL = 1, 4, 8, 16, 32
BACKLOG_DEFAULT = 2
TCP_MAXSEG, TCP_WINDOW_CLAMP = 2, 10  # linux/tcp.h
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger


def _error(number):
    return OSError(number, errno.errorcode[number])


def _abort(sock):
    """Close with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    sock.close()


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
            _abort(self._sock)
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
            raise _error(errno.ECONNRESET)
        if self.state == "connecting":
            raise _error(errno.ENOTCONN)

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
        if not self.stack.ap_up or not self.backlog:
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
                _abort(sock)
            else:
                self.queue.append(Connection(self.stack, sock, self.port, peer))
        self.sync()

    def _close_socket(self):
        if self._sock is not None:
            self.stack.poller.unwatch(self._sock)
            self._sock.close()
            self._sock = None


class Udp:
    """Keeps four datagrams; what comes while they wait, or while the radio does not listen, is lost."""

    def __init__(self, stack):
        self.stack = stack
        self.port = None
        self.reuse = False
        self._queue = deque()
        self._sock = None

    def bind(self, port):
        self.port = port
        self._sock = self.stack.open_socket(socket.SOCK_DGRAM, port)
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        self.sync()

    def recvfrom(self, size):
        """(data, peer); data is cut to `size`."""
        if not self._queue:
            return None
        data, peer = self._queue.popleft()
        return data[:size], peer

    def sendto(self, data, peer):
        if self._sock is None:
            self.bind(0)
        if self.stack.sending() and len(data) <= DATAGRAM_BYTES_MAX:
            try:
                self._sock.sendto(data, peer)
            except BlockingIOError:
                pass  # lost, as in the air
        return len(data)

    def revents(self, mask):
        return ((POLLIN if self._queue else 0) | POLLOUT) & mask

    def close(self):
        if self._sock is not None:
            self.stack.poller.unwatch(self._sock)
            self._sock.close()
            self._sock = None

    def sync(self):
        if self._sock is not None:
            self.stack.poller.watch(self._sock, 0 if self.stack.deaf else EPOLLIN, self._event)

    def resume(self):
        while self._receive():
            pass  # it came while nobody listened
        self.sync()

    def _receive(self):
        try:
            return self._sock.recvfrom(2048) if self._sock else None
        except BlockingIOError:
            return None
        except OSError:
            return self._receive()  # an ICMP error about an earlier sendto

    def _event(self, _):
        while datagram := self._receive():
            if len(self._queue) < DATAGRAMS_MAX and len(datagram[0]) <= DATAGRAM_BYTES_MAX:
                self._queue.append(datagram)


class Stack:
    """All sockets of the board. Handles are small integers.

    `ports` maps the board's ports to the machine's; `poller` has watch(socket, epoll mask, callback) and
    unwatch(socket); `route_up()` tells whether the station has an address.
    """

    def __init__(self, poller, address, ports, now_ms, route_up, warn=lambda text: None):
        self.poller, self.address, self.ports, self.now_ms = poller, address, ports, now_ms
        self.route_up, self._warn = route_up, warn
        self.connections = []
        self.ap_up = False
        self.deaf = True
        self._handles = {}
        self._time_wait = []

    # The radio ----------------------------------------------------------------------------------------------------

    def set_radio(self, ap_up, deaf):
        """The access point is on; nothing gets through."""
        if (ap_up, deaf) == (self.ap_up, self.deaf):
            return
        hears_again = self.deaf and not deaf
        self.ap_up, self.deaf = ap_up, deaf
        for thing in (*self._handles.values(), *self.connections):
            try:
                thing.resume() if hears_again and hasattr(thing, "resume") else thing.sync()
            except OSError as error:
                self._warn(str(error))

    # Calls of the VM ----------------------------------------------------------------------------------------------

    def socket(self, kind):
        return self._add(Fresh() if kind == socket.SOCK_STREAM else Udp(self))

    def get(self, handle):
        try:
            return self._handles[handle]
        except KeyError:
            raise _error(errno.EBADF) from None

    def bind(self, handle, port):
        thing = self.get(handle)
        same = [t for t in (*self._handles.values(), *self.connections) if isinstance(t, Udp) == isinstance(thing, Udp)]
        clash = [t for t in same if t is not thing and t.port == port and not (t.reuse and thing.reuse)]
        if thing.reuse:
            clash = [t for t in clash if not isinstance(t, Connection)]
        elif not isinstance(thing, Udp):
            now = self.now_ms()
            clash += [w for w in self._time_wait if w[0] == port and now < w[1]]
        if port and clash:
            raise _error(errno.EADDRINUSE)
        thing.bind(port) if isinstance(thing, Udp) else setattr(thing, "port", port)

    def listen(self, handle, backlog=BACKLOG_DEFAULT):
        thing = self.get(handle)
        if not isinstance(thing, Fresh):
            raise _error(errno.EOPNOTSUPP)
        self._handles[handle] = Listener(self, thing.port or 0, backlog, thing.reuse)

    def accept(self, handle):
        """(handle, peer) or None."""
        thing = self.get(handle)
        if not isinstance(thing, Listener):
            raise _error(errno.EINVAL)
        connection = thing.accept()
        return connection and (self._add(connection), connection.peer)

    def connect(self, handle, peer):
        thing = self.get(handle)
        if isinstance(thing, Udp):
            thing.peer = peer
            return
        if not isinstance(thing, Fresh):
            raise _error(errno.EALREADY if getattr(thing, "state", "") == "connecting" else errno.EISCONN)
        if not (self.ap_up or self.route_up()):
            raise _error(errno.EHOSTUNREACH)
        if len(self.connections) >= CONNECTIONS_MAX:
            raise _error(errno.ENOMEM)
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._limit(sock)
        sock.setblocking(False)
        sock.connect_ex(peer)
        self._handles[handle] = Connection(self, sock, 0, peer, "connecting")

    def recvfrom(self, handle, size):
        """(data, peer) or None; of a stream, peer is None."""
        thing = self.get(handle)
        if isinstance(thing, Udp):
            return thing.recvfrom(size)
        if not isinstance(thing, Connection):
            raise _error(errno.ENOTCONN)
        data = thing.recv(size)
        return None if data is None else (data, None)

    def send(self, handle, data, peer=None):
        thing = self.get(handle)
        if isinstance(thing, Udp):
            peer = peer or getattr(thing, "peer", None)
            if peer is None:
                raise _error(errno.ENOTCONN)
            return thing.sendto(data, peer)
        if not isinstance(thing, Connection):
            raise _error(errno.ENOTCONN)
        return thing.send(data)

    def close(self, handle):
        thing = self._handles.pop(handle, None)
        if thing is not None:
            thing.close()

    def close_all(self, reset=False):
        """After a soft reset; with `reset`, the chip lost its memory and connections just end."""
        if reset:
            for connection in list(self.connections):
                connection.abort()
            self._time_wait.clear()
        for handle in list(self._handles):
            self.close(handle)

    def poll(self, wanted):
        """[(index, events)] of those of [(handle, mask)] that are ready."""
        found = []
        for index, (handle, mask) in enumerate(wanted):
            thing = self._handles.get(handle)
            events = thing.revents(mask) if thing else POLLNVAL
            if events:
                found.append((index, events))
        return found

    # Time -----------------------------------------------------------------------------------------------------------

    def tick(self):
        now = self.now_ms()
        for connection in list(self.connections):
            if connection.deadline_ms is not None and now >= connection.deadline_ms:
                connection.abort()

    def deadline_ms(self):
        """When tick() has something to do, or None."""
        return min((c.deadline_ms for c in self.connections if c.deadline_ms is not None), default=None)

    # Inside ---------------------------------------------------------------------------------------------------------

    def forget(self, connection, time_wait_port=None):
        if connection in self.connections:
            self.connections.remove(connection)
        if time_wait_port:
            now = self.now_ms()
            self._time_wait = [w for w in self._time_wait if w[1] > now] + [(time_wait_port, now + TIME_WAIT_MS)]
        for thing in self._handles.values():
            if isinstance(thing, Listener):
                thing.sync()

    def sending(self):
        """A datagram would leave the antenna."""
        return not self.deaf if self.ap_up else self.route_up()

    def open_socket(self, kind, port):
        sock = socket.socket(socket.AF_INET, kind)
        number = self.ports.get((kind, port), port)
        try:
            if kind == socket.SOCK_STREAM:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._limit(sock)
            sock.bind((self.address, number))
        except OSError as error:
            sock.close()
            self._warn(f"port {port} of the board needs {self.address}:{number}: {error.strerror}")
            raise _error(errno.EADDRINUSE) from None
        sock.setblocking(False)
        return sock

    def _limit(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, TCP_MAXSEG, SEGMENT_BYTES)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_WINDOW_CLAMP, WINDOW_BYTES)

    def _add(self, thing):
        handle = next((n for n in range(SOCKETS_MAX) if n not in self._handles), None)
        if handle is None:
            raise _error(errno.ENOMEM)
        self._handles[handle] = thing
        return handle

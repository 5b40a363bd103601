"""The chip's sockets on top of the machine's own: one table of handles, whatever they are handles of.

Everything that can block returns None instead ("not yet"): the caller asks again after the next event.
"""

import errno
import socket

from .limits import (
    BACKLOG_DEFAULT,
    CONNECTIONS_MAX,
    POLLNVAL,
    SEGMENT_BYTES,
    SOCKETS_MAX,
    TCP_MAXSEG,
    TCP_WINDOW_CLAMP,
    TIME_WAIT_MS,
    WINDOW_BYTES,
    error,
)
from .tcp import Connection, Fresh, Listener
from .udp import Udp


class Stack:
    """All sockets of the board. Handles are small integers.

    `ports` maps the board's ports to the machine's; `poller` has watch(socket, epoll mask, callback) and
    unwatch(socket); `route_up()` tells whether the station has an address.
    """

    def __init__(self, poller, address, ports, now_ms, route_up, warn=lambda text: None):
        self.poller, self.address, self.ports, self.now_ms = poller, address, ports, now_ms
        self.route_up, self._warn = route_up, warn
        self.connections = []
        self.reachable = False
        self.deaf = True
        self._handles = {}
        self._time_wait = []

    # The radio ----------------------------------------------------------------------------------------------------

    def set_radio(self, reachable, deaf):
        """Reachable, as access point or as station: both have one address here. Deaf: nothing gets through for now."""
        if (reachable, deaf) == (self.reachable, self.deaf):
            return
        hears_again = self.deaf and not deaf
        self.reachable, self.deaf = reachable, deaf
        for thing in (*self._handles.values(), *self.connections):
            try:
                thing.resume() if hears_again and hasattr(thing, "resume") else thing.sync()
            except OSError as failure:
                self._warn(str(failure))

    # Calls of the VM ----------------------------------------------------------------------------------------------

    def socket(self, kind):
        return self._add(Fresh() if kind == socket.SOCK_STREAM else Udp(self))

    def get(self, handle):
        try:
            return self._handles[handle]
        except KeyError:
            raise error(errno.EBADF) from None

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
            raise error(errno.EADDRINUSE)
        thing.bind(port) if isinstance(thing, Udp) else setattr(thing, "port", port)

    def listen(self, handle, backlog=BACKLOG_DEFAULT):
        thing = self.get(handle)
        if not isinstance(thing, Fresh):
            raise error(errno.EOPNOTSUPP)
        self._handles[handle] = Listener(self, thing.port or 0, backlog, thing.reuse)

    def accept(self, handle):
        """(handle, peer) or None."""
        thing = self.get(handle)
        if not isinstance(thing, Listener):
            raise error(errno.EINVAL)
        connection = thing.accept()
        return connection and (self._add(connection), connection.peer)

    def connect(self, handle, peer):
        thing = self.get(handle)
        if isinstance(thing, Udp):
            thing.peer = peer
            return
        if not isinstance(thing, Fresh):
            raise error(errno.EALREADY if getattr(thing, "state", "") == "connecting" else errno.EISCONN)
        if not (self.reachable or self.route_up()):
            raise error(errno.EHOSTUNREACH)
        if len(self.connections) >= CONNECTIONS_MAX:
            raise error(errno.ENOMEM)
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
            raise error(errno.ENOTCONN)
        data = thing.recv(size)
        return None if data is None else (data, None)

    def send(self, handle, data, peer=None):
        thing = self.get(handle)
        if isinstance(thing, Udp):
            peer = peer or getattr(thing, "peer", None)
            if peer is None:
                raise error(errno.ENOTCONN)
            return thing.sendto(data, peer)
        if not isinstance(thing, Connection):
            raise error(errno.ENOTCONN)
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

    def open_handles(self):
        """How many sockets the program has open."""
        return len(self._handles)

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
        return not self.deaf if self.reachable else self.route_up()

    def open_socket(self, kind, port):
        sock = socket.socket(socket.AF_INET, kind)
        number = self.ports.get((kind, port), port)
        try:
            if kind == socket.SOCK_STREAM:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                self._limit(sock)
            sock.bind((self.address, number))
        except OSError as failure:
            sock.close()
            self._warn(f"port {port} of the board needs {self.address}:{number}: {failure.strerror}")
            raise error(errno.EADDRINUSE) from None
        sock.setblocking(False)
        return sock

    def _limit(self, sock):
        sock.setsockopt(socket.IPPROTO_TCP, TCP_MAXSEG, SEGMENT_BYTES)
        sock.setsockopt(socket.IPPROTO_TCP, TCP_WINDOW_CLAMP, WINDOW_BYTES)

    def _add(self, thing):
        handle = next((n for n in range(SOCKETS_MAX) if n not in self._handles), None)
        if handle is None:
            raise error(errno.ENOMEM)
        self._handles[handle] = thing
        return handle

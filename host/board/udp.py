"""Datagrams of the chip's lwIP."""

import socket
from collections import deque
from select import EPOLLIN

from .limits import DATAGRAM_BYTES_MAX, DATAGRAMS_MAX, POLLIN, POLLOUT


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

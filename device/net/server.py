"""One non-blocking server for DNS and HTTP on one poller."""

import gc

from . import dns
from .connection import Connection
from .http import HTTPError

DNS_PORT = 53
HTTP_PORT = 80
BACKLOG = 4
CONNECTIONS_LIMIT = 4  # one of lwIP's five stays free for the next client's handshake
DATAGRAM_LIMIT_BYTES = 512  # RFC 1035 section 4.2.1


class Server:
    """`application.respond(request, body)` returns (status, fields, content): content is bytes, or a function that
    returns an iterator of bytes, called twice (length first, then to send), so a page is never in memory as a whole.
    `application.sent(request)` is called once an answer has left completely.
    `address` is the board's own IPv4 address, text.
    """

    def __init__(self, hardware, clock, address, application, report=print):
        self._clock = clock
        self._application = application
        self._report = report
        self._hardware = hardware
        self._address = bytes([int(part) for part in address.split(".")])  # trusted: the port's own ifconfig()
        self._subnet = address[: address.rfind(".") + 1]
        self._reply = bytearray(dns.REPLY_BYTES)
        self._connections = []
        self._accepting = False
        self._poller = hardware.poll()
        self._dns = hardware.udp(DNS_PORT)
        try:
            self._listener = hardware.listen(HTTP_PORT, BACKLOG)
        except OSError:
            self._dns.close()
            raise
        self._poller.register(self._dns, hardware.POLLIN)
        self._watch_listener()

    def serve(self, timeout_ms):
        """Handle what is ready, waiting at most timeout_ms for it. Nothing that clients do raises."""
        for sock, _ in self._poller.poll(timeout_ms):
            if sock is self._dns:
                self._answer_dns()
            elif sock is self._listener:
                self._accept()
            else:
                for connection in self._connections:
                    if connection.sock is sock:
                        self._advance(connection)
                        break
        if self._connections:
            self._drop_overdue()

    def close(self):
        for connection in list(self._connections):
            self._drop(connection)
        self._poller.unregister(self._dns)
        self._dns.close()
        if self._accepting:
            self._poller.unregister(self._listener)
        self._listener.close()

    def _answer_dns(self):
        try:
            query, peer = self._dns.recvfrom(DATAGRAM_LIMIT_BYTES)
            if not peer[0].startswith(self._subnet):
                return  # only phones on the access point are answered (RFC 5358)
            length = dns.answer(query, self._reply, self._address)
            if length:
                self._dns.sendto(memoryview(self._reply)[:length], peer)
        except OSError:
            pass  # nothing there after all, or no room to send: the client asks again
        except MemoryError:
            gc.collect()

    def _accept(self):
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return  # the client left before we looked
        try:
            sock.setblocking(False)
            connection = Connection(sock, self._clock.now())
            self._poller.register(sock, self._hardware.POLLIN)
        except MemoryError:
            sock.close()
            gc.collect()
            return
        self._connections.append(connection)
        self._watch_listener()

    def _watch_listener(self):
        """Clients beyond the limit wait in the backlog; watching it would only spin."""
        wanted = len(self._connections) < CONNECTIONS_LIMIT
        if wanted and not self._accepting:
            self._poller.register(self._listener, self._hardware.POLLIN)
        elif self._accepting and not wanted:
            self._poller.unregister(self._listener)
        self._accepting = wanted

    def _advance(self, connection):
        try:
            if connection.pieces is None:
                moved = connection.receive()
                if connection.request.complete and not connection.draining:
                    self._answer(connection)
            else:
                moved = connection.send()
            if moved:
                connection.moved_at = self._clock.now()
        except EOFError:
            self._finish(connection)
        except HTTPError as error:
            self._answer_error(connection, error.args[0])
        except OSError:
            self._drop(connection)  # reset by the client
        except MemoryError:
            self._drop(connection)
            gc.collect()

    def _answer(self, connection):
        request = connection.request
        body = memoryview(connection.buffer)[: request.length]
        try:
            status, fields, content = self._application.respond(request, body)
        except HTTPError:
            raise
        except MemoryError:
            gc.collect()
            raise HTTPError(503)
        except Exception as error:  # a fault in a page must not take the portal down
            self._report("portal: " + repr(error))
            raise HTTPError(500)
        self._start(connection, status, fields, content)

    def _answer_error(self, connection, status):
        if connection.pieces is not None:
            self._drop(connection)  # too late for another answer
            return
        self._start(connection, status, (), self._application.error_content(status))

    def _start(self, connection, status, fields, content):
        connection.answer(status, fields, content)
        self._poller.modify(connection.sock, self._hardware.POLLOUT)

    def _finish(self, connection):
        """The client has gone, or everything was sent."""
        if connection.pieces is None:
            self._drop(connection)
            return
        if connection.request.complete:
            self._drop(connection)
            self._application.sent(connection.request)
            return
        # Answered before it was read to its end: closing now would reset the connection and destroy the answer.
        connection.drain(self._clock.now())
        self._poller.modify(connection.sock, self._hardware.POLLIN)

    def _drop_overdue(self):
        now = self._clock.now()
        full = len(self._connections) == CONNECTIONS_LIMIT
        for connection in list(self._connections):
            if connection.is_overdue(now, full):
                self._drop(connection)

    def _drop(self, connection):
        self._poller.unregister(connection.sock)
        connection.sock.close()
        self._connections.remove(connection)
        self._watch_listener()

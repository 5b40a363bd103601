"""One non-blocking server for DNS and HTTP on one poller."""

import gc

from . import HTTPError, dns

DNS_PORT = 53
HTTP_PORT = 80
BACKLOG = 5  # all that lwIP has: it resets what its queue does not hold, but clients beyond all places ask again
CONNECTIONS_LIMIT = 3  # of lwIP's five: each takes 2 KB while a page is sent; the others wait in the backlog
DATAGRAM_LIMIT_BYTES = 512  # RFC 1035 section 4.2.1
REST_AFTER_MS = 2_000  # without a client: the pages' code may leave the memory


class Server:
    """Asks the application four things: respond(request, body) -> (status, fields, length, pieces): pairs of bytes,
    the body's bytes, an iterable of bytes that is walked once; refuse(status) -> the same; sent(path) once an answer
    has left; rest() when nobody asks any more.
    `address` is the board's own IPv4 address, text. OSError if a socket is refused.
    """

    def __init__(self, hardware, clock, address, application):
        self._hardware = hardware
        self._clock = clock
        self._application = application
        self._address = bytes([int(part) for part in address.split(".")])  # trusted: the port's own ifconfig()
        self._subnet = address[: address.rfind(".") + 1]
        self._reply = bytearray(dns.REPLY_BYTES)
        self._connections = []
        self._rest_at = None
        self._accepting = False
        self._poller = hardware.poll()
        self._dns = hardware.bind(DNS_PORT, hardware.UDP)
        try:
            self._listener = hardware.bind(HTTP_PORT, hardware.TCP)
            self._listener.listen(BACKLOG)
        except OSError:
            self._dns.close()
            raise
        self._poller.register(self._dns, hardware.POLLIN)
        self._watch_listener()

    def serve(self, timeout_ms):
        """Handle what is ready, waiting at most timeout_ms for it. Nothing that clients do raises."""
        for sock, _ in self._poller.poll(timeout_ms):
            try:
                if sock is self._dns:
                    self._answer_dns()
                elif sock is self._listener:
                    self._accept()
                else:
                    for connection in self._connections:
                        if connection.sock is sock:
                            self._advance(connection)
                            break
            except MemoryError:
                self._application.rest()  # all of it is still to be done: the next turn tries again
        if self._rest_at is not None:
            now = self._clock.now()
            crowded = len(self._connections) == CONNECTIONS_LIMIT
            for connection in list(self._connections):
                if connection.is_overdue(now, crowded):
                    self._drop(connection)
            if self._connections:
                self._rest_at = now + REST_AFTER_MS
            elif now >= self._rest_at:
                self._rest_at = None
                self._application.rest()

    def close(self):
        for connection in list(self._connections):
            self._drop(connection)
        self._dns.close()
        self._listener.close()
        self._poller = None

    def _answer_dns(self):
        try:
            query, peer = self._dns.recvfrom(DATAGRAM_LIMIT_BYTES)
            if peer[0].startswith(self._subnet):  # only phones on the access point are answered (RFC 5358)
                length = dns.answer(query, self._reply, self._address)
                if length:
                    self._dns.sendto(memoryview(self._reply)[:length], peer)
        except OSError:
            pass  # nothing there after all, or no room to send: the client asks again

    def _accept(self):
        from .connection import Connection  # while the client waits in the backlog: memory may be short

        try:
            sock = self._listener.accept()[0]
        except OSError:
            return  # the client left before we looked
        try:
            sock.setblocking(False)
            self._connections.append(Connection(sock, self._clock.now()))
        except MemoryError:
            sock.close()
            raise
        self._poller.register(sock, self._hardware.POLLIN)
        self._rest_at = self._clock.now() + REST_AFTER_MS
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
        """Move one connection on by one read or one write. MemoryError: nothing was done yet."""
        if connection.request:
            connection.make_ready()
        try:
            if connection.pieces:
                moved = connection.send()
            else:
                moved = connection.receive()
                request = connection.request
                if request and request.complete:
                    self._answer(connection, request)
            if moved:
                connection.moved_at = self._clock.now()
        except EOFError:
            if connection.pieces and connection.draining:
                connection.drain(self._clock.now())
                self._poller.modify(connection.sock, self._hardware.POLLIN)
            else:
                self._drop(connection)
                if connection.pieces:
                    self._application.sent(connection.path)
        except HTTPError as error:
            self._start(connection, *self._application.refuse(error.args[0]))
        except (OSError, MemoryError):
            self._drop(connection)  # reset by the client, or no room to serve it
            gc.collect()

    def _answer(self, connection, request):
        body = memoryview(connection.buffer)[: request.length]
        try:
            try:
                answer = self._application.respond(request, body)
            except MemoryError:
                self._application.rest()  # code that the last page has left there makes room
                answer = self._application.respond(request, body)
        except HTTPError:
            raise
        except MemoryError:
            gc.collect()
            if len(self._connections) > 1:
                return  # it is tried again when another one is done
            raise HTTPError(503)
        except Exception as error:  # a fault in a page must not take the portal down
            print("portal:", repr(error))
            raise HTTPError(500)
        self._start(connection, *answer)

    def _start(self, connection, *answer):
        connection.answer(*answer)
        self._poller.modify(connection.sock, self._hardware.POLLOUT)

    def _drop(self, connection):
        self._poller.unregister(connection.sock)
        connection.sock.close()
        self._connections.remove(connection)
        self._watch_listener()
        for other in self._connections:
            if other.request and other.request.complete:
                self._advance(other)  # there was no room to answer it before
                break

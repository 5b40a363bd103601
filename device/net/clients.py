"""The HTTP clients that are connected: who gets a place, who is answered, who has to go."""

import gc

from .connection import Connection
from .request import HTTPError

CONNECTIONS_LIMIT = 4  # of lwIP's five: the last one is for who waits in the backlog
WAIT_FOR_MEMORY_MS = 2_000  # then a client is told that there is none; most find some when others have left
REST_AFTER_MS = 2_000  # without a client: the code for them may leave the memory


class Clients:
    """Works for the Server of server.py, whose listener it takes out of the poller while every place is taken."""

    def __init__(self, server):
        self._server = server
        self._context = server.context
        self._clock = server.context.clock
        self._poller = server.poller
        self._hardware = server.context.hardware
        self.connections = []
        self._accepting = True
        self._rest_at = self._clock.now() + REST_AFTER_MS
        self._queue = self._hardware.poll()  # tells if someone waits while nobody is accepted
        self._queue.register(server.listener, self._hardware.POLLIN)

    def advance(self, sock):
        """Do what a ready socket asks for. MemoryError: nothing was done yet."""
        if sock is self._server.listener:
            self._accept()
            return
        for connection in self.connections:
            if connection.sock is sock:
                self.move_on(connection)
                break

    def are_gone(self):
        """Drop those who had enough time. True if nobody has been here for a while."""
        now = self._clock.now()
        waited_for = not self._accepting and bool(self._queue.poll(0))
        for connection in list(self.connections):
            if connection.is_overdue(now, waited_for):
                self.drop(connection)
        if self.connections:
            self._rest_at = now + REST_AFTER_MS
            if not self._is_sending():
                self._advance_a_waiting_one()  # nobody is left whose end it could wait for
        return now >= self._rest_at

    def _is_sending(self):
        """True if somebody's end will give memory back."""
        for connection in self.connections:
            if connection.parts is not None:
                return True
        return False

    def _advance_a_waiting_one(self):
        for connection in self.connections:
            if connection.waits_for_memory():
                self.move_on(connection)
                break

    def close(self):
        """The poller goes, too."""
        for connection in self.connections:
            connection.close()
            self._context.rendering -= connection.renders
        self.connections = []

    def connection(self, now):
        return Connection(now)

    def _accept(self):
        try:
            connection = self.connection(self._clock.now())  # while it waits in the backlog: memory may be short
            sock, peer = self._server.listener.accept()
        except MemoryError:
            if not self.connections:
                raise
            self._accept_if(False)  # until one of them has left
            return
        except OSError:
            return  # the client left before we looked
        connection.sock = sock
        connection.peer = peer[0]
        try:
            sock.setblocking(False)
            self._poller.register(sock, self._hardware.POLLIN)
        except MemoryError:
            sock.close()
            raise
        self.connections.append(connection)  # a list has room for four from the start (py/objlist.c)
        self._accept_if(len(self.connections) < CONNECTIONS_LIMIT)

    def _accept_if(self, wanted):
        """Clients beyond the limit wait in the backlog; watching it would only spin."""
        if wanted and not self._accepting:
            self._poller.register(self._server.listener, self._hardware.POLLIN)
        elif self._accepting and not wanted:
            self._poller.unregister(self._server.listener)
        self._accepting = wanted

    def move_on(self, connection):
        """Move one connection on by one read or one write. MemoryError: nothing was done yet."""
        if connection.request:
            connection.make_ready()
        try:
            if connection.parts is not None:
                moved = connection.send()
            else:
                moved = connection.receive()
                request = connection.request
                if request and request.complete:
                    self._answer(connection, request)
            if moved:
                connection.moved_at = self._clock.now()
        except EOFError:
            if connection.parts is not None and connection.draining:
                connection.drain(self._clock.now())
                self._poller.modify(connection.sock, self._hardware.POLLIN)
            else:
                self.drop(connection)
            if connection.news:
                self._told(connection.news)
                connection.news = None
        except HTTPError as refusal:
            self._refuse(connection, refusal.args[0])
        except OSError:
            self.drop(connection)  # reset by the client
        except MemoryError:
            if connection.parts is not None or connection.waits_for_memory():
                raise
            self.drop(connection)  # parsing cannot be tried again
            gc.collect()

    def _answer(self, connection, request):
        if connection.reply is None:
            connection.news = self._news(request)
            connection.reply = self._respond(connection, request)
        if connection.reply:
            self._start(connection, *connection.reply)

    def _respond(self, connection, request):
        """What the application says, None if there is no room for it now."""
        try:
            try:
                from .respond import respond

                return respond(self._context, request, connection.buffer)
            except MemoryError:
                self._context.rest()  # code that the last page has left there makes room
                request.gzip = False  # and a page as it is needs less while it is made
                from .respond import respond

                return respond(self._context, request, connection.buffer)
        except HTTPError:
            raise
        except MemoryError:
            gc.collect()
            if self._is_sending() or self._clock.now() - connection.moved_at < WAIT_FOR_MEMORY_MS:
                return None  # it is tried again
            raise HTTPError(503)
        except Exception as error:  # a fault in a page must not take the portal down
            print("portal fault:", repr(error))
            raise HTTPError(500)

    def _refuse(self, connection, status):
        from .answer import error

        self._start(connection, *error(status))

    def _start(self, connection, *answer):
        if answer[0] != 200:
            connection.news = None
        self._server.phases.heard(connection.peer, self._clock.now())
        connection.answer(self._hardware.page, *answer)
        self._context.rendering += connection.renders
        self._poller.modify(connection.sock, self._hardware.POLLOUT)

    def _news(self, request):
        """The attempt whose outcome the answer will tell, None if it tells none. The page's script asks for the status
        before it fetches the page again: a person has seen nothing by that."""
        attempt = self._context.attempt
        if request.method == b"GET" and request.path == b"/status":
            if attempt and attempt.outcome != "trying":
                return attempt

    def _told(self, attempt):
        """Such an answer has left completely: the farewell may begin to end."""
        attempt.told_at = attempt.told_at or self._clock.now()
        self._context.released = attempt is self._context.attempt and attempt.outcome == "connected"

    def drop(self, connection):
        self._poller.unregister(connection.sock)
        connection.close()
        self._context.rendering -= connection.renders
        self.connections.remove(connection)
        self._accept_if(True)
        self._advance_a_waiting_one()  # there was no room to answer it before

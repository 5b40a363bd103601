"""The clients of the owner's pages: how they are answered. What clients.py does for the portal's holds for them."""

import sys

from .clients import WAIT_FOR_MEMORY_MS, Clients
from .request import HTTPError
from .visit import Visit
from .web import Reply

NO_LENGTH = -1  # whatever was sent is more than was read
ALLOWED = ((b"Allow", b"GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"),)  # of a method that no page has


class Visitors(Clients):
    def __init__(self, site):
        Clients.__init__(self, site)
        self._site = site

    def connection(self, now):
        return Visit(now, self._site.readable)

    def are_gone(self):
        for visit in list(self.connections):
            if visit.waits:
                visit.waits = False
                visit.moved_at = self._clock.now()
                self._poller.modify(visit.sock, self._hardware.POLLOUT)
                self.move_on(visit)
        return Clients.are_gone(self)

    def move_on(self, connection):
        if not connection.waits:
            connection.starves = False  # who hangs up meanwhile wants no answer
            try:
                Clients.move_on(self, connection)
            except MemoryError:
                connection.starves = True
                raise
            if connection.waits:
                self._poller.modify(connection.sock, self._hardware.POLLIN)
            return
        try:
            hung_up = connection.sock.readinto(connection.buffer) == 0  # what it says is of no interest
        except OSError:
            hung_up = True
        if hung_up:
            self.drop(connection)

    def drop(self, connection):
        if connection.ended:
            connection.renew(self._clock.now())
            self._poller.modify(connection.sock, self._hardware.POLLIN)
            self._advance_a_waiting_one()
        else:
            if connection.starves:
                self._context.report("pages: no memory to answer a client")
            Clients.drop(self, connection)

    def _news(self, request):
        return None

    def _respond(self, connection, request):
        """(reply,), None if there is no memory for the code: it is tried again."""
        try:
            self._site.make_room()
            from .reply import prepared, respond

            found = prepared(self._site, connection, request)
            self._site.make_room()
        except MemoryError:
            self._context.rest()
            if self._is_sending() or self._clock.now() - connection.moved_at < WAIT_FOR_MEMORY_MS:
                return None
            raise HTTPError(503)
        try:
            return (respond(self._site, *found),)
        except HTTPError:
            raise
        except MemoryError:
            raise HTTPError(503)  # nobody knows what the handler has done: it is not called again
        except Exception as error:
            sys.print_exception(error)
            raise HTTPError(500)

    def _refuse(self, connection, status):
        request = connection.request
        request.head_complete = request.complete = True  # it is read no further, even if the answer has to wait
        request.length = NO_LENGTH
        connection.reply = (Reply(b"", status, None, ALLOWED if status == 405 else ()),)
        self._start(connection, *connection.reply)

    def _start(self, connection, reply):
        self._site.make_room()
        now = self._hardware.gmtime()
        from .wire import assembled

        try:
            answer = assembled(self._site, connection, reply, now)
        except MemoryError:
            raise  # it is tried again
        except Exception as error:  # what the handler returned is no answer
            sys.print_exception(error)
            reply = Reply(b"", 500)
            answer = assembled(self._site, connection, reply, now)
        request = connection.request
        connection.begin(self._hardware.open, *answer)
        del assembled
        self._poller.modify(connection.sock, self._hardware.POLLOUT)
        self._site.make_room()
        if self._site.log:
            self._log(connection, request, reply.status, answer[4] if answer[1] else 0)

    def _log(self, connection, request, status, length):
        try:
            from .logline import tell

            tell(self._site.log, connection.peer, request, status, length)
        except MemoryError:
            pass  # one line less: the answer has begun

"""The owner's own pages: what they are, and when they are served (docs/own-pages.md).

    from homeport.net.web import Site

    site = Site()
    step = site.step  # in app.py; a loop of one's own calls it beside board.step()

    @site.route(b"/temperature")
    def temperature(request):
        return {"celsius": 21.5}

They are served while the board is connected. Port 80 is the portal's as long as that is open: it asks for it, and gets
it. What serves clients comes into memory with the first of them and goes when they have been gone for a while.
"""

import sys

from ..overlay import PACKAGE, forget

HTTP_PORT = 80
BACKLOG = 5
ROUNDS_LIMIT = 8  # of one turn, so that it takes less than 100 ms however busy clients are, but for handlers
LINGER_MS = 5  # a packet's way to a client and back
LISTEN_AGAIN_MS = 5_000
CLIENTS = "net.visitors net.visit net.clients net.connection"
HANDLING = (  # what a request needs one after the other
    "net.http net.form net.asked net.router net.reply net.folder net.ranges net.fill net.session net.cache net.events"
    " net.text net.wire net.logline net.date net.refusals net.stream"
)


class Reply:
    """What a handler answers if there is more to it than a body.

    body: bytes or str; a dict or a list, sent as JSON; or an iterator of bytes, sent as they come, where b"" says that
    there is nothing to send for now. type: bytes, b"text/plain" or JSON's if None. headers: pairs of bytes.
    """

    def __init__(self, body=b"", status=200, type=None, headers=()):
        self.content = body
        self.status = status
        self.type = type
        self.headers = headers


class Site:
    """Routes and rules on one port. board: of homeport.machine(); the one that runs if it is None.

    rules: functions of a request, asked before its handler; what is not None is the answer. headers: pairs of bytes
    that every answer gets. log: None, or a function that is told each request, one line. no_cache: a function of a
    request, true if nobody may keep the answer. notes: a dict for whatever a handler's module has to remember.
    readable: the header fields that handlers may read, lower case, between spaces.
    """

    headers = ((b"Server", b"Homeport"),)
    log = no_cache = None
    readable = b" connection cookie if-none-match if-range range content-type last-event-id "

    def __init__(self, port=HTTP_PORT, board=None):
        self.port = port
        self.context = board and board.context
        self.routes = []
        self.rules = []
        self.notes = {}
        self.poller = self.listener = self._visitors = None
        self._listen_at = 0

    def route(self, path, methods=b"GET", args=0, raw=False):
        """A decorator: the function answers requests for `path` and so many segments behind it.

        methods: bytes, with spaces between; GET also stands for HEAD. args: a number, b"?" for none or one, b"*" for
        any number. raw: the path and the segments are taken as they came, neither decoded nor freed from dots.
        ValueError for a path that is a text, does not begin with a slash, or has an empty segment.
        The function gets a request, see asked.py, and returns what a Reply takes as its body, a tuple of that and its
        other arguments, a Reply, a number (a status), or None for 204.
        """

        if path[:1] != b"/" or isinstance(args, str) or path != b"/" and not raw and b"//" in path + b"/":
            raise ValueError(path)  # as a request's is canonical, no other could ever be asked for

        def add(handler):
            self.routes.append((path, b" " + methods + b" ", args, raw, handler))
            return handler

        return add

    def rule(self, function):
        """A decorator: the function is asked before handlers are."""
        self.rules.append(function)
        return function

    def step(self):
        """One turn: serve whoever is there. To be called in every turn, connected or not."""
        context = self.context = self.context or sys.modules[PACKAGE].running
        if self.port == HTTP_PORT:
            context.pages = self
        if context.state != "connected" or self.port == HTTP_PORT and context.portal is not None:
            self.close()
            return
        try:
            if self.poller is not None or self._listens(context):
                self._serve()
        except MemoryError:
            self._rest()  # what is not done is tried again in the next turn
        try:
            if self._visitors and self._visitors.are_gone():  # whatever happens, or nobody would ever give memory back
                self._part()
                self._rest()
        except MemoryError:
            self._rest()

    def close(self):
        """Leave the port, and whoever is there."""
        if self.poller is not None:
            if self._visitors:
                self._visitors.close()
                self._part()
            self.listener.close()
            self.poller = self.listener = None
            self._rest()

    def _listens(self, context):
        if context.clock.now() < self._listen_at:
            return False
        self._listen_at = context.clock.now() + LISTEN_AGAIN_MS
        hardware = context.hardware
        listener = None
        try:
            poller = hardware.poll()
            listener = hardware.bind(self.port, hardware.TCP)
            listener.listen(BACKLOG)
            poller.register(listener, hardware.POLLIN)
        except (OSError, MemoryError) as error:
            if listener:
                listener.close()
            context.report("pages: cannot listen: " + repr(error))
        else:
            self.listener = listener
            self.poller = poller
        hardware = None
        self._rest()  # what knows the hardware
        return self.poller is not None

    def _serve(self):
        wait_ms = 0
        for _ in range(ROUNDS_LIMIT):
            ready = self.poller.poll(wait_ms)
            for sock, _ in ready:
                if self._visitors is None:
                    from .visitors import Visitors

                    self._visitors = Visitors(self)
                    self.context.rendering += 1  # they hold seldom.py: it must not leave and be read a second time
                self._visitors.advance(sock)
            if not ready:
                break
            wait_ms = LINGER_MS

    def _part(self):
        self._visitors = None
        self.context.rendering -= 1

    def make_room(self):
        """A step of answering is done: its code leaves if memory is short."""
        from ..seldom import make_room

        make_room(HANDLING)

    def _rest(self):
        try:
            forget(HANDLING if self._visitors else HANDLING + " " + CLIENTS)
            self.context.rest()
        except MemoryError:
            pass  # not even for making room

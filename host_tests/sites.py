"""An owner's site on fakes: a board that is connected, the pages beside it, and clients of the local network."""

from device.net.web import Site

from .fakes import Answer, FakeHardware, FakeSocket, Router
from .scene import Scene

KEY = b"correct horse"
CONNECT_LIMIT_MS = 30_000
TURNS_LIMIT = 3_000


class SlowReader(FakeSocket):
    """A client whose window is full once it has taken `room` bytes."""

    room = 0

    def write(self, data):
        count = super().write(data)
        self.room -= count or 0
        return count


class SiteScene(Scene):
    """`site`: pages on port 80 of the board. `home`: the router; it comes and goes with `home.up`."""

    def __init__(self, files=None, settings=b""):
        self.home = Router(b"Home", KEY)
        self.site = None
        hardware = FakeHardware([self.home])
        hardware.flash.files.update(files or {})
        if settings:
            hardware.flash.files["/homeport.json"] = settings
        super().__init__(hardware=hardware, saved=[(b"Home", KEY)])
        self.site = Site(board=self.machine)
        self.until("connected", CONNECT_LIMIT_MS)
        self.settle()

    def turn(self):
        event = super().turn()
        if self.site:
            self.site.step()
        return event

    def connect(self, address="192.168.1.20", sock=None):
        sock = sock or FakeSocket()
        sock.peer = address
        self.hardware.listener.incoming.append(sock)
        return sock

    def raw(self, data, segment=536, address="192.168.1.20"):
        """All that comes back for these bytes until the board hangs up."""
        sock = self.connect(address)
        sock.deliver(data, segment)
        self.until_true(lambda: sock.closed)
        return sock.out

    def until_true(self, reached):
        for _ in range(TURNS_LIMIT):
            if reached():
                return
            self.turn()
        raise AssertionError("in vain")

    def ask(self, target, method=b"GET", fields=(), body=b"", host=b"192.168.1.50", address="192.168.1.20"):
        lines = [method + b" " + target + b" HTTP/1.1", b"Host: " + host, b"Connection: close", *fields]
        if body or method in (b"POST", b"PUT"):
            lines.append(b"Content-Length: %d" % len(body))
        return Answer(self.raw(b"\r\n".join(lines) + b"\r\n\r\n" + body, address=address))

    def post(self, target, body, kind=b"application/x-www-form-urlencoded", fields=(), **more):
        return self.ask(target, b"POST", (b"Content-Type: " + kind, *fields), body, **more)

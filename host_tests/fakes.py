"""Stand-ins for what a board has: a clock that only moves when told, a radio with its own small air, files, sockets.

They have the behaviour of the port, not a script of calls: a test sets the scene and looks at what happens.
"""

import functools
import io

from homeport.pages import compile_pages

POLLIN, POLLOUT = 1, 4
TICKS_PERIOD = 1 << 30
TICKS_BEFORE_WRAP = 7_000  # so that every longer scenario crosses the wrap


class FakeTime:
    """time.ticks_ms() and sleep_ms() of the port: wraps at 2**30, moves when somebody sleeps or a test says so."""

    def __init__(self, start=TICKS_PERIOD - TICKS_BEFORE_WRAP):
        self.elapsed = 0
        self._start = start

    def ticks_ms(self):
        return (self._start + self.elapsed) % TICKS_PERIOD

    def sleep_ms(self, ms):
        self.elapsed += ms


class Router:
    """A network in the air."""

    def __init__(self, ssid, key=b"", rssi=-50, channel=6, auth=3, up=True, dhcp=True, join_ms=1800, hidden=False):
        self.ssid, self.key, self.rssi, self.channel = ssid, key, rssi, channel
        self.auth = auth if key else 0
        self.up, self.dhcp, self.join_ms, self.hidden = up, dhcp, join_ms, hidden
        self.bssid = bytes([2, 0, 0, 0, 0, len(ssid)])


class FakeStation:
    """network.WLAN(STA_IF): joins the routers of the air by the SDK's rules. Each call is counted in `calls`."""

    def __init__(self, time, routers):
        self._time = time
        self.routers = routers
        self.on = False
        self.target = None  # (ssid, key) in the SDK's memory
        self.searching = False
        self._since = 0
        self.calls = []
        self.overlaps = []  # scans and connects that hit a running attempt
        self.failing = {}  # method name -> exception to raise

    def _called(self, name):
        self.calls.append(name)
        if name in self.failing:
            raise self.failing[name]

    def active(self, on=None):
        if on is None:
            return self.on
        self._called("active")
        self.on = on
        if not on:
            self.searching = False

    def connect(self, ssid=None, key=None):
        self._called("connect")
        if ssid is not None:
            self.target = (bytes(ssid), bytes(key))
        if self.searching and self.status() == 1:
            self.overlaps.append("connect")
        self.searching = True
        self._since = self._time.elapsed

    def disconnect(self):
        self._called("disconnect")
        self.searching = False

    def _router(self):
        for router in self.routers:
            if self.target and router.ssid == self.target[0] and router.up:
                return router

    def status(self, what=None):
        if what == "rssi":
            return self._router().rssi if self._associated() else 31
        self._called("status")
        if not self.on:
            return 255
        if not self.searching:
            return 0
        router = self._router()
        waited = self._time.elapsed - self._since
        if router is None:
            return 1 if waited % 2900 < 1900 else 3
        return 5 if self._associated() and router.dhcp else 1

    def _associated(self):
        router = self._router()
        return bool(
            self.on
            and self.searching
            and router
            and router.key == self.target[1]
            and self._time.elapsed - self._since >= router.join_ms
        )

    def config(self, key):
        self._called("config")
        if key == "ssid":
            return (self.target[0] if self.target else b"").decode("latin-1")
        if key == "channel":
            return self._router().channel if self._associated() else 1
        raise ValueError("unknown config param")

    def scan(self):
        self._called("scan")
        if self.searching and self.status() == 1:
            self.overlaps.append("scan")
        self._time.sleep_ms(2000)
        return [
            (b"" if r.hidden else r.ssid, r.bssid, r.channel, r.rssi, r.auth, int(r.hidden))
            for r in self.routers
            if r.up
        ]

    def ifconfig(self):
        got = self.status() == 5
        return ("192.168.1.50" if got else "0.0.0.0", "255.255.255.0", "192.168.1.1", "192.168.1.1")


class FakeAccessPoint:
    """network.WLAN(AP_IF)."""

    def __init__(self):
        self.on = True  # the first boot after an erase raises one
        self.phones = 0
        self.settings = {}
        self.writes = 0
        self.failing = {}

    def active(self, on=None):
        if on is None:
            return self.on
        if "active" in self.failing:
            raise self.failing["active"]
        self.on = on
        self.writes += 1

    def config(self, **settings):
        if "config" in self.failing:
            raise self.failing["config"]
        self.settings.update(settings)
        self.writes += 1

    def status(self, what=None):
        if what != "stations":
            return -1
        return [(b"\2\0\0\0\1" + bytes([n]), "192.168.4.%d" % (2 + n)) for n in range(self.phones)]

    def ifconfig(self):
        return ("192.168.4.1", "255.255.255.0", "192.168.4.1", "208.67.222.222")

    @property
    def is_open(self):
        return self.on and self.settings.get("security") == 0


class FakeFlash:
    """Files that keep their old content until closed. `fail_at = n` makes the n-th operation from now fail."""

    def __init__(self):
        self.files = {}
        self.writes = 0
        self.fail_at = None
        self.error = OSError(28)

    def _operation(self):
        if self.fail_at is not None:
            self.fail_at -= 1
            if self.fail_at <= 0:
                raise self.error

    def open(self, path, mode="r"):
        if "r" in mode:
            if path not in self.files:
                raise OSError(2)
            return io.BytesIO(self.files[path])
        self._operation()
        return _Writing(self, path)

    def remove(self, path):
        if path not in self.files:
            raise OSError(2)
        self._operation()
        del self.files[path]

    def rename(self, old, new):
        self._operation()
        self.files[new] = self.files.pop(old)


class _Writing(io.BytesIO):
    def __init__(self, flash, path):
        super().__init__()
        self._flash, self._path = flash, path

    def write(self, data):
        self._flash._operation()
        self._flash.writes += 1
        return super().write(data)

    def __exit__(self, kind, error, trace):
        if kind is None:
            self._flash._operation()
            self._flash.files[self._path] = self.getvalue()
        return super().__exit__(kind, error, trace)


class FakeSocket:
    """A non-blocking socket of the port. As a client's end: deliver() and hang_up(); `out` is what the board sent."""

    peer = "192.168.4.2"

    def __init__(self):
        self.incoming = []
        self.out = b""
        self.closed = False
        self.room = 1072  # lwIP's send buffer; a test sets 0 for a client that does not read
        self.error = None

    def setblocking(self, flag):
        pass

    def deliver(self, data, segment=536):
        for at in range(0, len(data), segment):
            self.incoming.append(bytes(data[at : at + segment]))

    def hang_up(self):
        self.incoming.append(b"")

    def readinto(self, buffer):
        if self.error:
            raise self.error
        if not len(buffer):
            return 0  # whatever the socket holds: it is not asked (py/stream.c)
        if not self.incoming:
            return None
        data = self.incoming[0]
        count = min(len(data), len(buffer))
        buffer[:count] = data[:count]
        if count < len(data):
            self.incoming[0] = data[count:]
        elif data:
            del self.incoming[0]
        return count

    def write(self, data):
        if self.error:
            raise self.error
        if not self.room:
            return None
        count = min(len(data), self.room)
        self.out += bytes(data[:count])
        return count

    def close(self):
        self.closed = True

    def ready(self, mask):
        return (POLLIN if self.incoming or self.error else 0) & mask | (POLLOUT if self.room else 0) & mask


class FakeDatagrams(FakeSocket):
    def __init__(self):
        super().__init__()
        self.answers = []

    def recvfrom(self, limit):
        if not self.incoming:
            raise OSError(11)
        data, peer = self.incoming.pop(0)
        return data[:limit], peer

    def sendto(self, data, peer):
        self.answers.append((bytes(data), peer))
        return len(data)


class FakeListener(FakeSocket):
    def listen(self, backlog):
        self.backlog = backlog

    def accept(self):
        if not self.incoming:
            raise OSError(11)
        sock = self.incoming.pop(0)
        return sock, (sock.peer, 50000)


class FakePoll:
    def __init__(self, time):
        self._time = time
        self.masks = {}

    def register(self, sock, mask):
        self.masks[sock] = mask

    modify = register

    def unregister(self, sock):
        del self.masks[sock]

    def poll(self, timeout_ms):
        ready = [(sock, sock.ready(mask)) for sock, mask in self.masks.items() if sock.ready(mask)]
        if not ready:
            self._time.sleep_ms(timeout_ms)
        return ready


@functools.cache
def compiled_pages():
    """{file name: bytes}, as they lie on a board."""
    return compile_pages("device/pages")


class FakeHardware:
    """Same shape as device/hardware.py's Hardware."""

    POLLIN, POLLOUT = POLLIN, POLLOUT
    UDP, TCP = 2, 1

    def __init__(self, routers=(), time=None, flash=None, powered_on=True):
        self.time = time or FakeTime()
        self.flash = flash or FakeFlash()
        self.routers = list(routers)
        self.station = FakeStation(self.time, self.routers)
        self.access_point = FakeAccessPoint()
        self.ticks_ms = self.time.ticks_ms
        self.sleep_ms = self.time.sleep_ms
        self.open = self.flash.open
        self.rename = self.flash.rename
        self.remove = self.flash.remove
        self.resets = 0
        self.dns = self.listener = self.poller = None
        self.refuse_sockets = False
        self.hostname = None
        self.powered_on = powered_on

    def reset(self):
        self.resets += 1

    def name_itself(self, chosen=None):
        self.hostname = chosen.decode("ascii") if chosen else "Homeport-FFEE"
        return self.hostname

    def page(self, name):
        return io.BytesIO(compiled_pages()[name])

    def files(self, folder):
        return list(compiled_pages()) if folder == "/lib/homeport/pages" else []

    def poll(self):
        self.poller = FakePoll(self.time)
        return self.poller

    def bind(self, port, kind):
        if self.refuse_sockets:
            raise OSError(12)
        if kind == self.UDP:
            self.dns = FakeDatagrams()
            return self.dns
        self.listener = FakeListener()
        return self.listener


class Phone:
    """A client of the portal on fakes: request() returns the whole answer."""

    TURNS_LIMIT = 2000

    def __init__(self, hardware, turn, address=FakeSocket.peer):
        self._hardware = hardware
        self._turn = turn  # lets the board run for one turn
        self.address = address

    def connect(self):
        sock = FakeSocket()
        sock.peer = self.address
        self._hardware.listener.incoming.append(sock)
        return sock

    def request(self, data, segment=536):
        sock = self.connect()
        sock.deliver(data, segment)
        for _ in range(self.TURNS_LIMIT):
            if sock.closed:
                break
            self._turn()
        assert sock.closed, "the board did not finish the answer"
        return Answer(sock.out)

    def get(self, path, host=b"192.168.4.1", fields=b""):
        return self.request(b"GET " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + fields + b"\r\n")

    def post(self, path, body, host=b"192.168.4.1", fields=b""):
        return self.request(
            b"POST " + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n" + fields
            + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        )


class Answer:
    """A parsed HTTP answer, strict about what the portal promises."""

    def __init__(self, raw):
        self.raw = raw
        head, separator, self.body = raw.partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        self.status = int(lines[0].split()[1]) if separator else None
        self.fields = {}
        for line in lines[1:]:
            name, _, value = line.partition(b": ")
            self.fields[name.lower()] = value

"""Stand-ins for what a board has: a clock that only moves when told, a radio with its own small air, files, sockets.

They have the behaviour of the port, not a script of calls: a test sets the scene and looks at what happens.
"""

import functools
import io
import itertools
import posixpath
from random import Random

from homeport.pages import compile_pages

POLLIN, POLLOUT = 1, 4
TICKS_PERIOD = 1 << 30
TICKS_BEFORE_WRAP = 7_000  # so that every longer scenario crosses the wrap
NEVER = 1 << 60

POWER_ON, HARDWARE_WATCHDOG, SOFTWARE_WATCHDOG, SOFT_RESET, RESET_PIN = 0, 1, 3, 4, 6  # machine.reset_cause()


class Restart(BaseException):
    """The chip starts anew: nothing behind this line is executed. FakeHardware.restart() is what comes then.

    It is no Exception, so no handler of the firmware catches it. cause: as machine.reset_cause() tells it afterwards.
    """

    def __init__(self, cause=SOFT_RESET):
        super().__init__(cause)
        self.cause = cause


class PowerLost(Restart):
    """Power was cut; RTC memory is lost as well. Raised by a flash whose `error` it is, at the operation `fail_at`."""

    def __init__(self):
        super().__init__(POWER_ON)


class FakeTime:
    """time.ticks_ms() and sleep_ms() of the port: wraps at 2**30, moves when somebody sleeps or a test says so.

    `elapsed` only grows, also across restarts; the counter starts anew with the chip.
    """

    def __init__(self, start=TICKS_PERIOD - TICKS_BEFORE_WRAP):
        self.elapsed = 0
        self._start = start
        self.bites_at = NEVER  # when an armed watchdog that nobody feeds ends it

    def ticks_ms(self):
        return (self._start + self.elapsed) % TICKS_PERIOD

    def sleep_ms(self, ms):
        self.elapsed += ms
        if self.elapsed >= self.bites_at:
            raise Restart(SOFTWARE_WATCHDOG)

    def restart(self, ticks=0):
        self._start = ticks - self.elapsed
        self.bites_at = NEVER


class Router:
    """A network in the air. Several may have the same name; each has a BSSID of its own.

    auth: as in a scan, 0 open to 4, 5 enterprise and 6 WPA3 refuse to join. refusal: what the SDK shows between its
    attempts with a wrong key, 2 or 4; mostly it shows nothing but CONNECTING. rssi: below WEAK_DBM joining is luck.
    """

    _numbers = itertools.count(1)

    def __init__(
        self, ssid, key=b"", rssi=-50, channel=6, auth=3, up=True, dhcp=True, join_ms=1800, hidden=False, bssid=None,
        refusal=None,
    ):
        self.ssid, self.key, self.rssi, self.channel = ssid, key, rssi, channel
        self.auth = auth if key or auth > 4 else 0
        self.up, self.dhcp, self.join_ms, self.hidden = up, dhcp, join_ms, hidden
        self.refusal = refusal
        self.bssid = bssid or b"\2\0\0" + next(self._numbers).to_bytes(3, "big")

    def lets_in(self, key):
        return self.auth == 0 or self.auth < 5 and self.key == key


IDLE, CONNECTING, WRONG_PASSWORD, NO_AP_FOUND, CONNECT_FAIL, GOT_IP = range(6)
OFF = 255
NOT_ASSOCIATED = 31
SEARCH_MS, PAUSE_MS = 1900, 1000  # a turn of the SDK that retries for ever
WEAK_DBM, WEAK_CHANCE = -88, 3  # one turn in so many works
REJOIN_MS = 1500  # phones that lost the access point's channel are back after this


class _CString(str):
    """Text that the port makes of bytes unseen."""

    def __new__(cls, data):
        made = super().__new__(cls, data.decode("utf-8", "replace"))
        made._data = data
        return made

    def encode(self):
        return self._data


class FakeStation:
    """network.WLAN(STA_IF): joins the routers of the air by the SDK's rules. Each call is counted in `calls`.

    What the SDK keeps in its flash: `on`, `target` and `pinned`, each setting of them counted in `writes`. `searching`:
    it joins or is joined, and if that fails or the link is lost, it tries again for ever.
    """

    def __init__(self, time, routers, random=None):
        self._time = time
        self.routers = routers
        self._random = random or Random(0)
        self.on = False
        self.static_address = None  # else of DHCP
        self.target = None  # (ssid, key)
        self.pinned = None  # the one BSSID to join, None = the strongest
        self.writes = 0
        self.searching = False
        self._since = self._found_at = 0  # when this turn began, and when it found the network
        self._chosen = None  # the router that lets us in this turn, or did
        self._failure = NO_AP_FOUND  # what the pause at the end of a turn shows
        self._leased = False
        self._turned = False  # was this turn begun?
        self._channel = 1
        self.tuned_at = -REJOIN_MS
        self.calls = []
        self.overlaps = []  # scans and connects that hit a running attempt
        self.failing = {}  # method name -> exception to raise
        self.scan_ms = 2000
        self.scanned = None  # rows that scan() returns in place of what is in the air

    def _called(self, name):
        self.calls.append(name)
        if name in self.failing:
            raise self.failing[name]

    def active(self, on=None):
        if on is None:
            return self.on
        self._called("active")
        self.on = on
        self.writes += 1
        if not on:
            self._stop()

    def connect(self, ssid=None, key=None, *, bssid=None):
        self._called("connect")
        if bssid is not None and len(bssid) != 6:
            raise ValueError()
        if not self.on:
            raise OSError("Cannot set STA config")
        if self.searching:
            self.overlaps.append("connect")
        if ssid is not None or key is not None or bssid is not None:
            self.target = (bytes(ssid or b"")[:32], bytes(key or b"")[:64])
            self.pinned = bssid
            self.writes += 1
        self._start()

    def disconnect(self):
        self._called("disconnect")
        self._stop()

    def restart(self):
        """The chip starts: the SDK joins what it remembers, before any program runs."""
        self._stop()
        if self.on and self.target and self.target[0]:
            self._start()

    def _start(self):
        self._stop()
        self.searching = True
        self._since = self._time.elapsed

    def _stop(self):
        self.searching = self._turned = self._leased = False
        self._chosen = None

    def _begin_turn(self):
        self._turned = True
        self._leased = False
        self._chosen = None
        self._search()

    def _search(self):
        self._failure = NO_AP_FOUND
        self._found_at = self._since
        candidates = [
            router
            for router in self.routers
            if router.up and self.target and router.ssid == self.target[0] and self.pinned in (None, router.bssid)
        ]
        if not candidates:
            return
        router = max(candidates, key=lambda router: router.rssi)
        if not router.lets_in(self.target[1]):
            self._failure = CONNECT_FAIL if router.auth > 4 else router.refusal or CONNECTING
        elif router.rssi < WEAK_DBM and self._random.randrange(WEAK_CHANCE):
            self._failure = CONNECTING
        else:
            self._chosen = router
            self.tune(router.channel)

    def _holds(self, router):
        return router in self.routers and router.up and router.ssid == self.target[0] and router.lets_in(self.target[1])

    def advance(self):
        """Bring what the SDK does by itself up to now."""
        if not self.searching or not self.on:
            return
        now = self._time.elapsed
        if not self._turned:
            self._begin_turn()  # tests may have put the SDK to work by hand
        router = self._chosen
        if router is not None:
            if self._holds(router):
                if router.dhcp and now - self._found_at >= router.join_ms:
                    self._leased = True
                return
            self._since = now  # the link is lost
            self._begin_turn()
        elif now - self._since >= SEARCH_MS + PAUSE_MS:
            self._since += (now - self._since) // (SEARCH_MS + PAUSE_MS) * (SEARCH_MS + PAUSE_MS)
            self._begin_turn()
            self.advance()
        elif self._failure == NO_AP_FOUND and now - self._since < SEARCH_MS:
            self._search()  # it may come while we look for it
            if self._chosen is not None:
                self._found_at = now

    def status(self, what=None):
        self._called("status")
        self.advance()
        if what == "rssi":
            router = self.joined
            return router.rssi if router else NOT_ASSOCIATED
        if what is not None:
            raise ValueError("unknown status param")
        if not self.on:
            return OFF
        if not self.searching:
            return IDLE
        if self._chosen is not None:
            return GOT_IP if self._leased else CONNECTING
        return CONNECTING if self._time.elapsed - self._since < SEARCH_MS else self._failure

    @property
    def is_busy(self):
        """True while it joins or searches."""
        return self.searching and not self._leased

    @property
    def is_linked(self):
        """True while it has an address."""
        self.advance()
        return self.on and self.searching and self._leased

    @property
    def joined(self):
        """The router that it is associated with, with or without an address."""
        self.advance()
        router = self._chosen if self.searching and self.on else None
        return router if router and self._time.elapsed - self._found_at >= router.join_ms else None

    def config(self, key):
        self._called("config")
        if key == "ssid":
            ssid, key = self.target or (b"", b"")
            return _CString(ssid + key if len(ssid) == 32 else ssid)  # nothing ends a name of full length
        if key == "channel":
            return self.channel()
        raise ValueError("unknown config param")

    def channel(self):
        """The one channel of the radio, which the access point shares."""
        self.advance()
        return self._channel

    def tune(self, channel):
        if channel != self._channel:
            self._channel = channel
            self.tuned_at = self._time.elapsed

    def scan(self):
        self._called("scan")
        if not self.on:
            raise OSError("STA must be active")
        if self._time.bites_at != NEVER:
            self.overlaps.append("scan with an armed watchdog")
        if self.searching and self.status() != GOT_IP:
            self.overlaps.append("scan")
            self._stop()  # esp8266/Arduino#1140
        self._time.sleep_ms(self.scan_ms)
        if self.scanned is not None:
            return list(self.scanned)
        return [
            (b"" if r.hidden else r.ssid, r.bssid, r.channel, r.rssi, r.auth, int(r.hidden))
            for r in self.routers
            if r.up and (r.rssi >= WEAK_DBM or not self._random.randrange(WEAK_CHANCE))
        ]

    def ifconfig(self, *settings):
        self._called("ifconfig")
        if settings:
            self.static_address = settings[0]
            return None
        if self.static_address:
            return self.static_address
        got = self.status() == GOT_IP
        return ("192.168.1.50" if got else "0.0.0.0", "255.255.255.0", "192.168.1.1", "192.168.1.1")


class FakeAccessPoint:
    """network.WLAN(AP_IF), on the station's channel. `phones`: how many are here and join whatever is raised."""

    def __init__(self, time, station):
        self._time = time
        self._station = station
        self.on = True  # the first boot after an erase raises one
        self.phones = 0
        self.settings = {}
        self.writes = 0
        self.failing = {}
        self._started_at = -REJOIN_MS

    def _called(self, name):
        if name in self.failing:
            raise self.failing[name]

    def active(self, on=None):
        if on is None:
            return self.on
        self._called("active")
        self.on = on
        self.writes += 1

    def config(self, what=None, **settings):
        self._called("config")
        if what is not None:
            return self._station.channel() if what == "channel" else self.settings[what]
        after = {**self.settings, **settings}
        if after.get("security", 0) and len(after.get("key", b"")) < 8:
            raise OSError("can't set AP config")
        self.settings = after
        self.writes += 1
        if "channel" in settings and self._station.joined is None:
            self._station.tune(settings["channel"])

    def status(self, what=None):
        self._called("status")
        if what is None:
            return -1
        if what != "stations":
            raise ValueError("unknown status param")
        count = self.phones if self.on and self._is_found() else 0
        return [(b"\2\0\0\0\1" + bytes([n]), "192.168.4.%d" % (2 + n)) for n in range(count)]

    def _is_found(self):
        """False for a moment after the radio changed its channel: the phones have to find it again."""
        self._station.advance()
        return self._time.elapsed - max(self._station.tuned_at, self._started_at) >= REJOIN_MS

    def restart(self):
        self._started_at = self._time.elapsed

    def ifconfig(self):
        self._called("ifconfig")
        return ("192.168.4.1", "255.255.255.0", "192.168.4.1", "208.67.222.222")

    @property
    def is_open(self):
        return self.on and self.settings.get("security") == 0


def resolved(path):
    """As LittleFS takes a path: C's idea of where a text ends, and dots at work."""
    return posixpath.normpath(path.split("\0")[0])


class FakeFlash:
    """Files that keep their old content until closed. `fail_at = n` makes the n-th operation from now, and all later
    ones, raise `error`; PowerLost() as the error is a power cut there.

    `operations` counts all, `writes` the blocks of data. full: no data find room. read_only: nothing can be changed.
    """

    def __init__(self):
        self.files = {}
        self.operations = 0
        self.writes = 0
        self.fail_at = None
        self.error = OSError(28)
        self.full = self.read_only = False

    @property
    def refuses(self):
        return self.full or self.read_only or self.fail_at is not None

    def _operation(self, needs_room=False):
        self.operations += 1
        if self.fail_at is not None:
            self.fail_at -= 1
            if self.fail_at <= 0:
                raise self.error
        if self.read_only:
            raise OSError(30)
        if self.full and needs_room:
            raise OSError(28)

    def restart(self):
        """Power is back: what was open is lost, what failed because of the cut works again."""
        if isinstance(self.error, PowerLost):
            self.fail_at, self.error = None, OSError(28)

    def open(self, path, mode="r"):
        if "r" in mode and "+" not in mode:
            path = resolved(path)
            if path not in self.files:
                raise OSError(2)
            return io.BytesIO(self.files[path])
        if "r" in mode and path not in self.files:
            raise OSError(2)
        self._operation()
        self.files.setdefault(path, b"")  # a new one is there, empty, before it has content
        file = _Writing(self, path, b"" if "w" in mode else self.files[path])
        if "a" in mode:
            file.seek(0, 2)
        return file

    def remove(self, path):
        if path not in self.files:
            raise OSError(2)
        self._operation()
        del self.files[path]

    def rename(self, old, new):
        if old not in self.files:
            raise OSError(2)
        self._operation()
        self.files[new] = self.files.pop(old)

    def names(self):
        """What os.listdir("/") says."""
        return [path[1:] for path in self.files]


class _Writing(io.BytesIO):
    def __init__(self, flash, path, content):
        super().__init__(content)
        self._flash, self._path = flash, path
        self._broken = False  # LittleFS keeps the old content of a file that had an error

    def _operation(self, needs_room):
        try:
            self._flash._operation(needs_room)
        except BaseException:
            self._broken = True
            raise

    def write(self, data):
        self._operation(True)
        self._flash.writes += 1
        return super().write(data)

    def close(self):
        if not self.closed and not self._broken:
            content = self.getvalue()
            try:
                self._operation(False)
                self._flash.files[self._path] = content
            finally:
                super().close()
        super().close()

    def __exit__(self, kind, error, trace):
        if isinstance(error, Restart):
            self._broken = True
        self.close()

    def __del__(self):
        pass  # closed by nobody: the content is lost, as on the chip


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
    def __init__(self, sockets, port):
        super().__init__()
        self._sockets = sockets
        self.port = port

    def listen(self, backlog):
        self.backlog = backlog

    def accept(self):
        if not self.incoming:
            raise OSError(11)
        sock = self.incoming.pop(0)
        self._sockets.append(sock)
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


class FakePin:
    """machine.Pin: an output, or an input with its pull-up. level: what the wire has."""

    def __init__(self):
        self.level = 1
        self.writes = 0

    def value(self, level=None):
        if level is None:
            return self.level
        self.level = int(bool(level))
        self.writes += 1

    __call__ = value


class FakeMachine:
    """The port's module machine, as far as code that is on demand asks for it, on a FakeHardware."""

    def __init__(self, hardware):
        self._hardware = hardware
        self.WDT = hardware.watchdog
        self.Pin = FakePins(hardware)

    def reset_cause(self):
        return self._hardware.reset_cause

    def RTC(self):  # noqa: N802, the port's name
        return self

    def memory(self, *data):
        return self._hardware.rtc_memory(*data)


class FakeOs:
    """The port's os, as far as the prompt and the owner's pages are concerned. typed: what was put into it."""

    FOLDER, FILE = 0x4000, 0x8000

    def __init__(self, flash, random, console):
        self.typed = b""
        self._console = console
        self._stream = None
        self._flash = flash
        self._random = random

    def stat(self, path):
        """Folders are what files lie in; times are those of a board that was never told the time."""
        path = resolved(path)
        if path in self._flash.files:
            return (self.FILE, 0, 0, 0, 0, 0, len(self._flash.files[path]), 0, 0, 0)
        if path == "/" or any(name.startswith(path + "/") for name in self._flash.files):
            return (self.FOLDER, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        raise OSError(2)

    def urandom(self, count):
        return self._random.randbytes(count)

    def dupterm(self, stream):
        self._stream = stream

    def dupterm_notify(self, _):
        data = self._stream.read()
        self.typed += data
        self._console.type(data)


class FakeConsole:
    """The serial port: sys.stdin, its .buffer, and sys.stdout's, as the port has them, with 255 bytes of memory.

    type(): what somebody sends. Ctrl-C is taken out of it as long as kbd_intr() has not said otherwise; `interrupts`
    counts it, and BoundedTime raises KeyboardInterrupt then. `written`: what went out as bytes.
    """

    LIMIT_BYTES = 255

    def __init__(self):
        self.waiting = bytearray()
        self.interrupt_char = 3
        self.interrupts = 0
        self.written = b""
        self.buffer = self

    def restart(self):
        self.waiting.clear()
        self.interrupt_char, self.interrupts = 3, 0

    def kbd_intr(self, char):
        self.interrupt_char = char

    def type(self, data):
        for byte in data:
            if byte == self.interrupt_char:
                self.interrupts += 1
            elif len(self.waiting) < self.LIMIT_BYTES:
                self.waiting.append(byte)

    def ready(self, mask):
        return mask & POLLIN if self.waiting else 0

    def read(self, count):
        data = bytes(self.waiting[:count])
        del self.waiting[:count]
        return data

    def write(self, data):
        self.written += data
        return len(data)


class FakePins:
    """machine.Pin as a constructor, with its constants."""

    IN, OUT, PULL_UP = 0, 1, 1

    def __init__(self, hardware):
        self._hardware = hardware

    def __call__(self, number, mode=IN, pull=None, value=None):
        pin = self._hardware.pin(number, mode == self.OUT)
        if value is not None:
            pin(value)
        return pin


class FakeWatchdog:
    """machine.WDT: cannot be disarmed; who does not feed it is reset. WORST_MS: the SDK promises no more."""

    WORST_MS = 1600

    def __init__(self, time):
        self._time = time
        self.feed()

    def feed(self):
        self._time.bites_at = self._time.elapsed + self.WORST_MS


class FakeHardware:
    """Same shape as device/hardware.py's Hardware. The board itself: it survives resets and power cuts, see restart().

    reset_cause: why the chip last started. memory: of the RTC, kept over resets, not over power cuts.
    """

    POLLIN, POLLOUT = POLLIN, POLLOUT
    UDP, TCP = 2, 1
    RTC_LIMIT_BYTES = 492

    def __init__(self, routers=(), time=None, flash=None, powered_on=True, seed=0):
        self.time = time or FakeTime()
        self.flash = flash or FakeFlash()
        self._random = Random(seed)
        self.routers = list(routers)
        self.station = FakeStation(self.time, self.routers, self._random)
        self.access_point = FakeAccessPoint(self.time, self.station)
        self.ticks_ms = self.time.ticks_ms
        self.sleep_ms = self.time.sleep_ms
        self.gmtime = lambda: (2000, 1, 1, 0, 0, 0, 5, 1)  # nobody has set the clock
        self.open = self.flash.open
        self.rename = self.flash.rename
        self.remove = self.flash.remove
        self.resets = 0  # by the firmware
        self.starts = 0  # for whatever reason, after the first one
        self.dns = self.listener = self.poller = None
        self.sockets = []  # that the firmware made or accepted since it started
        self.refuse_sockets = False
        self.hostname = None
        self.reset_cause = POWER_ON if powered_on else SOFT_RESET
        self.memory = b""
        self.pins = {}  # number: FakePin
        self.machine = FakeMachine(self)
        self.console = FakeConsole()
        self.os = FakeOs(self.flash, self._random, self.console)
        self.kbd_intr = self.console.kbd_intr

    @property
    def powered_on(self):
        return self.reset_cause in (POWER_ON, RESET_PIN)

    def reset(self):
        self.resets += 1
        raise Restart()

    def restart(self, cause=POWER_ON):
        """The chip starts anew, for any of machine.reset_cause()'s reasons. Its sockets and what it ran are gone, its
        flash, its pins' wires and the air are as they were; the SDK joins by itself."""
        self.starts += 1
        self.reset_cause = cause
        if cause == POWER_ON:
            self.memory = b""
        self.dns = self.listener = self.poller = None
        self.sockets = []
        self.console.restart()
        self.os.typed = b""
        self.time.restart()
        self.flash.restart()
        self.access_point.restart()
        self.station.restart()

    def random(self, below):
        """An integer from 0 to below - 1."""
        return self._random.randrange(below) if below else 0

    def rtc_memory(self, data=None):
        """machine.RTC().memory()."""
        if data is None:
            return self.memory
        if len(data) > self.RTC_LIMIT_BYTES:
            raise ValueError("buffer too long")
        self.memory = bytes(data)

    def pin(self, number, output=False):
        return self.pins.setdefault(number, FakePin())

    def watchdog(self):
        return FakeWatchdog(self.time)

    def name_itself(self, chosen=None):
        self.hostname = chosen.decode("ascii") if chosen else "Homeport-FFEE"
        return self.hostname

    def page(self, name):
        return io.BytesIO(compiled_pages()[name])

    def files(self, folder):
        if folder == "/":
            return self.flash.names()
        return list(compiled_pages()) if folder == "/lib/homeport/pages" else []

    def poll(self):
        self.poller = FakePoll(self.time)
        return self.poller

    def bind(self, port, kind):
        if self.refuse_sockets:
            raise OSError(12)
        if kind == self.UDP:
            self.dns = FakeDatagrams()
            self.sockets.append(self.dns)
            return self.dns
        if any(isinstance(sock, FakeListener) and sock.port == port and not sock.closed for sock in self.sockets):
            raise OSError(98)
        self.listener = FakeListener(self.sockets, port)
        self.sockets.append(self.listener)
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

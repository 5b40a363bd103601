"""What the VM finds behind its modules: dispatches the calls of the channel to flash, radio, sockets, pins and clock.

One object lives from power-on to power loss; `hard_reset()` is what a reset leaves and forgets in between.
"""

import errno
import random
import socket
import struct

from . import chip, rpc, sdk
from .limits import POLLIN, POLLNVAL, POLLOUT
from .lwip import Stack
from .radio import Radio
from .wlan import Wlan

CONSOLE = 255  # the handle that poll() uses for standard input
NEVER = -1


class Hardware:
    """`console_ready()` tells whether standard input has bytes. `request` becomes the cause of a reset to be made."""

    def __init__(self, clock, flash, sdk_path, poller, address, ports, console_ready, warn, seed=None, air=None):
        self.clock, self.flash = clock, flash
        self._console_ready = console_ready
        self._random = random.Random(seed) if seed is not None else random.SystemRandom()
        self._sdk_path = sdk_path
        self._address = address
        self.parameters = sdk.load(sdk_path, seed)
        self.pins = chip.Pins()
        self.rtc = chip.RtcMemory()
        self.stack = Stack(poller, address, ports, clock.now_ms, self._route_up, warn)
        self.on_ready = self.on_prompt = self.on_type = lambda *args: None
        self._air = air
        self._rtc_offset_us = -clock.now_us()
        self._with_main = True
        self.hard_reset(chip.PWRON_RESET)

    def hard_reset(self, cause):
        self.cause = cause
        self.request = self.wake_ms = None
        self.asleep = False
        self._reset_us = 0 if cause == chip.PWRON_RESET else self.clock.now_us()
        self.stack.close_all(reset=True)
        self.watchdog = chip.Watchdog(self.clock.now_ms)
        self.cpu = chip.Cpu()
        held = self.pins.held
        self.pins = chip.Pins()
        self.pins.held = held
        self.radio = Radio(self.parameters, self.clock.now_ms, self._save_parameters, self._air)
        self.wlan = Wlan(self.radio, self.stack.address)
        self._forget_waits()
        self._calls = self._named_calls()
        self.update()

    def soft_reset(self):
        """A new VM: sockets are closed; radio, pins and watchdog do not notice."""
        self.stack.close_all()
        self.radio.scan_abort()
        self._forget_waits()

    def set_air(self, air):
        self._air = air
        self.pins.held = dict(air.pins)
        self.radio.set_air(air)

    def update(self):
        """Bring radio and sockets up to now; to be called after every event."""
        up = not self.asleep and (self.radio.ap_active() or self._route_up())
        self.stack.set_radio(up, not up or self.radio.deaf())
        self.stack.tick()

    def deadlines_ms(self, call_waits):
        """Board times at which something happens by itself; `call_waits`: a call of the VM has no answer yet."""
        times = [self.stack.deadline_ms(), self.watchdog.deadline_ms, self.radio.deadline_ms(), self.wake_ms]
        if call_waits:
            times.append(self.wait_until_ms)
        return [t for t in times if t is not None]

    def sleep(self):
        """Deep sleep: only the clock and the RTC memory stay on."""
        self.asleep = True
        self.request = None
        self.stack.close_all(reset=True)
        self.update()

    def start_vm(self, with_main):
        self._with_main = with_main

    # The channel --------------------------------------------------------------------------------------------------

    def handle(self, op, a, b, payload):
        self.wait_until_ms = None
        self.waits_to_send = False
        if op == rpc.POLL:
            return self._poll(a, payload)
        if op in (rpc.RECV, rpc.RECVFROM):
            return self._wait(a, lambda: self._received(op, a, b))
        if op == rpc.SEND:
            return self._wait(a, lambda: self.stack.send(a, payload))
        if op == rpc.SENDTO:
            return self._wait(a, lambda: self.stack.send(a, payload[6:], _unpack(payload)))
        if op == rpc.ACCEPT:
            return self._wait(a, lambda: self._accepted(a))
        if op == rpc.SLEEP:
            return self._sleep_until(*rpc.NOW.unpack(payload))
        if op == rpc.PIN_GET:
            return self.pins.get(a)
        if op in (rpc.ASK, rpc.SYSTEM):
            name, args, kw = rpc.load(payload)
            if name not in self._calls:
                raise AttributeError(name)
            return self._answer(self._calls[name], args, kw)
        return self._command(op, a, b, payload) or 0

    def _command(self, op, a, b, payload):
        if op == rpc.PROGRAM:
            self.flash.program(a, payload)
        elif op == rpc.ERASE:
            self.flash.erase(a)
        elif op == rpc.PIN_SET:
            self.pins.set(a, b)
        elif op == rpc.SOCKET:
            handle = self.stack.socket(a)
            self._timeouts[handle] = NEVER
            return handle
        elif op == rpc.CLOSE:
            self.stack.close(a)
        elif op == rpc.BIND:
            self.stack.bind(a, _unpack(payload)[1])
        elif op == rpc.LISTEN:
            self.stack.listen(a, b)
        elif op == rpc.CONNECT:
            return self._connect(a, _unpack(payload))
        elif op == rpc.REUSE:
            self.stack.get(a).reuse = bool(b)
        elif op == rpc.TIMEOUT:
            self.stack.get(a)
            self._timeouts[a] = b
        else:
            raise ValueError(f"operation {op}")
        return 0

    def _answer(self, call, args, kw):
        result = call(*args, **kw)
        if not callable(result):
            return 0, rpc.dump(result)

        def later():
            found = result()
            return None if found is None else (0, rpc.dump(found))

        return later

    # Sockets --------------------------------------------------------------------------------------------------------

    def _wait(self, handle, attempt, late=errno.EAGAIN):
        """`attempt()` now, or until the socket's timeout is over."""
        result = attempt()
        if result is not None:
            return result
        timeout = self._timeouts.get(handle, NEVER)
        if timeout == 0:
            raise OSError(late)
        deadline = None if timeout < 0 else self.clock.now_ms() + timeout
        self.wait_until_ms = deadline

        def later():
            found = attempt()
            if found is None and deadline is not None and self.clock.now_ms() >= deadline:
                raise OSError(errno.ETIMEDOUT)
            return found

        return later

    def _received(self, op, handle, size):
        found = self.stack.recvfrom(handle, size)
        if found is None:
            return None
        data, peer = found
        if op == rpc.RECV:
            return len(data), data
        return len(data), _pack(peer or ("0.0.0.0", 0)) + data

    def _accepted(self, handle):
        found = self.stack.accept(handle)
        if found is None:
            return None
        self._timeouts[found[0]] = self._timeouts.get(handle, NEVER)
        return found[0], _pack(found[1])

    def _connect(self, handle, peer):
        self.stack.connect(handle, peer)
        thing = self.stack.get(handle)
        if not hasattr(thing, "connected"):
            return 0
        return self._wait(handle, lambda: 0 if thing.connected() else None, errno.EINPROGRESS)

    def _poll(self, timeout, payload):
        wanted = list(zip(payload[::2], payload[1::2], strict=True))
        deadline = None if timeout < 0 else self.clock.now_ms() + timeout
        self.wait_until_ms = deadline
        self.waits_to_send = any(mask & POLLOUT for _, mask in wanted)

        def attempt():
            found = [(i, e) for i, e in self.stack.poll(wanted) if wanted[i][0] != CONSOLE or e != POLLNVAL]
            for i, (handle, mask) in enumerate(wanted):
                if handle == CONSOLE:
                    events = mask & POLLOUT | (POLLIN if mask & POLLIN and self._console_ready() else 0)
                    if events:
                        found.append((i, events))
            if found or deadline is not None and self.clock.now_ms() >= deadline:
                return len(found), b"".join(struct.pack("BB", *pair) for pair in found)
            return None

        return attempt

    def _sleep_until(self, board_us):
        self.wait_until_ms = board_us / 1000
        return lambda: 0 if self.clock.now_us() >= board_us else None

    def _getaddrinfo(self, host):
        try:
            socket.inet_aton(host)
            return host
        except OSError:
            pass
        if not self._route_up():
            raise OSError(-2)
        try:
            return socket.getaddrinfo(host, None, socket.AF_INET)[0][4][0]
        except OSError:
            raise OSError(-2) from None

    # Calls by name --------------------------------------------------------------------------------------------------

    def _named_calls(self):
        wlan = self.wlan
        calls = {
            f"wlan.{name}": getattr(wlan, name)
            for name in "active connect disconnect status isconnected config ifconfig ipconfig".split()
        }
        calls |= {f"network.{name}": getattr(wlan, name) for name in "hostname country phy_mode dns".split()}
        calls |= {
            "start": self._start,
            "ready": lambda used: self.on_ready(used),
            "prompt": lambda: self.on_prompt(),
            "type": lambda data: self.on_type(data),
            "wlan.scan": self._scan,
            "getaddrinfo": self._getaddrinfo,
            "pin.check": lambda number: self.pins.check(number),
            "pin.init": lambda *args: self.pins.init(*args),
            "rtc.memory": self.rtc.memory,
            "rtc.set": self._set_rtc,
            "wdt.start": self.watchdog.start,
            "wdt.feed": self.watchdog.feed,
            "freq": self.cpu.freq,
            "reset_cause": lambda: self.cause,
            "reset": lambda: self._ask_reset(chip.SOFT_RESET),
            "deepsleep": self._deepsleep,
            "unique_id": lambda: self.parameters.chip_id.to_bytes(4, "little"),
            "urandom": self._urandom,
        }
        return calls

    def _start(self):
        """What a new VM has to know: its ticks at the reset, board µs a second, RTC µs at the reset, ..."""
        rate = self.clock.rate
        return (
            self.clock.origin_us() + int(self._reset_us / rate),
            int(rate * 1_000_000),
            self._rtc_offset_us + self._reset_us,
            self._random.getrandbits(30),
            self.flash.blocks,
            self._with_main,
        )

    def _scan(self, interface):
        self.wlan.scan_check(interface)
        if not self.radio.scan_begin():
            return lambda: None  # the port waits for an end that never comes

        def later():
            found = self.radio.scan_result()
            return None if found is None else list(found)

        return later

    def _set_rtc(self, at_reset_us):
        self._rtc_offset_us = at_reset_us - self._reset_us

    def _urandom(self, size):
        return self._random.getrandbits(8 * size).to_bytes(size, "little") if size else b""

    def _ask_reset(self, cause):
        self.request = cause
        return lambda: None  # nothing in the program can go on

    def _deepsleep(self, ms):
        self.wake_ms = self.clock.now_ms() + ms if ms > 0 else None
        self.watchdog.deadline_ms = None
        return self._ask_reset(chip.DEEPSLEEP_RESET)

    def _save_parameters(self):
        self.flash.save_parameters(lambda: sdk.save(self._sdk_path, self.parameters))

    def _route_up(self):
        return self.radio.address() is not None

    def _forget_waits(self):
        self._timeouts = {}
        self.wait_until_ms = None
        self.waits_to_send = False


def _pack(peer):
    return socket.inet_aton(peer[0]) + struct.pack(">H", peer[1])


def _unpack(payload):
    return socket.inet_ntoa(payload[:4]), struct.unpack(">H", payload[4:6])[0]

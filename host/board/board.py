"""The virtual ESP8266: one loop around the VM, its terminal, the simulated hardware and the air file."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from select import EPOLLIN, POLLIN, poll
from typing import Any

from . import chip, sdk
from .air import Air, AirFile, parse
from .clock import Clock, JumpingClock
from .console import SOFT_REBOOT, Console
from .flash import Flash, PowerLost, make_rom
from .hardware import Hardware
from .poller import Poller
from .process import Terminal, Vm
from .rpc import Channel
from .settings import Settings
from .tty import Tty, TtyError

HTTP_PORT, DNS_PORT = 80, 53

AIR_POLL_S = 0.1
INTERRUPT_GRACE_S = 0.05  # a program that makes no call for so long gets a signal instead
SEND_TICK_S = 0.001  # the machine does not tell when a peer acknowledged
PEER_PATIENCE_S = 0.002  # before a clock jumps on: for those whom the board is connected with
READ_BYTES = 4096
READS_MAX = 64  # then it is somebody else's turn
CRASH_PAUSE_S = 0.5
FOREVER_US = 1 << 60


class BoardError(Exception):
    """The board cannot be switched on; the text says why and which option to change."""


class Board:
    """`power_on()`, then `step()` again and again, or `run()`; `power_cut()`, `power_on()` again; `close()`.

    Nothing here starts a thread. `call_soon(function)` may be used from any thread.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.hardware: Any = None  # Hardware while the power is on
        self.heap_used_at_start = None
        self.waiting_at_prompt = self._runs_firmware = False
        self._poller = Poller()
        self._terminal = Terminal()
        self._vm = self._channel = None
        try:
            self._tty = Tty(settings.tty, self._poller, self._typed) if settings.tty else None
        except TtyError as error:
            raise BoardError(f"{error}; choose another with --tty") from None
        self._soon: list[Callable[[], object]] = []
        self._appointments: list[tuple[float, Callable[[], object]]] = []
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        self._poller.watch(self._wake_read, EPOLLIN, lambda _: os.read(self._wake_read, READ_BYTES))
        self._poller.watch(self._terminal.master, EPOLLIN, lambda _: self._printed())
        self._input = b""
        self._interrupt_deadline = None
        self._air_deadline = 0
        self._air_file = None
        self._air = Air()
        self._load_air(settings.air)
        self._stopping = False

    # Power ----------------------------------------------------------------------------------------------------------

    def power_on(self) -> None:
        s = self.settings
        erase, s.erase = s.erase, False
        try:
            if s.rom:
                make_rom(s.rom)
            flash = Flash(s.flash, s.blocks, s.seed)
        except (OSError, ValueError) as error:
            raise BoardError(str(error)) from None
        sdk_path = f"{s.flash}.sdk"
        if erase:
            flash.wipe()
        if erase or not os.path.exists(sdk_path):
            sdk.save(sdk_path, sdk.load(sdk_path, s.seed, erase))
        self._check_ports()
        flash.arm(s.cut_after)
        ports = {(socket.SOCK_STREAM, HTTP_PORT): s.http_port, (socket.SOCK_DGRAM, DNS_PORT): s.dns_port}
        clock = JumpingClock(s.uptime_ms) if s.jump else Clock(s.clock, s.uptime_ms)
        self.hardware = Hardware(
            clock, flash, sdk_path, self._poller, s.address, ports, self._console_ready, s.warn,
            s.seed, self._air,
        )  # fmt: skip
        self.hardware.pins.held = dict(self._air.pins)
        self.hardware.on_ready = self._ready
        self.hardware.on_prompt = self._prompt
        self.hardware.on_type = self._typed_by_itself
        self.console = Console()
        self._start_vm(with_main=True)

    def power_cut(self) -> None:
        """At once, in whatever it does. RTC memory, clock and radio are gone; flash stays."""
        self._stop_vm()
        self._appointments.clear()
        if self.hardware:
            self.hardware.stack.close_all(reset=True)
            self.hardware.flash.close()
            self.hardware = None

    def close(self) -> None:
        self.power_cut()
        if self._tty:
            self._tty.close()
        self._terminal.close()
        self._poller.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    def set_air(self, air: Air | dict[str, Any]) -> None:
        """Air object or dict as in the air file."""
        before, self._air = self._air, air if isinstance(air, Air) else parse(air)
        if self.hardware:
            self.hardware.set_air(self._air)
            if self._air.resets > before.resets:
                self.press_reset()

    def press_reset(self) -> None:
        """The reset button: RTC memory and flash stay."""
        if self.hardware:
            self._hard_reset(chip.HARD_RESET)

    def type(self, data: bytes) -> None:
        """Bytes typed into the console, Ctrl-C included."""
        self._typed(data)

    def watch(self, fd: int, callback: Callable[[], object]) -> None:
        """Have `callback()` called in the loop when `fd` can be read."""
        self._poller.watch(fd, EPOLLIN, lambda _: callback())

    def call_soon(self, function: Callable[[], object]) -> None:
        self._soon.append(function)
        os.write(self._wake_write, b".")

    def call_at(self, board_ms: float, function: Callable[[], object]) -> None:
        """Have it called in the loop when the board's clock shows that; not after a power cut."""
        self._appointments.append((board_ms, function))
        self._appointments.sort(key=lambda appointment: appointment[0])

    def stop(self) -> None:
        """End run(); from any thread or a signal handler."""
        self._stopping = True
        os.write(self._wake_write, b".")

    def run(self, until: Callable[[], object] = lambda: False) -> None:
        """Step until `until()` or stop()."""
        while not self._stopping and not until():
            self.step()
        self._stopping = False

    # The loop ---------------------------------------------------------------------------------------------------------

    def step(self, seconds: float | None = None) -> None:
        """Wait for something to happen, `seconds` at most, and let it happen. Raises PowerLost at `cut_after`."""
        try:
            nothing = not self._poller.wait(self._wait_seconds(seconds))
            if nothing and self.hardware and self.hardware.clock.jumps:
                self._jump()
            self._serve()
        except PowerLost:
            self.power_cut()
            raise

    def _wait_seconds(self, seconds):
        waits = [] if seconds is None else [seconds]
        now = time.monotonic()
        if self._soon:
            return 0
        if self._air_file:
            waits.append(self._air_deadline - now)
        if self._interrupt_deadline:
            waits.append(self._interrupt_deadline - now)
        if self._input:
            waits.append(SEND_TICK_S)
        hardware = self.hardware
        if hardware:
            pending = bool(self._channel and self._channel.pending)
            if pending and hardware.waits_to_send:
                waits.append(SEND_TICK_S)
            deadlines = self._deadlines_ms(pending)
            if hardware.clock.jumps:
                if deadlines and (pending or hardware.asleep):
                    waits.append(PEER_PATIENCE_S if hardware.stack.connections else 0)
            elif deadlines:
                # One more millisecond: a deadline is reached when the clock shows it, not just before.
                waits.append(hardware.clock.wall_s(min(deadlines) - hardware.clock.now_us() / 1000) + 0.0001)
        return max(0, min(waits)) if waits else None

    def _deadlines_ms(self, pending):
        deadlines = self.hardware.deadlines_ms(pending)
        if self._appointments:
            deadlines.append(self._appointments[0][0])
        return deadlines

    def _jump(self):
        """To what happens next; while the VM computes nothing does."""
        pending = bool(self._channel and self._channel.pending)
        deadlines = self._deadlines_ms(pending)
        if deadlines and (pending or self.hardware.asleep):
            self.hardware.clock.jump_to(round(1000 * min(deadlines)))

    def _times(self):
        """What a VM whose clock jumps is told."""
        deadlines = self._deadlines_ms(False)
        return self.hardware.clock.now_us(), round(1000 * min(deadlines)) if deadlines else FOREVER_US

    def _serve(self):
        while self._soon:
            self._soon.pop(0)()
        now = time.monotonic()
        if self._air_file and now >= self._air_deadline:
            self._air_deadline = now + AIR_POLL_S
            air = self._air_file.poll()
            if air is not None:
                self.set_air(air)
        if not self.hardware:
            return
        if self._interrupt_deadline and now >= self._interrupt_deadline:
            self._signal_interrupt()
        if self._input:
            self._feed()
        hardware = self.hardware
        while self._appointments and hardware.clock.now_ms() >= self._appointments[0][0]:
            self._appointments.pop(0)[1]()
        hardware.update()
        if self._channel:
            self._channel.retry()
        self._resets()

    def _resets(self):
        hardware = self.hardware
        board_ms = hardware.clock.now_ms()
        if hardware.asleep:
            if hardware.wake_ms is not None and board_ms >= hardware.wake_ms:
                self._hard_reset(chip.DEEPSLEEP_RESET)
        elif hardware.request == chip.DEEPSLEEP_RESET:
            self._stop_vm()
            hardware.sleep()
        elif hardware.request is not None:
            self._hard_reset(hardware.request)
        elif hardware.watchdog.deadline_ms is not None and board_ms >= hardware.watchdog.deadline_ms:
            self._hard_reset(chip.SOFT_WDT_RESET)

    # The VM -----------------------------------------------------------------------------------------------------------

    def _start_vm(self, with_main):
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        self.hardware.start_vm(with_main)
        self._channel = Channel(ours, self.hardware.handle)
        jumps = self.hardware.clock.jumps
        if jumps:
            self._channel.carry_times(self.hardware.clock.jump_to, self._times)
        self._terminal.reset()
        self.console.restart()
        self.waiting_at_prompt = self._runs_firmware = False
        try:
            self._vm = Vm(self._terminal, theirs, self.settings.flash, self.settings.heap, jumps, self.settings.rom)
        finally:
            theirs.close()
        self._poller.watch(ours, EPOLLIN, lambda _: self._called())
        self._poller.watch(self._vm.fd, EPOLLIN, lambda _: self._ended())

    def _stop_vm(self):
        """SIGKILL, and nothing of it is left. Returns the exit status."""
        if not self._vm:
            return None
        self._poller.unwatch(self._vm.fd)
        self._vm.kill()
        status = self._vm.wait()
        self._poller.unwatch(self._channel)
        self._channel.close()
        self._printed()
        self._vm = self._channel = self._interrupt_deadline = None
        return status

    def _hard_reset(self, cause):
        self._stop_vm()
        self.hardware.hard_reset(cause)
        self.console.raw = False
        self._input = b""  # what was typed is in the chip's memory until it is read
        self._terminal.discard()
        self._start_vm(with_main=True)

    def _ended(self):
        status = self._stop_vm()
        if status < 0:
            self.settings.warn(f"the VM was ended by signal {-status}: resetting the board")
            time.sleep(CRASH_PAUSE_S)
            return self._hard_reset(chip.EXCEPTION_RESET)
        self._show(SOFT_REBOOT)
        self.hardware.soft_reset()
        self._start_vm(with_main=not self.console.raw)
        return None

    def _called(self):
        if self.hardware.clock.jumps:
            # The kernel hands a terminal's bytes over in a worker of its own; on a busy machine that is milliseconds
            # later, which are minutes of such a clock. Reading fetches them at once (n_tty_read in n_tty.c).
            self._printed()
        if not self._channel.receive():
            self._poller.unwatch(self._channel)  # it is ending; _ended() follows

    def _ready(self, heap_used):
        self.heap_used_at_start = heap_used
        self._runs_firmware = True
        self._expect_interrupt()

    def _expect_interrupt(self):
        """The next call of the program takes it; if none comes, a signal does, but never before boot.py."""
        if self._channel.interrupt and self._runs_firmware:
            self._interrupt_deadline = time.monotonic() + INTERRUPT_GRACE_S

    def _prompt(self):
        self._printed()
        self._interrupt_deadline = None
        self._channel.interrupt = False
        self.waiting_at_prompt = True
        self._input = self.console.at_prompt() + self._input

    # The console ------------------------------------------------------------------------------------------------------

    def _printed(self):
        for _ in range(READS_MAX):
            try:
                data = os.read(self._terminal.master, READ_BYTES)
            except (BlockingIOError, OSError):
                return
            if not data:
                return
            self._show(self.console.from_vm(data))

    def _show(self, data):
        if data:
            self.settings.console(data)
            if self._tty:
                self._tty.write(data)

    def _typed(self, data):
        if not self._vm:
            return
        data, interrupts = self.console.from_user(data, self._interruptible)
        if interrupts:
            self._channel.interrupt = True
            self._expect_interrupt()
        self._input += data
        self._feed()

    def _typed_by_itself(self, data):
        """A stream that the program has put in the console's place."""
        self._input += data
        self._feed()

    def _interruptible(self):
        if not self._runs_firmware:
            return True  # it has not begun: the Ctrl-C waits for it
        # The raw prompt leaves the terminal as it is while a program runs; whether one does the signal's handler tells.
        return (self.console.raw or self._terminal.executing()) and self._vm.catches_interrupts()

    def _signal_interrupt(self):
        self._interrupt_deadline = None
        if self._channel and self._channel.interrupt:
            self._channel.interrupt = False
            if self._interruptible():
                self._vm.interrupt()

    def _feed(self):
        try:
            while self._input:
                self._input = self._input[os.write(self._terminal.master, self._input) :]
        except BlockingIOError:
            pass

    def _console_ready(self):
        poller = poll()
        poller.register(self._terminal.slave, POLLIN)
        return bool(poller.poll(0))

    # Start ------------------------------------------------------------------------------------------------------------

    def _load_air(self, air):
        if isinstance(air, (str, Path)):
            self._air_file = AirFile(air, self.settings.warn)
            self._air = self._air_file.load()
        elif air is not None:
            self.set_air(air)

    def _check_ports(self):
        s = self.settings
        for kind, port, option in (
            (socket.SOCK_STREAM, s.http_port, "--http-port"),
            (socket.SOCK_DGRAM, s.dns_port, "--dns-port"),
        ):
            with socket.socket(socket.AF_INET, kind) as probe:
                try:
                    if kind == socket.SOCK_STREAM:
                        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((s.address, port))
                    if kind == socket.SOCK_STREAM:
                        probe.listen()
                except OSError as error:
                    raise BoardError(
                        f"{s.address} port {port}: {error.strerror}; choose another with {option} or --address"
                    ) from None

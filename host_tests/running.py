"""A board on fakes that runs main() for as long as a test says, with an owner's program: through restarts, to the
prompt."""

import sys
import traceback
import types

from device import program, store
from device.context import Context, Network
from device.engine import Machine

from .fakes import FakeHardware, FakeTime, Restart, Router

KEY = b"correct horse"
FOREVER = 1 << 60


class Enough(BaseException):
    """The time that the test wanted to see is over."""


class BoundedTime(FakeTime):
    """`plan`: [(when, what to call then)]."""

    end = FOREVER
    console = None

    def __init__(self):
        super().__init__()
        self.plan = []

    def sleep_ms(self, ms):
        super().sleep_ms(ms)
        while self.plan and self.elapsed >= self.plan[0][0]:
            self.plan.pop(0)[1]()
        if self.console is not None and self.console.interrupts:
            self.console.interrupts = 0
            raise KeyboardInterrupt
        if self.elapsed >= self.end:
            raise Enough


class Running:
    """`step`: the owner's step(), a function of this object. `starts`: uptimes (ms of the test) at which main() began;
    `program_starts`: how often app.py was imported. `prompt`: main() has ended, by a KeyboardInterrupt or by itself."""

    def __init__(self, monkeypatch, step=None, router=None, settings=b""):
        self.router = router or Router(b"Home", KEY)
        self.hardware = FakeHardware([self.router], time=BoundedTime())
        self.hardware.time.console = self.console = self.hardware.console
        monkeypatch.setattr(sys, "stdin", self.console)
        self.hardware.flash.files["/app.py"] = b""
        if settings:
            self.hardware.flash.files["/homeport.json"] = settings
        assert store.save(self.hardware, [Network(b"Home", KEY)], print)
        self.starts, self.trace, self.steps = [], [], 0
        self.prompt = False
        self.board = None
        self.step = step
        self._app = types.ModuleType("app")
        self._app.step = self._step
        monkeypatch.delitem(sys.modules, "app", raising=False)  # and what is put there goes in the end
        monkeypatch.setattr(sys, "print_exception", print_exception, raising=False)

    def _step(self):
        self.steps += 1
        if self.step:
            self.step(self)

    @property
    def context(self):
        return self.board.context

    @property
    def now(self):
        return self.hardware.time.elapsed

    def machine_on(self, hardware):
        self.board = Machine(Context(hardware))
        return self.board

    def run(self, ms=FOREVER, until=None):
        """Start the firmware and let it run for so long, or until it is at its prompt. A restart starts it again."""
        time = self.hardware.time
        time.end = self.now + ms
        while not self.prompt:
            self.starts.append(self.now)
            sys.modules["app"] = self._app
            try:
                program.main(self.hardware, self.machine_on)
                self.prompt = True
            except KeyboardInterrupt:
                self.prompt = True
            except Restart as restart:
                self.hardware.restart(restart.cause)
            except Enough:
                break
        time.end = FOREVER
        return self

    def at(self, seconds, function):
        """Have `function` called then, in the middle of it all."""
        self.hardware.time.plan.append((seconds * 1000, function))

    def log(self):
        return self.hardware.flash.files.get("/crash.log", b"")


def print_exception(error, file=None):
    traceback.print_exception(error, file=file or sys.stdout)

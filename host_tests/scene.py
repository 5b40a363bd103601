"""A scene: the device code on fakes, with the few words that tests about behaviour need."""

from device import store
from device.context import Context, Network
from device.engine import Machine

from .fakes import POWER_ON, SOFT_RESET, FakeHardware, Phone, Restart, Router

HOME = Router(b"Home", b"correct horse")
STEPS_LIMIT = 200_000
STARTS_LIMIT = 100


class Scene:
    """The machine over fake hardware. Time moves only inside run_for() and until()."""

    def __init__(self, *routers, hardware=None, powered_on=True, saved=()):
        self.hardware = hardware or FakeHardware(routers, powered_on=powered_on)
        self.lines = []
        self.trace = []
        if saved:
            self.save(*saved)
        self.machine = None
        self.switch_on()
        self.phone = Phone(self.hardware, self.turn)

    def switch_on(self):
        """Start the firmware anew on the same hardware. Of the chip nothing else starts: see restart()."""
        self.hardware.sockets = []  # a new interpreter has none
        self.machine = Machine(Context(self.hardware, self.lines.append))
        self.context.idle_ms = 20

    def restart(self, cause=SOFT_RESET):
        """The chip starts anew and the firmware with it, as after machine.reset()."""
        self.hardware.restart(cause)
        try:
            self.switch_on()
        except Restart as restart:  # power was cut again, or the firmware does not want to start like this
            assert self.hardware.starts < STARTS_LIMIT, "the board starts again and again"
            self.restart(restart.cause)

    def power_cut(self):
        self.restart(POWER_ON)

    def save(self, *networks):
        """Put credentials on flash before the board starts: of networks that have worked."""
        made = [Network(ssid, key) for ssid, key in networks]
        for network in made:
            network.proven = True
        assert store.save(self.hardware, made, self.lines.append)

    @property
    def context(self):
        return self.machine.context

    @property
    def state(self):
        return self.context.state

    @property
    def now(self):
        return self.hardware.time.elapsed

    def turn(self):
        before = self.context.state
        try:
            event = self.machine.step()
        except Restart as restart:
            self.restart(restart.cause)
            return None
        if event is not None:
            self.trace.append((before, event, self.context.state))
        return event

    def run_for(self, ms):
        """Let the board run. Turns that served a phone take no time here, so steps are bounded as well."""
        end = self.now + ms
        for _ in range(STEPS_LIMIT):
            if self.now >= end:
                return
            self.turn()
        raise AssertionError("the board spins: time does not pass")

    def settle(self):
        """A few turns: long enough to open a portal or to serve whoever is connected."""
        for _ in range(20):
            self.turn()

    def until(self, state, limit_ms):
        """Run until the machine is in `state`. Returns the milliseconds it took."""
        start = self.now
        for _ in range(STEPS_LIMIT):
            if self.state == state:
                return self.now - start
            assert self.now - start <= limit_ms, f"still {self.state} after {limit_ms} ms: {self.trace}"
            self.turn()
        raise AssertionError("the board spins: time does not pass")

    def submit(self, ssid, key):
        from urllib.parse import quote_plus

        form = b"ssid=" + quote_plus(ssid).encode() + b"&password=" + quote_plus(key).encode()
        return self.phone.post(b"/connect", form)

    def bring_online(self, ssid, key):
        """A person submits what is right and is told so."""
        assert self.submit(ssid, key).status == 303
        self.until("connected", 10_000)
        assert self.phone.get(b"/status").status == 200
        self.settle()

    def saved(self):
        """What a board would find on flash now: {ssid: key}, of two keys of one name the one that is tried first."""
        found = {}
        for network in store.load(self.hardware, self.lines.append)[0]:
            found.setdefault(network.ssid, network.key)
        return found

"""What a Radio does now and then. In memory for that moment only, or while the portal is open; see seldom.py."""

from .radio import REFUSALS
from .station import OFF

NO_ADDRESS = ("",)


class Interfaces:
    """Of one radio."""

    def __init__(self, radio):
        self._radio = radio

    def attempt(self, call, *args, **kwargs):
        """True if `call` worked; a refusal is reported and is False."""
        try:
            call(*args, **kwargs)
            return True
        except REFUSALS as error:
            self._radio.report("radio: refused: " + str(error))
            return False

    def ask(self, otherwise, call, *args):
        """What `call` says, or `otherwise` if the port refuses to say."""
        try:
            return call(*args)
        except REFUSALS:
            return otherwise

    def switch(self, interface, on):
        """Bring an interface up or down. active(x) writes flash even if nothing changes."""
        return interface.active() == on or self.attempt(interface.active, on)

    def leave(self):
        """End the link or the search, which the SDK would keep up for ever, on every channel. False if the port
        refused."""
        return self._radio.status() == OFF or self.attempt(self._radio.station.disconnect)

    def lower(self):
        """True if the access point is closed; the port may refuse that."""
        return self.switch(self._radio.access_point, False)

    def address(self, interface):
        """Its IPv4 address, text; empty if the port refuses to say."""
        return self.ask(NO_ADDRESS, interface.ifconfig)[0]

    def phones(self):
        """How many stations are joined to the access point."""
        return len(self.ask((), self._radio.access_point.status, "stations"))

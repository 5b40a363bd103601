"""The radio: station and access point of one chip on one channel. Nothing here raises what the port raises.

The port answers refusals with OSError("a text"), keeps every setting in flash at each call that sets one, and starts
with whatever mode and network it had before (ports/esp8266/network_wlan.c); so each call here writes only changes.
"""

OPEN = 0
WPA2 = 3
REFUSALS = (OSError, ValueError)


class Radio:
    """`station` and `access_point` are the port's WLAN objects. What the station does is in station.py."""

    def __init__(self, station, access_point, report=print):
        self.station = station
        self.access_point = access_point
        self._report = report
        self.target = None  # (ssid, key) that the SDK was given last: connecting to it again writes nothing
        self._opened = None  # (ssid, key) of the access point that this firmware raised

    def attempt(self, call, *args, **kwargs):
        """True if `call` worked; a refusal is reported and is False."""
        try:
            call(*args, **kwargs)
            return True
        except REFUSALS as error:
            self._report("radio: " + str(error))
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

    def open_access_point(self, name, key):
        """WPA2 if there is a key (8-63 bytes), open otherwise. False if the port refused."""
        if self._opened != (name, key):
            self._opened = None
            security = WPA2 if key else OPEN
            # All in one call: the port keeps the stored security otherwise.
            if not self.switch(self.access_point, True) or not self.attempt(
                self.access_point.config, ssid=name, security=security, key=key
            ):
                self.close_access_point()  # it may still be open to strangers, as it was before
                return False
            self._opened = (name, key)
        return True

    def close_access_point(self):
        self._opened = None
        self.switch(self.access_point, False)

    def phones(self):
        """How many stations are joined to the access point."""
        return len(self.ask((), self.access_point.status, "stations"))

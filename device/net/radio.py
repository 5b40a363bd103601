"""The radio: station and access point of one chip on one channel. Nothing here raises what the port raises.

The port answers refusals with OSError("a text"), keeps every setting in flash at each call that sets one, and starts
with whatever mode and network it had before (ports/esp8266/network_wlan.c); so each call here writes only changes.
"""

# status() of a station: user_interface.h of the SDK, and 255 when the station is off
IDLE = 0
CONNECTING = 1
WRONG_PASSWORD = 2
NO_AP_FOUND = 3
CONNECT_FAIL = 4
GOT_IP = 5
OFF = 255

OPEN = 0
WPA2 = 3

REFUSALS = (OSError, ValueError)


class Radio:
    """`station` and `access_point` are the port's WLAN objects."""

    def __init__(self, station, access_point, report=print):
        self.station = station
        self.access_point = access_point
        self._report = report
        self._target = None  # (ssid, key) that the SDK was given last: connecting to it again writes nothing
        self._opened = None  # (ssid, key) of the access point that this firmware raised

    def _try(self, call, *args, **kwargs):
        """True if `call` worked; a refusal is reported and is False."""
        try:
            call(*args, **kwargs)
            return True
        except REFUSALS as error:
            self._report("radio: " + str(error))
            return False

    def _ask(self, call, what, otherwise):
        """What `call` says of `what`, or `otherwise` if the port refuses to say."""
        try:
            return call(what)
        except REFUSALS:
            return otherwise

    def _switch(self, interface, on):
        # active(x) writes flash even if nothing changes
        return interface.active() == on or self._try(interface.active, on)

    # Station

    def status(self):
        """The SDK's status code of the station."""
        try:
            return self.station.status()
        except REFUSALS:
            return IDLE

    def associated(self):
        """True if the link to the access point stands, with or without an address; the port says 31 dBm without."""
        return self._ask(self.station.status, "rssi", 31) < 0

    def channel(self):
        """The one channel of the radio; 0 if the port does not say."""
        return self._ask(self.station.config, "channel", 0)

    def is_joining(self, ssid):
        """True if the SDK, which starts by itself at power-up, has joined or is joining `ssid`."""
        remembered = self._ask(self.station.config, "ssid", "")
        # A 32-byte name has no terminator in the SDK's record: the port reads on into the password.
        return self.status() in (CONNECTING, GOT_IP) and remembered.encode()[:32] == ssid

    def station_on(self):
        self._switch(self.station, True)

    def join(self, ssid, key):
        """Start to join. Returns at once; status() tells. False if the port refused."""
        self.station_on()
        if self._target == (ssid, key):
            return self._try(self.station.connect)
        self.leave()  # the SDK takes a new network only after it has left the old one
        self._target = None
        if not self._try(self.station.connect, ssid, key):
            return False
        self._target = (ssid, key)
        return True

    def leave(self):
        """End the link or the search. The SDK would go on searching for ever, on every channel."""
        if self.status() != OFF:
            self._try(self.station.disconnect)

    # Access point

    def open_access_point(self, name, key):
        """WPA2 if there is a key (8-63 bytes), open otherwise. False if the port refused."""
        if self._opened != (name, key):
            self._opened = None
            security = WPA2 if key else OPEN
            # All in one call: the port keeps the stored security otherwise.
            if not self._switch(self.access_point, True) or not self._try(
                self.access_point.config, ssid=name, security=security, key=key
            ):
                return False
            self._opened = (name, key)
        return True

    def close_access_point(self):
        self._opened = None
        self._switch(self.access_point, False)

    def move_access_point(self, channel):
        """Go to `channel` before the station does, so that phones follow once and early."""
        if channel and channel != self.channel():
            self._try(self.access_point.config, channel=channel)

    def phones(self):
        """How many stations are joined to the access point."""
        return len(self._ask(self.access_point.status, "stations", ()))

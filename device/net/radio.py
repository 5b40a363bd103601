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

OPEN = 0
WPA2 = 3
SECURITY = ("open", "wep", "wpa", "wpa2", "wpa_wpa2", "enterprise", "wpa3")  # 5 and 6: as the ESP32 counts on

NOT_ASSOCIATED_RSSI = 31
WIRELESS_ERRORS = (OSError, ValueError)


class Seen:
    """One name in a scan, at its strongest access point."""

    def __init__(self, row):
        self.ssid, self.bssid, self.channel, self.rssi, auth = row[:5]
        self.security = SECURITY[auth] if 0 <= auth < len(SECURITY) else "unknown"


def strongest(rows, limit):
    """Scan rows of the port -> at most `limit` Seen, strongest first, one a name, nameless (hidden) ones left out."""
    seen = []
    names = set()
    rows.sort(key=lambda row: -row[3])
    for row in rows:
        if row[0] and row[0] not in names and len(seen) < limit:
            names.add(row[0])
            seen.append(Seen(row))
    return seen


class Radio:
    """`station` and `access_point` are the port's WLAN objects."""

    def __init__(self, station, access_point, report=print):
        self._station = station
        self._access_point = access_point
        self._report = report
        self._target = None  # (ssid, key) that the SDK was given last: connecting to it again writes nothing
        self._opened = None  # (ssid, key) of the access point that this firmware raised

    def _try(self, what, call, *args, **kwargs):
        """True if `call` worked; a refusal is reported and is False."""
        try:
            call(*args, **kwargs)
            return True
        except WIRELESS_ERRORS as error:
            self._report("radio: " + what + ": " + str(error))
            return False

    def _switch(self, interface, on):
        if interface.active() == on:
            return True  # active(x) writes flash even if nothing changes
        return self._try("cannot switch on" if on else "cannot switch off", interface.active, on)

    # Station

    def station_on(self):
        self._switch(self._station, True)

    def station_off(self):
        """Stop searching, and do not search after the next power-up either."""
        if self._station.active():
            self.leave()
            self._switch(self._station, False)

    def is_joining(self, ssid):
        """True if the SDK, which starts by itself at power-up, has joined or is joining `ssid`."""
        if self.status() not in (CONNECTING, GOT_IP):
            return False
        try:
            remembered = self._station.config("ssid")
        except WIRELESS_ERRORS:
            return False
        if isinstance(remembered, str):
            remembered = remembered.encode()
        # A 32-byte name has no terminator in the SDK's record: the port reads on into the password.
        return remembered[:32] == ssid

    def join(self, ssid, key):
        """Start to join. Returns at once; status() tells. False if the port refused."""
        self.station_on()
        if self._target == (ssid, key):
            return self._try("cannot reconnect", self._station.connect)
        self.leave()  # the SDK takes a new network only after it has left the old one
        self._target = None
        if not self._try("cannot connect", self._station.connect, ssid, key):
            return False
        self._target = (ssid, key)
        return True

    def leave(self):
        """End the link or the search. The SDK would go on searching for ever, on every channel."""
        if self.status() != 255:
            self._try("cannot disconnect", self._station.disconnect)

    def forget(self):
        """Overwrite the SDK's own copy of the last network, which it would join at power-up."""
        self.station_on()
        self.leave()
        self._target = None
        self._try("cannot forget", self._station.connect, b"", b"")
        self.leave()

    def status(self):
        """The SDK's status code of the station."""
        try:
            return self._station.status()
        except WIRELESS_ERRORS:
            return IDLE

    def associated(self):
        """True if the link to the access point stands, with or without an address."""
        try:
            return self._station.status("rssi") < 0
        except WIRELESS_ERRORS:
            return False

    def address(self):
        """The station's IPv4 address, text."""
        return self._station.ifconfig()[0]

    def channel(self):
        """The one channel of the radio; 0 if the port does not say."""
        try:
            return self._station.config("channel")
        except WIRELESS_ERRORS:
            return 0

    def scan(self, limit):
        """Blocks for about 2 s. Never while joining: the SDK drops the attempt, or never answers."""
        self.station_on()
        if self.status() != GOT_IP:
            self.leave()
        try:
            return strongest(self._station.scan(), limit)
        except (MemoryError,) + WIRELESS_ERRORS as error:
            self._report("radio: cannot scan: " + str(error))
            return []

    # Access point

    def open_access_point(self, ssid, key):
        """WPA2 if there is a key (8-63 bytes), open otherwise. False if the port refused."""
        if self._opened == (ssid, key):
            return True
        if not self._switch(self._access_point, True):
            return False
        # Name, security and key in one call: the port keeps the stored security otherwise.
        security = WPA2 if key else OPEN
        if not self._try(
            "cannot open the access point", self._access_point.config, ssid=ssid, security=security, key=key
        ):
            return False
        self._opened = (ssid, key)
        return True

    def close_access_point(self):
        self._opened = None
        self._switch(self._access_point, False)

    def move_access_point(self, channel):
        """Go to `channel` before the station does, so that phones follow once and early."""
        if channel and channel != self.channel():
            self._try("cannot change channel", self._access_point.config, channel=channel)

    def access_point_address(self):
        """The access point's IPv4 address, text."""
        return self._access_point.ifconfig()[0]

    def phones(self):
        """How many stations are joined to the access point."""
        try:
            return len(self._access_point.status("stations"))
        except WIRELESS_ERRORS:
            return 0

"""What the station does, on the radio of radio.py: join, leave, and tell how it goes."""

# Radio.status(): user_interface.h of the SDK, and 255 when the station is off
IDLE = 0
CONNECTING = 1
WRONG_PASSWORD = 2
NO_AP_FOUND = 3
CONNECT_FAIL = 4
GOT_IP = 5
OFF = 255

NOT_ASSOCIATED_DBM = 31
NAME_LIMIT_BYTES = 32


def is_associated(radio):
    """True if the link to the router stands, with or without an address."""
    return radio.ask(NOT_ASSOCIATED_DBM, radio.station.status, "rssi") < 0


def channel(radio):
    """The one channel of the radio; 0 if the port does not say."""
    return radio.ask(0, radio.station.config, "channel")


def is_joining(radio, ssid):
    """True if the SDK, which starts by itself at power-up, has joined or is joining `ssid`."""
    remembered = radio.ask("", radio.station.config, "ssid")
    # A name of full length has no terminator in the SDK's record: the port reads on into the password.
    # NO_AP_FOUND is what it shows between two of its searches.
    return radio.status() in (CONNECTING, NO_AP_FOUND, GOT_IP) and remembered.encode()[:NAME_LIMIT_BYTES] == ssid


def join(radio, ssid, key, bssid=b""):
    """Start to join, by one access point only if its BSSID is given. Returns at once; status() tells. False if the port
    refused."""
    radio.switch(radio.station, True)
    # The SDK takes a network, new or the same, only after it has left the old one.
    if not radio.leave() and radio.status() == GOT_IP:
        return False  # or the old link would pass for the new one
    if radio.target == (ssid, key, bssid):
        return radio.attempt(radio.station.connect)
    radio.target = None
    if bssid:
        started = radio.attempt(radio.station.connect, ssid, key, bssid=bssid)
    else:
        started = radio.attempt(radio.station.connect, ssid, key)
    if started:
        radio.target = (ssid, key, bssid)
    return started


def move_access_point(radio, target):
    """Take the access point to the channel `target` before the station goes there: phones follow once and early."""
    if target and target != channel(radio):
        radio.attempt(radio.access_point.config, channel=target)

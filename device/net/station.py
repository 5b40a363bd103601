"""What the station does, on the radio of radio.py: join, leave, and tell how it goes."""

# status() of a station: user_interface.h of the SDK, and 255 when the station is off
IDLE = 0
CONNECTING = 1
WRONG_PASSWORD = 2
NO_AP_FOUND = 3
CONNECT_FAIL = 4
GOT_IP = 5
OFF = 255

NOT_ASSOCIATED_DBM = 31
NAME_LIMIT_BYTES = 32


def status(radio):
    """The SDK's status code."""
    return radio.ask(IDLE, radio.station.status)


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
    return status(radio) in (CONNECTING, GOT_IP) and remembered.encode()[:NAME_LIMIT_BYTES] == ssid


def join(radio, ssid, key):
    """Start to join. Returns at once; status() tells. False if the port refused."""
    radio.switch(radio.station, True)
    if radio.target == (ssid, key):
        return radio.attempt(radio.station.connect)
    leave(radio)  # the SDK takes a new network only after it has left the old one
    radio.target = None
    if not radio.attempt(radio.station.connect, ssid, key):
        return False
    radio.target = (ssid, key)
    return True


def leave(radio):
    """End the link or the search. The SDK would go on searching for ever, on every channel."""
    if status(radio) != OFF:
        radio.attempt(radio.station.disconnect)


def move_access_point(radio, target):
    """Take the access point to the channel `target` before the station goes there: phones follow once and early."""
    if target and target != channel(radio):
        radio.attempt(radio.access_point.config, channel=target)

"""The lists that the pages show, item by item: {name in the template: value}."""

from binascii import hexlify

from .text import text

TOLD = ("open", "wpa3", "enterprise")  # the last two cannot be joined


def rows(seen, networks, meant):
    """Of networks in the air: rows of scan.py, what is saved, the name that a person means."""
    saved = [network.ssid for network in networks]
    for ssid, rssi, _, security in seen:
        yield {
            b"ssid": ssid,
            b"text": text(ssid) == ssid,
            b"value": hexlify(ssid),  # HTML cannot carry every byte in a value
            b"checked": ssid == meant,
            b"mine": ssid in saved,
            b"b4" if rssi >= -60 else b"b3" if rssi >= -70 else b"b2" if rssi >= -80 else b"b1": True,
            security.encode() if security in TOLD else b"locked": True,
        }


def known(networks):
    """Of saved networks."""
    for network in networks:
        yield {b"ssid": network.ssid}

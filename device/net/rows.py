"""A network in the air as the setup page shows it."""

from binascii import hexlify

from .text import text

TOLD = ("open", "wpa3", "enterprise")  # the last two cannot be joined


def item(network, saved, meant):
    """{name in the template: value} of a row of scan.py. saved: names; meant: the one that a person means."""
    ssid, rssi, _, security = network
    return {
        b"ssid": ssid,
        b"text": text(ssid) == ssid,
        b"value": hexlify(ssid),  # HTML cannot carry every byte in a value
        b"checked": ssid == meant,
        b"mine": ssid in saved,
        b"b4" if rssi >= -60 else b"b3" if rssi >= -70 else b"b2" if rssi >= -80 else b"b1": True,
        security.encode() if security in TOLD else b"locked": True,
    }

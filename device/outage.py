"""What kind of outage it is, judged by what a scan shows. Pure functions on names.

A network keeps marks of its neighbours. If they are in the air and it is not, its router restarts; if only strangers
are, the board was moved.
"""

NEIGHBOURS_LIMIT = 4
MARK_BYTES = 2


def mark(name):
    """Two bytes that stand for a name."""
    number = 0
    for byte in name:
        number = (number * 31 + byte) & 0xFFFF
    return bytes((number >> 8, number & 255))


def around(seen, ssid):
    """The marks of the strongest networks around `ssid`, for Network.neighbours. seen: rows of net/scan.py."""
    marks = [mark(row[0]) for row in seen if row[0] != ssid]
    return b"".join(marks[:NEIGHBOURS_LIMIT])


def classify(networks, seen, refused, powered_on=False):
    """b"password_changed", b"router_rebooting", b"moved", or None if the air does not tell.

    refused: names of saved networks that were there and let the board in no more. powered_on: those that are not there
    may yet come, for their routers are booting.
    """
    names = [network.ssid for network in networks]
    air = [row[0] for row in seen]
    present = [ssid for ssid in names if ssid in air]
    if present and not [ssid for ssid in (names if powered_on else present) if ssid not in refused]:
        return b"password_changed"
    if present or not seen:
        return None
    air = [mark(ssid) for ssid in air]
    marks = b"".join([network.neighbours for network in networks])
    for at in range(0, len(marks), MARK_BYTES):
        if marks[at : at + MARK_BYTES] in air:
            return b"router_rebooting"
    return b"moved" if marks else None

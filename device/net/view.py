"""What the pages show of the board: words that hold, texts, lists. The templates in device/pages name them."""

from binascii import hexlify

from .text import text

CANNOT_JOIN = ("wpa3", "enterprise")


def view(context, problem, form, language):
    """{name: bytes, True, or a function that returns an iterable of such dicts}; what is missing does not hold.

    problem: a word for what was wrong with the submitted `form` ({field: value}), whose fields are put back.
    """
    attempt = context.attempt
    joined = context.joined
    seen = context.seen
    networks = context.networks
    meant = form.get(b"ssid", b"")
    values = {
        "name": context.name.encode(),
        "device": form.get(b"device", context.name.encode()),
        "here": context.radio.access_point.ifconfig()[0].encode(),
        "networks": seen,
        "saved": networks,
        "unsaved": not context.saved,
        "known": lambda: ({"ssid": network.ssid} for network in networks),
    }
    if problem:
        values[problem] = True
    elif attempt is None:
        values["no_attempt"] = True
    else:
        values[attempt.outcome] = True
        values["ssid"] = attempt.network.ssid
        values["attempt"] = b"%d" % attempt.number
        if attempt.reason:
            values[attempt.reason + ("_guess" if attempt.guess else "")] = True
        if attempt.outcome == "failed":
            meant = meant or attempt.network.ssid
    if joined:
        values["online"] = True
        values["joined"] = joined.ssid
        values["address"] = context.radio.station.ifconfig()[0].encode()
    if meant not in [row[0] for row in seen]:
        values["typed"] = meant
    values["rows"] = lambda: rows(seen, [network.ssid for network in networks], meant)
    return values


def rows(seen, saved, meant):
    """Yield what each row of the list of networks shows."""
    for ssid, rssi, _, security in seen:
        yield {
            "ssid": ssid,
            "text": text(ssid) == ssid,
            "value": hexlify(ssid),  # HTML cannot carry every byte in a value
            "checked": ssid == meant,
            "mine": ssid in saved,
            "b4" if rssi >= -60 else "b3" if rssi >= -70 else "b2" if rssi >= -80 else "b1": True,
            security if security == "open" or security in CANNOT_JOIN else "locked": True,
        }

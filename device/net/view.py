"""What the pages show of the board: words that hold, texts, lists. The templates in device/pages name them."""

from binascii import hexlify

from .text import text

TOLD = ("open", "wpa3", "enterprise")  # the last two cannot be joined


def view(context, problem, form):
    """{name: bytes, a truth, or a function that returns an iterable of such dicts}; what is missing does not hold.
    Names are bytes: as text, the short ones would stay in memory for ever.

    problem: a word for what was wrong with the submitted `form` ({field: value}), whose fields are put back.
    """
    attempt = context.attempt
    joined = context.joined
    seen = context.seen
    networks = context.networks
    meant = form.get(b"ssid", b"")
    values = {
        b"name": context.name.encode(),
        b"device": form.get(b"device", context.name.encode()),
        b"here": context.radio.access_point.ifconfig()[0].encode(),
        b"networks": seen,
        b"saved": networks,
        b"unsaved": not context.saved,
        b"known": lambda: ({b"ssid": network.ssid} for network in networks),
    }
    if problem:
        values[problem.encode()] = True
    elif attempt is None:
        values[b"no_attempt"] = True
    else:
        values[attempt.outcome.encode()] = True
        values[b"ssid"] = attempt.network.ssid
        values[b"attempt"] = b"%d" % attempt.number
        if attempt.reason:
            values[attempt.reason.encode() + (b"_guess" if attempt.guess else b"")] = True
        for warning in attempt.warnings:
            values[warning.encode()] = True
        if attempt.outcome == "failed":
            meant = meant or attempt.network.ssid
    if joined:
        values[b"online"] = True
        values[b"joined"] = joined.ssid
        values[b"address"] = context.radio.station.ifconfig()[0].encode()
    if meant not in [row[0] for row in seen]:
        values[b"typed"] = meant
    values[b"rows"] = lambda: rows(seen, [network.ssid for network in networks], meant)
    return values


def rows(seen, saved, meant):
    """Yield what each row of the list of networks shows."""
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

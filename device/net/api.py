"""What a program may know of the board, as JSON."""

import json

from .answer import short
from .text import text

JSON = (b"Content-Type", b"application/json")


def networks(context):
    """The answer to GET /api/networks: strongest first, one row a name."""
    seen = context.seen
    saved = [network.ssid for network in context.networks]
    rows = list(network_rows(seen, saved))
    return 200, (JSON,), sum([len(row) for row in rows]), rows


def network_rows(seen, saved):
    comma = b"["
    for ssid, rssi, channel, security in seen:
        yield comma + document(
            {"ssid": printable(ssid), "rssi": rssi, "channel": channel, "security": security, "saved": ssid in saved}
        )
        comma = b","
    yield b"]" if seen else b"[]"


def status(context):
    """The answer to GET /api/status."""
    attempt = context.attempt
    joined = context.joined
    network = joined or attempt and attempt.network
    failed = attempt and not joined
    body = document(
        {
            "state": context.state,
            "ssid": printable(network.ssid) if network else None,
            "reason": attempt.reason if failed else None,
            "guess": bool(failed and attempt.guess),
            "ip": joined and context.radio.address(context.radio.station) or None,
            "attempt": attempt.number if attempt else None,
            "saved": context.saved,
            "outage": printable(context.outage) if context.outage else None,
        }
    )
    return short(200, (JSON,), body)


def printable(data):
    """Any bytes as text."""
    return str(text(data), "utf-8")  # trusted: text() makes it valid


def document(value):
    return json.dumps(value).encode()

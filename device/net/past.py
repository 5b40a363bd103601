"""What happened: the last attempts to join a network, newest first, for the page and as JSON."""

MINUTE_S = 60
HOUR_S = 3_600
DAY_S = 86_400
UNITS = ((DAY_S, b"days"), (HOUR_S, b"h"), (MINUTE_S, b"min"), (1, b"s"))


def past(context, values):
    """Add the attempts to the values of a page, see lists.py, if there are any."""
    from ..history import entries

    found = entries(context)
    if found:
        values[b"attempts"] = lambda n: look(found[n]) if n < len(found) else None


def look(entry):
    """{name in device/pages/past.html: value} of an entry."""
    ssid, reason, rssi, seconds, count = entry
    values = {b"ssid": ssid, reason: True, b"count": b"%d" % count, b"often": count > 1}
    values[b"good"] = reason == b"connected"
    if rssi is not None:
        values[b"rssi"] = b"%d" % rssi
    if seconds is None:
        values[b"before"] = True
        return values
    for size, unit in UNITS:
        if seconds >= 2 * size or size == 1:  # never one of a unit: the texts are in the plural
            values[unit] = True
            values[b"ago"] = b"%d" % (seconds // size)
            return values


def told(context):
    """The answer to GET /api/history."""
    from ..history import entries
    from .api import JSON, document, printable

    rows = []
    comma = b"["
    for ssid, reason, rssi, seconds, count in entries(context):
        entry = {"ssid": printable(ssid), "reason": printable(reason), "rssi": rssi, "ago": seconds, "count": count}
        rows.append(comma + document(entry))
        comma = b","
    rows.append(b"]" if rows else b"[]")
    return 200, (JSON,), sum([len(row) for row in rows]), rows

"""What is in the air, as the firmware keeps it: rows (ssid, rssi, channel, security), strongest first, one a name."""

import gc

from . import station

SECURITY = ("open", "wep", "wpa", "wpa2", "wpa_wpa2", "enterprise", "wpa3")  # 5 and 6: as the ESP32 counts on


def scan(radio, limit, report):
    """At most `limit` rows. Blocks for about 2 s. Never while joining: the SDK drops the attempt, or never answers."""
    radio.switch(radio.station, True)
    if station.status(radio) != station.GOT_IP:
        station.leave(radio)
    gc.collect()
    try:
        return strongest(radio.station.scan(), limit)
    except (OSError, ValueError, MemoryError) as error:
        report("radio: cannot scan: " + str(error))
        return []


def strongest(found, limit):
    """The port's rows (ssid, bssid, channel, rssi, security, hidden) -> ours; nameless, hidden ones are left out."""
    found.sort(key=lambda row: -row[3])
    rows = []
    names = set()
    for row in found:
        ssid = row[0]
        if ssid and ssid not in names and len(rows) < limit:
            names.add(ssid)
            rows.append((ssid, row[3], row[2], SECURITY[row[4]] if row[4] < len(SECURITY) else "unknown"))
    return rows


def row_of(rows, ssid):
    """The row of that name, or None."""
    for row in rows:
        if row[0] == ssid:
            return row

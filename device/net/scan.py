"""What is in the air, as the firmware keeps it: rows (ssid, rssi, channel, security), strongest first, one a name."""

import gc

from .. import policy
from ..overlay import forget
from . import station

SECURITY = ("open", "wep", "wpa", "wpa2", "wpa_wpa2", "enterprise", "wpa3")  # 5 and 6: as the ESP32 counts on


def scan(context):
    """Look around; context.seen is what was found. Blocks for about 2 s. Never while joining: the SDK drops the
    attempt, or never answers."""
    forget("net.scan")
    context.scan_wanted = False
    context.seen = []  # its room may be needed for the new list
    radio = context.radio
    radio.switch(radio.station, True)
    if station.status(radio) != station.GOT_IP:
        station.leave(radio)
    gc.collect()
    try:
        context.seen = strongest(radio.station.scan(), policy.SCAN_LIMIT)
    except (OSError, ValueError, MemoryError) as error:
        context.report("radio: cannot scan: " + str(error))


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

"""What is in the air, as the firmware keeps it: rows (ssid, rssi, channel, security), strongest first, one a name."""

import gc

from .. import policy
from ..overlay import forget
from .station import GOT_IP, IDLE

SECURITY = ("open", "wep", "wpa", "wpa2", "wpa_wpa2", "enterprise", "wpa3")  # 5 and 6: as the ESP32 counts on


def scan(context):
    """Look around; context.seen is what was found. Returns (ssid, rssi, bssid) of the saved networks' access points,
    strongest first. Blocks for about 2 s. Never while joining: the SDK drops the attempt, or never answers."""
    forget("net.scan")
    context.scan_wanted = False
    if context.watchdog is not None:
        return []  # it would not wait for the end of it, and cannot be disarmed
    context.seen = []  # its room may be needed for the new list
    radio = context.radio
    radio.switch(radio.station, True)
    if radio.status() not in (GOT_IP, IDLE) and not radio.leave():
        return []  # the SDK would refuse to scan, and the port wait for ever for the end of it
    gc.collect()
    try:
        found = radio.station.scan()
        found.sort(key=lambda row: -row[3])
        context.seen = strongest(found, policy.SCAN_LIMIT)
        saved = [network.ssid for network in context.networks]
        return [(row[0], row[3], row[1]) for row in found if row[0] in saved]
    except (OSError, ValueError, MemoryError) as error:
        context.report("radio: cannot scan: " + str(error))
        return []


def strongest(found, limit):
    """Rows (ssid, bssid, channel, rssi, security, hidden) of the port, strongest first -> ours, none nameless."""
    rows = []
    names = set()
    for row in found:
        ssid = row[0]
        if ssid and ssid not in names and len(rows) < limit:
            names.add(ssid)
            rows.append((ssid, row[3], row[2], SECURITY[row[4]] if row[4] < len(SECURITY) else "unknown"))
    return rows

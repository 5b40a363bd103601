"""How often flash is written in a month of lives that a board may lead: SDK parameters and files, measured by storms.

The SDK keeps its parameters in two sectors that it erases in turns; a sector stands some 100 000 erasures. So what
happens to a board for good may cost some 5 000 writes a month, and what a broken router does to it for weeks more.
"""

from .storms import Storm, speed

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONTH_DAYS = 30
TURN_MS = 2_000, 300  # while the station rests, while it is busy

HOME = (0, "router", "a", {"ssid": b"Home", "key": b"correct horse"})
OFFICE = (0, "router", "b", {"ssid": b"Office", "key": b"battery staple", "rssi": -60})
NEIGHBOUR = (0, "router", "n", {"ssid": b"Neighbour", "key": b"battery staple", "rssi": -70})
ONE = (0, "saved", (b"Home", b"correct horse"))
TWO = (*ONE, (b"Office", b"battery staple"))
FIVE = (*TWO, (b"Attic", b"battery staple"), (b"Cafe", b"battery staple"), (b"Boat", b"battery staple"))


def outages(label, every_ms, length_ms, shift_ms=0):
    """A day of them."""
    found = []
    for at in range(every_ms + shift_ms, DAY_MS - length_ms, every_ms):
        found.append((at, "change", label, {"up": False}))
        found.append((at + length_ms, "change", label, {"up": True}))
    return found


def each_hour(word, *arguments):
    return [(at, word, *arguments) for at in range(HOUR_MS, DAY_MS, HOUR_MS)]


LIVES = {  # what happens: (a day of it, writes a month that it may cost)
    "nothing": ([HOME, ONE], 30),
    "an hourly outage of 2 minutes": ([HOME, NEIGHBOUR, ONE, *outages("a", HOUR_MS, 120_000)], 5_000),
    "an hourly outage of 10 minutes": ([HOME, NEIGHBOUR, ONE, *outages("a", HOUR_MS, 600_000)], 5_000),
    "an hourly outage, another network in reach": ([HOME, OFFICE, TWO, *outages("a", HOUR_MS, 600_000)], 60),
    "the one saved network is gone": ([NEIGHBOUR, ONE], 240),
    "five saved networks are gone": ([NEIGHBOUR, FIVE], 5_000),
    "the one password was changed": ([(0, "router", "a", {"ssid": b"Home", "key": b"changed since"}), ONE], 240),
    "an hourly power cut": ([HOME, NEIGHBOUR, ONE, *each_hour("power_cut")], 60),
    "nobody sets it up": ([NEIGHBOUR], 30),
}


def writes_a_month(events):
    """(the SDK's, the file system's) in thirty days like the second one."""
    again = [(at + DAY_MS, *words) for at, *words in events if at]
    counts = []
    with speed():
        for days in (1, 2):
            storm = Storm([*events, *again, (days * DAY_MS, "end")])
            storm.slow_ms, storm.fast_ms = TURN_MS
            hardware = storm.run().hardware
            counts.append((hardware.station.writes + hardware.access_point.writes, hardware.flash.writes))
    (sdk_before, files_before), (sdk, files) = counts
    return (sdk - sdk_before) * MONTH_DAYS, (files - files_before) * MONTH_DAYS

"""The radio: station and access point of one chip on one channel. Nothing here raises what the port raises.

The port answers refusals with OSError("a text"), keeps every setting in flash at each call that sets one, and starts
with whatever mode and network it had before (ports/esp8266/network_wlan.c); so each call here writes only changes.
"""

REFUSALS = (OSError, ValueError)


class Radio:
    """`station` and `access_point` are the port's WLAN objects. What they do is in station.py and opening.py; what this
    does beyond status() is in interfaces.py."""

    target = None  # (ssid, key, bssid) that the SDK was given last: connecting to it again writes nothing
    spurned = ()  # BSSIDs that had a better signal and did not let the board in, see net/rounds.py
    raised = None  # (name, key) that the access point was given last: it keeps them while it is down

    def __init__(self, station, access_point, report=print):
        self.station = station
        self.access_point = access_point
        self.report = report

    def status(self):
        """The SDK's status code of the station, see station.py; IDLE if the port refuses to say."""
        try:
            return self.station.status()
        except REFUSALS:
            return 0

    def __getattr__(self, name):
        from .interfaces import Interfaces

        return getattr(Interfaces(self), name)

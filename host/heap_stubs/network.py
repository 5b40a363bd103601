"""The port's WLAN without a radio: sees twenty networks, joins none of them until `reachable` is set, has a phone. The
chip's objects are static."""

STA_IF = 0
AP_IF = 1
NETWORKS = 20
IDLE, GOT_IP = 0, 5

reachable = False  # set by the program that is measured


class _Interface:
    def __init__(self, number):
        self.number = number
        self.on = self.joined = False

    def active(self, on=None):
        if on is None:
            return self.on
        self.on = on

    def connect(self, ssid=None, key=None, bssid=None):
        self.joined = reachable

    def disconnect(self):
        self.joined = False

    def isconnected(self):
        return self.joined

    def status(self, what=None):
        if what == "rssi":
            return -60 if self.joined else 31
        if what == "stations":
            return [(b"\x02\0\0\0\0\x09", "192.168.4.2")]
        if self.number == STA_IF:
            return GOT_IP if self.joined else IDLE
        return -1

    def config(self, *names, **settings):
        if names:
            return {"ssid": "", "channel": 1, "mac": b"\x02\0\0\0\0\1"}[names[0]]

    def ifconfig(self, *settings):
        if not settings:
            return ("192.168.4.1", "255.255.255.0", "192.168.4.1", "192.168.4.1")

    def scan(self):
        """Made anew at each call, as the port does."""
        return [
            (b"Neighbour number %02d" % n, bytes((2, 0, 0, 0, 1, n)), n % 13 + 1, -40 - n, n % 5, 0)
            for n in range(NETWORKS)
        ]


_interfaces = (_Interface(STA_IF), _Interface(AP_IF))


def WLAN(number=STA_IF):  # noqa: N802, the port's name
    return _interfaces[number]


def hostname(name=None):
    return "mpy-esp8266"

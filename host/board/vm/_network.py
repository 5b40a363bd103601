# network of the chip: every call goes to the simulated radio, which knows forms and errors.
import _rpc

STA_IF = 0
AP_IF = 1
STAT_IDLE = 0
STAT_CONNECTING = 1
STAT_WRONG_PASSWORD = 2
STAT_NO_AP_FOUND = 3
STAT_CONNECT_FAIL = 4
STAT_GOT_IP = 5
MODE_11B = 1
MODE_11G = 2
MODE_11N = 3
AUTH_OPEN = 0
AUTH_WEP = 1
AUTH_WPA_PSK = 2
AUTH_WPA2_PSK = 3
AUTH_WPA_WPA2_PSK = 4


class WLAN:
    IF_STA = 0
    IF_AP = 1
    SEC_OPEN = 0
    SEC_WEP = 1
    SEC_WPA = 2
    SEC_WPA2 = 3
    SEC_WPA_WPA2 = 4
    PM_NONE = 0
    PM_POWERSAVE = 1
    PM_PERFORMANCE = 2

    def __new__(cls, interface=0):
        if interface not in (0, 1):
            raise ValueError
        if not _interfaces:
            for _ in range(2):
                _interfaces.append(object.__new__(cls))
        return _interfaces[interface]

    def _ask(self, name, args, kw=None):
        return _rpc.ask("wlan." + name, 1 if self is _interfaces[1] else 0, *args, **(kw or {}))

    def active(self, *args):
        if args:
            args = (bool(args[0]),)
        return self._ask("active", args)

    def connect(self, *args, **kw):
        return self._ask("connect", args, kw)

    def disconnect(self):
        return self._ask("disconnect", ())

    def status(self, *args):
        return self._ask("status", args)

    def scan(self):
        return self._ask("scan", ())

    def isconnected(self):
        return self._ask("isconnected", ())

    def config(self, *args, **kw):
        return self._ask("config", args, kw)

    def ifconfig(self, *args):
        return self._ask("ifconfig", args)

    def ipconfig(self, *args, **kw):
        return self._ask("ipconfig", args, kw)

    def __repr__(self):
        return "<WLAN>"


_interfaces = []


def hostname(*args):
    return _rpc.ask("network.hostname", *args)


def country(*args):
    return _rpc.ask("network.country", *args)


def phy_mode(*args):
    return _rpc.ask("network.phy_mode", *args)


def ipconfig(*args, **kw):
    if args != ("dns",) and list(kw) != ["dns"]:
        raise ValueError("unexpected key")
    return _rpc.ask("network.dns", *kw.values())

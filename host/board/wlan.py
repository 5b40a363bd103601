"""`network` as the port's C code presents the radio: argument forms, error texts, config keys (network_wlan.c)."""

import ipaddress

from .radio import AP_KEY_BYTES, GOT_IP, SSID_BYTES, c_string
from .sdk import ACCESS_POINT, STATION

STA_IF, AP_IF = 0, 1
HOSTNAME_CHARS = 32
DEFAULT_HOSTNAME = "mpy-esp8266"
DEFAULT_DNS = "208.67.222.222"  # lwIP's, until DHCP or somebody sets one
ALIASES = {"essid": "ssid", "authmode": "security", "password": "key", "dhcp_hostname": "hostname"}
AP_ONLY = ("ssid", "hidden", "security", "key")
KEYS = ("mac", *AP_ONLY, "channel", "hostname", "protocol", "txpower", "pm")
WPA_MODES = (2, 3, 4)
PHY_MODES = (1, 2, 3)


def as_bytes(value):
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bytes):
        return value
    raise TypeError(f"can't convert '{type(value).__name__}' object to str implicitly")


def as_bool(value):
    return bool(value)


class Wlan:
    """Public methods take the interface first, are called by name from the VM, and may raise."""

    def __init__(self, radio, ap_address="192.168.4.1"):
        self.radio = radio
        self._hostname = DEFAULT_HOSTNAME
        self._dns = None
        self._phy_mode = 3
        self._country = "XX"
        self._pm = 2
        self._ap_address = (ap_address, "255.255.255.0", ap_address)  # where its sockets are on this machine
        self._macs = {interface: radio.parameters.mac(bit) for interface, bit in ((0, STATION), (1, ACCESS_POINT))}

    # WLAN methods -----------------------------------------------------------------------------------------------

    def active(self, interface, *args):
        bit = ACCESS_POINT if interface == AP_IF else STATION
        if not args:
            return bool(self.radio.parameters.opmode & bit)
        opmode = self.radio.parameters.opmode
        self.radio.set_opmode(opmode | bit if as_bool(args[0]) else opmode & ~bit)
        return None

    def connect(self, interface, *args, **kw):
        bssid = kw.pop("bssid", None)
        if kw:
            raise TypeError("extra keyword arguments given")
        if len(args) > 2:
            raise TypeError("extra positional arguments given")
        self._require(interface, STA_IF)
        ssid, key = (*args, None, None)[:2]
        if ssid is not None or key is not None or bssid is not None:
            ssid = as_bytes(ssid) if ssid is not None else b""
            key = as_bytes(key) if key is not None else b""
            if bssid is not None and len(as_bytes(bssid)) != 6:
                raise ValueError()
            if not self.active(STA_IF):
                raise OSError("Cannot set STA config")
            self.radio.set_station(ssid, key, bssid or b"")
        elif not self.active(STA_IF):
            raise OSError("Cannot connect to AP")
        self.radio.start()

    def disconnect(self, interface):
        self._require(interface, STA_IF)
        if not self.active(STA_IF):
            raise OSError("Cannot disconnect from AP")
        self.radio.stop()

    def status(self, interface, *args):
        if not args:
            return -1 if interface == AP_IF else self.radio.status()
        if args[0] == "rssi" and interface == STA_IF:
            return self.radio.rssi()
        if args[0] == "stations" and interface == AP_IF:
            return [(mac, self._phone_ip(ip)) for mac, ip in self.radio.phones()]
        raise ValueError("unknown status param")

    def isconnected(self, interface):
        return bool(self.radio.phones()) if interface == AP_IF else self.radio.status() == GOT_IP

    def scan_check(self, interface):
        self._require(interface, STA_IF)
        if not self.active(STA_IF):
            raise OSError("STA must be active")

    def config(self, interface, *args, **kw):
        if args and kw:
            raise TypeError("either pos or kw args are allowed")
        if kw:
            return self._configure(interface, kw)
        if len(args) != 1:
            raise TypeError("can query only one param")
        return self._query(interface, ALIASES.get(args[0], args[0]))

    def ifconfig(self, interface, *args):
        if not args:
            ip, mask, gateway = self._address(interface)
            return ip, mask, gateway, self._dns or self._dhcp_dns() or DEFAULT_DNS
        if args[0] == "dhcp" and interface == STA_IF:
            self.radio.dhcp, self.radio.static = True, None
            return None
        if not isinstance(args[0], (tuple, list)):
            raise TypeError("object isn't a tuple or list")
        if len(args[0]) != 4:
            raise ValueError(f"requested length 4 but object has length {len(args[0])}")
        ip, mask, gateway, dns = args[0]
        self._set_address(interface, ip, mask, gateway)
        self._dns = self._ip(dns)
        return None

    def ipconfig(self, interface, *args, **kw):
        if args and kw:
            raise TypeError("can't specify pos and kw args")
        if not kw:
            if len(args) != 1:
                raise TypeError("must query one param")
            ip, mask, gateway = self._address(interface)
            if args[0] == "dhcp4":
                return self.radio.dhcp if interface == STA_IF else True
            if args[0] in ("addr4", "gw4"):
                return (ip, mask) if args[0] == "addr4" else gateway
            raise ValueError("unexpected key")
        for key, value in kw.items():
            ip, mask, gateway = self._address(interface)
            if key == "dhcp4" and interface == STA_IF:
                self.radio.dhcp = bool(value)
                self.radio.static = None if value else (ip, mask, gateway)
            elif key == "addr4":
                ip, mask = value.split("/") if isinstance(value, str) and "/" in value else (
                    (value, mask) if isinstance(value, str) else value
                )
                self._set_address(interface, ip, int(mask) if str(mask).isdecimal() else mask, gateway)
            elif key == "gw4":
                self._set_address(interface, ip, mask, value)
            else:
                raise ValueError("unexpected key")
        return None

    # Module functions -------------------------------------------------------------------------------------------

    def hostname(self, *args):
        if not args:
            return self._hostname
        if len(as_bytes(args[0])) > HOSTNAME_CHARS:
            raise ValueError()
        self._hostname = as_bytes(args[0]).decode()
        return None

    def country(self, *args):
        if not args:
            return self._country
        if len(as_bytes(args[0])) != 2:
            raise ValueError()
        self._country = as_bytes(args[0]).decode()
        return None

    def phy_mode(self, *args):
        if not args:
            return self._phy_mode
        if args[0] not in PHY_MODES:
            raise OSError("Failed to set PHY mode")
        self._phy_mode = args[0]
        return None

    def dns(self, *args):
        if not args:
            return self._dns or self._dhcp_dns() or DEFAULT_DNS
        self._dns = self._ip(args[0])
        return None

    # Inside -----------------------------------------------------------------------------------------------------

    def _require(self, interface, wanted):
        if interface != wanted:
            raise OSError("AP required" if wanted == AP_IF else "STA required")

    def _query(self, interface, key):
        p = self.radio.parameters
        if key == "mac":
            return self._macs[interface]
        if key == "ssid":
            if interface == AP_IF:
                return p.ap_ssid.decode("utf-8", "surrogateescape")
            # A C string without an end: a name of 32 bytes runs on into the key, on the chip as well.
            name = p.sta_ssid + (p.sta_key if len(p.sta_ssid) == SSID_BYTES else b"")
            return name.decode("utf-8", "surrogateescape")
        if key in ("hidden", "security"):
            self._require(interface, AP_IF)
            return p.ap_hidden if key == "hidden" else p.ap_authmode
        if key == "channel":
            return self.radio.channel()
        if key == "hostname":
            self._require(interface, STA_IF)
            return self._hostname
        if key == "protocol":
            return self._phy_mode
        if key == "pm":
            return self._pm
        raise ValueError("unknown config param")

    def _configure(self, interface, kw):
        p = self.radio.parameters
        new = {}
        for key, value in kw.items():
            key = ALIASES.get(key, key)
            if key not in KEYS:
                raise ValueError("unknown config param")
            if key == "mac":
                if len(as_bytes(value)) != 6:
                    raise ValueError("invalid buffer length")
                self._macs[interface] = value
            elif key == "channel":
                if not isinstance(value, int) or not 1 <= value <= 14:
                    raise OSError("can't set channel")
                self.radio.set_channel(value)
            elif key == "hostname":
                self._require(interface, STA_IF)
                self.hostname(value)
            elif key == "protocol":
                self.phy_mode(value)
            elif key == "pm":
                self._pm = value
            elif key in AP_ONLY:
                new[key] = value
        if new:
            self._require(interface, AP_IF)
        if interface == AP_IF:
            self._configure_ap(p, new)
        self.radio.save()

    def _configure_ap(self, p, new):
        ssid = c_string(as_bytes(new["ssid"]), SSID_BYTES) if "ssid" in new else p.ap_ssid
        key = c_string(as_bytes(new["key"]), AP_KEY_BYTES) if "key" in new else p.ap_key
        authmode = new.get("security", p.ap_authmode)
        if not ssid or authmode not in (0, *WPA_MODES) or authmode in WPA_MODES and len(key) < 8:
            raise OSError("can't set AP config")
        p.ap_ssid, p.ap_key, p.ap_authmode = ssid, key, authmode
        p.ap_hidden = bool(new.get("hidden", p.ap_hidden))

    def _address(self, interface):
        if interface == AP_IF:
            return self._ap_address
        if not self.radio.dhcp and self.radio.static:
            return self.radio.static
        return (self.radio.address() or ("0.0.0.0",) * 4)[:3]

    def _set_address(self, interface, ip, mask, gateway):
        if isinstance(mask, int):
            mask = str(ipaddress.IPv4Network(f"0.0.0.0/{mask}").netmask) if 0 <= mask <= 32 else "bad"
        address = (self._ip(ip), self._ip(mask), self._ip(gateway))
        if interface == AP_IF:
            self._ap_address = address
        else:
            self.radio.dhcp, self.radio.static = False, address

    def _ip(self, text):
        try:
            return str(ipaddress.IPv4Address(as_bytes(text).decode()))
        except ValueError:
            raise ValueError("invalid arguments") from None

    def _dhcp_dns(self):
        address = self.radio.address()
        return address[3] if address and self.radio.dhcp else None

    def _phone_ip(self, ip):
        return self._ap_address[0].rsplit(".", 1)[0] + "." + ip.rsplit(".", 1)[1]

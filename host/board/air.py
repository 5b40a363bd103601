"""The air file: which networks and phones there are around the board, which buttons are pressed."""

import ipaddress
import json
import os
import re
from dataclasses import dataclass, field

# 5 and 6 are ESP32's numbers for what the ESP8266 SDK has no name for: an assumption, so that scans can show them.
AUTHMODES = {"open": 0, "wep": 1, "wpa": 2, "wpa2": 3, "wpa_wpa2": 4, "enterprise": 5, "wpa3": 6}
SSID_MAX_BYTES = 32
PHONES_MAX = 4  # the SDK's limit of stations on the access point
RAW_PSK = re.compile(rb"[0-9A-Fa-f]{64}")


class AirError(ValueError):
    """The air file cannot be used; the text says what is wrong in it."""


@dataclass(frozen=True)
class Network:
    ssid: bytes
    key: bytes = b""
    bssid: bytes = b""
    channel: int = 1
    rssi: int = -60
    security: str = "open"
    hidden: bool = False
    up: bool = True
    dhcp: bool = True
    ip: str = "192.168.1.50"
    join_ms: int = 1800

    @property
    def authmode(self):
        return AUTHMODES[self.security]


@dataclass(frozen=True)
class Air:
    networks: tuple = ()
    phones: int = 0
    pins: dict = field(default_factory=dict)
    resets: int = 0


def parse(data):
    """Air from the JSON object `data`; raises AirError."""
    if not isinstance(data, dict):
        raise AirError('not an object; expected {"networks": [...], "phones": 0}')
    networks = data.get("networks", [])
    if not isinstance(networks, list):
        raise AirError('"networks" is not a list')
    phones = _number(data, "phones", 0, 0, 1000, "the air")
    pins = data.get("pins", {})
    if not isinstance(pins, dict) or not all(str(k).isdecimal() and v in (0, 1) for k, v in pins.items()):
        raise AirError('"pins" is not an object of pin numbers with levels 0 or 1')
    return Air(
        tuple(_network(entry, number) for number, entry in enumerate(networks, 1)),
        min(phones, PHONES_MAX),
        {int(number): level for number, level in pins.items()},
        _number(data, "resets", 0, 0, 1_000_000, "the air"),
    )


def _network(entry, number):
    where = f"network {number}"
    if not isinstance(entry, dict):
        raise AirError(f"{where} is not an object")
    ssid = _ssid(entry, where)
    where = f"{where} ({ssid.decode('utf-8', 'backslashreplace')})"
    key = entry.get("key", "")
    if not isinstance(key, str):
        raise AirError(f"{where}: key is not a string")
    security = entry.get("security", "wpa2" if key else "open")
    if not isinstance(security, str) or security not in AUTHMODES:
        raise AirError(f"{where}: security {security!r} is not one of {', '.join(AUTHMODES)}")
    key = key.encode()
    # Without a key it is a neighbour's: seen in scans, and nobody here knows what opens it.
    if key and AUTHMODES[security] in (2, 3, 4) and not (8 <= len(key) <= 63 or RAW_PSK.fullmatch(key)):
        raise AirError(f"{where}: a {security} key has 8 to 63 bytes, or is 64 hex digits")
    for name, default in (("hidden", False), ("up", True), ("dhcp", True)):
        if not isinstance(entry.get(name, default), bool):
            raise AirError(f"{where}: {name} is not true or false")
    try:
        ip = str(ipaddress.IPv4Address(entry.get("ip", Network.ip)))
    except ValueError as error:
        raise AirError(f"{where}: ip: {error}") from None
    return Network(
        ssid=ssid,
        key=key,
        bssid=_bssid(entry.get("bssid", f"02:00:00:00:00:{number & 255:02x}"), where),
        channel=_number(entry, "channel", 1, 1, 14, where),
        rssi=_number(entry, "rssi", -60, -120, 0, where),
        security=security,
        hidden=entry.get("hidden", False),
        up=entry.get("up", True),
        dhcp=entry.get("dhcp", True),
        ip=ip,
        join_ms=_number(entry, "join_ms", 1800, 0, 3_600_000, where),
    )


def _ssid(entry, where):
    if isinstance(entry.get("ssid_hex"), str):
        try:
            ssid = bytes.fromhex(entry["ssid_hex"])
        except ValueError:
            raise AirError(f"{where}: ssid_hex is not hex") from None
    elif isinstance(entry.get("ssid"), str):
        ssid = entry["ssid"].encode("utf-8", "surrogatepass")
    else:
        raise AirError(f"{where} has no ssid (nor ssid_hex)")
    if not 1 <= len(ssid) <= SSID_MAX_BYTES:
        raise AirError(f"{where}: an ssid has 1 to {SSID_MAX_BYTES} bytes, this one {len(ssid)}")
    return ssid


def _bssid(text, where):
    if not isinstance(text, str) or not re.fullmatch(r"([0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}", text):
        raise AirError(f"{where}: bssid {text!r} is not like 02:00:00:00:00:01")
    return bytes.fromhex(text.replace(":", ""))


def _number(entry, name, default, low, high, where):
    value = entry.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise AirError(f"{where}: {name} {value!r} is not a number from {low} to {high}")
    return value


class AirFile:
    """Watches the file; `poll()` returns a new Air after a change, None otherwise."""

    def __init__(self, path, warn):
        self.path = path
        self._warn = warn
        self._seen = self._stamp()
        self._retry = False

    def load(self):
        """Air as the file is now; raises AirError."""
        try:
            with open(self.path, encoding="utf-8") as file:
                return parse(json.load(file))
        except OSError as error:
            raise AirError(f"{self.path}: {error.strerror}") from None
        except AirError as error:
            raise AirError(f"{self.path}: {error}") from None
        except ValueError as error:
            raise AirError(f"{self.path}: not JSON: {error}") from None

    def poll(self):
        stamp = self._stamp()
        if stamp == self._seen and not self._retry:
            return None
        settled = stamp == self._seen
        self._seen = stamp
        try:
            air = self.load()
        except AirError as error:
            # Somebody may be in the middle of writing it: complain only if it is as bad the next time.
            if settled:
                self._warn(f"{error} (keeping the last good one)")
            self._retry = not settled
            return None
        self._retry = False
        return air

    def _stamp(self):
        try:
            stat = os.stat(self.path)
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

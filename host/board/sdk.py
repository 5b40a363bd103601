"""The SDK's parameter memory: what the Wi-Fi part of the chip remembers beside the file system.

On the chip it is the last sectors of the flash; here a small JSON file beside the image, replaced atomically, so that
the image stays a plain LittleFS image.
"""

import json
import os
import random
from dataclasses import asdict, dataclass

STATION, ACCESS_POINT = 1, 2  # bits of the opmode
DEFAULT_AP_KEY = b"micropythoN"  # ports/esp8266/modules/inisetup.py
WPA_WPA2 = 4


@dataclass
class Parameters:
    """Byte strings are kept as hex in the file. `chip_id` is the efuse's: it survives an erase."""

    chip_id: int
    opmode: int = ACCESS_POINT
    sta_ssid: bytes = b""
    sta_key: bytes = b""
    sta_bssid: bytes = b""
    ap_ssid: bytes = b""
    ap_key: bytes = DEFAULT_AP_KEY
    ap_authmode: int = WPA_WPA2
    ap_channel: int = 1
    ap_hidden: bool = False

    def __post_init__(self):
        self.ap_ssid = self.ap_ssid or b"MicroPython-" + self.mac(ACCESS_POINT)[3:].hex().encode()

    def mac(self, interface):
        """6 bytes: Espressif's prefix and the chip's own number; the access point's has one more bit set."""
        prefix = b"\x5e\xcf\x7f" if interface == ACCESS_POINT else b"\x5c\xcf\x7f"
        return prefix + (self.chip_id & 0xFFFFFF).to_bytes(3, "big")


def load(path, seed=None, erase=False):
    """Parameters from `path`; those of a new chip if there is no such file or `erase`."""
    try:
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        kinds = Parameters.__dataclass_fields__
        values = {k: bytes.fromhex(v) if kinds[k].type is bytes else v for k, v in data.items() if k in kinds}
        return Parameters(values["chip_id"]) if erase else Parameters(**values)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Parameters(random.Random(seed).getrandbits(32))


def save(path, parameters):
    values = {k: v.hex() if isinstance(v, bytes) else v for k, v in asdict(parameters).items()}
    new = f"{path}.new"
    with open(new, "w", encoding="utf-8") as file:
        json.dump(values, file, indent=1)
    os.replace(new, path)

"""The ESP8266's radio as MicroPython's `network.WLAN` shows it, without threads or sockets; time is asked of `now_ms`.

`Wlan` checks arguments as the port's network_wlan.c does and raises the port's exceptions, texts included. `Radio` is
what the SDK does behind it: retries for ever, remembers the last station, moves the access point with the station.
"""

import hashlib

from .air import RAW_PSK, Air
from .sdk import ACCESS_POINT, STATION

IDLE, CONNECTING, WRONG_PASSWORD, NO_AP_FOUND, CONNECT_FAIL, GOT_IP = range(6)
NOT_A_STATION = 255  # what the SDK answers while the station is off (ESP8266_NONOS_SDK#153)
SEARCH_MS, PAUSE_MS = 1900, 1000  # one turn of the SDK's search for a network that is not there
SCAN_MS = 2000
REJOIN_MS = 1500  # phones that lost the access point's channel come back after this
RSSI_UNKNOWN = 31
SSID_BYTES, KEY_BYTES, AP_KEY_BYTES = 32, 64, 63
OPEN, WEP, ENTERPRISE, WPA3 = 0, 1, 5, 6


def psk(passphrase, ssid):
    """WPA's 32-byte key of a passphrase."""
    return hashlib.pbkdf2_hmac("sha1", passphrase, ssid, 4096, 32)


def key_opens(network, key):
    """Does `key`, as given to connect(), fit the network? 64 bytes are a raw key in hex, less are a passphrase."""
    if network.authmode == OPEN:
        return True
    if not network.key:
        return False  # nobody told the air file what opens it
    if key == network.key:
        return True
    if network.authmode == WEP or not RAW_PSK.fullmatch(key) and not RAW_PSK.fullmatch(network.key):
        return False
    keys = [bytes.fromhex(k.decode()) if RAW_PSK.fullmatch(k) else psk(k, network.ssid) for k in (key, network.key)]
    return keys[0] == keys[1]


def c_string(value, limit):
    """What the SDK keeps of a byte string: cut to its field, ended by the first NUL."""
    return bytes(value[:limit]).split(b"\0")[0]


class Radio:
    """`save()` is called after each change of `parameters` that the SDK would write to flash."""

    def __init__(self, parameters, now_ms, save, air=None):
        self.parameters = parameters
        self.air = air or Air()
        self._now_ms = now_ms
        self.save = save
        self.joined = None  # the Network that we are associated with (that may be before an address is there)
        self._turn_ms = None  # when this turn of trying began; None: not trying
        self._failure = NO_AP_FOUND  # what the pause at the end of a turn shows
        self._got_ip_ms = None
        self._moved_ms = None  # when the access point last changed its channel
        self._scan_ends_ms = None
        self.dhcp = True
        self.static = None  # ip, mask, gateway of a station without DHCP
        self._channel = self.ap_channel()
        if parameters.opmode & STATION and parameters.sta_ssid:
            self.start()  # the SDK does so before boot.py runs

    # What the SDK does ------------------------------------------------------------------------------------------

    def set_opmode(self, opmode):
        self.advance()
        if not opmode & STATION:
            self.stop()
        self.parameters.opmode = opmode
        self._follow_channel()
        self.save()

    def set_station(self, ssid, key, bssid):
        self.stop()
        p = self.parameters
        p.sta_ssid, p.sta_key, p.sta_bssid = c_string(ssid, SSID_BYTES), c_string(key, KEY_BYTES), bytes(bssid)
        self.save()

    def start(self):
        """Begin to join the remembered station, again and again."""
        self.stop()
        if self.parameters.sta_ssid:
            self._turn_ms = self._now_ms()
            self._begin_turn()

    def stop(self):
        self.advance()
        self.joined = self._turn_ms = self._got_ip_ms = None
        self._follow_channel()

    def set_air(self, air):
        self.advance()
        self.air = air
        if self.joined is None:
            return
        here = next((n for n in air.networks if n.bssid == self.joined.bssid and n.ssid == self.joined.ssid), None)
        if here is None or not self._joinable(here):
            self._lose_link()
        else:
            if here.dhcp and not self.joined.dhcp:
                self._got_ip_ms = self._now_ms()  # the DHCP client keeps asking
            self.joined = here
            self._follow_channel()

    def scan_begin(self):
        """False if the SDK refuses, which the port waits for for ever (it ignores the answer)."""
        self.advance()
        if self.status() == CONNECTING and self.joined is None and self._failure == NO_AP_FOUND:
            return False  # the SDK is scanning by itself
        if self._turn_ms is not None and self.status() != GOT_IP:
            self.stop()  # esp8266/Arduino#1140: kills the attempt
        self._scan_ends_ms = self._now_ms() + SCAN_MS
        return True

    def scan_result(self):
        """(ssid, bssid, channel, rssi, authmode, hidden) of all networks, None while the scan runs."""
        if self._scan_ends_ms is not None and self._now_ms() < self._scan_ends_ms:
            return None
        self._scan_ends_ms = None
        return tuple(
            (b"" if n.hidden else n.ssid, n.bssid, n.channel, n.rssi, n.authmode, int(n.hidden))
            for n in self.air.networks
            if n.up
        )

    def scan_abort(self):
        self._scan_ends_ms = None

    # What can be seen -------------------------------------------------------------------------------------------

    def status(self):
        self.advance()
        if not self.parameters.opmode & STATION:
            return NOT_A_STATION
        if self._turn_ms is None:
            return IDLE
        if self.joined is not None:
            addressed = self.joined.dhcp or not self.dhcp
            return GOT_IP if addressed and self._now_ms() >= self._got_ip_ms else CONNECTING
        if self._failure == CONNECTING or self._now_ms() - self._turn_ms < SEARCH_MS:
            return CONNECTING
        return self._failure

    def rssi(self):
        self.advance()
        return self.joined.rssi if self.joined else RSSI_UNKNOWN

    def address(self):
        """ip, mask, gateway, DNS server of the station; None if it has none."""
        if self.status() != GOT_IP:
            return None
        if not self.dhcp:
            return (*self.static, self.static[2])
        router = self.joined.ip.rsplit(".", 1)[0] + ".1"
        return self.joined.ip, "255.255.255.0", router, router

    def channel(self):
        self.advance()
        return self._channel

    def ap_channel(self):
        return self.parameters.ap_channel

    def set_channel(self, channel):
        self.parameters.ap_channel = channel
        self._follow_channel()

    def ap_active(self):
        return bool(self.parameters.opmode & ACCESS_POINT)

    def deaf(self):
        """True while nothing gets through to the board: a scan, or phones that lost the access point's channel."""
        self.advance()
        now = self._now_ms()
        if self._scan_ends_ms is not None and now < self._scan_ends_ms:
            return True
        return self.ap_active() and self._moved_ms is not None and now - self._moved_ms < REJOIN_MS

    def deadline_ms(self):
        """When deaf() or a scan will change by itself, or None."""
        now = self._now_ms()
        ends = [self._scan_ends_ms, None if self._moved_ms is None else self._moved_ms + REJOIN_MS]
        return min((t for t in ends if t is not None and t > now), default=None)

    def phones(self):
        """(mac, ip) of the stations on the access point."""
        gone = not self.ap_active() or (self._moved_ms is not None and self._now_ms() - self._moved_ms < REJOIN_MS)
        return [] if gone else [(bytes((2, 0, 0, 0, 1, n)), f"192.168.4.{n + 2}") for n in range(self.air.phones)]

    def advance(self):
        """Bring everything up to now."""
        if self._turn_ms is None or self.joined is not None:
            return
        turn = SEARCH_MS + PAUSE_MS
        late = self._now_ms() - self._turn_ms
        if late >= turn:
            self._turn_ms += late // turn * turn
            self._begin_turn()

    # Inside -----------------------------------------------------------------------------------------------------

    def _candidates(self):
        p = self.parameters
        found = [n for n in self.air.networks if n.up and n.ssid == p.sta_ssid and p.sta_bssid in (b"", n.bssid)]
        return sorted(found, key=lambda n: -n.rssi)

    def _joinable(self, network):
        known = network.security not in ("enterprise", "wpa3")
        return network.up and known and key_opens(network, self.parameters.sta_key)

    def _begin_turn(self):
        candidates = self._candidates()
        self.joined = self._got_ip_ms = None
        if not candidates:
            self._failure = NO_AP_FOUND
        elif self._joinable(candidates[0]):
            self.joined = candidates[0]
            self._got_ip_ms = self._turn_ms + self.joined.join_ms
        elif candidates[0].authmode in (ENTERPRISE, WPA3):
            self._failure = CONNECT_FAIL  # a guess: the SDK knows neither
        else:
            self._failure = CONNECTING  # SDK 2.x hardly ever says more of a wrong key (esp8266/Arduino#8233)
        self._follow_channel(candidates[0].channel if candidates else None)

    def _lose_link(self):
        self.joined = None
        self._turn_ms = self._now_ms()
        self._begin_turn()

    def _follow_channel(self, channel=None):
        # One radio: the station's channel wins, the access point goes along and its phones have to find it again.
        channel = channel or (self.joined.channel if self.joined else None) or self._resting_channel()
        if channel != self._channel:
            self._channel = channel
            self._moved_ms = self._now_ms() if self.ap_active() else None

    def _resting_channel(self):
        return self.parameters.ap_channel if self.ap_active() else self._channel

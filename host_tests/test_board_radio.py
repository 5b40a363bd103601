"""The simulated radio by itself: no VM, no sockets, a clock that the test sets."""

import pytest
from homeport.board import air as airfile
from homeport.board.air import AirError, parse
from homeport.board.radio import (
    CONNECT_FAIL,
    CONNECTING,
    GOT_IP,
    IDLE,
    NO_AP_FOUND,
    NOT_A_STATION,
    REJOIN_MS,
    SCAN_MS,
    Radio,
    psk,
)
from homeport.board.sdk import ACCESS_POINT, STATION, Parameters
from homeport.board.wlan import AP_IF, STA_IF, Wlan

KEY = "correct horse"


class World:
    """A radio, its WLAN face, and the time around them."""

    def __init__(self, *networks, opmode=STATION, phones=0, **stored):
        self.now_ms = 0
        self.saves = 0
        self.parameters = Parameters(0x00ABCDEF, opmode, **stored)
        self.power_on(*networks, phones=phones)

    def power_on(self, *networks, phones=0):
        self.radio = Radio(self.parameters, lambda: self.now_ms, self._save, self.air(*networks, phones=phones))
        self.wlan = Wlan(self.radio)

    @staticmethod
    def air(*networks, phones=0):
        return parse({"networks": list(networks), "phones": phones})

    def _save(self):
        self.saves += 1

    def after(self, ms):
        self.now_ms += ms
        return self.status()

    def status(self):
        return self.wlan.status(STA_IF)

    def connect(self, *args, **kw):
        self.wlan.connect(STA_IF, *args, **kw)

    def scan(self):
        assert self.radio.scan_begin()
        assert self.radio.scan_result() is None
        self.now_ms += SCAN_MS
        return self.radio.scan_result()


def net(ssid="Home", key=KEY, **more):
    return {"ssid": ssid, "key": key, **more}


# Joining ------------------------------------------------------------


def test_the_right_key_is_connecting_until_join_ms_and_then_has_the_address_of_the_air_file():
    world = World(net(join_ms=700, ip="10.1.2.3"))
    world.connect("Home", KEY)
    assert world.after(699) == CONNECTING and world.wlan.ifconfig(STA_IF)[0] == "0.0.0.0"
    assert world.after(1) == GOT_IP and world.wlan.isconnected(STA_IF)
    assert world.wlan.ifconfig(STA_IF) == ("10.1.2.3", "255.255.255.0", "10.1.2.1", "10.1.2.1")


def test_a_wrong_key_is_connecting_for_ever():
    world = World(net())
    world.connect("Home", "wrong horse")
    assert {world.after(50) for _ in range(1000)} == {CONNECTING}


def test_an_absent_network_cycles_through_1900_ms_of_connecting_and_1000_ms_of_not_found():
    world = World()
    world.connect("Away", KEY)
    seen = [world.status()] + [world.after(100) for _ in range(58)]
    assert seen[:19] == [CONNECTING] * 19 and seen[19:29] == [NO_AP_FOUND] * 10
    assert seen[29:48] == [CONNECTING] * 19 and seen[48:58] == [NO_AP_FOUND] * 10


def test_a_network_that_appears_is_joined_in_the_next_turn():
    world = World()
    world.connect("Home", KEY)
    world.after(1000)
    world.radio.set_air(world.air(net(join_ms=500)))
    assert world.after(1899) == NO_AP_FOUND
    assert world.after(1) == CONNECTING
    assert world.after(500) == GOT_IP


def test_a_router_without_dhcp_stays_connecting_though_associated():
    world = World(net(dhcp=False, rssi=-71))
    world.connect("Home", KEY)
    assert world.after(60_000) == CONNECTING
    assert world.wlan.status(STA_IF, "rssi") == -71 and not world.wlan.isconnected(STA_IF)


def test_a_static_address_needs_no_dhcp():
    world = World(net(dhcp=False))
    world.wlan.ifconfig(STA_IF, ("192.168.9.9", 24, "192.168.9.1", "9.9.9.9"))
    world.connect("Home", KEY)
    assert world.after(2000) == GOT_IP
    assert world.wlan.ifconfig(STA_IF) == ("192.168.9.9", "255.255.255.0", "192.168.9.1", "9.9.9.9")


@pytest.mark.parametrize("security", ["wpa3", "enterprise"])
def test_what_the_chip_cannot_speak_is_seen_and_refuses(security):
    world = World(net(security=security))
    assert world.scan()[0][4] in (5, 6)
    world.connect("Home", KEY)
    assert {world.after(100) for _ in range(100)} == {CONNECTING, CONNECT_FAIL}


def test_open_networks_take_any_key_and_protected_ones_none_but_theirs():
    world = World({"ssid": "Free"}, net("Shut"))
    world.connect("Free", "whatever")
    assert world.after(2000) == GOT_IP
    world.connect("Free")
    assert world.after(2000) == GOT_IP
    world.connect("Shut")
    assert world.after(2000) == CONNECTING


def test_64_hex_digits_are_the_raw_key_of_a_passphrase():
    world = World(net())
    world.connect("Home", psk(KEY.encode(), b"Home").hex())
    assert world.after(2000) == GOT_IP
    world.connect("Home", "0" * 64)
    assert world.after(9000) == CONNECTING


def test_a_network_may_be_keyed_by_64_hex_digits():
    raw = psk(KEY.encode(), b"Home").hex()
    world = World(net(key=raw))
    for key in (raw, KEY):
        world.connect("Home", key)
        assert world.after(2000) == GOT_IP


def test_ssid_and_key_end_at_a_nul_and_at_their_fields():
    world = World(net("x" * 32, key=KEY))
    world.connect(b"x" * 40, KEY + "\0rest")
    assert world.after(2000) == GOT_IP
    world.connect(b"Ho\0me", KEY)
    assert world.parameters.sta_ssid == b"Ho"


def test_the_strongest_of_one_name_is_joined_unless_a_bssid_is_given():
    world = World(
        net(bssid="02:00:00:00:00:0a", rssi=-80, ip="10.0.0.1"), net(bssid="02:00:00:00:00:0b", rssi=-40, ip="10.0.0.2")
    )
    world.connect("Home", KEY)
    world.after(2000)
    assert world.wlan.ifconfig(STA_IF)[0] == "10.0.0.2"
    world.connect("Home", KEY, bssid=b"\2\0\0\0\0\x0a")
    world.after(2000)
    assert world.wlan.ifconfig(STA_IF)[0] == "10.0.0.1"


def test_a_lost_link_cycles_and_the_sdk_comes_back_by_itself():
    world = World(net())
    world.connect("Home", KEY)
    world.after(2000)
    world.radio.set_air(world.air(net(up=False)))
    assert world.status() == CONNECTING and world.after(1900) == NO_AP_FOUND
    world.radio.set_air(world.air(net()))
    assert world.after(1000) == CONNECTING and world.after(1800) == GOT_IP


def test_a_router_whose_key_changes_throws_the_station_out():
    world = World(net())
    world.connect("Home", KEY)
    world.after(2000)
    world.radio.set_air(world.air(net(key="another key")))
    assert world.after(30_000) == CONNECTING


def test_disconnect_ends_the_retries():
    world = World()
    world.connect("Home", KEY)
    world.wlan.disconnect(STA_IF)
    world.radio.set_air(world.air(net()))
    assert world.after(10_000) == IDLE


def test_rssi_is_31_without_a_link_and_status_255_without_a_station():
    world = World(opmode=ACCESS_POINT)
    assert world.status() == NOT_A_STATION
    assert world.wlan.status(AP_IF) == -1
    assert world.wlan.status(STA_IF, "rssi") == 31


# Memory ------------------------------------------------------------


def test_active_connect_and_config_write_flash_and_a_bare_connect_does_not():
    world = World(net(), opmode=0)
    for n, call in enumerate(
        (
            lambda: world.wlan.active(STA_IF, True),
            lambda: world.wlan.connect(STA_IF, "Home", KEY),
            lambda: world.wlan.active(AP_IF, True),
            lambda: world.wlan.config(AP_IF, ssid="Board", security=0),
        ),
        1,
    ):
        call()
        assert world.saves == n
    world.wlan.connect(STA_IF)
    world.wlan.disconnect(STA_IF)
    assert world.saves == 4


def test_the_stored_station_is_joined_at_power_on_but_not_when_the_station_is_switched_on():
    world = World(net(), sta_ssid=b"Home", sta_key=KEY.encode())
    assert world.status() == CONNECTING and world.after(1800) == GOT_IP
    world.wlan.active(STA_IF, False)
    assert world.status() == NOT_A_STATION
    world.wlan.active(STA_IF, True)
    assert world.after(10_000) == IDLE


def test_a_chip_from_the_shop_has_its_access_point_on():
    p = Parameters(0x12345678)
    assert p.opmode == ACCESS_POINT and p.ap_ssid == b"MicroPython-345678" and p.ap_key == b"micropythoN"
    assert p.mac(ACCESS_POINT)[-3:].hex() == "345678" and p.mac(STATION) != p.mac(ACCESS_POINT)


def test_an_empty_name_is_stored_and_joins_nothing():
    world = World(net(), sta_ssid=b"Home", sta_key=KEY.encode())
    world.connect("", "")
    assert world.after(5000) == IDLE and world.parameters.sta_ssid == b""


# Scans ------------------------------------------------------------


def test_a_scan_lists_names_addresses_channels_strengths_modes_and_hides_hidden_names():
    world = World(
        net(channel=11, rssi=-50, security="wpa_wpa2"),
        net("Secret", hidden=True),
        {"ssid_hex": "ff00", "security": "wep", "key": "12345"},
        net("Off", up=False),
    )
    assert world.scan() == (
        (b"Home", b"\2\0\0\0\0\1", 11, -50, 4, 0),
        (b"", b"\2\0\0\0\0\2", 1, -60, 3, 1),
        (b"\xff\0", b"\2\0\0\0\0\3", 1, -60, 1, 0),
    )


def test_a_hidden_network_is_joined_by_its_name():
    world = World(net(hidden=True))
    world.connect("Home", KEY)
    assert world.after(1800) == GOT_IP


def test_a_scan_kills_an_attempt_but_not_a_link():
    world = World(net())
    world.connect("Home", KEY)
    world.after(500)
    world.scan()
    assert world.after(10_000) == IDLE
    world.connect("Home", KEY)
    world.after(2000)
    world.scan()
    assert world.status() == GOT_IP


def test_a_scan_is_refused_while_the_sdk_searches():
    world = World()
    world.connect("Home", KEY)
    assert not world.radio.scan_begin()
    world.wlan.disconnect(STA_IF)
    assert world.radio.scan_begin()


# One radio ------------------------------------------------------------


def test_the_station_moves_the_access_point_and_its_phones_rejoin():
    world = World(net(channel=11), opmode=STATION | ACCESS_POINT, phones=2)
    assert len(world.wlan.status(AP_IF, "stations")) == 2 and not world.radio.deaf()
    world.connect("Home", KEY)
    assert world.wlan.config(AP_IF, "channel") == 11 and world.radio.deaf()
    assert world.wlan.status(AP_IF, "stations") == [] and not world.wlan.isconnected(AP_IF)
    world.now_ms += REJOIN_MS
    assert not world.radio.deaf() and world.wlan.isconnected(AP_IF)


def test_an_access_point_that_is_on_the_channel_already_keeps_its_phones():
    world = World(net(channel=11), opmode=STATION | ACCESS_POINT, phones=1)
    world.wlan.config(AP_IF, channel=11)
    world.now_ms += REJOIN_MS
    world.connect("Home", KEY)
    assert not world.radio.deaf() and world.wlan.isconnected(AP_IF)


def test_a_scan_makes_the_access_point_deaf():
    world = World(opmode=STATION | ACCESS_POINT)
    world.radio.scan_begin()
    assert world.radio.deaf() and world.radio.deadline_ms() == SCAN_MS
    world.now_ms += SCAN_MS
    world.radio.scan_result()
    assert not world.radio.deaf()


def test_no_more_than_four_phones_fit():
    assert World(opmode=ACCESS_POINT, phones=9).wlan.status(AP_IF, "stations")[3:] == [(b"\2\0\0\0\1\3", "192.168.4.5")]


# Forms and errors ------------------------------------------------------------


def error(call):
    with pytest.raises(Exception) as caught:
        call()
    return type(caught.value), *caught.value.args


def test_every_refusal_of_the_port_has_its_text():
    world = World(opmode=ACCESS_POINT)
    wlan = world.wlan
    assert error(lambda: wlan.connect(AP_IF, "x")) == (OSError, "STA required")
    assert error(lambda: wlan.disconnect(AP_IF)) == (OSError, "STA required")
    assert error(lambda: wlan.scan_check(AP_IF)) == (OSError, "STA required")
    assert error(lambda: wlan.scan_check(STA_IF)) == (OSError, "STA must be active")
    assert error(lambda: wlan.connect(STA_IF, "x")) == (OSError, "Cannot set STA config")
    assert error(lambda: wlan.connect(STA_IF)) == (OSError, "Cannot connect to AP")
    assert error(lambda: wlan.disconnect(STA_IF)) == (OSError, "Cannot disconnect from AP")
    assert error(lambda: wlan.connect(STA_IF, ssid="x")) == (TypeError, "extra keyword arguments given")
    assert error(lambda: wlan.connect(STA_IF, "x", "y", bssid=b"short")) == (ValueError,)
    assert error(lambda: wlan.connect(STA_IF, 5))[0] is TypeError
    assert error(lambda: wlan.status(STA_IF, "stations")) == (ValueError, "unknown status param")
    assert error(lambda: wlan.status(AP_IF, "rssi")) == (ValueError, "unknown status param")
    assert error(lambda: wlan.config(AP_IF)) == (TypeError, "can query only one param")
    assert error(lambda: wlan.config(AP_IF, "ssid", channel=1)) == (TypeError, "either pos or kw args are allowed")
    for name in ("key", "password", "txpower", "nonsense"):
        assert error(lambda name=name: wlan.config(AP_IF, name)) == (ValueError, "unknown config param")
    assert error(lambda: wlan.config(AP_IF, nonsense=1)) == (ValueError, "unknown config param")
    assert error(lambda: wlan.config(STA_IF, ssid="x")) == (OSError, "AP required")
    assert error(lambda: wlan.config(STA_IF, "hidden")) == (OSError, "AP required")
    assert error(lambda: wlan.config(AP_IF, "hostname")) == (OSError, "STA required")
    assert error(lambda: wlan.config(AP_IF, channel=99)) == (OSError, "can't set channel")
    assert error(lambda: wlan.ipconfig(STA_IF, "x")) == (ValueError, "unexpected key")
    assert error(lambda: wlan.ipconfig(STA_IF)) == (TypeError, "must query one param")
    assert error(lambda: wlan.ipconfig(STA_IF, "x", y=1)) == (TypeError, "can't specify pos and kw args")
    assert error(lambda: wlan.hostname("x" * 33))[0] is ValueError


@pytest.mark.parametrize("key, fits", [("", False), ("1234567", False), ("12345678", True), ("x" * 63, True)])
def test_a_protected_access_point_needs_a_key_of_8_to_63(key, fits):
    wlan = World(opmode=ACCESS_POINT).wlan
    if fits:
        wlan.config(AP_IF, ssid="Board", security=3, key=key)
        assert (wlan.config(AP_IF, "essid"), wlan.config(AP_IF, "authmode")) == ("Board", 3)
    else:
        assert error(lambda: wlan.config(AP_IF, ssid="B", security=3, key=key)) == (OSError, "can't set AP config")
        assert wlan.config(AP_IF, "ssid").startswith("MicroPython-")


def test_an_access_point_cannot_have_wep():
    wlan = World(opmode=ACCESS_POINT).wlan
    assert error(lambda: wlan.config(AP_IF, security=1, key="12345")) == (OSError, "can't set AP config")


def test_a_name_of_32_bytes_runs_on_into_the_key():
    world = World()
    world.connect("x" * 32, "secretkey")
    assert world.wlan.config(STA_IF, "ssid") == "x" * 32 + "secretkey"
    world.connect("short", "secretkey")
    assert world.wlan.config(STA_IF, "ssid") == "short"


def test_ipconfig_sets_and_gets_addresses():
    wlan = World(opmode=STATION | ACCESS_POINT).wlan
    wlan.ipconfig(AP_IF, addr4="10.0.0.1/8")
    wlan.ipconfig(AP_IF, gw4="10.0.0.1")
    assert wlan.ifconfig(AP_IF)[:3] == ("10.0.0.1", "255.0.0.0", "10.0.0.1")
    assert wlan.ipconfig(AP_IF, "addr4") == ("10.0.0.1", "255.0.0.0")
    assert wlan.ifconfig(AP_IF)[3] == "208.67.222.222"
    wlan.ifconfig(AP_IF, ("10.0.0.1", "255.0.0.0", "10.0.0.1", "8.8.8.8"))
    assert wlan.ifconfig(STA_IF)[3] == "8.8.8.8"  # there is one DNS server for both


# The air file ------------------------------------------------------------


@pytest.mark.parametrize(
    "data, complaint",
    [
        ([], "not an object"),
        ({"networks": {}}, "not a list"),
        ({"networks": [{}]}, "network 1 has no ssid"),
        ({"networks": [{"ssid": ""}]}, "1 to 32 bytes"),
        ({"networks": [{"ssid": "x" * 33}]}, "this one 33"),
        ({"networks": [{"ssid_hex": "xy"}]}, "not hex"),
        ({"networks": [{"ssid": "H", "key": "short"}]}, "8 to 63"),
        ({"networks": [{"ssid": "H", "security": "wpa9"}]}, "wpa9"),
        ({"networks": [{"ssid": "H", "channel": 15}]}, "channel 15"),
        ({"networks": [{"ssid": "H", "bssid": "1:2"}]}, "bssid"),
        ({"networks": [{"ssid": "H", "up": 1}]}, "up is not true or false"),
        ({"networks": [{"ssid": "H", "ip": "300.1.1.1"}]}, "ip"),
        ({"phones": -1}, "phones"),
        ({"pins": {"0": 2}}, "pins"),
    ],
)
def test_a_mistake_in_the_air_file_is_named(data, complaint):
    with pytest.raises(AirError, match=complaint):
        parse(data)


def test_defaults_of_the_air_file():
    network = parse({"networks": [{"ssid": "Ünï"}, {"ssid": "b"}]}).networks[1]
    assert network == airfile.Network(b"b", bssid=b"\2\0\0\0\0\2")
    assert (network.join_ms, network.up, network.dhcp, network.security) == (1800, True, True, "open")

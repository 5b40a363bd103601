"""The fakes keep the port's promises: what the firmware's tests rest on."""

import pytest

from .fakes import (
    CONNECTING,
    GOT_IP,
    IDLE,
    NO_AP_FOUND,
    OFF,
    SOFT_RESET,
    SOFTWARE_WATCHDOG,
    WRONG_PASSWORD,
    FakeFlash,
    FakeHardware,
    PowerLost,
    Restart,
    Router,
)
from .scene import Scene

KEY = b"correct horse"


def station_on(*routers):
    hardware = FakeHardware(routers)
    hardware.station.active(True)
    return hardware, hardware.station


def test_a_call_with_an_argument_replaces_the_whole_record_and_is_one_write():
    hardware, station = station_on(Router(b"Home", KEY))
    before = station.writes
    station.connect(b"Home", KEY, bssid=b"\2\0\0\0\0\1")
    assert (station.target, station.pinned, station.writes) == ((b"Home", KEY), b"\2\0\0\0\0\1", before + 1)
    station.disconnect()
    station.connect()
    assert station.writes == before + 1 and station.overlaps == []
    station.connect(b"Home")
    assert (station.target, station.pinned, station.writes) == ((b"Home", b""), None, before + 2)
    assert station.overlaps == ["connect"]
    with pytest.raises(ValueError):
        station.connect(bssid=b"short")


def test_of_two_routers_of_one_name_the_stronger_is_joined_unless_one_is_pinned():
    near, far = Router(b"Home", KEY, rssi=-40, channel=3), Router(b"Home", KEY, rssi=-70, channel=9)
    hardware, station = station_on(far, near)
    station.connect(b"Home", KEY)
    hardware.sleep_ms(2000)
    assert station.status() == GOT_IP and station.joined is near and station.config("channel") == 3
    station.disconnect()
    station.connect(b"Home", KEY, bssid=far.bssid)
    hardware.sleep_ms(2000)
    assert station.status() == GOT_IP and station.joined is far and station.status("rssi") == -70


def test_a_wrong_key_shows_connecting_and_nothing_else_unless_the_router_says_so():
    for refusal, shown in ((None, {CONNECTING}), (WRONG_PASSWORD, {CONNECTING, WRONG_PASSWORD})):
        hardware, station = station_on(Router(b"Home", KEY, refusal=refusal))
        station.connect(b"Home", b"wrong horse")
        seen = set()
        for _ in range(200):
            seen.add(station.status())
            hardware.sleep_ms(50)
        assert seen == shown


def test_a_missing_network_is_searched_for_ever_and_joined_when_it_comes():
    router = Router(b"Home", KEY, up=False)
    hardware, station = station_on(router)
    station.connect(b"Home", KEY)
    seen = []
    for _ in range(100):
        seen.append(station.status())
        hardware.sleep_ms(100)
    assert set(seen) == {CONNECTING, NO_AP_FOUND} and station.status("rssi") == 31
    router.up = True
    hardware.sleep_ms(3000)
    station.status()
    hardware.sleep_ms(router.join_ms)
    assert station.status() == GOT_IP


def test_a_lost_link_is_joined_again_without_a_call():
    router = Router(b"Home", KEY)
    hardware, station = station_on(router)
    station.connect(b"Home", KEY)
    hardware.sleep_ms(2000)
    assert station.status() == GOT_IP
    router.up = False
    assert station.status() == CONNECTING
    hardware.sleep_ms(10_000)
    station.status()
    router.up = True
    for _ in range(50):
        hardware.sleep_ms(100)
        station.status()
    assert station.status() == GOT_IP


def test_without_dhcp_it_stays_associated():
    hardware, station = station_on(Router(b"Home", KEY, dhcp=False))
    station.connect(b"Home", KEY)
    hardware.sleep_ms(60_000)
    assert station.status() == CONNECTING and station.status("rssi") < 0


def test_the_sdk_joins_what_it_remembers_when_the_chip_starts():
    hardware, station = station_on(Router(b"Home", KEY))
    station.connect(b"Home", KEY)
    station.disconnect()
    assert station.status() == IDLE
    writes = station.writes
    hardware.restart()
    assert station.status() == CONNECTING
    hardware.sleep_ms(2000)
    assert station.status() == GOT_IP and station.writes == writes
    station.active(False)
    hardware.restart()
    assert station.status() == OFF


def test_a_weak_network_is_joined_by_luck_that_the_seed_decides():
    took = []
    for seed in (1, 1, 2, 3, 4, 5):
        hardware = FakeHardware([Router(b"Home", KEY, rssi=-92)], seed=seed)
        hardware.station.active(True)
        hardware.station.connect(b"Home", KEY)
        while hardware.station.status() != GOT_IP:
            hardware.sleep_ms(100)
        took.append(hardware.time.elapsed)
    assert took[0] == took[1] and len(set(took)) > 1


def test_phones_lose_the_access_point_for_a_moment_when_the_station_changes_the_channel():
    hardware, station = station_on(Router(b"Home", KEY, channel=11))
    access_point = hardware.access_point
    access_point.phones = 2
    assert len(access_point.status("stations")) == 2
    station.connect(b"Home", KEY)
    assert access_point.status("stations") == []
    hardware.sleep_ms(1500)
    assert len(access_point.status("stations")) == 2 and access_point.config("channel") == 11
    access_point.active(False)
    assert access_point.status("stations") == []


def test_a_scan_while_it_searches_is_noted_and_ends_the_search():
    hardware, station = station_on(Router(b"Home", KEY, up=False))
    station.connect(b"Home", KEY)
    station.scan()
    assert station.overlaps == ["scan"] and station.status() == IDLE


def test_a_watchdog_that_nobody_feeds_ends_the_program():
    hardware = FakeHardware()
    watchdog = hardware.watchdog()
    for _ in range(10):
        hardware.sleep_ms(1000)
        watchdog.feed()
    with pytest.raises(Restart) as caught:
        hardware.sleep_ms(2000)
    assert caught.value.cause == SOFTWARE_WATCHDOG
    hardware.restart(caught.value.cause)
    hardware.sleep_ms(100_000)


def test_rtc_memory_survives_resets_and_no_power_cut():
    hardware = FakeHardware()
    hardware.rtc_memory(b"mark")
    with pytest.raises(Restart) as caught:
        hardware.reset()
    hardware.restart(caught.value.cause)
    assert hardware.rtc_memory() == b"mark" and not hardware.powered_on and hardware.reset_cause == SOFT_RESET
    hardware.restart()
    assert hardware.rtc_memory() == b"" and hardware.powered_on


def write(flash, path, data, mode="wb"):
    with flash.open(path, mode) as file:
        file.write(data)


def test_power_lost_while_a_file_is_written_leaves_the_old_content():
    for fail_at in (1, 2, 3):
        flash = FakeFlash()
        write(flash, "/a", b"old")
        flash.fail_at, flash.error = fail_at, PowerLost()
        with pytest.raises(PowerLost):
            write(flash, "/a", b"new")
        assert flash.files["/a"] == b"old"
        flash.restart()
        write(flash, "/a", b"er", "ab")
        assert flash.files["/a"] == b"older"


def test_a_full_and_a_read_only_file_system_refuse_with_their_numbers():
    flash = FakeFlash()
    write(flash, "/a", b"old")
    for attribute, number in (("full", 28), ("read_only", 30)):
        setattr(flash, attribute, True)
        with pytest.raises(OSError) as caught:
            write(flash, "/a", b"new")
        assert caught.value.args[0] == number and flash.files["/a"] == b"old"
        setattr(flash, attribute, False)


def test_a_scene_starts_the_firmware_again_as_the_board_would():
    scene = Scene(Router(b"Home", KEY), saved=[(b"Home", KEY)])
    scene.until("connected", 5000)
    before = scene.machine
    scene.context.submitted, scene.machine.state.step = False, lambda: "unheard_of"
    scene.turn()
    assert scene.machine is not before and scene.hardware.resets == 1
    scene.until("connected", 5000)
    scene.power_cut()
    assert scene.hardware.powered_on
    scene.until("connected", 5000)

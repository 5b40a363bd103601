"""Packets of Improv Wi-Fi: made, read, and put together again after the console has taken Ctrl-C out of them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from device.improv_packets import COMMAND, HEADER, SETTINGS, command, credentials, packet, result, size
from device.improv_repair import restored

CTRL_C = b"\3"
# From the standard (improv-wifi.com/serial): SSID = MyWirelessAP, Password = mysecurepassword.
EXAMPLE = b"\x01\x1e\x0cMyWirelessAP\x10mysecurepassword"
SSIDS = st.binary(min_size=1, max_size=32).filter(lambda ssid: CTRL_C not in ssid)
KEYS = st.one_of(st.just(b""), st.binary(min_size=8, max_size=64)).filter(lambda key: CTRL_C not in key)


def order(number, data=b""):
    return packet(COMMAND, bytes((number, len(data))) + data)


def with_settings(ssid, key):
    return order(SETTINGS, bytes((len(ssid),)) + ssid + bytes((len(key),)) + key)


def test_the_example_of_the_standard_is_understood():
    number, data = command(packet(COMMAND, EXAMPLE))
    assert number == SETTINGS and credentials(data) == (b"MyWirelessAP", b"mysecurepassword")


def test_a_packet_is_found_byte_by_byte_and_what_begins_none_is_told():
    whole = with_settings(b"Home", b"correct horse")
    for count in range(1, len(whole)):
        assert size(whole[:count]) in (0, len(whole))
    assert size(whole) == len(whole)
    assert size(b"IMPROVE") == size(b"\3") == -1


@given(SSIDS, KEYS, st.data())
@settings(max_examples=100, deadline=None)
def test_a_damaged_packet_is_no_command(ssid, key, data):
    whole = bytearray(with_settings(ssid, key))
    place = data.draw(st.integers(len(HEADER) + 1, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    assert size(whole) != len(whole) or command(whole) is None


@given(st.integers(2, 7))
def test_orders_without_data_are_restored_wherever_ctrl_c_was(number):
    whole = order(number)
    assert restored(whole.replace(CTRL_C, b"") + b"\n") == (whole, len(whole.replace(CTRL_C, b"")))


@given(SSIDS, KEYS)
@settings(max_examples=300, deadline=None)
def test_settings_are_restored_as_they_were_or_not_at_all(ssid, key):
    whole = with_settings(ssid, key)
    found = restored(whole.replace(CTRL_C, b"") + b"\n")
    assert found is None or found[0] == whole


def test_a_name_of_three_bytes_is_restored():
    whole = with_settings(b"abc", b"correct horse")
    assert whole.count(CTRL_C) == 2 and restored(whole.replace(CTRL_C, b""))[0] == whole


@given(st.binary(max_size=80))
@settings(max_examples=300, deadline=None)
def test_garbage_raises_nothing(data):
    credentials(data)
    restored(HEADER + data)
    if size(data) == len(data) > 0:
        command(data)


def test_the_answer_of_the_device_information_is_as_the_standard_says():
    texts = [b"ESPHome", b"2021.11.0", b"esp32-s3-devkitc-1/esp32-s3", b"Temperature Monitor"]
    data = result(3, texts)
    assert data[0] == 3 and data[1] == len(data) - 2 and data[2:10] == b"\x07ESPHome"

"""The store: what is saved is found again, whatever happens to the flash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import store as flash_store
from device.context import Network
from device.store import SLOTS, crc16, decode, encode

from .fakes import FakeFlash, FakeHardware

ssids = st.binary(min_size=1, max_size=32)
keys = st.binary(max_size=64)
networks = st.builds(
    Network, ssids, keys, st.sampled_from([b"", b"\2\0\0\0\0\1"]), st.integers(0, 14), st.integers(0, 255)
)


class Store:
    """The store as the board's context uses it: the networks in memory, saved as a whole."""

    def __init__(self, flash):
        self.lines = []
        self.hardware = FakeHardware(flash=flash)
        self.networks = flash_store.load(self.hardware, self.lines.append)[0]

    def put(self, network, limit=5):
        others = [other for other in self.networks if other.ssid != network.ssid]
        self.networks = ([network] + others)[:limit]
        return flash_store.save(self.hardware, self.networks, self.lines.append)

    def forget(self):
        self.networks = []
        return flash_store.erase(self.hardware, self.lines.append)


def open_store(flash):
    store = Store(flash)
    return store, store.lines


def pairs(store):
    return [(network.ssid, network.key) for network in store.networks]


def test_the_checksum_is_the_published_one():
    assert crc16(b"123456789") == 0x29B1


@given(st.lists(networks, max_size=5), st.integers(0, 0xFFFF))
def test_what_is_encoded_is_decoded(saved, sequence):
    found, decoded = decode(encode(saved, sequence))
    assert found == sequence
    assert [vars(network) for network in decoded] == [vars(network) for network in saved]


@given(st.binary(max_size=300))
def test_garbage_is_refused_by_a_value_error(data):
    with pytest.raises(ValueError):
        decode(data)


def test_every_flipped_bit_is_noticed():
    data = encode([Network(b"Home", b"correct horse", b"\2\0\0\0\0\1", 6, 1)], 7)
    for bit in range(len(data) * 8):
        spoiled = bytearray(data)
        spoiled[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError):
            decode(bytes(spoiled))


def test_every_truncation_is_noticed():
    data = encode([Network(b"Home", b"correct horse")], 7)
    for length in range(len(data)):
        with pytest.raises(ValueError):
            decode(data[:length])


def test_a_well_checksummed_lie_about_lengths_is_refused():
    body = b"HP\1\0\1\1\xffab"
    crc = crc16(body)
    with pytest.raises(ValueError):
        decode(body + bytes((crc >> 8, crc & 255)))


def test_an_empty_flash_holds_no_networks_and_says_nothing():
    store, lines = open_store(FakeFlash())
    assert store.networks == [] and lines == []


def test_saved_networks_are_found_after_a_restart_the_latest_first():
    flash = FakeFlash()
    store, _ = open_store(flash)
    store.put(Network(b"Home", b"correct horse"))
    store.put(Network(b"Office", b"battery staple"))
    assert pairs(open_store(flash)[0]) == [(b"Office", b"battery staple"), (b"Home", b"correct horse")]


def test_a_new_key_replaces_the_old_one_of_the_same_name():
    flash = FakeFlash()
    store, _ = open_store(flash)
    store.put(Network(b"Home", b"old password"))
    store.put(Network(b"Home", b"new password"))
    assert pairs(open_store(flash)[0]) == [(b"Home", b"new password")]


def test_unchanged_data_is_not_written():
    flash = FakeFlash()
    store, _ = open_store(flash)
    store.put(Network(b"Home", b"correct horse"))
    before = flash.writes
    assert store.put(Network(b"Home", b"correct horse"))
    assert flash.writes == before


def test_a_changed_channel_of_a_known_network_is_written():
    flash = FakeFlash()
    store, _ = open_store(flash)
    network = Network(b"Home", b"correct horse")
    store.put(network)
    network.channel = 11
    store.put(network)
    assert open_store(flash)[0].networks[0].channel == 11


def test_a_failure_at_any_flash_operation_leaves_the_old_or_the_new_set():
    for n in range(1, 100):
        flash = FakeFlash()
        store, _ = open_store(flash)
        store.put(Network(b"Home", b"correct horse"))
        flash.fail_at = n
        worked = store.put(Network(b"Office", b"battery staple"))
        fired = flash.fail_at <= 0
        flash.fail_at = None
        found = pairs(open_store(flash)[0])
        assert found[-1] == (b"Home", b"correct horse")
        assert len(found) == (2 if worked else 1)
        if not fired:
            return
    raise AssertionError("the failure never stopped firing")


def test_a_full_flash_is_reported_and_the_network_still_known_until_power_goes():
    flash = FakeFlash()
    store, lines = open_store(flash)
    flash.fail_at = 1
    assert not store.put(Network(b"Home", b"correct horse"))
    assert pairs(store) == [(b"Home", b"correct horse")]
    assert any("could not be written" in line for line in lines)
    flash.fail_at = None
    assert store.put(Network(b"Home", b"correct horse"), 5)
    assert pairs(open_store(flash)[0]) == [(b"Home", b"correct horse")]


@pytest.mark.parametrize("slot", [0, 1])
@pytest.mark.parametrize("spoil", [lambda data: data[:-3], lambda data: b"\xff" * len(data), lambda data: b"x"])
def test_of_a_corrupt_slot_the_other_is_used_and_it_is_said(slot, spoil):
    flash = FakeFlash()
    store, _ = open_store(flash)
    store.put(Network(b"Home", b"correct horse"))
    store.put(Network(b"Office", b"battery staple"))
    flash.files[SLOTS[slot]] = spoil(flash.files[SLOTS[slot]])
    store, lines = open_store(flash)
    assert (b"Home", b"correct horse") in pairs(store)
    assert any(SLOTS[slot] in line for line in lines)


def test_no_secret_is_in_what_the_store_reports():
    flash = FakeFlash()
    store, _ = open_store(flash)
    store.put(Network(b"Home", b"correct horse"))
    for path in list(flash.files):
        flash.files[path] = flash.files[path][:-1]
    _, lines = open_store(flash)
    assert lines and not any("correct" in line for line in lines)


def test_a_corrupt_slot_is_kept_aside_before_it_is_written_again():
    flash = FakeFlash()
    flash.files[SLOTS[0]] = b"somebody may want to look at this"
    store, _ = open_store(flash)
    store.put(Network(b"Home", b"correct horse"))
    assert flash.files[SLOTS[0] + ".kept"] == b"somebody may want to look at this"
    assert pairs(open_store(flash)[0]) == [(b"Home", b"correct horse")]


def test_a_newer_version_is_kept_and_not_wiped():
    data = bytearray(encode([Network(b"Home", b"correct horse")], 1)[:-2])
    data[2] = 99
    crc = crc16(data)
    newer = bytes(data) + bytes((crc >> 8, crc & 255))
    flash = FakeFlash()
    flash.files[SLOTS[0]] = flash.files[SLOTS[1]] = newer
    store, lines = open_store(flash)
    assert store.networks == [] and any("newer" in line for line in lines)
    store.put(Network(b"Office", b"battery staple"))
    store.put(Network(b"Cafe", b"battery staple"))
    assert flash.files[SLOTS[0] + ".kept"] == flash.files[SLOTS[1] + ".kept"] == newer


def test_a_file_that_power_cut_left_empty_is_no_reason_to_worry_anybody():
    flash = FakeFlash()
    flash.files[SLOTS[0]] = b""
    store, lines = open_store(flash)
    assert store.networks == [] and lines == []


def test_the_sequence_number_may_wrap():
    flash = FakeFlash()
    flash.files[SLOTS[0]] = encode([Network(b"old", b"")], 0xFFFF)
    flash.files[SLOTS[1]] = encode([Network(b"new", b"")], 1)
    assert pairs(open_store(flash)[0]) == [(b"new", b"")]


def test_forgetting_leaves_no_secret_in_either_slot():
    flash = FakeFlash()
    store, _ = open_store(flash)
    store.put(Network(b"Home", b"correct horse"))
    store.put(Network(b"Office", b"battery staple"))
    assert store.forget()
    assert not any(b"horse" in data or b"staple" in data for data in flash.files.values())
    assert open_store(flash)[0].networks == []


def test_forgetting_removes_what_was_kept_aside_and_what_cannot_be_read():
    flash = FakeFlash()
    flash.files[SLOTS[0]] = encode([Network(b"Home", b"correct horse")], 7)[:-1]
    flash.files[SLOTS[1]] = encode([Network(b"Home", b"correct horse")], 8)[:-1]
    flash.files[SLOTS[0] + ".kept"] = b"correct horse"
    store, _ = open_store(flash)
    assert store.forget()
    assert not any(b"horse" in data for data in flash.files.values())


def test_many_changes_alternate_between_the_slots_past_the_wrap_of_the_sequence():
    flash = FakeFlash()
    flash.files[SLOTS[0]] = encode([Network(b"Home", b"start")], 0xFFFD)
    for number in range(9):
        store, lines = open_store(flash)
        assert store.put(Network(b"Home", b"key number %d" % number)) and lines == []
        assert pairs(open_store(flash)[0]) == [(b"Home", b"key number %d" % number)]


def test_forgetting_cut_at_any_operation_leaves_all_or_nothing():
    for n in range(1, 100):
        flash = FakeFlash()
        store, _ = open_store(flash)
        store.put(Network(b"Home", b"correct horse"))
        store.put(Network(b"Office", b"battery staple"))
        flash.fail_at = n
        store.forget()
        fired = flash.fail_at <= 0
        flash.fail_at = None
        assert len(open_store(flash)[0].networks) in (0, 2)
        if not fired:
            return
    raise AssertionError("the failure never stopped firing")

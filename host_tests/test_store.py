"""The store: what is saved is found again, whatever happens to the flash, values of a form beside the networks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device import store as flash_store
from device.context import Network
from device.entries import NUMBER_LIMIT_BYTES
from device.fields import NAME_LIMIT_BYTES
from device.settings import FIELDS_LIMIT, VALUES_LIMIT_BYTES
from device.store import SLOT_LIMIT_BYTES, SLOTS, crc16, decode, encode

from .fakes import FakeFlash, FakeHardware

ssids = st.binary(min_size=1, max_size=32)
keys = st.binary(max_size=64)
networks = st.builds(
    Network, ssids, keys, st.sampled_from([b"", b"\2\0\0\0\0\1"]), st.integers(0, 14), st.integers(0, 255)
)
values = st.dictionaries(st.binary(max_size=255), st.binary(max_size=255), max_size=9)


class Store:
    """The store as the board's context uses it: the networks in memory, saved as a whole."""

    def __init__(self, flash):
        self.lines = []
        self.hardware = FakeHardware(flash=flash)
        self.networks = flash_store.load(self.hardware, self.lines.append)[0]

    def put(self, network, limit=5, values=None):
        others = [other for other in self.networks if other.ssid != network.ssid]
        self.networks = ([network] + others)[:limit]
        return flash_store.save(self.hardware, self.networks, self.lines.append, values)

    @property
    def values(self):
        return flash_store.load(self.hardware, self.lines.append)[1]

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


@given(st.lists(networks, max_size=5), values, st.integers(0, 0xFFFF))
def test_what_is_encoded_is_decoded(saved, entered, sequence):
    found, decoded, entries = decode(encode(saved, entered, sequence))
    assert found == sequence and entries == entered
    assert [vars(network) for network in decoded] == [vars(network) for network in saved]


@given(values)
def test_the_same_values_are_the_same_bytes_whatever_their_order(entered):
    assert encode([], entered, 1) == encode([], dict(reversed(entered.items())), 1)


def with_checksum(body):
    crc = crc16(body)
    return bytes(body) + bytes((crc >> 8, crc & 255))


def version_1(saved, sequence):
    """A slot as the firmware wrote it that knew no values."""
    data = encode(saved, {}, sequence)
    return with_checksum(data[:2] + b"\1" + data[3:-3])  # without the count of values


@given(st.lists(networks, max_size=5), st.integers(1, 0xFFFF))
def test_a_slot_of_version_1_is_read(saved, sequence):
    found, decoded, entries = decode(version_1(saved, sequence))
    assert found == sequence and entries == {}
    assert [vars(network) for network in decoded] == [vars(network) for network in saved]


def test_the_bytes_of_version_1_are_those_that_lie_on_boards():
    wanted = b"HP\1\0\7\1\4Home\5horse\0\2\6\0" + bytes.fromhex("cbd5")  # written by that firmware
    assert version_1([Network(b"Home", b"horse", b"", 6)], 7) == wanted


def test_a_board_of_version_1_keeps_its_networks_and_gets_values_beside_them():
    flash = FakeFlash()
    flash.files[SLOTS[1]] = version_1([Network(b"Home", b"correct horse")], 41)
    store, lines = open_store(flash)
    assert pairs(store) == [(b"Home", b"correct horse")] and store.values == {} and lines == []
    store.put(Network(b"Office", b"battery staple"), values={b"server": b"10.0.0.1"})
    assert flash.files[SLOTS[1]][2] == 1 and flash.files[SLOTS[0]][2] == 2  # the old slot is still there
    again, lines = open_store(flash)
    assert pairs(again) == [(b"Office", b"battery staple"), (b"Home", b"correct horse")] and lines == []
    assert again.values == {b"server": b"10.0.0.1"}


def test_values_stay_when_only_a_network_is_saved():
    flash = FakeFlash()
    store, _ = open_store(flash)
    store.put(Network(b"Home", b"correct horse"), values={b"device": b"lamp"})
    store.put(Network(b"Office", b"battery staple"))
    assert open_store(flash)[0].values == {b"device": b"lamp"}


def test_unchanged_values_are_not_written():
    flash = FakeFlash()
    store, _ = open_store(flash)
    entered = {b"b": b"2", b"a": b"1"}
    store.put(Network(b"Home", b"correct horse"), values=entered)
    before = flash.writes
    store.put(Network(b"Home", b"correct horse"), values={b"a": b"1", b"b": b"2"})
    assert flash.writes == before
    store.put(Network(b"Home", b"correct horse"), values={b"a": b"1", b"b": b"3"})
    assert flash.writes == before + 1 and open_store(flash)[0].values[b"b"] == b"3"


def test_networks_and_values_change_together_or_not_at_all():
    old, new = {b"server": b"old"}, {b"server": b"new"}
    for n in range(1, 100):
        flash = FakeFlash()
        store, _ = open_store(flash)
        store.put(Network(b"Home", b"correct horse"), values=old)
        flash.fail_at = n
        store.put(Network(b"Office", b"battery staple"), values=new)
        fired = flash.fail_at <= 0
        flash.fail_at = None
        found = open_store(flash)[0]
        assert (len(pairs(found)), found.values) in ((1, old), (2, new))
        if not fired:
            assert found.values == new
            return
    raise AssertionError("the failure never stopped firing")


def test_forgetting_erases_values_from_both_slots():
    flash = FakeFlash()
    store, _ = open_store(flash)
    store.put(Network(b"Home", b"correct horse"), values={b"server": b"secret.example"})
    store.put(Network(b"Home", b"correct horse"), values={b"server": b"other.example"})
    assert store.forget() and store.values == {}
    assert not any(b"example" in data for data in flash.files.values())


def test_a_slot_that_holds_nothing_but_values_is_erased_as_well():
    flash = FakeFlash()
    flash.files[SLOTS[0]] = encode([], {b"server": b"secret.example"}, 7)
    flash.files[SLOTS[1]] = encode([], {}, 8)
    store, _ = open_store(flash)
    assert store.forget()
    assert not any(b"example" in data for data in flash.files.values())


def test_everything_at_its_longest_fits_a_slot():
    full = [Network(bytes([n]) * 32, b"k" * 64, b"\2\0\0\0\0\1", 13, 255) for n in range(1, 6)]
    sizes = [VALUES_LIMIT_BYTES - (FIELDS_LIMIT - 1) * NUMBER_LIMIT_BYTES] + [NUMBER_LIMIT_BYTES] * (FIELDS_LIMIT - 1)
    entered = {b"%d" % n * NAME_LIMIT_BYTES: b"v" * size for n, size in enumerate(sizes)}
    entered[b"device"] = b"d" * 32
    assert len(encode(full, entered, 1)) <= SLOT_LIMIT_BYTES
    flash = FakeFlash()
    store, _ = open_store(flash)
    assert flash_store.save(store.hardware, full, store.lines.append, entered)
    assert open_store(flash)[0].values == entered and len(open_store(flash)[0].networks) == 5


@given(st.binary(max_size=300))
def test_garbage_is_refused_by_a_value_error(data):
    with pytest.raises(ValueError):
        decode(data)


def test_every_flipped_bit_is_noticed():
    data = encode([Network(b"Home", b"correct horse", b"\2\0\0\0\0\1", 6, 1)], {b"device": b"lamp"}, 7)
    for bit in range(len(data) * 8):
        spoiled = bytearray(data)
        spoiled[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError):
            decode(bytes(spoiled))


def test_every_truncation_is_noticed():
    data = encode([Network(b"Home", b"correct horse")], {b"device": b"lamp"}, 7)
    for length in range(len(data)):
        with pytest.raises(ValueError):
            decode(data[:length])


@pytest.mark.parametrize(
    "body",
    [
        b"HP\1\0\1\1\xffab",
        b"HP\2\0\1\0\1\3abc",  # a value without its second field
        b"HP\2\0\1\0\2\1a\1b",  # one value less than said
        b"HP\2\0\1\0",  # no count of values
        b"HP\2\0\1\0\0more",
        b"HP\1\0\1\0more",
    ],
)
def test_a_well_checksummed_lie_about_lengths_is_refused(body):
    with pytest.raises(ValueError):
        decode(with_checksum(body))


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
    data = bytearray(encode([Network(b"Home", b"correct horse")], {}, 1)[:-2])
    data[2] = 99
    newer = with_checksum(data)
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
    flash.files[SLOTS[0]] = encode([Network(b"old", b"")], {}, 0xFFFF)
    flash.files[SLOTS[1]] = encode([Network(b"new", b"")], {}, 1)
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
    flash.files[SLOTS[0]] = encode([Network(b"Home", b"correct horse")], {}, 7)[:-1]
    flash.files[SLOTS[1]] = encode([Network(b"Home", b"correct horse")], {}, 8)[:-1]
    flash.files[SLOTS[0] + ".kept"] = b"correct horse"
    store, _ = open_store(flash)
    assert store.forget()
    assert not any(b"horse" in data for data in flash.files.values())


def test_many_changes_alternate_between_the_slots_past_the_wrap_of_the_sequence():
    flash = FakeFlash()
    flash.files[SLOTS[0]] = encode([Network(b"Home", b"start")], {}, 0xFFFD)
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

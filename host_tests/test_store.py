"""The store: what is saved is found again, whatever happens to the flash, values of a form beside the networks."""

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device import store as flash_store
from device.context import Network
from device.entries import NUMBER_LIMIT_BYTES
from device.fields import FIELDS_LIMIT, NAME_LIMIT_BYTES, VALUES_LIMIT_BYTES
from device.slots import SLOT_LIMIT_BYTES, SLOTS, crc16, decode, encode

from .fakes import FakeFlash, FakeHardware, PowerLost

FIELDS = ("ssid", "key", "bssid", "channel", "priority", "proven", "sighted", "neighbours")


def network(ssid, key=b"", **others):
    made = Network(ssid, key)
    for name, value in others.items():
        setattr(made, name, value)
    return made


def as_dict(network):
    return {name: getattr(network, name) for name in FIELDS}


ssids = st.binary(min_size=1, max_size=32)
keys = st.binary(max_size=64)
networks = st.builds(
    network,
    ssids,
    keys,
    bssid=st.sampled_from([b"", b"\2\0\0\0\0\1"]),
    channel=st.integers(0, 14),
    priority=st.integers(0, 255),
    proven=st.booleans(),
    sighted=st.booleans(),
    neighbours=st.sampled_from([b"", b"\1\2", b"12345678"]),
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
        return flash_store.forget_all(self.hardware, self.lines.append)


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
    assert [as_dict(network) for network in decoded] == [as_dict(network) for network in saved]


@given(values)
def test_the_same_values_are_the_same_bytes_whatever_their_order(entered):
    assert encode([], entered, 1) == encode([], dict(reversed(entered.items())), 1)


def with_checksum(body):
    crc = crc16(body)
    return bytes(body) + bytes((crc >> 8, crc & 255))


def older(version, saved, sequence, entered=None):
    """A slot as firmware wrote it that knew no values (version 1), or no proven networks (version 2)."""
    data = bytearray(b"HP") + bytes((version, sequence >> 8, sequence & 255, len(saved)))
    fields = [(n.ssid, n.key, n.bssid, bytes((n.channel, n.priority))) for n in saved]
    for field in [field for four in fields for field in four]:
        data += bytes((len(field),)) + field
    if version == 2:
        data.append(len(entered or {}))
        for field in [field for pair in sorted((entered or {}).items()) for field in pair]:
            data += bytes((len(field),)) + field
    return with_checksum(data)


@pytest.mark.parametrize("version", [1, 2])
@given(st.lists(networks, max_size=5), st.integers(1, 0xFFFF), values)
def test_a_slot_of_an_older_version_is_read_and_its_networks_count_as_proven(version, saved, sequence, entered):
    found, decoded, entries = decode(older(version, saved, sequence, entered))
    assert found == sequence and entries == (entered if version == 2 else {})
    for network in saved:
        network.proven, network.sighted, network.neighbours = True, False, b""
    assert [as_dict(network) for network in decoded] == [as_dict(network) for network in saved]


def test_the_bytes_of_version_1_are_those_that_lie_on_boards():
    wanted = b"HP\1\0\7\1\4Home\5horse\0\2\6\0" + bytes.fromhex("cbd5")  # written by that firmware
    assert older(1, [network(b"Home", b"horse", channel=6)], 7) == wanted


def test_a_board_of_version_1_keeps_its_networks_and_gets_values_beside_them():
    flash = FakeFlash()
    flash.files[SLOTS[1]] = older(1, [Network(b"Home", b"correct horse")], 41)
    store, lines = open_store(flash)
    assert pairs(store) == [(b"Home", b"correct horse")] and store.values == {} and lines == []
    store.put(Network(b"Office", b"battery staple"), values={b"server": b"10.0.0.1"})
    assert flash.files[SLOTS[1]][2] == 1 and flash.files[SLOTS[0]][2] == 3  # the old slot is still there
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
    longest = dict(bssid=b"\2\0\0\0\0\1", channel=13, priority=255, proven=True, sighted=True, neighbours=b"12345678")
    full = [network(bytes([n]) * 32, b"k" * 64, **longest) for n in range(1, 7)]
    sizes = [VALUES_LIMIT_BYTES - (FIELDS_LIMIT - 1) * NUMBER_LIMIT_BYTES] + [NUMBER_LIMIT_BYTES] * (FIELDS_LIMIT - 1)
    entered = {b"%d" % n * NAME_LIMIT_BYTES: b"v" * size for n, size in enumerate(sizes)}
    entered[b"device"] = b"d" * 32
    assert len(encode(full, entered, 1)) <= SLOT_LIMIT_BYTES
    flash = FakeFlash()
    store, _ = open_store(flash)
    assert flash_store.save(store.hardware, full, store.lines.append, entered)
    assert open_store(flash)[0].values == entered and len(open_store(flash)[0].networks) == 6


@given(st.binary(max_size=300))
def test_garbage_is_refused_by_a_value_error(data):
    with pytest.raises(ValueError):
        decode(data)


def test_every_flipped_bit_is_noticed():
    data = encode([network(b"Home", b"correct horse", channel=6, priority=1, proven=True)], {b"device": b"lamp"}, 7)
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


# What is tried first, what gives way, what comes back


class Keeper:
    """As much of a board's context as the store needs, on a flash of its own."""

    attempt = None

    def __init__(self, flash=None):
        self.hardware = FakeHardware(flash=flash)
        self.lines = []
        self.report = self.lines.append
        self.networks = flash_store.load(self.hardware, self.report)[0]
        self.saved = True

    @property
    def flash(self):
        return self.hardware.flash

    def add(self, ssid, key=b"correct horse", **others):
        flash_store.add(self, network(ssid, key, **others))
        return self.networks[0]

    def prove(self, found=None):
        flash_store.prove(self, found or self.networks[0])

    def have(self, *names):
        """Proven networks of these names, the first of them in front."""
        for ssid in reversed(names):
            self.add(ssid)
            self.prove()
        return self

    def found(self):
        """(name, key, proven) of what a restart finds; it is what this board goes by as well."""
        again = Keeper(self.flash)
        assert [as_dict(other) for other in again.networks] == [as_dict(other) for other in self.networks]
        return [(other.ssid, other.key, other.proven) for other in again.networks]


def names_of(keeper):
    return [ssid for ssid, _, _ in keeper.found()]


def test_a_network_is_proven_once_it_has_held():
    keeper = Keeper()
    keeper.add(b"Home", b"correct horse")
    assert keeper.found() == [(b"Home", b"correct horse", False)]
    keeper.prove()
    assert keeper.found() == [(b"Home", b"correct horse", True)]


def test_a_new_network_goes_first_and_what_holds_goes_first():
    keeper = Keeper().have(b"Home", b"Office")
    keeper.add(b"Cafe")
    assert names_of(keeper) == [b"Cafe", b"Home", b"Office"]
    keeper.prove(keeper.networks[2])
    assert names_of(keeper) == [b"Office", b"Cafe", b"Home"]


def test_a_new_key_leaves_the_proven_one_right_behind_it_until_it_has_held():
    keeper = Keeper().have(b"Office", b"Home")
    keeper.add(b"Home", b"new key")
    both = [(b"Home", b"new key", False), (b"Home", b"correct horse", True)]
    assert keeper.found() == both + [(b"Office", b"correct horse", True)]
    keeper.prove()
    assert keeper.found() == [(b"Home", b"new key", True), (b"Office", b"correct horse", True)]


def test_the_old_key_that_holds_again_sends_the_new_one_away():
    keeper = Keeper().have(b"Home", b"Office")
    keeper.add(b"Home", b"new key")
    keeper.prove(keeper.networks[1])
    assert keeper.found() == [(b"Home", b"correct horse", True), (b"Office", b"correct horse", True)]


def test_a_third_key_takes_the_place_of_the_second_that_never_held_and_the_proven_one_stays():
    keeper = Keeper().have(b"Home")
    keeper.add(b"Home", b"second key")
    keeper.add(b"Home", b"third key")
    assert keeper.found() == [(b"Home", b"third key", False), (b"Home", b"correct horse", True)]


def test_of_keys_that_never_held_the_one_before_stays():
    keeper = Keeper()
    for key in (b"first key", b"second key", b"third key"):
        keeper.add(b"Home", key)
    assert keeper.found() == [(b"Home", b"third key", False), (b"Home", b"second key", False)]


def test_the_same_network_with_the_same_key_stays_proven_and_keeps_what_is_known_of_it():
    keeper = Keeper().have(b"Home", b"Office")
    known = dict(sighted=True, neighbours=b"\1\2\3\4", priority=7)
    for name, value in known.items():
        setattr(keeper.networks[0], name, value)
    keeper.add(b"Home", channel=11)
    assert keeper.found()[0] == (b"Home", b"correct horse", True) and len(keeper.networks) == 2
    assert {name: getattr(keeper.networks[0], name) for name in known} == known and keeper.networks[0].channel == 11


def test_a_new_key_keeps_what_is_known_of_the_name_but_what_is_newer():
    keeper = Keeper()
    keeper.add(b"Home", sighted=True, neighbours=b"\1\2", priority=3)
    found = keeper.add(b"Home", b"new key", neighbours=b"\3\4")
    assert (found.sighted, found.neighbours, found.priority, found.proven) == (True, b"\3\4", 3, False)


def test_the_first_key_entered_again_is_proven_and_the_one_between_goes_when_it_has_held():
    keeper = Keeper().have(b"Home")
    keeper.add(b"Home", b"new key")
    keeper.add(b"Home", b"correct horse")
    assert keeper.found() == [(b"Home", b"correct horse", True), (b"Home", b"new key", False)]
    keeper.prove()
    assert keeper.found() == [(b"Home", b"correct horse", True)]


FIVE = (b"net1", b"net2", b"net3", b"net4", b"net5")


def test_no_proven_network_gives_way_to_one_that_is_not():
    keeper = Keeper().have(*FIVE)
    keeper.add(b"New")
    assert names_of(keeper) == [b"New", *FIVE]
    keeper.add(b"Newer")
    assert names_of(keeper) == [b"Newer", *FIVE]


def test_of_the_proven_ones_the_last_gives_way_to_a_sixth():
    keeper = Keeper().have(*FIVE)
    keeper.add(b"New")
    keeper.prove()
    assert names_of(keeper) == [b"New", *FIVE[:4]]
    assert all(proven for _, _, proven in keeper.found())


def test_the_old_key_is_not_what_gives_way():
    keeper = Keeper().have(*FIVE)
    keeper.add(b"net5", b"new key")
    assert [(ssid, key) for ssid, key, _ in keeper.found()][:2] == [(b"net5", b"new key"), (b"net5", b"correct horse")]
    assert names_of(keeper)[1:] == [b"net5", *FIVE[:4]]


@settings(deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 7), st.integers(0, 2)), max_size=40))
def test_whatever_is_added_and_proven_the_places_suffice_and_nothing_proven_is_lost_without_need(story):
    keeper = Keeper()
    for is_added, number, key in story:
        before = proven_of(keeper)
        if is_added or not keeper.networks:
            ssid, key = b"net%d" % number, b"key number %d" % key
            keeper.add(ssid, key)
            assert (keeper.networks[0].ssid, keeper.networks[0].key) == (ssid, key)
            assert proven_of(keeper) == before
        else:
            held = keeper.networks[number % len(keeper.networks)]
            keeper.prove(held)
            assert keeper.networks[0] is held and [n.ssid for n in keeper.networks].count(held.ssid) == 1
            kept = {pair for pair in before if pair[0] != held.ssid}
            lost = kept - proven_of(keeper)
            assert proven_of(keeper) == kept - lost | {(held.ssid, held.key)} and len(lost) == (len(kept) == 5)
        found = keeper.found()
        assert len(found) <= 6 and len(proven_of(keeper)) <= 5
        assert all([n[0] for n in found].count(ssid) <= 2 for ssid, _, _ in found)


def proven_of(keeper):
    return {(found.ssid, found.key) for found in keeper.networks if found.proven}


# Wear


def test_what_becomes_of_a_network_costs_these_writes_and_no_more():
    keeper = Keeper()

    def cost(act, *arguments):
        before = keeper.flash.writes
        act(*arguments)
        return keeper.flash.writes - before

    assert cost(keeper.add, b"Home") == 1  # the first provisioning
    assert cost(keeper.prove) == 1  # it has held
    assert cost(keeper.prove) == 0
    assert cost(keeper.add, b"Home") == 0  # the same once more
    assert cost(keeper.add, b"Home", b"new key") == 1
    assert cost(keeper.prove) == 1
    assert cost(keeper.add, b"Office") == 1
    assert cost(keeper.prove) == 1
    assert cost(keeper.prove) == 0
    assert cost(flash_store.forget_all, keeper.hardware, keeper.report) == 2  # both slots
    assert cost(flash_store.forget_all, keeper.hardware, keeper.report) == 0


@pytest.mark.parametrize("version", [1, 2])
def test_an_older_version_stays_until_something_changes(version):
    flash = FakeFlash()
    flash.files[SLOTS[0]] = older(version, [network(b"Home", b"correct horse", channel=6)], 7)
    keeper = Keeper(flash)
    keeper.prove()
    assert flash.operations == 0 and flash.files[SLOTS[0]][2] == version
    keeper.networks[0].channel = 11
    keeper.prove()
    assert flash.files[SLOTS[1]][2] == 3 and flash.writes == 1
    assert keeper.found() == [(b"Home", b"correct horse", True)] and keeper.networks[0].channel == 11


# Failures at every operation


STORIES = {
    "first": (lambda keeper: None, lambda keeper: keeper.add(b"Home")),
    "stable": (lambda keeper: keeper.add(b"Home"), lambda keeper: keeper.prove()),
    "another": (lambda keeper: keeper.have(b"Home"), lambda keeper: keeper.add(b"Office")),
    "password": (lambda keeper: keeper.have(b"Home"), lambda keeper: keeper.add(b"Home", b"new key")),
    "forget": (
        lambda keeper: keeper.have(b"Home", b"Office"),
        lambda keeper: flash_store.forget_all(keeper.hardware, keeper.report),
    ),
    "version 1": (
        lambda keeper: keeper.flash.files.update({SLOTS[0]: older(1, [Network(b"Home", b"correct horse")], 7)}),
        lambda keeper: keeper.add(b"Office"),
    ),
    "version 2": (
        lambda keeper: keeper.flash.files.update({SLOTS[1]: older(2, [Network(b"Home", b"correct horse")], 7)}),
        lambda keeper: keeper.add(b"Office"),
    ),
    "a newer version in the way": (
        lambda keeper: keeper.flash.files.update({SLOTS[0]: with_checksum(b"HP\x63\0\1\0")}),
        lambda keeper: keeper.add(b"Home"),
    ),
}


def on_flash(flash):
    return [(found.ssid, found.key, found.proven) for found in Keeper(flash).networks]


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("error", [PowerLost(), OSError(28), OSError(30), OSError(5)], ids=repr)
def test_a_failure_at_any_operation_leaves_the_old_or_the_new_set_and_what_comes_then_works(story, error):
    before, act = STORIES[story]
    fired = True
    for n in range(1, 100):
        before(Keeper(flash := FakeFlash()))
        old = on_flash(flash)
        keeper = Keeper(flash)
        flash.error, flash.fail_at = error, n
        try:
            act(keeper)
            fired = flash.fail_at <= 0
        except PowerLost:
            fired = True
        flash.fail_at = None
        found = on_flash(flash)
        if not fired:
            assert found != old and n > 2
            return
        if found != old:
            assert found == ([] if story == "forget" else [(n.ssid, n.key, n.proven) for n in keeper.networks]), n
        act(again := Keeper(flash))
        if story != "forget":
            again.found()
        else:
            assert on_flash(flash) == []
            assert not any(b"horse" in data for data in flash.files.values())
    raise AssertionError("the failure never stopped firing")


@pytest.mark.parametrize("state", ["full", "read_only"])
def test_a_flash_that_takes_nothing_is_reported_and_what_a_person_entered_works_until_power_goes(state):
    keeper = Keeper().have(b"Home")
    setattr(keeper.flash, state, True)
    keeper.add(b"Office")
    assert not keeper.saved and len(keeper.lines) == 1 and "could not be written" in keeper.lines[0]
    assert [found.ssid for found in keeper.networks] == [b"Office", b"Home"] and on_flash(keeper.flash)[0][0] == b"Home"
    setattr(keeper.flash, state, False)
    keeper.prove()  # a minute later there is room again
    assert keeper.saved and names_of(keeper) == [b"Office", b"Home"]


# Files that are not what they should be


def test_a_truncation_of_either_slot_at_any_byte_leaves_the_other_one():
    keeper = Keeper().have(b"Office", b"Home")
    old, new = sorted(SLOTS, key=lambda path: keeper.flash.files[path][4])
    for path, rest in ((old, [b"Office", b"Home"]), (new, [b"Office", b"Home"])):
        whole = keeper.flash.files[path]
        for length in range(1, len(whole)):
            keeper.flash.files[path] = whole[:length]
            again = Keeper(keeper.flash)
            assert sorted(found.ssid for found in again.networks) == sorted(rest) and len(again.lines) == 1, length
        keeper.flash.files[path] = whole


def test_a_slot_that_is_too_long_is_not_read_as_a_whole_and_kept_aside():
    flash = FakeFlash()
    flash.files[SLOTS[0]] = b"HP\3" + b"\0" * 100_000
    asked = []

    class Watched(io.BytesIO):
        def read(self, size):
            asked.append(size)
            return super().read(size)

    keeper = Keeper(flash)
    keeper.hardware.open = lambda path, mode: (
        Watched(flash.open(path, mode).getvalue()) if "r" in mode else flash.open(path, mode)
    )
    assert flash_store.load(keeper.hardware, keeper.report)[0] == [] and max(asked) <= SLOT_LIMIT_BYTES
    keeper.add(b"Home")
    assert keeper.saved and len(flash.files[SLOTS[0] + ".kept"]) > 100_000


@pytest.mark.parametrize("slot", [0, 1])
def test_a_folder_in_the_place_of_a_slot_is_moved_aside(slot):
    flash = FakeFlash()
    folders = {SLOTS[slot]}

    def opened(path, mode):
        if path in folders:
            raise OSError(21)
        return flash.open(path, mode)

    def renamed(old, new):
        folders.remove(old)
        folders.add(new)

    for ssid in (b"Home", b"Office", b"Cafe"):
        keeper = Keeper(flash)
        keeper.hardware.open, keeper.hardware.rename = opened, renamed
        keeper.networks = flash_store.load(keeper.hardware, keeper.report)[0]
        assert keeper.lines == [] or "no file" in keeper.lines[0]
        keeper.add(ssid)
        assert keeper.saved
    assert names_of(keeper) == [b"Cafe", b"Office", b"Home"] and folders == {SLOTS[slot] + ".kept"}

"""The history of attempts: what is noted is found again, bounded, with little wear, and never in anybody's way."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device import history, store
from device.clock import Clock
from device.history import ENTRIES_LIMIT, INTERVAL_S, LIMIT_BYTES, PATH, REASONS
from device.slots import crc16

from .fakes import FakeFlash, FakeHardware, PowerLost
from .scene import HOME, Scene

HOUR_S = 3600
INTERVAL_H = INTERVAL_S // HOUR_S


class Start:
    """One start of a board that does nothing but take notes: as much of a context as history.py needs."""

    def __init__(self, flash=None):
        self.hardware = FakeHardware(flash=flash)
        self.clock = Clock(self.hardware.ticks_ms, self.hardware.sleep_ms)
        self.history = None
        self.lines = []
        self.report = self.lines.append

    def note(self, ssid=b"Home", reason=b"not_found", rssi=-60):
        history.note(self, ssid, reason, rssi)

    def wait(self, seconds):
        for _ in range(int(seconds * 1000) // (1 << 29) + 1):  # as the engine, which looks at the clock all the time
            self.hardware.sleep_ms(min(int(seconds * 1000), 1 << 29))
            self.clock.now()

    def outage(self):
        """A link is lost, two attempts fail, then it is there again."""
        self.note(b"Home", b"link_lost", -70)
        self.note()
        self.note()
        self.note(b"Home", b"connected", -70)

    @property
    def entries(self):
        return history.entries(self)

    @property
    def story(self):
        return [(ssid, reason, count) for ssid, reason, _, _, count in self.entries]

    @property
    def flash(self):
        return self.hardware.flash

    def start_again(self):
        return Start(self.flash)


def with_checksum(data):
    crc = crc16(data)
    return bytes(data) + bytes((crc >> 8, crc & 255))


def test_a_board_that_has_tried_nothing_has_no_history():
    start = Start()
    assert start.entries == [] and start.flash.operations == 0 and start.lines == []


def test_an_entry_says_which_network_why_how_strong_how_long_ago_and_how_often():
    start = Start()
    start.note(b"Home", b"wrong_password", -61)
    start.wait(90)
    assert start.entries == [(b"Home", b"wrong_password", -61, 90, 1)]


def test_the_newest_comes_first():
    start = Start()
    start.outage()
    assert start.story == [(b"Home", b"connected", 1), (b"Home", b"not_found", 2), (b"Home", b"link_lost", 1)]


def test_a_reason_may_be_text_and_an_unknown_one_is_said_to_be_another():
    start = Start()
    start.note(b"Home", "timeout")
    start.note(b"Home", b"struck by lightning")
    assert start.story == [(b"Home", b"other", 1), (b"Home", b"timeout", 1)]


@pytest.mark.parametrize("rssi", [None, 0, 31, -129])
def test_a_strength_that_cannot_be_is_unknown(rssi):
    start = Start()
    start.note(rssi=rssi)
    assert start.entries[0][2] is None


def test_equal_attempts_in_a_row_become_one_with_a_count_and_the_last_ones_time():
    start = Start()
    for _ in range(5):
        start.note(rssi=-60)
        start.wait(10)
    start.note(rssi=-75)
    assert start.entries == [(b"Home", b"not_found", -75, 0, 6)]


def test_two_networks_that_fail_in_turns_do_not_push_everything_else_out():
    start = Start()
    start.note(b"Home", b"link_lost")
    for _ in range(50):
        start.note(b"Home")
        start.note(b"Office")
    assert start.story == [(b"Office", b"not_found", 50), (b"Home", b"not_found", 50), (b"Home", b"link_lost", 1)]


def test_another_outage_is_another_entry():
    start = Start()
    start.outage()
    start.outage()
    assert start.story == 2 * [(b"Home", b"connected", 1), (b"Home", b"not_found", 2), (b"Home", b"link_lost", 1)]


def test_a_network_whose_name_begins_like_another_ones_is_another():
    start = Start()
    start.note(b"Home")
    start.note(b"Home\2")
    start.note(b"Hom")
    assert [count for _, _, count in start.story] == [1, 1, 1]


def test_only_the_last_eight_are_kept():
    start = Start()
    for number in range(20):
        start.note(b"net%d" % number)
    assert [ssid for ssid, _, _ in start.story] == [b"net%d" % number for number in range(19, 11, -1)]


def test_a_count_stays_at_its_limit(monkeypatch):
    monkeypatch.setattr(history, "COUNT_LIMIT", 5)
    start = Start()
    for _ in range(9):
        start.note()
    assert start.story == [(b"Home", b"not_found", 5)]


def test_the_clock_may_run_for_years():
    start = Start()
    start.wait(20 * 365 * 24 * HOUR_S)
    start.note()
    start.wait(HOUR_S)
    assert start.entries[0][3] == HOUR_S


# Across restarts


def test_what_was_written_is_found_after_a_restart_and_known_to_be_older():
    start = Start()
    start.note(b"Home", b"wrong_password", -61)
    start.wait(90)
    again = start.start_again()
    assert again.entries == [(b"Home", b"wrong_password", -61, None, 1)]
    again.note(b"Office", b"timeout", -80)
    again.wait(5)
    assert again.entries == [(b"Office", b"timeout", -80, 5, 1), (b"Home", b"wrong_password", -61, None, 1)]
    assert [entry[3] for entry in again.start_again().entries] == [None, None]


def test_reading_leaves_nothing_in_memory():
    start = Start()
    start.note()
    again = start.start_again()
    assert again.entries and again.history is None


def test_an_entry_that_is_repeated_after_a_restart_is_counted_on_and_no_longer_old():
    start = Start()
    start.note(b"Office")
    start.note(b"Home")
    again = start.start_again()
    again.note(b"Office")
    assert [entry[3:] for entry in again.entries] == [(0, 2), (None, 1)]
    again.note(b"Office")
    assert [entry[3:] for entry in again.entries] == [(0, 3), (None, 1)]


def test_a_restart_by_the_firmware_loses_nothing_new():
    start = Start()
    for number in range(10):
        start.note(b"net%d" % number)
    history.flush(start)
    assert [ssid for ssid, _, _ in start.start_again().story] == [b"net%d" % number for number in range(9, 1, -1)]


def test_flushing_writes_nothing_if_there_is_nothing_new():
    start = Start()
    history.flush(start)
    start.note()
    before = start.flash.operations
    history.flush(start)
    start.note()  # once more the same
    history.flush(start)
    assert start.flash.operations == before


names = st.binary(min_size=1, max_size=32)


@settings(deadline=None)
@given(st.lists(st.tuples(names, st.sampled_from(REASONS), st.integers(-128, -1)), max_size=40))
def test_whatever_is_noted_the_file_stays_bounded_and_a_restart_finds_what_was_flushed(notes):
    start = Start()
    for ssid, reason, rssi in notes:
        start.note(ssid, reason, rssi)
    history.flush(start)
    data = start.flash.files.get(PATH, b"")
    assert len(data) <= LIMIT_BYTES and len(start.entries) <= ENTRIES_LIMIT
    found = start.start_again()
    # A repetition moves to the front, and may do so in memory only.
    assert {entry[:2] for entry in found.entries} == {entry[:2] for entry in start.entries} and found.lines == []


def test_the_longest_history_is_exactly_at_its_limit():
    start = Start()
    for number in range(ENTRIES_LIMIT):
        start.note(bytes([65 + number]) * 32)
    history.flush(start)
    assert len(start.flash.files[PATH]) == LIMIT_BYTES
    assert len(start.start_again().entries) == ENTRIES_LIMIT


def test_a_name_that_is_too_long_is_cut():
    start = Start()
    start.note(b"x" * 255)
    assert start.entries[0][0] == b"x" * 32


# Wear


def writes_of(start):
    return start.flash.writes


def test_after_a_start_three_new_entries_are_written_at_once_and_then_one_in_six_hours():
    start = Start()
    for number in range(10):
        start.note(b"net%d" % number)
    assert writes_of(start) == 3
    start.wait(INTERVAL_S - 10)
    start.note(b"later")
    assert writes_of(start) == 3
    start.wait(10)
    start.note(b"in time")
    start.note(b"next")
    assert writes_of(start) == 4


def test_a_mere_repetition_waits_for_six_hours_after_a_start_and_after_a_write():
    start = Start()
    start.note()
    again = start.start_again()
    for _ in range(13 * 60):
        again.note()
        again.wait(60)
    assert writes_of(again) == 1 + 13 // INTERVAL_H
    assert again.start_again().entries[0][4] == 1 + 12 * 60 + 1


def test_a_board_that_is_switched_on_every_hour_and_joins_writes_nothing():
    start = Start()
    start.note(b"Home", b"connected", -50)
    for _ in range(100):
        start = start.start_again()
        start.note(b"Home", b"connected", -50)
        start.wait(HOUR_S)
    assert writes_of(start) == 1


def test_a_month_of_hourly_outages_is_written_once_in_six_hours():
    start = Start()
    start.note(b"Home", b"connected", -50)
    for _ in range(30 * 24):
        start.wait(HOUR_S)
        start.outage()
    assert writes_of(start) <= 30 * 24 // INTERVAL_H + 3


def test_a_board_whose_program_crashes_again_and_again_writes_its_history_once():
    start = Start()
    for _ in range(50):
        start.note(b"Home", b"connected", -50)
        history.flush(start)
        start = start.start_again()
    assert writes_of(start) == 1


# A flash that is not as it should be


def noted():
    start = Start()
    start.note(b"Home", b"wrong_password", -61)
    start.note(b"Office", b"timeout", -80)
    return start


def use_in_spite_of(data):
    """A start on a flash whose file is `data`: nothing is lost but the history. Returns what was reported."""
    start = noted()
    store.save(start.hardware, [], start.report, {b"device": b"lamp"})
    start.flash.files[PATH] = data
    again = start.start_again()
    assert again.entries == []
    again.note(b"New")
    assert again.story == [(b"New", b"not_found", 1)] == again.start_again().story
    assert store.load(again.hardware, again.report)[1] == {b"device": b"lamp"}
    return again.lines


def test_a_file_cut_at_any_byte_is_reported_once_and_started_anew():
    data = noted().flash.files[PATH]
    for length in range(1, len(data)):
        lines = use_in_spite_of(data[:length])
        assert len(lines) == 1 and lines[0].startswith("history: /history is started anew: "), length


def test_a_file_that_power_cut_left_empty_is_no_reason_to_worry_anybody():
    assert use_in_spite_of(b"") == []


def test_every_flipped_bit_is_noticed():
    data = noted().flash.files[PATH]
    for bit in range(len(data) * 8):
        spoiled = bytearray(data)
        spoiled[bit // 8] ^= 1 << bit % 8
        assert len(use_in_spite_of(bytes(spoiled))) == 1, bit


def test_a_file_of_a_newer_version_is_started_anew():
    newer = bytearray(noted().flash.files[PATH][:-2])
    newer[2] += 1
    assert "newer" in use_in_spite_of(with_checksum(newer))[0]


def test_a_file_that_is_too_long_is_started_anew_even_if_its_checksum_is_right():
    header = noted().flash.files[PATH][:9]
    entry = b"\x20" + b"x" * 32 + b"\3\0\1\0\0\0\0\0"
    assert len(use_in_spite_of(with_checksum(header + 9 * entry))) == 1
    assert len(use_in_spite_of(b"\0" * 100_000)) == 1


@pytest.mark.parametrize("rest", [b"\xff", b"\4Home\2", b"\0\0\0\0\0\0\0\0\0" * 9])
def test_a_well_checksummed_lie_about_lengths_is_refused(rest):
    assert len(use_in_spite_of(with_checksum(noted().flash.files[PATH][:9] + rest))) == 1


def test_a_reason_of_a_well_checksummed_file_that_is_none_is_said_to_be_another():
    start = noted()
    start.flash.files[PATH] = with_checksum(start.flash.files[PATH][:9] + b"\4Home\xff\xc4\1\0\0\0\0\0")
    assert start.start_again().entries == [(b"Home", b"other", -60, None, 1)]


@pytest.mark.parametrize("number", [28, 30, 5, 21])
def test_a_flash_that_takes_nothing_is_reported_now_and_then_and_the_history_stays_in_memory(number):
    start = Start()
    start.flash.error = OSError(number)
    start.flash.fail_at = 1
    for _ in range(24):
        start.outage()
        start.wait(HOUR_S)
    assert start.story[0] == (b"Home", b"connected", 1)
    assert 0 < len(start.lines) <= 24 // INTERVAL_H + 3
    assert all("could not be written" in line for line in start.lines)
    start.flash.fail_at = None
    history.flush(start)
    assert start.start_again().story == start.story


def test_a_file_that_cannot_be_read_is_reported_once(monkeypatch):
    start = noted().start_again()

    def refuse(path, mode):
        raise OSError(21)

    start.hardware.open = refuse
    assert start.entries == [] and start.entries == [] and len(start.lines) == 1
    start.note()
    assert start.story == [(b"Home", b"not_found", 1)]


def test_power_lost_at_any_operation_leaves_the_old_or_the_new_history():
    for n in range(1, 100):
        start = noted()
        old = start.story
        start.flash.error, start.flash.fail_at = PowerLost(), n
        try:
            start.note(b"New")
            fired = False
        except PowerLost:
            fired = True
        start.flash.restart()
        again = start.start_again()
        assert again.story in (old, [(b"New", b"not_found", 1)] + old) and again.lines == []
        if not fired:
            assert n > 3
            return
    raise AssertionError("the cut never stopped firing")


def test_no_memory_for_the_history_is_no_reason_to_stop(monkeypatch):
    start = Start()

    class NoMemory:
        def now(self):
            raise MemoryError

    start.clock = NoMemory()
    start.note()
    assert start.lines == ["history: there is no memory for it"]


# With the rest of the firmware


def test_forgetting_erases_the_history_for_it_names_networks():
    scene = Scene(HOME, saved=[(b"Home", HOME.key)])
    history.note(scene.context, b"Home", b"connected", -50)
    assert PATH in scene.hardware.flash.files
    assert store.forget_all(scene.hardware, scene.lines.append)
    assert PATH not in scene.hardware.flash.files


def test_a_history_that_cannot_be_erased_is_reported():
    start = noted()
    start.flash.read_only = True
    assert not store.forget_all(start.hardware, start.report)
    assert any(PATH in line for line in start.lines)


def test_the_store_removes_the_file_that_the_history_writes():
    assert store.HISTORY == PATH
    assert FakeFlash().files == {}

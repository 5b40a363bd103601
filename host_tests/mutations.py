"""One-line sabotages of the firmware: each must turn the test red that is there to notice it.

`make mutations`, or python -m host_tests.mutations [--sample N] [word ...] for those whose description has a word of
them. Nothing of this tree is changed: workers sabotage copies of it. A sabotage is at fault if the text that it
replaces is not there exactly once, if its test passes all the same, or if that is red for another reason than what the
code does.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

ROOT = Path(__file__).parent.parent
COPIED = ("device", "host", "host_tests", "docs", "pyproject.toml", "Makefile", "README.md")
WORKERS = 2
TEST_LIMIT_S = 60
NAMES = "behaviour store portal bad_radio policy_cases gestures history outages crashes watchdog own_pages second_look"
BEHAVIOUR, STORE, PORTAL, BAD_RADIO, CASES, GESTURES, HISTORY, OUTAGES, CRASHES, WATCHDOG, PAGES, SECOND = (
    f"host_tests/test_{name}.py" for name in NAMES.split()
)
# A test that ends with one of these says nothing of what the firmware does: the sabotage was clumsy.
CLUMSY = ("SyntaxError", "IndentationError", "ImportError", "ModuleNotFoundError", "NameError", "fixture")
RED, GREEN = 1, 0  # exit codes of pytest


class Sabotage(NamedTuple):
    """`old` is in the file `path` once; with `new` in its place the test `test` fails."""

    what: str
    path: str
    old: str
    new: str
    test: str


SABOTAGES = (
    Sabotage(
        "a row of the table is gone",
        "device/table.py",
        '    ("fallback", "got_ip", "connected"),\n',
        "",
        f"{BEHAVIOUR}::test_the_board_comes_back_from_fallback_by_itself_and_closes_its_portal",
    ),
    Sabotage(
        "a failed attempt forgets what is saved",
        "device/states/connecting.py",
        '        attempt.outcome = "failed"',
        '        context.networks, attempt.outcome = [], "failed"',
        f"{BEHAVIOUR}::test_a_wrong_password_leaves_working_credentials_alone",
    ),
    Sabotage(
        "the checksum is not looked at",
        "device/slots.py",
        "if crc16(data):",
        "if not data:",
        f"{STORE}::test_every_flipped_bit_is_noticed",
    ),
    Sabotage(
        "the same data are written again",
        "device/store.py",
        "if data == encode(found, stored, sequence % 0xFFFF + 1):",
        "if data is None:",
        f"{STORE}::test_unchanged_data_is_not_written",
    ),
    Sabotage(
        "the slot that holds the credentials is written over",
        "device/store.py",
        "slot = 1 - current",
        "slot = current",
        f"{STORE}::test_of_a_corrupt_slot_the_other_is_used_and_it_is_said",
    ),
    Sabotage(
        "a newer version's data are written over",
        "device/store.py",
        "if slot in unreadable:",
        "if not unreadable and slot in unreadable:",
        f"{STORE}::test_a_newer_version_is_kept_and_not_wiped",
    ),
    Sabotage(
        "the order of slots does not survive the wrap of their numbers",
        "device/slots.py",
        "(sequence - newest) & 0xFFFF < 0x8000",
        "sequence > newest",
        f"{STORE}::test_the_sequence_number_may_wrap",
    ),
    Sabotage(
        "the clock does not survive the wrap of the counter",
        "device/clock.py",
        "self._elapsed += (ticks - self._last) & TICKS_MASK",
        "self._elapsed += ticks - self._last",
        f"{BEHAVIOUR}::test_the_router_may_take_five_minutes_after_a_power_cut",
    ),
    Sabotage(
        "an attempt that hangs never ends",
        "device/net/join.py",
        "if now >= self._deadline:",
        "if now < 0:",
        f"{BEHAVIOUR}::test_a_failed_attempt_is_explained_and_nothing_is_saved",
    ),
    Sabotage(
        "a guess is told as certain",
        "device/net/join.py",
        'return self._failed(b"wrong_password", True)',
        'return self._failed(b"wrong_password")',
        f"{BEHAVIOUR}::test_a_failed_attempt_is_explained_and_nothing_is_saved",
    ),
    Sabotage(
        "a success is claimed before there is an address",
        "device/net/join.py",
        "if code == station.GOT_IP:",
        "if code in (station.GOT_IP, station.CONNECTING):",
        f"{BEHAVIOUR}::test_a_failed_attempt_is_explained_and_nothing_is_saved",
    ),
    Sabotage(
        "the station goes on searching after a failed attempt",
        "device/net/join.py",
        "        self._radio.leave()",
        "        pass",
        f"{CASES}::test_retries_behind_the_portal_leave_the_radio_alone_in_between",
    ),
    Sabotage(
        "a scan runs into an attempt",
        "device/net/scan.py",
        "if radio.status() not in (GOT_IP, IDLE) and not radio.leave():",
        "if radio.status() == 32:",
        f"{CASES}::test_a_scan_for_an_emptied_board_ends_a_search_that_the_sdk_brought_along",
    ),
    Sabotage(
        "a scan without memory ends the firmware",
        "device/net/scan.py",
        "except (OSError, ValueError, MemoryError) as error:",
        "except (OSError, ValueError) as error:",
        f"{BAD_RADIO}::test_a_scan_that_raises_leaves_an_empty_list_and_a_portal_that_takes_a_name",
    ),
    Sabotage(
        "an unknown security is looked up",
        "device/net/scan.py",
        'SECURITY[row[4]] if row[4] < len(SECURITY) else "unknown"',
        "SECURITY[row[4]]",
        f"{BAD_RADIO}::test_odd_rows_of_a_scan_are_shown_as_far_as_they_make_sense",
    ),
    Sabotage(
        "refusals with a text are not expected",
        "device/net/radio.py",
        "REFUSALS = (OSError, ValueError)",
        "REFUSALS = (ValueError,)",
        f"{BAD_RADIO}::test_a_call_that_is_always_refused_stops_nothing_and_the_board_recovers",
    ),
    Sabotage(
        "each retry writes the SDK's flash",
        "device/net/station.py",
        "if radio.target == (ssid, key, bssid):",
        "if radio.target == ():",
        f"{BEHAVIOUR}::test_waiting_for_the_router_writes_nothing_to_flash",
    ),
    Sabotage(
        "the access point of a configured board is open",
        "device/net/opening.py",
        "security=WPA2 if key else OPEN, key=key",
        "security=OPEN, key=key",
        f"{BEHAVIOUR}::test_the_fallback_access_point_is_protected_by_the_key_of_the_saved_network",
    ),
    Sabotage(
        "the old network's key is not asked for",
        "device/access.py",
        "access_point_key(context.networks), change_at",
        'b"", change_at',
        f"{BEHAVIOUR}::test_the_fallback_access_point_is_protected_by_the_key_of_the_saved_network",
    ),
    Sabotage(
        "retries behind the portal know no pause",
        "device/states/fallback.py",
        "if rested_ms < self._retry_ms:",
        "if rested_ms < 0:",
        f"{CASES}::test_retries_behind_the_portal_leave_the_radio_alone_in_between",
    ),
    Sabotage(
        "a phone at the access point is overlooked",
        "device/states/fallback.py",
        "context.radio.phones() == 0",
        "context.radio.phones() >= 0",
        f"{BEHAVIOUR}::test_with_a_phone_joined_the_background_search_is_rare",
    ),
    Sabotage(
        "only the first network has its turn behind the portal",
        "device/states/fallback.py",
        "self._rounds.begin(len(context.networks) > 1 or self._rounds.has_failed())",
        "self._rounds.begin(not context.networks)",
        f"{CASES}::test_whichever_of_several_networks_comes_back_is_found_behind_the_portal",
    ),
    Sabotage(
        "the long allowance is given at every outage",
        "device/holding.py",
        "    context.just_powered_on = False",
        "    context.just_powered_on = context.just_powered_on",
        f"{BEHAVIOUR}::test_the_long_allowance_is_given_once_a_boot",
    ),
    Sabotage(
        "the portal opens without waiting for the router",
        "device/states/try_saved.py",
        "return now - self._context.outage_since >= patience_ms and now - self._entered_at >= least_ms",
        "return now >= least_ms",
        f"{BEHAVIOUR}::test_after_a_warm_reset_the_allowance_is_short",
    ),
    Sabotage(
        "the SDK's own attempt is cut short",
        "device/net/rounds.py",
        "if known and is_joining(radio, network.ssid):",
        "if known and not network.ssid:",
        f"{BEHAVIOUR}::test_the_sdks_own_attempt_at_power_up_is_left_alone",
    ),
    Sabotage(
        "an outage begins anew with every attempt",
        "device/states/try_saved.py",
        "if context.outage_since is None:",
        "if now:",
        f"{CASES}::test_a_link_that_comes_and_goes_is_one_outage",
    ),
    Sabotage(
        "failures count for ever",
        "device/holding.py",
        "    context.outage_since = None\n",
        "",
        f"{CASES}::test_every_outage_has_its_whole_allowance",
    ),
    Sabotage(
        "rounds follow each other at once",
        "device/states/try_saved.py",
        "policy.PAUSE_MS << min(self._context.rounds, 8)",
        "policy.PAUSE_MS",
        f"{CASES}::test_rounds_over_the_saved_networks_come_ever_more_rarely_and_not_in_step",
    ),
    Sabotage(
        "all boards of a house search in step",
        "device/states/try_saved.py",
        "return pause + self._context.hardware.random(pause * policy.JITTER_PERCENT // 100)",
        "return pause",
        f"{CASES}::test_rounds_over_the_saved_networks_come_ever_more_rarely_and_not_in_step",
    ),
    Sabotage(
        "an access point that fails is tried again and again",
        "device/net/rounds.py",
        "if failures.get((place, best[2]), 0) < policy.BSSID_FAILURES_LIMIT:",
        "if best:",
        f"{CASES}::test_an_access_point_that_fails_gives_way_to_another_of_its_name",
    ),
    Sabotage(
        "a router that restarts gets no more time than any outage",
        "device/states/try_saved.py",
        "return max(policy.REBOOTING_ALLOWANCE_MS, self._allowance_ms)",
        "return self._allowance_ms",
        f"{CASES}::test_what_is_in_the_air_tells_how_long_to_wait",
    ),
    Sabotage(
        "a changed password is waited for",
        "device/states/try_saved.py",
        'if outage == b"password_changed":',
        'if outage == b"":',
        f"{CASES}::test_what_is_in_the_air_tells_how_long_to_wait",
    ),
    Sabotage(
        "a new key drives out the old one before it is proven",
        "device/store.py",
        "networks = [network] + ([older] if older else []) + others",
        "networks = [network] + others",
        f"{CASES}::test_a_key_that_stops_working_before_it_is_proven_gives_way_to_the_old_one",
    ),
    Sabotage(
        "a network is proven as soon as it is joined",
        "device/holding.py",
        "planned(now + policy.STABLE_AFTER_MS, roam_at)",
        "planned(now, roam_at)",
        f"{CASES}::test_a_key_that_stops_working_before_it_is_proven_gives_way_to_the_old_one",
    ),
    Sabotage(
        "a portal that a gesture opened stays open to everybody",
        "device/access.py",
        "if since is not None and now < context.open_until:",
        "if since is not None:",
        f"{BEHAVIOUR}::test_the_fallback_access_point_is_protected_by_the_key_of_the_saved_network",
    ),
    Sabotage(
        "what the SDK restored stays open",
        "device/states/boot.py",
        "        context.close_portal()\n",
        "",
        f"{CASES}::test_an_access_point_of_the_driver_is_never_on_the_air_as_it_was",
    ),
    Sabotage(
        "a flicker counts as a lost link",
        "device/states/connected.py",
        "if now - self._down_since >= policy.LINK_LOST_AFTER_MS:",
        "if now >= self._down_since:",
        f"{BEHAVIOUR}::test_a_flicker_of_the_link_is_no_loss",
    ),
    Sabotage(
        "a link that came back still counts as down",
        "device/states/connected.py",
        "            self._down_since = None\n",
        "            pass\n",
        f"{BEHAVIOUR}::test_a_flicker_of_the_link_is_no_loss",
    ),
    Sabotage(
        "the farewell never ends",
        "device/net/farewell.py",
        "            return now - attempt.told_at >= policy.FAREWELL_AFTER_RESULT_MS",
        "            return False",
        f"{BEHAVIOUR}::test_the_access_point_closes_ten_seconds_after_the_result_was_fetched",
    ),
    Sabotage(
        "the network that held is not the first one the next time",
        "device/holding.py",
        "    prove(context, network)",
        "    assert prove",
        f"{BEHAVIOUR}::test_a_stable_network_is_remembered_as_the_first_to_try",
    ),
    Sabotage(
        "two attempts at once",
        "device/net/actions.py",
        'if context.submitted or context.state == "connecting":',
        "if not context:",
        f"{BEHAVIOUR}::test_a_second_attempt_is_refused_while_one_runs",
    ),
    Sabotage(
        "forgetting leaves the SDK's copy",
        "device/net/actions.py",
        '    join(context.radio, b"", b"")\n',
        "",
        f"{BEHAVIOUR}::test_forgetting_in_fallback_erases_everything_and_opens_the_portal",
    ),
    Sabotage(
        "forgetting does not ask first",
        "device/net/actions.py",
        'elif form.get(b"confirm") == b"yes":',
        "elif path:",
        f"{BEHAVIOUR}::test_forgetting_in_fallback_erases_everything_and_opens_the_portal",
    ),
    Sabotage(
        "a refused portal is not tried again",
        "device/seldom.py",
        "context.portal_due_at = context.clock.now() + policy.PORTAL_RETRY_MS",
        "context.portal_due_at = None",
        f"{BEHAVIOUR}::test_a_refused_access_point_is_tried_again",
    ),
    Sabotage(
        "a socket of the portal stays open",
        "device/net/server.py",
        "            self._dns.close()\n            raise",
        "            raise",
        f"{BAD_RADIO}::test_a_refused_listener_leaves_no_socket_behind",
    ),
    Sabotage(
        "strangers are answered",
        "device/net/server.py",
        "if not address.startswith(self._subnet):",
        "if not address:",
        f"{PORTAL}::test_strangers_from_other_networks_get_no_names",
    ),
    Sabotage(
        "the first of two resets is remembered for ever",
        "device/gestures.py",
        "        unmark(context.hardware)\n",
        "        assert unmark\n",
        f"{GESTURES}::test_two_presses_with_more_than_five_seconds_between_are_two_resets",
    ),
    Sabotage(
        "any reset counts as the reset button",
        "device/marks.py",
        "if hardware.machine.reset_cause() == RESET_PIN:",
        "if hardware.machine.reset_cause() is not None:",
        f"{GESTURES}::test_a_flicker_of_the_power_and_restarts_of_any_other_cause_do_not_count",
    ),
    Sabotage(
        "rubbish in RTC memory is believed",
        "device/marks.py",
        "data[: len(MAGIC)] == MAGIC and not crc16(data):",
        "data[: len(MAGIC)] == MAGIC:",
        f"{GESTURES}::test_rubbish_in_rtc_memory_is_no_gesture",
    ),
    Sabotage(
        "what the owner's program keeps in RTC memory is overwritten",
        "device/marks.py",
        "if record != before and is_free(hardware):",
        "if record != before:",
        f"{GESTURES}::test_what_the_owners_program_keeps_in_rtc_memory_stays",
    ),
    Sabotage(
        "a pin that is low from the start counts as a press",
        "device/gestures.py",
        "machine.press = 0 if machine.button() else None",
        "machine.press = 0",
        f"{GESTURES}::test_a_pin_that_is_low_from_the_start_erases_nothing_for_ever",
    ),
    Sabotage(
        "five seconds erase everything",
        "device/gestures.py",
        "if held_ms >= policy.ERASE_PRESS_MS and not press.erased:",
        "if held_ms >= policy.PORTAL_PRESS_MS and not press.erased:",
        f"{GESTURES}::test_a_button_held_for_five_seconds_asks_for_the_portal_and_for_ten_minutes_of_it",
    ),
    Sabotage(
        "a button that stays pressed erases again and again",
        "device/gestures.py",
        "            press.erased = True\n",
        "",
        f"{GESTURES}::test_a_button_held_on_and_on_erases_once",
    ),
    Sabotage(
        "two taps are taken for a long press",
        "device/gestures.py",
        "if not press or now - press.looked_at > policy.LOOKS_APART_MS:",
        "if not press:",
        f"{GESTURES}::test_two_taps_that_nobody_watched_between_are_no_long_press",
    ),
    Sabotage(
        "the history grows without end",
        "device/history.py",
        "entries[: ENTRIES_LIMIT - 1]",
        "entries",
        f"{HISTORY}::test_only_the_last_eight_are_kept",
    ),
    Sabotage(
        "every attempt is written to flash",
        "device/history.py",
        "if now_s + (BURST_S if unsaved == NEW else 0) >= number(blob, NEXT, HEADER_BYTES):",
        "if now_s >= 0:",
        f"{HISTORY}::test_a_month_of_hourly_outages_is_written_once_in_six_hours",
    ),
    Sabotage(
        "a restart loses what was not yet written",
        "device/history.py",
        "if context.history and context.history[UNSAVED] == NEW:",
        "if context.history is context:",
        f"{HISTORY}::test_a_restart_by_the_firmware_loses_nothing_new",
    ),
    Sabotage(
        "a damaged history is believed",
        "device/history.py",
        "if len(data) > LIMIT_BYTES or crc16(data):",
        "if len(data) > LIMIT_BYTES:",
        f"{HISTORY}::test_every_flipped_bit_is_noticed",
    ),
    Sabotage(
        "an access point that is never to open opens",
        "device/access.py",
        'elif mode != b"always" and (mode == b"never" or since is None):',
        'elif mode != b"always" and since is None:',
        f"{OUTAGES}::test_never_means_that_an_outage_opens_no_access_point_but_the_board_comes_back",
    ),
    Sabotage(
        "a temporary portal stays",
        "device/access.py",
        "if now >= change_at:",
        "if now < 0:",
        f"{OUTAGES}::test_temporary_closes_after_its_minutes_and_opens_again_at_the_next_outage",
    ),
    Sabotage(
        "the owner's order is not heeded",
        "device/net/rounds.py",
        "rank = (-wish, network.priority,",
        "rank = (0, network.priority,",
        f"{OUTAGES}::test_the_owners_order_outranks_the_signal",
    ),
    Sabotage(
        "what was erased comes back from the SDK",
        "device/net/imported.py",
        'hardware.open(slot, "rb")',
        'hardware.open(slot + "x", "rb")',
        f"{OUTAGES}::test_what_was_erased_is_not_taken_back_from_the_sdk",
    ),
    Sabotage(
        "a network of the first attempt is taken for one from before",
        "device/states/connecting.py",
        "never_again(context.hardware)",
        "bool(context.hardware)",
        f"{SECOND}::test_power_lost_in_the_first_attempt_leaves_a_board_that_is_new",
    ),
    Sabotage(
        "an old link passes for a new one",
        "device/net/join.py",
        "self._deadline = None  # whatever",
        "self._deadline = now  # whatever",
        f"{SECOND}::test_an_old_link_never_passes_for_a_new_one_whatever_the_port_refuses",
    ),
    Sabotage(
        "a network whose key only the chip has is pinned",
        "device/net/rounds.py",
        "network.imported or best is heard[0]",
        "best is heard[0]",
        f"{SECOND}::test_two_access_points_of_a_network_that_the_chip_remembers_never_cost_it_its_key",
    ),
    Sabotage(
        "a press of the reset button is remembered while a program never steps",
        "device/online.py",
        " or board.settles_at is not None",
        "",
        f"{SECOND}::test_a_program_that_never_steps_the_board_again_makes_no_second_press_of_one_hours_later",
    ),
    Sabotage(
        "the watchdog is armed at once",
        "device/program.py",
        "elif context.clock.now() >= arm_at:",
        "elif context.clock.now():",
        f"{WATCHDOG}::test_it_is_armed_when_the_board_was_connected_for_a_minute_and_not_before",
    ),
    Sabotage(
        "the watchdog is not fed",
        "device/program.py",
        "context.watchdog.feed()",
        "assert context.watchdog",
        f"{WATCHDOG}::test_a_board_that_works_is_never_bitten_through_outages_either",
    ),
    Sabotage(
        "a board scans although its watchdog is armed",
        "device/net/scan.py",
        "if context.watchdog is not None:",
        "if context.watchdog is context:",
        f"{WATCHDOG}::test_a_board_that_works_is_never_bitten_through_outages_either",
    ),
    Sabotage(
        "crashes are followed by restarts at once",
        "device/crash.py",
        "return min(1 << min(crashes, 16) >> 1, policy.CRASH_PAUSE_LIMIT_MS // 1000)",
        "return 1",
        f"{CRASHES}::test_the_pause_doubles_with_each_crash_up_to_five_minutes",
    ),
    Sabotage(
        "a program that crashes on and on is always started again",
        "device/marks.py",
        "context.program_wanted = False",
        "context.program_wanted = True",
        f"{CRASHES}::test_five_crashes_within_two_minutes_lead_to_a_protected_portal_without_the_program",
    ),
    Sabotage(
        "crashes of long ago count",
        "device/crash.py",
        "if uptime_s * 1000 < policy.CRASHES_WITHIN_MS else 0",
        "if uptime_s >= 0 else 0",
        f"{CRASHES}::test_two_minutes_without_a_crash_clear_the_count",
    ),
)


def faults_of(sabotage, source):
    """Why it cannot be applied to that text, or None."""
    count = source.count(sabotage.old)
    if count != 1:
        return f"the text to replace is there {count} times"
    try:
        compile(source.replace(sabotage.old, sabotage.new), sabotage.path, "exec")
    except SyntaxError as error:
        return f"the sabotaged file is no Python: {error}"
    return None


def copy_tree(target, root=ROOT):
    """What the tests need. The package is found in the copy, too: its folder stands before the installed one."""
    for name in COPIED:
        source = root / name
        if source.is_dir():
            shutil.copytree(source, target / name, symlinks=True)
        elif source.exists():
            shutil.copy2(source, target / name)
    os.symlink("host", target / "homeport")


def run(tree, tests):
    """(exit code of pytest, [what each red test ended with]) of tests in the copy `tree`."""
    report = tree / "report.xml"
    report.unlink(missing_ok=True)
    options = ["-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:hypothesispytest", "--tb=line"]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, f"--junitxml={report}", *tests],
            cwd=tree,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=TEST_LIMIT_S,
        )
    except subprocess.TimeoutExpired:
        return None, ["it did not end"]
    if not report.exists():
        return done.returncode, [(done.stdout + done.stderr).decode(errors="replace")[-300:]]
    ends = []
    for case in ET.parse(report).iter("testcase"):
        for kind in ("failure", "error"):
            ends += [("fixture: " if kind == "error" else "") + end.get("message", "") for end in case.iter(kind)]
    return done.returncode, ends


def judge(sabotage, tree):
    """Apply it to the copy `tree`, run its test, undo it. None if the test is red as it should be, else the fault."""
    path = tree / sabotage.path
    source = path.read_text(encoding="utf-8")
    fault = faults_of(sabotage, source)
    if fault:
        return fault
    stat = path.stat()
    try:
        path.write_text(source.replace(sabotage.old, sabotage.new), encoding="utf-8")
        code, ends = run(tree, [sabotage.test])
    finally:
        path.write_text(source, encoding="utf-8")
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    if code == GREEN:
        return "its test passes"
    if code != RED or not ends:
        return f"its test did not run (exit {code}): {ends[0][-200:] if ends else 'nothing was reported'}"
    if ends[0].startswith(CLUMSY):
        return f"its test is red for another reason: {ends[0][:200]}"
    return None


def judge_all(sabotages, on_each=lambda sabotage, fault: None, root=ROOT):
    """[(sabotage, fault)] of those at fault, in the order of the list. First all the tests have to pass as it is."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        trees = SimpleQueue()
        for number in range(WORKERS):
            tree = Path(folder) / str(number)
            tree.mkdir()
            copy_tree(tree, root)
            trees.put(tree)

        def work(task, *args):
            tree = trees.get()
            try:
                return task(*args, tree)
            finally:
                trees.put(tree)

        tests = sorted({sabotage.test for sabotage in sabotages})
        with ThreadPoolExecutor(WORKERS) as pool:
            halves = [tests[number::WORKERS] for number in range(WORKERS)]
            sane = [pool.submit(work, lambda half, tree: run(tree, half), half) for half in halves if half]
            jobs = {pool.submit(work, judge, sabotage): sabotage for sabotage in sabotages}
            for job in as_completed(jobs):
                found[jobs[job]] = job.result()
                on_each(jobs[job], job.result())
            for job in sane:
                code, ends = job.result()
                if code != GREEN:
                    found[None] = f"a test is red without any sabotage (exit {code}): {ends[:1]}"
    return [(sabotage, found[sabotage]) for sabotage in (None, *sabotages) if found.get(sabotage)]


def sample(count, day=None):
    """So many of the list, others every day."""
    start = int(time.time() // 86_400 if day is None else day) * count
    return [SABOTAGES[(start + number) % len(SABOTAGES)] for number in range(min(count, len(SABOTAGES)))]


def main():
    parser = argparse.ArgumentParser(description="Sabotage copies of the firmware; every test must notice.")
    parser.add_argument("--sample", type=int, help="only so many, others every day")
    parser.add_argument("words", nargs="*", help="only those whose description has one of these words")
    options = parser.parse_args()
    chosen = sample(options.sample) if options.sample else list(SABOTAGES)
    if options.words:
        chosen = [sabotage for sabotage in chosen if any(word in sabotage.what for word in options.words)]
    out = Console()
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=out) as progress:
        bar = progress.add_task("", total=len(chosen))

        def told(sabotage, fault):
            mark = "[red]not noticed[/]" if fault else "[green]noticed[/]"
            progress.console.print(f"{mark}  {sabotage.what}", highlight=False)
            progress.update(bar, advance=1)

        faults = judge_all(chosen, told)
    for sabotage, fault in faults:
        where = f"{sabotage.what} ({sabotage.path}; {sabotage.test}): " if sabotage else ""
        print(where + fault)
    print(f"{len(chosen) - sum(1 for sabotage, _ in faults if sabotage)} of {len(chosen)} sabotages were noticed")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()

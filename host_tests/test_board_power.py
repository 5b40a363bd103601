"""Power, resets, watchdog, RTC, clock, and what `homeport board` says when it cannot start."""

import json
import os
import signal
import socket
import subprocess
import time

import pytest
from homeport.board import Board, PowerLost, Settings

from .boards import BIN, bench_fixture, images_fixture, mount, read_file  # noqa: F401

pytestmark = pytest.mark.board

HOME = {"ssid": "Home", "key": "correct horse", "channel": 6, "join_ms": 300}


def home(**changes):
    return {"networks": [{**HOME, **changes}]}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_board_with_status_0(bench, number):
    board = bench.start(main="print('up')\nwhile True: pass\n")
    board.wait_for("up")
    assert board.stop(number) == 0
    assert not board.tty.is_symlink()


def test_what_was_written_before_sigkill_is_there_after_it(bench):
    board = bench.start(main="f = open('kept', 'w')\nf.write('data')\nf.close()\nprint('written')\nwhile True: pass\n")
    board.wait_for("written")
    board.power_cut()
    assert read_file(board.flash, "kept") == b"data"


WRITER = (
    "import os\ntry:\n    print('found', open('kept').read())\nexcept OSError:\n    print('found nothing')\n"
    "for text in ('old', 'new'):\n    f = open('kept.tmp', 'w')\n    f.write(text * 300)\n    f.close()\n"
    "    os.rename('kept.tmp', 'kept')\nprint('done')\n"
)


def run_to_done(flash, cut_after=None):
    """Console of one run of WRITER on this image; the power may fail on the way."""
    shown = bytearray()
    settings = Settings(str(flash), http_port=0, dns_port=0, cut_after=cut_after, seed=cut_after, console=shown.extend)
    board = Board(settings)
    deadline = time.monotonic() + 10
    try:
        board.power_on()
        board.run(until=lambda: b"done" in shown or time.monotonic() > deadline)
    except PowerLost:
        pass
    finally:
        board.close()
    return bytes(shown)


def test_power_lost_in_any_flash_operation_leaves_the_old_file_or_the_new_one(bench):
    seen = set()
    for n in range(1, 200):
        flash = bench.image(WRITER)
        first = run_to_done(flash, cut_after=n)
        if b"done" in first:
            break
        found = read_file(flash, "kept") if "kept" in mount(flash).listdir("/") else b""
        assert found in (b"", b"old" * 300, b"new" * 300), n
        seen.add(found[:3])
        second = run_to_done(flash)
        assert second.startswith(b"found " + (found or b"nothing")) and b"done" in second, (n, second)
    assert b"done" in first and n > 10 and seen == {b"", b"old"}  # the very last operation makes it the new one
    assert read_file(flash, "kept") == b"new" * 300


def test_a_board_that_loses_power_ends_by_itself_with_status_3(bench):
    board = bench.start(main=WRITER, cut_after=3)
    assert board.wait() == 3
    assert "power lost" in board.errors[-1] and "done" not in board.lines


def test_a_board_that_needs_no_more_flash_operations_outlives_the_cut(bench):
    board = bench.start(main="print('up')\nwhile True: pass\n", cut_after=50)
    board.wait_for("up")
    assert board.stop() == 0


def test_a_corrupt_file_system_is_complained_about_and_not_formatted(bench):
    flash = bench.image()
    data = bytearray(flash.read_bytes())
    for block in (0, 1):
        data[block * 4096 : block * 4096 + 4096] = os.urandom(4096)
    flash.write_bytes(data)
    board = bench.start(flash)
    board.wait_for("looks corrupt")
    board.power_cut()
    assert flash.read_bytes() == data


def test_an_empty_image_is_formatted(bench):
    flash = bench.image()
    flash.write_bytes(b"\xff" * 763 * 4096)
    board = bench.start(flash)
    board.wait_for("initial setup")
    board.wait_for("help")
    board.power_cut()
    assert "boot.py" in mount(flash).listdir("/")


def test_an_image_of_another_size_is_refused(bench):
    flash = bench.image()
    flash.write_bytes(b"\xff" * 1000)
    board = bench.start(flash)
    assert board.wait() == 2
    assert "1000 bytes" in board.errors[-1]


CONNECT = (
    "import network, machine, time\nw = network.WLAN(0)\nprint('start', w.status(), machine.reset_cause())\n"
    "if machine.reset_cause() == 0 and not w.config('ssid'):\n"
    "    w.active(True)\n    w.connect('Home', 'correct horse')\n"
    "t = time.ticks_ms()\nwhile not w.isconnected():\n    time.sleep_ms(5)\nprint('online', w.ifconfig()[0])\n"
)


def test_the_sdk_joins_the_last_network_by_itself_after_power_loss_and_after_a_reset(bench):
    board = bench.start(main=CONNECT, air=home())
    board.wait_for("start 255 0")
    board.wait_for("online 192.168.1.50")
    board.power_cut()
    board = bench.start(board.flash, air=home())
    board.wait_for("start 1 0")
    board.wait_for("online")
    board.mpremote("reset")
    board.wait_for("start 1 4")


def test_a_soft_reset_does_not_touch_the_radio(bench):
    board = bench.start(main=CONNECT, air=home())
    board.wait_for("online")
    assert board.mpremote("exec", "import network; print(network.WLAN(0).status())") == "5\n"


def test_the_router_that_goes_and_comes_back_is_followed_when_the_air_file_changes(bench):
    main = CONNECT + "seen = 0\nwhile True:\n    s = w.status()\n    if s != seen: print('status', s)\n    seen = s\n"
    board = bench.start(main=main, air=home())
    board.wait_for("status 5")
    board.set_air(home(up=False))
    board.wait_for("status 1")
    board.wait_for("status 3")
    board.set_air({**home(), "phones": 2})
    at = len(board.lines)
    board.wait_for("status 5", start=at)


def test_a_bad_air_file_is_an_error_at_start_and_a_warning_later(bench):
    board = bench.start(main=CONNECT + "while True: pass\n", air=home())
    board.wait_for("online")
    board.air_path.write_text("{")
    deadline = 50
    while not board.errors and deadline:
        deadline -= 1
        board._readers[1].join(0.1)
    assert "not JSON" in board.errors[0] and "keeping" in board.errors[0]
    assert board.process.poll() is None
    command = [BIN / "homeport", "board", "--flash", board.flash, "--air", board.air_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 2 and str(board.air_path) in done.stderr and not done.stdout


@pytest.mark.parametrize("option, kind", [("http_port", socket.SOCK_STREAM), ("dns_port", socket.SOCK_DGRAM)])
def test_a_taken_port_is_an_error_that_names_the_option(bench, option, kind):
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if kind == socket.SOCK_STREAM:
            taken.listen()
        board = bench.start(**{option: taken.getsockname()[1]})
        assert board.wait() == 2
        assert f"--{option.replace('_', '-')}" in board.errors[-1] and "--address" in board.errors[-1]


RESETS = """
import machine
rtc = machine.RTC()
print('cause', machine.reset_cause(), rtc.memory())
if machine.reset_cause() == 0:
    rtc.memory(b'kept')
    machine.reset()
elif machine.reset_cause() == 4:
    w = machine.WDT()
    while True:
        pass
elif machine.reset_cause() == 3:
    machine.deepsleep(300)
"""


def test_reset_causes_follow_each_other_and_rtc_memory_outlives_all_but_power_loss(bench):
    board = bench.start(main=RESETS)
    for cause, memory in ((0, "b''"), (4, "b'kept'"), (3, "b'kept'"), (5, "b'kept'")):
        board.wait_for(f"cause {cause} {memory}")
    board.power_cut()
    bench.start(board.flash).wait_for("cause 0 b''")


def test_the_watchdog_bites_after_3_seconds_without_feeding_and_not_before(bench):
    main = (
        "import machine, time\nif machine.reset_cause() == 3:\n    print('bitten')\nelse:\n"
        "    w = machine.WDT(timeout=5000)\n    for i in range(4):\n        time.sleep_ms(1500)\n        w.feed()\n"
        "    print('fed')\n    while True: pass\n"
    )
    board = bench.start(main=main, clock=10)
    board.wait_for("fed")
    board.wait_for("bitten")
    assert board.lines.index("fed") < board.lines.index("bitten")


def test_rtc_memory_and_watchdog_refuse_what_the_chip_refuses(bench):
    main = (
        "import machine\n"
        "for call in (lambda: machine.RTC().memory(b'x' * 493), lambda: machine.WDT(timeout=3000),\n"
        "             lambda: machine.WDT(1), lambda: machine.Pin(7),\n"
        "             lambda: machine.Pin(16, machine.Pin.IN, machine.Pin.PULL_UP),\n"
        "             lambda: machine.freq(1), lambda: machine.Timer(-1)):\n"
        "    try:\n        call()\n        print('accepted')\n"
        "    except Exception as e:\n        print(type(e).__name__, e)\n"
    )
    board = bench.start(main=main)
    board.wait_for("Timer")
    assert board.lines[:7] == [
        "ValueError buffer too long",
        "ValueError ",
        "ValueError ",
        "ValueError invalid pin",
        "ValueError Pin(16) doesn't support pull",
        "ValueError frequency can only be either 80Mhz or 160MHz",
        "NotImplementedError the virtual board has no machine.Timer",
    ]


def test_a_button_held_in_the_air_file_pulls_its_pin_low(bench):
    main = (
        "import machine\np = machine.Pin(0, machine.Pin.IN, machine.Pin.PULL_UP)\nprint('free', p.value())\n"
        "while p.value():\n    pass\nprint('pressed', p())\n"
    )
    board = bench.start(main=main)
    board.wait_for("free 1")
    board.set_air({"pins": {"0": 0}})
    board.wait_for("pressed 0")


def test_board_time_runs_as_fast_as_asked_for(bench):
    main = (
        "import time\nprint('time', time.time(), time.localtime()[:3])\n"
        "a = time.ticks_ms()\ntime.sleep(20)\nprint('slept', time.ticks_diff(time.ticks_ms(), a))\n"
    )
    board = bench.start(main=main, clock=100)
    slept = int(board.wait_for(r"slept (\d+)", timeout=5)[1])
    assert 20000 <= slept < 22000
    assert int(board.lines[0].split()[1]) < 100 and "(2000, 1, 1)" in board.lines[0]


def test_ticks_wrap_at_2_to_the_30(bench):
    main = (
        "import time\na = time.ticks_us()\nm = 0\nwhile True:\n    b = time.ticks_us()\n    m = max(m, b)\n"
        "    if b < a:\n        break\n    a = b\nprint('wrapped', m < 2**30, time.ticks_diff(b, a) > 0)\n"
        "print(time.ticks_add(2**30 - 1, 2), time.ticks_diff(1, 2**30 - 1))\n"
    )
    board = bench.start(main=main, clock=1000)  # 2**30 microseconds are 18 minutes
    board.wait_for("wrapped True True", timeout=10)
    board.wait_for("^1 2$")


def test_the_chip_id_is_of_the_image_unless_seeded_and_survives_an_erase(bench):
    main = "import machine\nprint('id', machine.unique_id())\n"
    board = bench.start(main=main)
    first = board.wait_for("id (.*)")[1]
    board.power_cut()
    assert bench.start(board.flash).wait_for("id (.*)")[1] == first


def test_the_sdk_memory_is_beside_the_image_and_not_in_it(bench):
    board = bench.start(main=CONNECT, air=home())
    board.wait_for("online")
    board.power_cut()
    remembered = json.loads(open(f"{board.flash}.sdk").read())
    assert bytes.fromhex(remembered["sta_ssid"]) == b"Home"
    assert sorted(mount(board.flash).listdir("/")) == ["boot.py", "main.py"]


def test_a_missing_image_is_made_with_the_firmware_on_it_and_nothing_of_that_on_stdout(bench, tmp_path):
    board = bench.start(tmp_path / "flash.bin")
    board.wait_for("^fsm [0-9]+ boot credentials_missing portal", timeout=60)
    assert "installing" in board.errors[0]
    assert board.lines[0].startswith("fsm ")
    assert "lib" in mount(board.flash).listdir("/")


def test_a_program_that_crashes_the_processor_resets_the_board_with_cause_2(bench):
    main = (
        "import machine, uctypes\nprint('cause', machine.reset_cause())\n"
        "if machine.reset_cause() == 0:\n    uctypes.bytes_at(8, 4)\n"
    )
    board = bench.start(main=main)
    board.wait_for("cause 0")
    board.wait_for("cause 2")
    assert "signal" in board.errors[0]


def test_mpremote_sets_and_reads_the_clock(bench):
    board = bench.start()
    assert "(2000, 1, 1" in board.mpremote("rtc")
    board.mpremote("rtc", "--set", "+", "soft-reset")
    assert "(2000, 1, 1" not in board.mpremote("rtc")

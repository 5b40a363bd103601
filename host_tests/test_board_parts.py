"""The board's small parts by themselves: flash, SDK memory, channel, console, air file, clock, pins."""

import json
import os
import socket
import struct

import pytest
from homeport.board import rpc, sdk
from homeport.board.air import AirFile
from homeport.board.chip import OPEN_DRAIN, OUT, Pins
from homeport.board.clock import Clock
from homeport.board.console import RAW_PROMPT, Console
from homeport.board.flash import BLOCK_BYTES, BLOCKS_2MIB, Flash, PowerLost
from hypothesis import given
from hypothesis import strategies as st


@pytest.fixture
def flash(tmp_path):
    made = Flash(tmp_path / "flash.bin", blocks=BLOCKS_2MIB, seed=1)
    made.arm()
    yield made
    made.close()


def test_a_new_flash_is_all_ones(flash):
    assert flash.read(0, 100) == b"\xff" * 100
    assert os.path.getsize(flash.path) == BLOCKS_2MIB * BLOCK_BYTES


def test_programming_only_clears_bits_and_erasing_sets_the_whole_sector(flash):
    flash.program(BLOCK_BYTES + 5, b"\xf0\x0f")
    flash.program(BLOCK_BYTES + 5, b"\x3c\xff")
    assert flash.read(BLOCK_BYTES + 4, 4) == b"\xff\x30\x0f\xff"
    flash.program(2 * BLOCK_BYTES, b"\0")
    flash.erase(1)
    assert flash.read(BLOCK_BYTES, BLOCK_BYTES) == b"\xff" * BLOCK_BYTES
    assert flash.read(2 * BLOCK_BYTES, 1) == b"\0"
    assert flash.operations == 4


def test_every_operation_is_in_the_file_when_it_returns(flash):
    flash.program(7, b"abc")
    with open(flash.path, "rb") as file:
        assert file.read(10)[7:] == b"abc"


def test_nothing_outside_of_the_image_can_be_touched(flash):
    for call in (
        lambda: flash.erase(BLOCKS_2MIB),
        lambda: flash.erase(-1),
        lambda: flash.program(BLOCKS_2MIB * BLOCK_BYTES - 1, b"ab"),
        lambda: flash.read(-1, 1),
    ):
        with pytest.raises(ValueError):
            call()


def test_the_operation_that_loses_power_is_torn_at_a_seeded_place(tmp_path):
    torn = set()
    for seed in range(20):
        for _ in range(2):
            flash = Flash(tmp_path / f"flash{seed}", seed=seed)
            flash.wipe()
            flash.arm(cut_after=2)
            flash.program(0, bytes(100))
            with pytest.raises(PowerLost):
                flash.program(100, bytes(100))
            data = flash.read(100, 101)
            assert set(data[: data.index(0xFF)]) <= {0} and set(data[data.index(0xFF) :]) == {0xFF}
            torn.add((seed, data.index(0xFF)))
            flash.close()
    assert len(torn) == 20 and len({where for _, where in torn}) > 5


def test_saving_sdk_parameters_is_one_operation_that_a_cut_leaves_undone(flash):
    saved = []
    flash.save_parameters(lambda: saved.append(1))
    flash.arm(cut_after=1)
    with pytest.raises(PowerLost):
        flash.save_parameters(lambda: saved.append(2))
    assert saved == [1]


def test_sdk_parameters_survive_and_an_erase_keeps_only_the_chips_number(tmp_path):
    path = tmp_path / "x.sdk"
    p = sdk.load(path, seed=5)
    assert p == sdk.load(path, seed=5) != sdk.load(path, seed=6)
    p.opmode, p.sta_ssid, p.sta_key, p.ap_hidden = 3, b"\xff\0", b"key", True
    sdk.save(path, p)
    assert sdk.load(path) == p
    assert sdk.load(path, erase=True) == sdk.Parameters(p.chip_id)
    path.write_text("{")
    assert sdk.load(path, seed=5).chip_id == p.chip_id  # a new chip of that seed


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_values_cross_the_channel_unchanged(value):
    back = rpc.load(rpc.dump(value))
    assert back == value and type(back) is type(value)


class Wire:
    """A channel whose VM is the test."""

    def __init__(self, handle):
        ours, self.vm = socket.socketpair()
        ours.setblocking(False)
        self.vm.settimeout(2)
        self.channel = rpc.Channel(ours, handle)

    def send(self, op, sequence=1, a=0, payload=b""):
        self.vm.sendall(rpc.REQUEST.pack(op, sequence, len(payload), a, 0) + payload)
        return self.channel.receive()

    def reply(self):
        status, sequence, length, value = rpc.REPLY.unpack(self.vm.recv(rpc.REPLY.size))
        return status, sequence, value, self.vm.recv(length) if length else b""

    def close(self):
        self.vm.close()
        self.channel.close()


@pytest.fixture
def wire():
    made = []

    def make(handle):
        made.append(Wire(handle))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_call_gets_its_value_payload_and_sequence_back(wire):
    line = wire(lambda op, a, b, payload: (a + 1, payload[::-1]))
    line.send(rpc.SEND, 7, 41, b"abc")
    assert line.reply() == (rpc.OK, 7, 42, b"cba")


def test_a_call_that_waits_is_answered_when_it_can_be(wire):
    ready = []
    line = wire(lambda *args: lambda: 5 if ready else None)
    line.send(rpc.POLL)
    line.channel.retry()
    ready.append(1)
    line.channel.retry()
    assert line.reply() == (rpc.OK, 1, 5, b"") and line.channel.pending is None


def test_a_new_call_means_that_the_waiting_one_was_given_up(wire):
    line = wire(lambda op, a, b, payload: (lambda: None) if op == rpc.POLL else 9)
    line.send(rpc.POLL, 1)
    line.send(rpc.RECV, 2)
    assert line.reply()[1:3] == (2, 9)


def test_errors_cross_with_their_numbers_or_their_texts(wire):
    errors = [OSError(11), OSError("STA required"), ValueError("bad"), KeyError("bug")]
    line = wire(lambda *args: (_ for _ in ()).throw(errors[0]))
    line.send(rpc.RECV)
    assert line.reply()[:3] == (rpc.OS_ERROR, 1, 11)
    for expected in (("OSError", ("STA required",)), ("ValueError", ("bad",))):
        errors.pop(0)
        line.send(rpc.ASK)
        status, _, _, payload = line.reply()
        assert (status, rpc.load(payload)) == (rpc.EXCEPTION, expected)
    errors.pop(0)
    line.send(rpc.ASK)
    assert rpc.load(line.reply()[3])[0] == "RuntimeError"


def test_an_interrupt_answers_the_waiting_call_or_the_next_but_no_flash_operation(wire):
    line = wire(lambda op, a, b, payload: (lambda: None) if op == rpc.POLL else 0)
    line.channel.interrupt = True
    line.send(rpc.PROGRAM)
    assert line.reply()[0] == rpc.OK
    line.send(rpc.POLL)
    assert line.reply()[0] == rpc.INTERRUPT and not line.channel.interrupt
    line.send(rpc.POLL)
    line.channel.interrupt = True
    line.channel.retry()
    assert line.reply()[0] == rpc.INTERRUPT


def test_sync_answers_with_the_mark_and_the_number_asked_for(wire):
    line = wire(lambda *args: 0)
    line.send(rpc.SYNC, a=123456)
    assert line.vm.recv(100) == rpc.SYNC_MARK + struct.pack("<i", 123456)


def test_requests_that_come_in_pieces_are_put_together(wire):
    line = wire(lambda op, a, b, payload: (0, payload))
    frame = rpc.REQUEST.pack(rpc.SEND, 1, 3, 0, 0) + b"abc"
    for byte in frame:
        line.vm.sendall(bytes([byte]))
        line.channel.receive()
    assert line.reply()[3] == b"abc"


def test_the_vms_own_banner_is_replaced_by_the_boards():
    console = Console()
    assert console.from_vm(b"boot\n") == b"boot\n"
    assert console.at_prompt() == b""
    assert console.from_vm(b"MicroPython abc on linux\r\n>") == b""
    shown = console.from_vm(b">> ")
    assert shown.endswith(b"help()\" for more information.\r\n>>> ") and b"linux" not in shown
    assert console.from_vm(b"more") == b"more"


def test_the_raw_prompt_comes_back_after_a_soft_reset_and_nothing_else_does():
    console = Console()
    console.from_vm(b"raw REPL; CTRL-B")
    console.from_vm(b" to exit\r\n>")
    assert console.raw
    console.restart()
    assert console.from_vm(b"boot.py speaks\n") == b"boot.py speaks\n"
    assert console.at_prompt() == b"\x01"
    assert console.from_vm(b"banner\r\n>>> \r\n" + RAW_PROMPT) == RAW_PROMPT
    assert console.from_user(b"\x02", lambda: False) == (b"\x02", 0) and not console.raw


def test_ctrl_c_is_taken_out_only_while_a_program_runs():
    console = Console()
    assert console.from_user(b"\r\x03", lambda: True) == (b"\r", 1)
    assert console.from_user(b"\r\x03", lambda: False) == (b"\r\x03", 0)


def test_a_half_written_air_file_is_read_again_before_anybody_complains(tmp_path):
    path, warnings = tmp_path / "air.json", []
    path.write_text("{}")
    watched = AirFile(path, warnings.append)
    assert watched.poll() is None
    path.write_text('{"phones": ')
    assert watched.poll() is None and not warnings
    path.write_text('{"phones": 3}')
    assert watched.poll().phones == 3 and not warnings
    path.write_text("nonsense")
    assert [watched.poll() for _ in range(5)] == [None] * 5 and len(warnings) == 1
    os.unlink(path)
    assert [watched.poll() for _ in range(5)] == [None] * 5 and len(warnings) == 2
    path.write_text(json.dumps({"phones": 1}))
    assert watched.poll().phones == 1


def test_the_clock_runs_at_its_rate_from_its_start():
    wall = [1_000_000_000]
    clock = Clock(rate=10, uptime_ms=500, monotonic_ns=lambda: wall[0])
    assert clock.now_ms() == 500
    wall[0] += 2_000_000_000
    assert clock.now_ms() == 20_500 and clock.wall_s(1000) == 0.1


def test_pins_show_what_drives_them():
    pins = Pins()
    assert pins.get(0) == 1 and pins.get(15) == 0
    pins.held = {0: 0}
    assert pins.get(0) == 0
    pins.init(0, OUT, None, 1)
    assert pins.get(0) == 1
    pins.init(4, OPEN_DRAIN, None, 0)
    assert pins.get(4) == 0 and pins.outputs() == {0: 1, 4: 0}

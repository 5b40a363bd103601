"""What firmware finds on the board: the chip's modules and no others, sockets, scans, asyncio, the heap."""

import socket
import time

import pytest
from homeport.board.settings import CHIP_HEAP_BYTES, WORD_FACTOR

from .boards import bench_fixture, images_fixture  # noqa: F401

pytestmark = pytest.mark.board


def outcome(board, lines):
    board.wait_for("^END$")
    return board.lines[:lines]


def trying(*statements):
    """A program that prints what becomes of each statement."""
    program = "for text in (\n" + "".join(f"    {statement!r},\n" for statement in statements) + "):\n"
    return program + (
        "    try:\n        exec(text)\n        print('fine')\n"
        "    except BaseException as e:\n        print(type(e).__name__, e)\nprint('END')\n"
    )


REFUSED_MODULES = ("cmath", "_thread", "termios", "argparse", "ffi", "typing", "dataclasses", "_rpc", "start", "_time")
REFUSED_NAMES = (
    "from math import inf",
    "from math import nan",
    "from math import tau",
    "from math import gamma",
    "from random import randint",
    "from random import choice",
    "from binascii import crc32",
    "from hashlib import md5",
    "from sys import getsizeof",
    "from select import select",
    "from os import VfsPosix",
    "from os import system",
    "from os import getenv",
    "from vfs import VfsPosix",
    "from sys import executable",
    "from time import clock",
    "from network import route",
    "from machine import PinBase",
)
REFUSED_BUILTINS = ("compile('1', '', 'eval')", "execfile('x')", "complex(1)", "pow(2, 3, 4)")


def test_modules_and_names_that_the_chip_lacks_are_refused(bench):
    statements = [f"import {name}" for name in REFUSED_MODULES] + list(REFUSED_NAMES) + list(REFUSED_BUILTINS)
    board = bench.start(main=trying(*statements))
    results = dict(zip(statements, outcome(board, len(statements)), strict=True))
    assert not {s: r for s, r in results.items() if r.split()[0] not in ("ImportError", "NameError", "TypeError")}
    assert results["complex(1)"] == "NameError name 'complex' isn't defined"


def test_modules_and_names_that_the_chip_has_are_there(bench):
    statements = [
        "import network, machine, esp, socket, select, time, os, sys, vfs, gc, micropython, errno, asyncio, lwip",
        "import json, re, random, math, binascii, hashlib, heapq, deflate, cryptolib, collections, uctypes, platform",
        "from random import getrandbits, seed",
        "from binascii import hexlify, unhexlify, a2b_base64",
        "from hashlib import sha1, sha256",
        "from os import urandom, uname, listdir, stat, rename, remove, statvfs; assert len(urandom(5)) == 5",
        "from micropython import const, alloc_emergency_exception_buf, kbd_intr, RingIO",
        "from machine import Pin, RTC, WDT, reset, reset_cause, unique_id, freq, idle, lightsleep, deepsleep, Signal",
        "import sys; assert sys.platform == 'esp8266' and sys.implementation._mpy == 0x2706",
        "import sys; assert sys.path == ['', '.frozen', '/lib', '/'], sys.path",
        "import os; assert os.uname().sysname == 'esp8266'",
        "assert pow(2, 3) == 8",
    ]
    board = bench.start(main=trying(*statements))
    assert outcome(board, len(statements)) == ["fine"] * len(statements)


def test_files_of_this_machine_cannot_be_reached(bench):
    program = trying("open('/etc/passwd')", "import os; os.listdir('/etc')", "import os; os.chdir('/tmp')")
    board = bench.start(main=program)
    assert all(line.startswith("OSError") for line in outcome(board, 3))


def test_a_program_cannot_use_more_heap_than_there_is(bench):
    main = "a = []\ntry:\n    while True: a.append(bytearray(1000))\nexcept MemoryError: print('END', len(a))\n"
    board = bench.start(main=main)
    assert 37 < int(board.wait_for(r"END (\d+)")[1]) < 61


def test_the_default_heap_leaves_the_chips_bytes_in_the_vms_words(bench):
    board = bench.start(main="import gc\ngc.collect()\nprint('free', gc.mem_free(), gc.threshold())\n")
    match = board.wait_for(r"free (\d+) (\d+)")
    # About 2 000 bytes of the chip's heap are in use when main.py starts (mounted file system, boot.py).
    assert WORD_FACTOR * (CHIP_HEAP_BYTES - 2500) < int(match[1]) < WORD_FACTOR * (CHIP_HEAP_BYTES + 500)
    # A quarter of the chip's heap, not of what the simulation has besides: else there is more garbage between programs.
    assert int(match[2]) == pytest.approx(int(match[1]) / 4, rel=0.05)


SERVER = """
import socket, select
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(('', 80))
s.listen(4)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(('0.0.0.0', 53))
"""


def test_a_stream_reads_in_every_way(bench):
    main = SERVER + (
        "print('up')\nc, a = s.accept()\nprint(a[0], isinstance(a[1], int))\nprint(c.readline())\nprint(c.read(3))\n"
        "b = bytearray(4)\nprint(c.readinto(b), b)\nprint(c.recv(2))\nprint(c.read())\nprint(c.recv(5))\n"
        "print(c.write(b'w' * 3000), c.makefile() is c)\nc.sendall(b'end')\nc.close()\nprint('END')\n"
    )
    board = bench.start(main=main)
    board.wait_for("up")
    with socket.create_connection(("127.0.0.1", board.http_port), 5) as client:
        client.sendall(b"line\nabcdefghi" + b"z" * 600)
        client.shutdown(socket.SHUT_WR)
        received = b""
        while part := client.recv(4096):
            received += part
    assert received == b"w" * 3000 + b"end"
    assert outcome(board, 9)[1:] == [
        "127.0.0.1 True", "b'line\\n'", "b'abc'", "4 bytearray(b'defg')", "b'hi'", repr(b"z" * 600), "b''", "3000 True"
    ]  # fmt: skip


def test_what_cannot_go_on_says_so_with_the_numbers_of_the_chip(bench):
    main = SERVER + (
        "def number(f, *a):\n    try:\n        return f(*a)\n    except OSError as e:\n        return e.args[0]\n"
        "s.setblocking(False)\nprint(number(s.accept))\ns.settimeout(0.05)\nprint(number(s.accept))\n"
        "u.setblocking(False)\nprint(number(u.recvfrom, 9), u.read(5))\n"
        "u.settimeout(0.05)\nprint(number(u.recvfrom, 9))\n"
        "x = socket.socket()\nprint(number(x.bind, ('', 80)))\nprint(number(x.recv, 5))\n"
        "x.close()\nprint(number(x.recv, 5))\n"
        "try:\n    u.sendto(b'x', ('example.com', 1))\nexcept ValueError as e:\n    print(e)\n"
        "print(number(socket.getaddrinfo, 'example.com', 80), socket.getaddrinfo('1.2.3.4', 80)[0][-1])\nprint('END')\n"
    )
    board = bench.start(main=main)
    assert outcome(board, 9) == [
        "11", "110", "11 None", "110", "98", "107", "9", "invalid arguments", "-2 ('1.2.3.4', 80)"
    ]  # fmt: skip


def test_one_poll_waits_for_streams_and_datagrams(bench):
    main = SERVER + (
        "p = select.poll()\np.register(s, select.POLLIN)\np.register(u, select.POLLIN)\nprint(p.poll(20))\n"
        "print('up')\nfor n in range(2):\n    for obj, events in p.ipoll(5000):\n"
        "        print('stream' if obj is s else 'datagram', events)\n"
        "        s.accept() if obj is s else u.recvfrom(9)\n"
        "p.unregister(u)\nu.close()\np.register(u, select.POLLIN)\nprint(p.poll(0)[0][1])\nprint('END')\n"
    )
    board = bench.start(main=main)
    board.wait_for("up")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", ("127.0.0.1", board.dns_port))
        board.wait_for("datagram 1")
        with socket.create_connection(("127.0.0.1", board.http_port)):
            board.wait_for("stream 1")
            assert outcome(board, 5)[0] == "[]" and board.lines[4] == "32"


def test_an_asyncio_server_serves_and_tasks_are_gathered_cancelled_and_timed_out(bench):
    main = """
import asyncio
async def work(n):
    for _ in range(n):
        await asyncio.sleep_ms(20)
    return n
async def serve(reader, writer):
    writer.write(b'echo ' + await reader.readline())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
async def main():
    late = asyncio.create_task(work(9))
    print(await asyncio.gather(work(1), work(2)))
    late.cancel()
    try:
        await late
    except asyncio.CancelledError:
        print('cancelled')
    try:
        await asyncio.wait_for_ms(work(9), 30)
    except asyncio.TimeoutError:
        print('late')
    await asyncio.start_server(serve, '0.0.0.0', 80)
    print('serving')
    await asyncio.sleep(60)
asyncio.run(main())
"""
    board = bench.start(main=main)
    board.wait_for("serving")
    assert board.lines[:3] == ["[1, 2]", "cancelled", "late"]
    assert board.http(b"hello\n") == b"echo hello\n"


SCAN = "import network, time\nw = network.WLAN(0)\nw.active(True)\n"
AIR = {"networks": [{"ssid": "Home", "key": "correct horse"}, {"ssid_hex": "ff00fe", "rssi": -90}]}


def test_a_scan_blocks_for_two_seconds_of_board_time(bench):
    main = SCAN + "t = time.ticks_ms()\nprint(w.scan())\nprint('took', time.ticks_diff(time.ticks_ms(), t))\n"
    board = bench.start(main=main, air=AIR, clock=10)
    assert 2000 <= int(board.wait_for(r"took (\d+)")[1]) < 2300
    assert eval(board.lines[0]) == [
        (b"Home", b"\2\0\0\0\0\1", 1, -60, 3, 0),
        (b"\xff\0\xfe", b"\2\0\0\0\0\2", 1, -90, 0, 0),
    ]


def test_a_refused_scan_waits_until_ctrl_c(bench):
    main = SCAN + "w.connect('Away')\nprint('up')\ntry:\n    w.scan()\nexcept KeyboardInterrupt: print('out')\n"
    board = bench.start(main=main, air=AIR, clock=10)
    board.wait_for("up")
    time.sleep(0.6)  # six seconds of board time
    assert "out" not in board.lines
    with open(board.ready_tty(), "wb", buffering=0) as keyboard:
        keyboard.write(b"\x03")
    board.wait_for("out")


def test_a_scan_makes_clients_of_the_access_point_wait_and_loses_their_datagrams(bench):
    main = SERVER + SCAN + (
        "print('up')\nw.scan()\nu.setblocking(False)\n"
        "try:\n    u.recvfrom(9)\n    print('heard')\nexcept OSError:\n    print('lost')\n"
        "c, a = s.accept()\nprint(c.recv(9))\nprint('END')\n"
    )
    board = bench.start(main=main, air=AIR)
    board.wait_for("up")
    time.sleep(0.3)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.create_connection(("127.0.0.1", board.http_port)) as stream,
    ):
        datagrams.sendto(b"x", ("127.0.0.1", board.dns_port))
        stream.sendall(b"waited")
        board.wait_for("END")
    assert board.lines[1:3] == ["lost", "b'waited'"]


def test_errors_of_the_radio_are_oserrors_with_a_text(bench):
    main = trying("import network; network.WLAN(1).connect('x')", "import network; network.WLAN(2)") + (
        "import network\nprint(network.WLAN(0) is network.WLAN(0), network.WLAN().active(), network.WLAN(1).active())\n"
        "print(network.hostname(), network.WLAN(0).config('mac')[:3])\nprint('DONE')\n"
    )
    board = bench.start(main=main)
    board.wait_for("DONE")
    assert [line for line in board.lines if line != "END"][:4] == [
        "OSError STA required",
        "ValueError ",
        "True False True",
        "mpy-esp8266 b'\\\\\\xcf\\x7f'",
    ]


def test_the_same_seed_gives_the_same_random_numbers(bench):
    main = "import os, random\nprint('random', os.urandom(8), random.getrandbits(30))\n"
    first, second, third = (bench.start(main=main, seed=seed).wait_for("random .*")[0] for seed in (7, 7, 8))
    assert first == second != third


def test_an_interrupt_in_the_middle_of_calls_leaves_the_channel_in_step(bench):
    main = """
import network, machine
w = network.WLAN(1)
p = machine.Pin(2, machine.Pin.OUT)
print('up')
caught = 0
while caught < 20:
    try:
        while True:
            assert w.config('essid').startswith('MicroPython') and p.value() == 0 and w.status() == -1
    except KeyboardInterrupt:
        caught += 1
        print('caught', caught)
print('END')
"""
    board = bench.start(main=main)
    board.wait_for("up")
    with open(board.ready_tty(), "wb", buffering=0) as keyboard:
        for n in range(1, 21):
            keyboard.write(b"\x03")
            board.wait_for(f"caught {n}$")
    board.wait_for("END")
    assert "AssertionError" not in "\n".join(board.lines)

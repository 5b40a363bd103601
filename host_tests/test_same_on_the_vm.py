"""The protocol functions do the same on CPython and in the MicroPython VM, and DNS answers need no heap there."""

import os
import random
import subprocess
import sys
from pathlib import Path

from host_tests.corpus import hostile, load, own_pages, replay

ROOT = Path(__file__).parent.parent
MICROPYTHON = Path(sys.executable).parent / "micropython"
RANDOM_INPUTS = 600
TIMEOUT_S = 60


def run_on_the_vm(*arguments):
    """Standard output of a program in the VM, which finds device/ and host_tests/."""
    environment = {**os.environ, "MICROPYPATH": str(ROOT)}
    done = subprocess.run(
        [MICROPYTHON, *arguments], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout


def the_same_on_both(inputs, tmp_path):
    """Compare all results for the inputs, pairs of kind and bytes; returns them by input."""
    path = tmp_path / "inputs"
    path.write_text("".join(f"{kind} {data.hex()}\n" for kind, data in inputs))
    theirs = iter(run_on_the_vm(ROOT / "host_tests/corpus/replay.py", path).splitlines())
    count = 0
    for kind, data in inputs:
        for ours in replay.results(kind, data):
            assert next(theirs, "nothing") == ours, (kind, data)
            count += 1
    assert next(theirs, None) is None
    return count


def known_inputs():
    inputs = [("d", bytes.fromhex(row["query"])) for row in load("dns.json")]
    inputs += [("d", datagram) for _, datagram, _, _ in hostile.DNS]
    inputs += [("h", row["request"].encode("latin-1")) for row in load("http.json")]
    inputs += [("h", request) for _, request, _ in hostile.HTTP]
    inputs += [("t", text) for text in hostile.TEXT]
    return inputs


def damaged(data, chance):
    """`data` with a few bytes changed, removed, doubled or put in."""
    data = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        what = chance.randrange(4)
        some = bytes(chance.choice(b"\0\t\n\r %&+,.:;=?/_09AZaz\x3f\x40\x7f\x80\xbf\xc0\xe2\xff") for _ in range(2))
        data[at : at + what] = data[at : at + 3] * 2 if what == 3 else some[: chance.randint(0, 2)]
    return bytes(data)


def test_the_known_inputs_give_the_same_results(tmp_path):
    assert the_same_on_both(known_inputs(), tmp_path) > 1000


def test_damaged_inputs_give_the_same_results(tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    known = known_inputs()
    inputs = []
    for _ in range(RANDOM_INPUTS):
        kind, data = chance.choice(known)
        inputs.append((kind, damaged(data, chance)))
    inputs += [(chance.choice("dht"), chance.randbytes(chance.randrange(80))) for _ in range(RANDOM_INPUTS // 4)]
    the_same_on_both(inputs, tmp_path)


def test_what_own_pages_are_made_of_gives_the_same_results(tmp_path):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    words = [b"a", b"/", b"..", b".", b"%2e", b"%2F", b"%zz", b"//", b"b", b"\\", b"{{", b"}}", b"{{a}}", b"0-9"]
    words += [b"-5", b"7-", b",", b'"0123"', b"W/", b"*", b"<&", b"\r", b"\n", b"\xff", b"\xc3\xbc", b"css"]
    words += [b"secret", b"+1", b"1_0"]
    inputs = [b"", *words]
    inputs += [b"".join(chance.choices(words, k=chance.randint(1, 6))) for _ in range(RANDOM_INPUTS)]
    inputs += [chance.randbytes(chance.randrange(1, 20)) for _ in range(RANDOM_INPUTS // 4)]
    path = tmp_path / "inputs"
    path.write_text("".join(data.hex() + "\n" for data in inputs))
    theirs = iter(run_on_the_vm(ROOT / "host_tests/corpus/own_pages.py", path).splitlines())
    for data in inputs:
        for ours in own_pages.results(data):
            assert next(theirs, "nothing") == ours, data
    assert next(theirs, None) is None


ALLOCATION = """
import gc
from device.net import dns
from host_tests.corpus.hostile import DNS

queries = [memoryview(datagram) for _, datagram, _, _ in DNS]
reply = bytearray(dns.REPLY_BYTES)
address = bytes(4)

def round():
    for query in queries:
        dns.answer(query, reply, address)

def measure():
    round()
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(1000 // len(queries) + 1):
        round()
    gc.collect()
    print("survived", gc.mem_alloc() - before)
    gc.disable()
    before = gc.mem_alloc()
    round()
    print("used", gc.mem_alloc() - before)

measure()
"""

SURVIVAL = """
import gc
from device.net import answer, form, http, text
from device.net.request import HTTPError, Request
from host_tests.corpus import hostile

buffer = bytearray(536)
requests = [request for _, request, status in hostile.HTTP if status == 0 and len(request) < 536]

def round():
    for data in requests:
        request = Request()
        buffer[: len(data)] = data
        http.feed(request, buffer, len(data))
        answer.head(200, 5, ((b"A", b"b"),))
    for data in hostile.TEXT:
        text.escape(text.text(data))
        try:
            for _ in form.fields(data):
                pass
        except HTTPError:
            pass

def measure():
    round()
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(20):
        round()
    gc.collect()
    print("survived", gc.mem_alloc() - before)

measure()
"""


def vm_figures(program, tmp_path):
    path = tmp_path / "program.py"
    path.write_text(program)
    return dict(line.split() for line in run_on_the_vm(path).splitlines())


def test_a_thousand_dns_answers_use_no_heap_at_all(tmp_path):
    assert vm_figures(ALLOCATION, tmp_path) == {"survived": "0", "used": "0"}


def test_nothing_that_requests_and_forms_allocate_survives(tmp_path):
    # A stale word on the stack may hold some blocks of 32 bytes; a leak would hold one or more in each of 20 rounds.
    assert int(vm_figures(SURVIVAL, tmp_path)["survived"]) < 20 * 32

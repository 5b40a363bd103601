"""What mypy has to say: of the host tools, of a program that uses them, and of the firmware with the port's stubs."""

import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
STUBS = ("micropython-esp8266-stubs", "micropython-stdlib-stubs")

# The firmware has no annotations: names that hold one thing and later another are no news.
NO_NEWS = ("assignment", "has-type", "misc", "var-annotated")

# {(file, code): why the checker cannot see that it is right}
EXCEPTIONS = {
    ("engine.py", "attr-defined"): "moves.begin() and gestures.begin() give the machine its state, button and LED",
    ("seldom.py", "attr-defined"): "the package is reached through sys.modules",
    ("offered.py", "attr-defined"): "the package is reached through sys.modules",
    ("commands.py", "attr-defined"): "an attempt that has ended is in the context",
    ("program.py", "union-attr"): "the class of the machine that tests bring along has a context as well",
    ("program.py", "operator"): "a program without step() has False in its place, which is not called",
    ("program.py", "call-arg"): "one name for two functions: each local of main() costs four bytes for good",
    ("fields.py", "str-format"): "what a limit counts is known from the type of the field",
    ("net/template.py", "arg-type"): "a plan holds bytes and lists that are rendered later",
}

PROGRAM = """
from pathlib import Path
from homeport.board import Board, Settings
from homeport.deploy import deploy
from homeport.label import Label, write
from homeport.package import make_package
from homeport.ports import PortError, the_port
from homeport.provision import Credentials, Row, provision
from homeport.romfs import make_image

def use(folder: Path) -> str:
    board = Board(Settings(str(folder / "flash.bin"), air={"networks": []}, console=lambda data: print(data.decode())))
    board.power_on()
    board.call_at(1000, board.press_reset)
    board.run(until=lambda: False)
    board.close()
    try:
        done = deploy(the_port(), replace_main=True)
        row: Row = provision(the_port(), Credentials(b"Home", "correct horse"))
    except PortError as error:
        return str(error)
    write(Label(row.name), folder / "label.svg")
    make_package(folder / "mip")
    size: int = make_image(folder / "homeport.romfs")
    return ", ".join(done.copied) + str(size)
"""


def mypy(*words, **options):
    """(exit status, lines) of the checker."""
    command = [sys.executable, "-m", "mypy", "--no-error-summary", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, **options)
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout.splitlines()


@pytest.fixture(scope="module")
def stubs(tmp_path_factory):
    """A folder with the port's stubs, which have the names of modules of this machine, and nothing else."""
    folder = tmp_path_factory.mktemp("stubs")
    for name in STUBS:
        for file in metadata.files(name):
            if file.suffix in (".pyi", "") and ".dist-info" not in str(file):
                (folder / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file.locate(), folder / file)
    return folder


def complaints(tree, stubs, work):
    """{(file, code): lines} of a firmware's tree; work: a folder that is empty."""
    shutil.copytree(tree, work / "homeport", ignore=shutil.ignore_patterns("main.py", "__pycache__"))
    words = ["--no-strict-optional", "--check-untyped-defs", "--no-incremental", "--config-file", ""]
    words += [word for code in NO_NEWS for word in ("--disable-error-code", code)]
    words += ["--custom-typeshed-dir", stubs, "-p", "homeport"]
    _, lines = mypy(*words, cwd=work, env={"MYPYPATH": f"{stubs}:{work}", "PATH": ""})
    found = {}
    for line in lines:
        if match := re.match(r"homeport/([\w/]+\.py):\d+: error: .*\[([\w-]+)\]$", line):
            found.setdefault(match.groups(), []).append(line)
    return found


def test_the_host_tools_have_no_type_that_does_not_fit():
    status, lines = mypy(cwd=ROOT)
    assert status == 0, "\n".join(lines)


def test_a_program_that_uses_the_host_tools_is_checked_against_their_types(tmp_path):
    (tmp_path / "homeport").symlink_to(ROOT / "host")  # as it lies where it is installed
    (tmp_path / "program.py").write_text(PROGRAM)
    words = ("--strict", "--follow-imports", "silent", "--config-file", "", "program.py")
    status, lines = mypy(*words, cwd=tmp_path)
    assert status == 0, "\n".join(lines)
    (tmp_path / "program.py").write_text(PROGRAM.replace('Label(row.name), folder / "label.svg"', '"a name", folder'))
    assert mypy(*words, cwd=tmp_path)[0] == 1


def test_the_firmware_asks_the_port_for_nothing_that_its_stubs_lack(stubs, tmp_path):
    found = complaints(ROOT / "device", stubs, tmp_path)
    wrong = [line for place, lines in found.items() if place not in EXCEPTIONS for line in lines]
    assert not wrong, "\n".join(wrong)
    assert found.keys() == EXCEPTIONS.keys(), "an exception that is not needed any more"


@pytest.mark.parametrize(
    "line, code",
    [
        ("import time\n\n\ndef f():\n    return time.monotonic()\n", "attr-defined"),
        ("import network\n\n\ndef f():\n    return network.WLAN(0).scann()\n", "attr-defined"),
        ("import machine\n\n\ndef f():\n    return machine.Pin()\n", "call-arg"),
        ("import subprocess\n", "import-not-found"),
    ],
)
def test_what_the_stubs_lack_is_found(stubs, tmp_path, line, code):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "__init__.py").write_text(line)
    (tmp_path / "work").mkdir()
    found = complaints(tmp_path / "tree", stubs, tmp_path / "work")
    assert list(found) == [("__init__.py", code)]

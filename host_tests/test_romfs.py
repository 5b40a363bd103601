"""The image for the ROMFS variant: made and written by mpremote, run in place by the VM."""

import ast
import hashlib
import re
import subprocess
from pathlib import Path

import pytest
from homeport import heap
from homeport.board import flash
from homeport.ports import PortError
from homeport.romfs import ROM_BYTES, RomfsError, deploy_image, make_image, stage

from .boards import BIN, bench_fixture, images_fixture, mount, read_file  # noqa: F401
from .test_docs import HEAP_TOLERANCE_BYTES, table

LEAST_GAIN_BYTES = 3_500  # of heap, at rest after pages
SEEN = """
import os
from binascii import hexlify
from hashlib import sha256
def digest(path):
    total = sha256()
    with open(path, "rb") as file:
        while block := file.read(512):
            total.update(block)
    return str(hexlify(total.digest()), "ascii")
def walk(folder):
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + "/" + name
        if kind == 0x4000:
            walk(path)
        else:
            print(repr((path, digest(path))))
walk("/rom")
"""
GET = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept-Encoding: gzip\r\nAccept-Language: de\r\n\r\n"


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "homeport.romfs"
    assert make_image(path) == path.stat().st_size <= ROM_BYTES
    return path


@pytest.fixture
def board(bench, tmp_path):
    """A board of that variant with nothing on it but its file system."""
    return bench.start(rom=tmp_path / "rom.bin")


def pieces(board):
    """{path: SHA-256} of what the board reads in its ROMFS."""
    return dict(map(ast.literal_eval, board.mpremote("exec", SEEN).splitlines()))


@pytest.mark.board
def test_the_image_is_written_read_back_and_run_in_place(bench, board, image, tmp_path):
    deploy_image(str(board.ready_tty()), image, told=lambda line: None)
    board.wait_for("portal open")
    assert b"Content-Encoding: gzip" in board.http(GET % board.http_port)  # so it found its pages
    stage(tmp_path / "staged")
    staged = [path for path in (tmp_path / "staged").rglob("*") if path.is_file()]
    names = {path: f"/rom/{path.relative_to(tmp_path / 'staged')}" for path in staged}
    assert pieces(board) == {names[path]: hashlib.sha256(path.read_bytes()).hexdigest() for path in staged}
    assert "lib" not in mount(board.flash).listdir("/")
    shown = board.mpremote("exec", "import sys; print(sys.path)")
    assert shown == "['', '.frozen', '/rom', '/rom/lib', '/lib', '/']\n"


@pytest.mark.board
def test_what_is_in_the_image_goes_before_the_file_system_and_survives_a_power_cut(board, bench, image, tmp_path):
    deploy_image(str(board.ready_tty()), image, told=lambda line: None)
    board.wait_for("portal open")
    board.mpremote("exec", "import os; os.mkdir('/lib'); open('/lib/homeport.py', 'w').close()")
    board.power_cut()
    again = bench.start(board.flash, rom=tmp_path / "rom.bin")
    again.wait_for("portal open")


@pytest.mark.board
def test_the_doctor_finds_nothing_wrong_with_a_firmware_in_place(board, image):
    deploy_image(str(board.ready_tty()), image, told=lambda line: None)
    words = [BIN / "homeport", "doctor", "--port", board.ready_tty()]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=60)
    assert re.search(r"^  firmware +[\d.]+, in the ROMFS image", done.stdout, re.M), done.stdout
    assert "main.py      starts Homeport" in done.stdout and "nothing is wrong" in done.stdout and not done.returncode


@pytest.mark.board
def test_a_main_of_ones_own_stays(board, image):
    own = "import homeport\nprint('mine', homeport.__name__)\n"
    board.mpremote("exec", f"with open('main.py', 'w') as file: file.write({own!r})")
    deploy_image(str(board.tty), image, told=lambda line: None)
    board.wait_for("mine homeport")
    assert read_file(board.flash, "main.py").decode() == own


@pytest.mark.board
def test_a_copy_that_was_cut_off_is_finished_by_the_next_one(board, bench, image, tmp_path):
    def cut(line):
        if re.search("Writing at offset (81920|86016)", line):
            board.power_cut()

    with pytest.raises(RomfsError):
        deploy_image(str(board.ready_tty()), image, told=cut)
    again = bench.start(board.flash, rom=tmp_path / "rom.bin")
    deploy_image(str(again.ready_tty()), image, told=lambda line: None)
    again.wait_for("portal open")


@pytest.mark.board
def test_a_board_without_the_variant_is_told_in_mpremotes_words(bench, image):
    board = bench.start(firmware=True)
    board.wait_for("portal open")
    before = len(board.lines)
    with pytest.raises(RomfsError, match="ROMFS is not enabled"):
        deploy_image(str(board.ready_tty()), image)
    board.wait_for("portal open", start=before)  # it goes on with what it has


@pytest.mark.board
def test_a_board_runs_what_it_has_when_somebody_ends_the_copy(bench, image, tmp_path):
    board = bench.start(firmware=True, rom=tmp_path / "rom.bin")
    board.wait_for("portal open")
    before = len(board.lines)

    def end(line):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        deploy_image(str(board.ready_tty()), image, told=end)
    board.wait_for("portal open", start=before)


@pytest.mark.board
@pytest.mark.parametrize(
    ("boot", "words"), [("", "ROMFS is not enabled.*\n.*homeport flash"), ("sys.platform = 'esp32'", "another chip")]
)
def test_the_command_says_once_what_to_do_with_a_board_that_takes_no_image(bench, tmp_path, boot, words):
    board = bench.start(bench.image(files=[("boot.py", f"import sys\n{boot}\n".encode())]))
    words_of_command = [BIN / "homeport", "romfs", tmp_path / "a.romfs", "--port", board.ready_tty()]
    done = subprocess.run(list(map(str, words_of_command)), capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and not done.stdout and re.search(words, done.stderr), done


def test_a_port_that_is_not_there_is_said_in_the_words_of_the_other_commands(tmp_path, image):
    with pytest.raises(PortError, match="tty is not there.\n.*plugged in"):
        deploy_image(str(tmp_path / "tty"), image)


def test_the_virtual_boards_partition_is_as_large_as_the_chips():
    assert flash.ROM_BYTES == ROM_BYTES


def test_an_image_that_has_no_room_is_refused_and_the_old_one_stays(tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "__init__.py").write_text("")
    (tree / "big.bin").write_bytes(bytes(ROM_BYTES))
    (tmp_path / "x.romfs").write_bytes(b"old")
    with pytest.raises(RomfsError, match="have room"):
        make_image(tmp_path / "x.romfs", tree)
    assert (tmp_path / "x.romfs").read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 2


def test_a_source_that_does_not_say_where_the_pages_are_is_refused(tmp_path):
    (tmp_path / "tree" / "pages").mkdir(parents=True)
    with pytest.raises(RomfsError, match="pages"):
        stage(tmp_path / "out", tmp_path / "tree")


@pytest.mark.slow
def test_code_in_place_leaves_more_of_the_heap():
    there, copied = heap.firmware(in_place=True), heap.firmware()
    for mark in ("at rest after pages", "in the middle of a page", "portal entered"):
        assert copied.used[mark] - there.used[mark] > 0, mark
    assert copied.used["at rest after pages"] - there.used["at rest after pages"] >= LEAST_GAIN_BYTES
    assert there.used["every module imported"] < copied.used["every module imported"] / 2
    for mark, figures in table("packaging.md", "at | copied | in place").items():
        for real, figure in zip((copied, there), figures, strict=True):
            assert abs(real.used[mark.split(",")[0]] - figure) <= HEAP_TOLERANCE_BYTES, (mark, real.used)


@pytest.mark.board
def test_the_command_makes_the_image_and_writes_it_to_a_board(board, tmp_path):
    words = [BIN / "homeport", "romfs", tmp_path / "a.romfs", "--port", board.ready_tty()]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "ROMFS image deployed" in done.stdout and f"of {ROM_BYTES}" in done.stderr
    assert "at offset" not in done.stdout
    board.wait_for("portal open")
    assert Path(tmp_path / "a.romfs").read_bytes()[:3] == b"\xd2\xcd\x31"

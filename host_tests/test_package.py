"""What `mpremote mip install` installs, from a folder and from a server, is what `homeport deploy` makes."""

import functools
import http.server
import json
import re
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from homeport.deploy import compile_tree
from homeport.package import PackageError, listing, make_package

from .boards import BIN, bench_fixture, images_fixture, mount  # noqa: F401

ROOT = Path(__file__).resolve().parent.parent
MAIN = "import homeport\nhomeport.main()\n"


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "mip"
    make_package(folder)
    return folder


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def on_flash(path, folder="/lib/homeport"):
    """{name: bytes} of what lies under the folder on a flash image."""
    fs = mount(path)
    found = {}
    for where, _, names in fs.walk(folder):
        for name in names:
            with fs.open(f"{where}/{name}", "rb") as file:
                found[f"{where}/{name}".removeprefix("/lib/")] = file.read()
    return found


@pytest.fixture
def server(package):
    """A server on this machine with the package in it, as a repository shows its files; yields its address."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=package.parent)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        handler.func.log_message = lambda *_: None
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_address[1]}/"
        running.shutdown()


# What is in it


def test_the_package_has_each_file_that_deployment_makes_and_no_other(package, tmp_path):
    compile_tree(ROOT / "device", tmp_path)
    made = files(tmp_path / "lib")
    found = files(package)
    assert {name: data for name, data in found.items() if name != "package.json"} == made
    assert json.loads(found["package.json"])["urls"] == sorted(
        ([name, name] for name in made), key=lambda pair: (pair[0] == "homeport/__init__.mpy", pair)
    )


def test_the_version_is_that_of_the_project(package):
    version = json.loads((package / "package.json").read_text())["version"]
    assert f'\nversion = "{version}"\n' in (ROOT / "pyproject.toml").read_text()


def test_the_package_in_the_repository_is_the_firmware_in_the_repository(package):
    """mpremote installs it from there, as from any branch, tag or fork."""
    told = "the firmware has changed: run `make package` and commit package.json and mip/"
    names = [name for name in files(package) if name != "package.json"]
    assert (ROOT / "package.json").read_text() == listing(names, "mip/"), told
    assert files(ROOT / "mip") == files(package), told


def test_a_package_is_made_anew_but_nothing_else_is_overwritten(package, tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "thesis.txt").write_text("irreplaceable")
    with pytest.raises(PackageError, match="something else"):
        make_package(tmp_path / "own")
    (tmp_path / "file").write_text("")
    with pytest.raises(PackageError, match="something else"):
        make_package(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    make_package(tmp_path / "empty")
    (tmp_path / "empty" / "homeport" / "old.mpy").write_text("")
    make_package(tmp_path / "empty")
    assert files(tmp_path / "empty") == files(package)  # and what is made twice is the same
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "file", "own"]


def test_a_firmware_that_does_not_compile_leaves_the_old_package(package, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "bad.py").write_text("def f(:\n")
    make_package(tmp_path / "mip")
    with pytest.raises(PackageError, match="bad.py"):
        make_package(tmp_path / "mip", tmp_path / "tree")
    assert files(tmp_path / "mip") == files(package)


@pytest.mark.slow
def test_the_command_makes_both_listings(tmp_path, package):
    words = [BIN / "homeport", "package", "out/mip", "--listing", "package.json"]
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, cwd=tmp_path, timeout=60)
    assert done.returncode == 0 and "mpremote mip install package.json" in done.stderr
    urls = json.loads((tmp_path / "package.json").read_text())["urls"]
    assert all((tmp_path / url).is_file() and url == f"out/mip/{name}" for name, url in urls)


# Installed by mpremote


@pytest.mark.board
@pytest.mark.parametrize("how", ["folder", "server", "repository"])
def test_mpremote_installs_it_and_two_lines_start_it(bench, package, server, tmp_path, how):
    board = bench.start(main=MAIN)
    board.wait_for("no module named 'homeport'")
    source = {"folder": package / "package.json", "server": f"{server}mip/", "repository": ROOT / "package.json"}[how]
    board.mpremote("mip", "install", source, "+", "reset", timeout=120)
    board.wait_for(r"fsm \d+ boot credentials_missing portal")
    board.wait_for("portal open")
    board.power_cut()
    assert on_flash(board.flash) == {name: data for name, data in files(package).items() if name != "package.json"}


@pytest.mark.board
def test_an_installation_that_was_interrupted_starts_nothing_and_is_finished_by_the_next(bench, package):
    board = bench.start(main=MAIN)
    words = [sys.executable, "-m", "mpremote", "connect", board.ready_tty(), "mip", "install", package / "package.json"]
    with subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, bufsize=0) as copying:
        shown = b""
        while b"/server.mpy" not in shown:
            read = copying.stdout.read(4096)  # what there is
            assert read, shown
            shown += read
        copying.kill()
    start = len(board.lines)
    board.mpremote("reset")
    board.wait_for("AttributeError.*main", start=start)  # no part of it runs, and the prompt is there
    board.mpremote("mip", "install", package / "package.json", "+", "reset", timeout=120)
    board.wait_for("portal open", start=start)


@pytest.mark.board
def test_a_project_that_is_finished_gets_it_without_losing_its_main(bench, package):
    own = "import homeport\nwlan = homeport.run()\nprint('mine runs at', wlan.ifconfig()[0])\n"
    home = {"ssid": "Home", "key": "correct horse", "join_ms": 300}
    board = bench.start(main=own, air={"networks": [home]}, clock=10)
    board.mpremote("mip", "install", package / "package.json", timeout=120)
    assert board.mpremote("cat", ":/main.py") == own
    code = "from homeport.commands import join\njoin({b'ssid': b'Home', b'password': b'correct horse'})"
    assert re.search("cable: connected", board.mpremote("exec", code))
    board.mpremote("reset")
    board.wait_for("mine runs at 192.168.1.50")

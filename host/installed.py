"""What of the firmware lies on a board, and what has to be done so that all of it does.

New and changed files are first copied beside the firmware, into STAGE, while the old one stays whole. When all of them
are there, and right, the board puts them into their places by itself: it takes the package's entry away, without which
no program can import half of it, removes what is no longer wanted, moves the new files, and puts the entry back last.
Whenever that is interrupted the next run sees from the files alone what is left to do.
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from .link import Link, literal, sensible
from .squeeze_program import PACKAGE

LIB = f"/lib/{PACKAGE}"
STAGE = f"{LIB}.new"  # no program can import a name with a dot
ROMFS = "/rom/"  # goes before the file system in sys.path
MAIN = "/main.py"
STAGED_MAIN = f"{STAGE}/main.py"  # the package has none: main.py is outside of it
ENTRY = "__init__.mpy"
ENTRIES = (ENTRY, "__init__.py")
BLOCK_BYTES = 4096
INLINE_BYTES = 128  # LittleFS keeps what is not longer in its folder's own blocks; half the port's cache to be safe
FOLDER_BLOCKS = 2
SPARE_BLOCKS = 6  # for what LittleFS moves around meanwhile, and the store
NAMES_PER_STEP = 60

# Prints a line for each file: (path, bytes, SHA-256), then what else there is to know. Hashes are made on the board, so
# no file travels. After power was lost in the middle of a rename from folder to folder LittleFS hides the file behind
# the one that was moved, until something is written or removed: what is not there serves as well.
LOOK = """
import os, sys, hashlib
from binascii import hexlify
try:
    os.remove('/lib/?')
except OSError:
    pass
b = bytearray(512)
v = memoryview(b)
def look(folder):
    try:
        entries = os.ilistdir(folder)
    except OSError:
        return
    for e in entries:
        path = folder + '/' + e[0]
        if e[1] == 0x4000:
            look(path)
        else:
            see(path)
def see(path):
    try:
        f = open(path, 'rb')
    except OSError:
        return
    h = hashlib.sha256()
    size = 0
    with f:
        while True:
            n = f.readinto(b)
            if not n:
                break
            size += n
            h.update(v[:n])
    print(repr((path, size, str(hexlify(h.digest()), 'ascii'))))
for root in %r:
    look(root)
see(%r)
ours = calls = False
try:
    with open(%r) as f:
        text = f.read(4096)
    ours = text.split() == ['import', %r, %r]
    calls = %r in text
    del text
except (OSError, ValueError, MemoryError):
    pass
first = None
for p in sys.path:
    for end in ('', '.py', '.mpy'):
        path = p.rstrip('/') + '/' + %r + end
        try:
            os.stat(path)
            first = first or path
        except OSError:
            pass
s = os.statvfs('/')
print(repr((ours, calls, first, s[0], s[2], s[3])))
"""

# For code on the board: makes the folders that a path is in, if they are not there.
FOLDERS = """
def folders(path):
    at = path.find('/', 1)
    while at > 0:
        try:
            os.mkdir(path[:at])
        except OSError as e:
            if e.args[0] != 17:
                raise
        at = path.find('/', at + 1)
"""

# What the board does by itself. `move`: names, from STAGE to LIB; `remove`: paths.
STEP = f"""
import os{FOLDERS}
def gone(path):
    try:
        os.remove(path)
    except OSError as e:
        if e.args[0] != 2:
            raise
def park(path, place):
    try:
        os.rename(path, place)
    except OSError as e:
        if e.args[0] != 2:
            raise
def sweep(folder):
    try:
        entries = list(os.ilistdir(folder))
    except OSError:
        return
    for e in entries:
        if e[1] == 0x4000:
            sweep(folder + '/' + e[0])
    try:
        os.rmdir(folder)
    except OSError:
        pass
"""


class FullError(Exception):
    """The files do not fit; the text says how much there is and what to do."""


@dataclass
class Found:
    """What a board has. files: {path: (bytes, SHA-256 in hex)}. blocks and free: of BLOCK_BYTES.

    main_ours: main.py is the two lines of this project; main_calls: it names the package at least. imported: what
    `import homeport` would take, or None.
    """

    files: dict[str, tuple[int, str]]
    main_ours: bool
    main_calls: bool
    imported: str | None
    blocks: int
    free: int


def look(link: Link, heard: Callable[[str], None] = lambda path: None) -> Found:
    """Found on the board of a link that is at its prompt. heard(path): each file, as the board comes to it."""
    rows: list[tuple] = []

    def line(text: str) -> None:
        row = literal(text)
        with sensible():
            path = row[0] if len(row) == 3 else None
        rows.append(row)
        if path is not None:
            heard(path)

    names = ((LIB, STAGE), MAIN, MAIN, PACKAGE, f"{PACKAGE}.main()", PACKAGE, PACKAGE)
    link.run(LOOK % names, line)
    with sensible():
        *files, (ours, calls, first, _, blocks, free) = rows
        return Found({path: (size, digest) for path, size, digest in files}, ours, calls, first, blocks, free)


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def fingerprint(hashes: dict[str, str]) -> str:
    """Twelve digits for a whole firmware: {path: SHA-256 in hex} of the files in LIB."""
    lines = [f"{path} {hashes[path]}\n" for path in sorted(hashes) if path.startswith(LIB + "/")]
    return digest("".join(lines).encode())[:12]


@dataclass
class Plan:
    """How to get from what was found to what is wanted, {path: bytes}."""

    wanted: dict[str, bytes]
    found: Found
    replace_main: bool = False
    copy: list[str] = field(default_factory=list)  # paths of files to be copied into STAGE
    resumed: list[str] = field(default_factory=list)  # those that are there already, of an earlier run
    move: list[str] = field(default_factory=list)  # paths that get what is in STAGE for them
    remove: list[str] = field(default_factory=list)  # paths in LIB that nothing wants
    leftover: list[str] = field(default_factory=list)  # paths in STAGE that nothing wants
    main_kept: bool = False  # main.py is the owner's, and stays
    in_place_first: bool = False  # there is no room for the old and the new: the old one goes first

    def __post_init__(self) -> None:
        found = self.found.files
        hashes = {path: digest(data) for path, data in self.wanted.items()}
        right = {path for path in self.wanted if found.get(path, (0, ""))[1] == hashes[path]}
        self.main_kept = (
            MAIN in self.wanted and MAIN in found and MAIN not in right
            and not (self.found.main_ours or self.replace_main)
        )  # fmt: skip
        self.move = [path for path in self.wanted if path not in right and not (path == MAIN and self.main_kept)]
        for path in self.move:
            is_there = found.get(staged(path), (0, ""))[1] == hashes[path]
            (self.resumed if is_there else self.copy).append(path)
        self.remove = sorted(path for path in found if path.startswith(LIB + "/") and path not in self.wanted)
        kept = {staged(path) for path in self.resumed}
        self.leftover = sorted(path for path in found if path.startswith(STAGE + "/") and path not in kept)
        self._make_fit()

    def _make_fit(self) -> None:
        need, free = self.need_blocks, self.found.free
        if need <= free:
            return
        freed = sum(_blocks(self.found.files[path][0]) for path in self.old + self.leftover)
        if need > free + freed:
            raise FullError(self.full(need, free + freed))
        self.in_place_first = True

    @property
    def need_blocks(self) -> int:
        if not self.copy:
            return 0
        known = {path.rsplit("/", 1)[0] for path in self.found.files}
        folders = {path.rsplit("/", 1)[0] for path in [*map(staged, self.move), *self.move] if path != MAIN} - known
        return sum(_blocks(len(self.wanted[path])) for path in self.copy) + FOLDER_BLOCKS * len(folders) + SPARE_BLOCKS

    def full(self, need: int, free: int) -> str:
        kilobytes = BLOCK_BYTES // 1024
        return (
            f"the board's file system is full: {need * kilobytes} KB are needed, {free * kilobytes} KB are free.\n"
            "  Remove what is not needed (mpremote fs ls : and mpremote fs rm :NAME), then run this again;\n"
            "  the firmware that was on the board is untouched"
        )

    @property
    def old(self) -> list[str]:
        """Paths in LIB that are replaced or removed."""
        return self.remove + [path for path in self.move if path in self.found.files and path != MAIN]

    @property
    def skipped(self) -> list[str]:
        """Paths that are on the board as wanted."""
        return [path for path in self.wanted if path not in self.move]

    @property
    def is_done(self) -> bool:
        return not (self.move or self.remove or self.leftover)

    # Code for the board, as pieces that it runs one after the other

    def prepare(self) -> list[str]:
        """Before copying: make STAGE empty but for what is right in it."""
        steps = [_removal(part) for part in _parts(self.leftover)]
        if self.leftover:
            steps.append(STEP + f"sweep({STAGE!r})\n")
        if self.in_place_first:
            steps.append(STEP + self._entry_away())
            steps += [_removal(part) for part in _parts([path for path in self.old if path not in self._entries()])]
        return steps

    def commit(self) -> list[str]:
        """After copying: from STAGE into their places. The first step takes the entry away, the last one puts it back;
        all is one step as long as it is short."""
        names = [path for path in self.move if path.startswith(LIB + "/") and path != f"{LIB}/{ENTRY}"]
        removed = [path for path in self.remove if path not in self._entries()]
        steps = []
        if names or self.remove or f"{LIB}/{ENTRY}" in self.move:
            steps.append(self._entry_away())
            steps += [f"for p in {part!r}:\n    gone(p)\n    print('.')\n" for part in _parts(removed)]
            steps.append(f"sweep({LIB!r})\n")
            steps.append(f"folders({LIB + '/'!r})\n")
            for part in _parts([path[len(LIB) + 1 :] for path in names]):
                steps.append(
                    f"for n in {part!r}:\n    folders({LIB!r} + '/' + n)\n"
                    f"    os.rename({STAGE!r} + '/' + n, {LIB!r} + '/' + n)\n    print('.')\n"
                )
            steps.append(f"os.rename({STAGE + '/' + ENTRY!r}, {LIB + '/' + ENTRY!r})\n")
        if MAIN in self.move:
            steps.append(f"os.rename({STAGED_MAIN!r}, {MAIN!r})\n")
        steps.append(f"sweep({STAGE!r})\n")
        if len(names) + len(removed) <= NAMES_PER_STEP * 2:
            return [STEP + "".join(steps)]
        return [STEP + step for step in steps]

    def _entry_away(self) -> str:
        entry = f"{LIB}/{ENTRY}"
        lines = [f"gone({path!r})\n" for path in self._entries() if path != entry]
        if entry in self.move:
            lines.append(f"gone({entry!r})\n")
        elif entry in self.found.files:  # it is as wanted, and waits in STAGE
            lines.append(f"folders({STAGE + '/'!r})\npark({entry!r}, {STAGE + '/' + ENTRY!r})\n")
        return "".join(lines)

    def _entries(self) -> list[str]:
        return [f"{LIB}/{name}" for name in ENTRIES if f"{LIB}/{name}" in self.found.files]


def abandon() -> str:
    """Code that removes what was copied and not put into its place."""
    return STEP + (
        "def empty(folder):\n    for e in list(os.ilistdir(folder)):\n        path = folder + '/' + e[0]\n"
        "        empty(path) if e[1] == 0x4000 else os.remove(path)\n    os.rmdir(folder)\n"
        f"try:\n    empty({STAGE!r})\nexcept OSError:\n    pass\n"
    )


def in_place(found: Found) -> bool:
    """Whether what `import homeport` takes lies in the ROMFS."""
    return found.imported is not None and found.imported.startswith(ROMFS)


def how_to_unshadow(path: str) -> str:
    """What to do so that /lib/homeport is imported, and not what is found before it."""
    if path.startswith(ROMFS):
        return "it is in the ROMFS image: make a new one (homeport romfs), or an empty one"
    return f"remove it: mpremote fs rm -r :{path}"


def staged(path: str) -> str:
    """Where a wanted file waits."""
    return STAGED_MAIN if path == MAIN else STAGE + path[len(LIB) :]


def _removal(paths: Iterable[str]) -> str:
    return STEP + f"for p in {paths!r}:\n    gone(p)\n    print('.')\n"


def _parts(names: Sequence[str]) -> list[tuple[str, ...]]:
    return [tuple(names[at : at + NAMES_PER_STEP]) for at in range(0, len(names), NAMES_PER_STEP)]


def _blocks(size: int) -> int:
    return 0 if size <= INLINE_BYTES else -(-size // BLOCK_BYTES)

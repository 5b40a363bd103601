"""Compiled templates, read record by record: their format is described and made in host/pages.py."""

from io import BytesIO
from struct import unpack

from .text import shown

CHECK = "<HHHHH"
CHECK_BYTES = 10
END, STATIC, TEXT, RAW, IF, UNLESS, EACH = range(7)


def planned(file, name, values, packer=None):
    """(length, plan) of a page in the file; the plan is what connection.sent() takes.

    name: bytes. values: {name, bytes: bytes, a truth, or for a list a function that returns an iterable of such dicts}.
    packer: a Gzip if the file is a compressed one.
    """
    words = file.readline().split()
    file.seek(int(str(words[words.index(name) + 1], "ascii")))  # trusted: our own file
    names = file.readline().split()
    length = 0
    plan = []
    if packer:
        from .gzip import HEADER

        plan.append(HEADER)
        length = len(HEADER)
    for kind, value, size in wanted(file, names, values):
        if kind == STATIC:
            if packer:
                packer.skip(unpack(CHECK, file.read(CHECK_BYTES)))
            plan.append(file.tell())
            plan.append(size)
            file.seek(size, 1)
            length += size
            continue
        part = Each(file.read(size), names, value, packer is not None) if kind == EACH else (field(kind, value),)
        if packer:
            part = packer.encode(part)
            length += len(part)
        else:
            length += sum(len(piece) for piece, _ in part)
        plan.append(part)
    if packer:
        part = packer.finish()
        plan.append(part)
        length += len(part)
    return length, plan


def wanted(file, names, values):
    """Yield (kind, value, size) of the records to be sent; the file then stands behind the record's head."""
    while True:
        head = file.read(4)
        if len(head) < 4 or head[0] == END:
            return
        kind = head[0]
        size = head[2] | head[3] << 8
        value = None if kind == STATIC else values.get(names[head[1]])
        if kind in (IF, UNLESS, EACH) and bool(value) == (kind == UNLESS):
            file.seek(size, 1)
        elif kind not in (IF, UNLESS):
            yield kind, value, size


def field(kind, value):
    """(bytes to be sent, None) for a value that is TEXT or RAW."""
    return (shown(value or b"") if kind == TEXT else value or b""), None


class Each:
    """A list's pairs (bytes, check), as often as one asks for them."""

    def __init__(self, body, names, items, compressed):
        self._body = body
        self._names = names
        self._items = items
        self._compressed = compressed

    def __iter__(self):
        file = BytesIO(self._body)
        for item in self._items():
            file.seek(0)
            for kind, value, size in wanted(file, self._names, item):
                if kind == STATIC:
                    check = unpack(CHECK, file.read(CHECK_BYTES)) if self._compressed else None
                    yield file.read(size), check
                else:
                    yield field(kind, value)

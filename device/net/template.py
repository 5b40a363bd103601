"""Compiled templates, read record by record: their format is described and made in host/pages.py."""

from struct import unpack

from .text import shown

RECORD_BYTES = 5
CHECK = "<HHHHH"
CHECK_BYTES = 10
END, STATIC, TEXT, RAW, IF, UNLESS, EACH = range(7)


def planned(file, name, values, packer=None):
    """(length, plan) of a page in the file; the plan is what Connection.answer() takes.

    name: bytes. values: {name, bytes: bytes, a truth, or for a list a function as of lists.py}.
    packer: a Gzip if the file is a compressed one.
    """
    words = file.readline().split()
    file.seek(int(str(words[words.index(name) + 1], "ascii")))  # trusted: our own file
    names = file.readline()
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
        if kind == EACH:
            part = Each(file.tell(), size, names, value, packer is not None)
            pieces = part.all(file)
        else:
            part = shown(value or b"") if kind == TEXT else value or b""
            pieces = ((part, None, 0),)
        if packer:
            length += packer.encode(pieces, plan)
        else:
            plan.append(part)
            for piece, _, _ in pieces:
                length += len(piece)
    if packer:
        part = packer.finish()
        plan.append(part)
        length += len(part)
    return length, plan


def wanted(file, names, values, end=None):
    """Yield (kind, value, size) of the records to be sent, up to that place in the file or to the page's end.

    The file then stands behind the record's head.
    """
    while end is None or file.tell() < end:
        head = file.read(RECORD_BYTES)
        kind = head[0]
        if kind == END:
            return
        start = head[1] | head[2] << 8
        size = head[3] | head[4] << 8
        value = None if kind == STATIC else values.get(names[start : names.find(b" ", start)])
        if kind in (IF, UNLESS, EACH) and bool(value) == (kind == UNLESS):
            file.seek(size, 1)
        elif kind not in (IF, UNLESS):
            yield kind, value, size


class Each:
    """A list: its records' place and size in the file, and a function that returns its n-th item."""

    def __init__(self, start, size, names, item, compressed):
        self._start = start
        self._end = start + size
        self._names = names
        self._item = item
        self._compressed = compressed

    def __call__(self, file, n):
        """The bytes of the n-th item, None behind the last one."""
        item = self._item(n)
        if item is not None:
            return b"".join([piece for piece, _, _ in self._pieces(file, item)])

    def all(self, file):
        """Yield what _pieces() yields, of all items; the file then stands behind the list."""
        n = 0
        while True:
            item = self._item(n)
            if item is None:
                break
            for piece in self._pieces(file, item):
                yield piece
            n += 1
        file.seek(self._end)

    def _pieces(self, file, item):
        """Yield (bytes, their check or None, their place in the file or 0)."""
        file.seek(self._start)
        for kind, value, size in wanted(file, self._names, item, self._end):
            if kind == STATIC:
                check = unpack(CHECK, file.read(CHECK_BYTES)) if self._compressed else None
                place = file.tell()
                yield file.read(size), check, place
            else:
                yield (shown(value or b"") if kind == TEXT else value or b""), None, 0

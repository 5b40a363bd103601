"""Changes to a source text by position, so that every line keeps its number."""


class SqueezeError(Exception):
    """The tree cannot be squeezed safely; the text starts with `<file>:<line>: `."""

    def __init__(self, path, line, what):
        super().__init__(f"{path}:{line}: {what}")


class Edits:
    """Collects replacements for one file; text() applies them. Columns count UTF-8 bytes, as ast does."""

    def __init__(self, path, text):
        self._path = path
        self._data = text.encode()
        self._starts = [0]
        for line in self._data.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._edits = {}

    def word(self, line, column, old, new):
        """Replace the identifier `old` at this place."""
        start = self._starts[line - 1] + column
        end = start + len(old.encode())
        if self._data[start:end] != old.encode() or _goes_on(self._data, start - 1) or _goes_on(self._data, end):
            raise SqueezeError(self._path, line, f"{old} is not where the parser saw it: within an f-string?")
        self._edits[start] = (end, new.encode())

    def node(self, node, new):
        """Replace all of `node`; what it had in further lines becomes empty lines."""
        start = self._starts[node.lineno - 1] + node.col_offset
        end = self._starts[node.end_lineno - 1] + node.end_col_offset
        kept_inside = [at for at in self._edits if start < at < end]
        for at in kept_inside:
            del self._edits[at]
        self._edits[start] = (end, new.encode() + b"\n" * (node.end_lineno - node.lineno))

    def source(self, node):
        """The text of `node`."""
        start = self._starts[node.lineno - 1] + node.col_offset
        return self._data[start : self._starts[node.end_lineno - 1] + node.end_col_offset].decode()

    def text(self):
        parts, at = [], 0
        for start, (end, new) in sorted(self._edits.items()):
            parts += [self._data[at:start], new]
            at = end
        return b"".join([*parts, self._data[at:]]).decode()


def _goes_on(data, at):
    return 0 <= at < len(data) and (data[at : at + 1].isalnum() or data[at : at + 1] == b"_" or data[at] > 127)

"""From a traceback of the firmware on a board to the sources: which file, which line, which function.

On the board several files may be one module (squeeze_bundles.py), and functions have other names (squeeze_names.py);
lines keep their numbers, so that the file and the line tell the rest.
"""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path

from .places import DEVICE
from .squeeze_bundles import BUNDLES, LINES_PER_FILE
from .squeeze_program import PACKAGE

FRAME = re.compile(rf'^(\s*)File "({PACKAGE}(?:\.\w+)*)", line (\d+)(?:, in .*)?$')


class Traces:
    """Of the tree that the firmware on the board was made of."""

    def __init__(self, tree: str | Path = DEVICE) -> None:
        self._tree = Path(tree)
        self._bundles = {
            _module(target): files
            for target, files in BUNDLES.items()
            if all((self._tree / path).is_file() for path in files)
        }
        self._names: dict[Path, list[tuple[int, int, str]]] = {}

    def translated(self, line: str) -> str:
        """The line of a traceback with file, line and function as in the sources, and the source below it; any other
        line, and what these sources do not have, as it is."""
        found = FRAME.match(line)
        place = found and self.place(found[2], int(found[3]))
        if not found or not place:
            return line
        path, number, name, source = place
        return f'{found[1]}File "{path}", line {number}, in {name}\n{found[1]}  {source}'

    def place(self, module: str, number: int) -> tuple[str, int, str, str] | None:
        """(path, line, function, text of the line) of a line of a module on the board, or None."""
        path, number = self._file(module, number)
        if path is None:
            return None
        lines = path.read_text(encoding="utf-8").split("\n")
        if not 0 < number <= len(lines):
            return None
        return _short(path), number, self._name(path, number), lines[number - 1].strip()

    def _file(self, module: str, number: int) -> tuple[Path | None, int]:
        if module in self._bundles:
            which, number = divmod(number - 1, LINES_PER_FILE)
            files = self._bundles[module]
            return (self._tree / files[which], number + 1) if which < len(files) else (None, 0)
        parts = module.split(".")[1:]
        for path in (self._tree.joinpath(*parts, "__init__.py"), self._tree.joinpath(*parts).with_suffix(".py")):
            if path.is_file():
                return path, number
        return None, 0

    def _name(self, path: Path, number: int) -> str:
        """The function around a line, with its class; the innermost one."""
        if path not in self._names:
            self._names[path] = list(_functions(ast.parse(path.read_text(encoding="utf-8")), ""))
        around = [(end - start, name) for start, end, name in self._names[path] if start <= number <= end]
        return min(around)[1] if around else "<module>"


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[int, int, str]]:
    """(first line, last line, qualified name) of all functions and classes below a node."""
    for child in ast.iter_child_nodes(node):
        name = prefix
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = f"{prefix}{child.name}"
            yield child.lineno, child.end_lineno or child.lineno, name
            name += "."
        yield from _functions(child, name)


def _module(target: str) -> str:
    return ".".join([PACKAGE, *Path(target).with_suffix("").parts])


def _short(path: Path) -> str:
    """As a person, and an editor, find it from the current folder."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else relative

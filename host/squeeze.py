"""Lean sources for the chip out of readable ones: constants in place of their names, names that cost no heap.

A name that is not in the chip's flash is interned for ever (about 10 bytes and its length), and one that a module or an
object has costs a slot of a dict besides. So whole-tree knowledge is used where a compiler of single files has none:
constants are folded across modules (squeeze_constants.py), modules that are in memory together become one
(squeeze_bundles.py) and identifiers are renamed (squeeze_names.py). Every line keeps its number, in a bundle behind the
number of its file, so a traceback leads to the source.
"""

import ast
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .squeeze_bundles import BUNDLES, bundle
from .squeeze_constants import fold
from .squeeze_edits import Edits, SqueezeError
from .squeeze_names import rename
from .squeeze_program import OUTSIDE

__all__ = ["PUBLIC", "SqueezeError", "Squeezed", "squeeze", "squeeze_texts"]

# What an owner's program, the prompt or a tool on the host may name; app.py's step() is looked up by its name.
PUBLIC = (
    "main", "run", "machine", "step", "context", "state", "settled", "idle_ms", "feed", "values",
    "join",
    "buffer",  # of sys.stdin and sys.stdout, which an attribute of this firmware's is called as well
    # Own pages (docs/own-pages.md): none of these is a name in the modules of the portal.
    "running", "Site", "Reply", "route", "methods", "args", "raw", "rule", "rules", "log", "headers", "no_cache",
    "notes", "readable", "status", "type", "method", "path", "client", "site", "header", "json", "read", "cookie",
    "send_file", "fill", "guard", "login", "logout", "echo", "cache", "message", "events",
)  # fmt: skip

FOLDS_LIMIT = 20


@dataclass(frozen=True)
class Squeezed:
    """`sources`: {path relative to the tree, with slashes: text}; `names`: {new name: what it stands for, a tuple}."""

    sources: dict
    names: dict


def squeeze(tree):
    """The folder's sources made lean. SqueezeError, with file and line, where that could change what they do."""
    tree = Path(tree)
    paths = [path for path in sorted(tree.rglob("*.py")) if "__pycache__" not in path.parts]
    return _squeezed(tuple((path.relative_to(tree).as_posix(), path.read_text(encoding="utf-8")) for path in paths))


@lru_cache(maxsize=4)
def _squeezed(sources):
    """It takes seconds, and one process may need the same tree several times."""
    return squeeze_texts(dict(sources))


def squeeze_texts(sources, public=PUBLIC, bundles=BUNDLES):
    """squeeze() of {path: text}; bundles: as in squeeze_bundles.py."""
    outside = {path: text for path, text in sources.items() if path == OUTSIDE}
    sources = {path: text if path == OUTSIDE else _without_docstrings(path, text) for path, text in sources.items()}
    for _ in range(FOLDS_LIMIT):
        folded = fold(sources, public)
        if folded == sources:
            break
        sources = folded
    sources, names = rename(bundle(sources, bundles), public)
    sources = {path: text for path, text in sources.items() if text.strip() or not path.endswith("/__init__.py")}
    return Squeezed({**sources, **outside}, names)


def _without_docstrings(path, text):
    try:
        tree = ast.parse(text, path)
    except SyntaxError as error:
        raise SqueezeError(path, error.lineno, error.msg) from error
    edits = Edits(path, text)
    for node in ast.walk(tree):
        documented = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        if documented and ast.get_docstring(node, clean=False) is not None:
            alone = len(node.body) == 1 and not isinstance(node, ast.Module)
            edits.node(node.body[0], "pass" if alone else "")
    return edits.text()

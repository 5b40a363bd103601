"""Files that are in memory at the same times anyway become one module on the board.

A module costs three interned names for ever (its own, that with its packages and that of its file, some 60 bytes and
their places in the table of names), an object, a dictionary and a list of the names that its code uses: 150 to 300
bytes of which its readers have nothing. A line of a bundle tells the file all the same: line 2057 is line 57 of its
third file.
"""

import ast

from .squeeze_edits import Edits, SqueezeError
from .squeeze_program import OUTSIDE, Program

# {the module's file on the board: the files in it, each after those that it imports at its top}. A name that the chip
# has in its flash costs nothing (rom_names.py), so some are named a little differently there.
BUNDLES = {
    "core.py": ("overlay.py", "clock.py", "net/radio.py", "context.py", "engine.py"),
    "idle.py": ("crc.py", "hardware.py", "net/interfaces.py", "seldom.py"),
    "next.py": ("table.py", "moves.py"),
    "boot.py": ("net/imported.py", "states/boot.py"),
    "config.py": ("options.py", "access.py"),
    "log.py": ("history.py",),
    "active.py": ("holding.py",),
    "version.py": ("slots.py",),
    "callable.py": ("offered.py",),
    "dump.py": ("crash.py",),
    "match.py": ("outage.py",),
    "exit.py": ("net/farewell.py",),
    "key.py": ("credentials.py",),
    "reset.py": ("marks.py", "guard.py", "gestures.py"),
    "start.py": ("program.py",),
    "station.py": ("net/station.py", "net/join.py"),
    "server.py": ("net/dns.py", "net/phases.py", "net/server.py"),
    "clients.py": ("net/request.py", "net/connection.py", "net/clients.py"),
    "lists.py": ("net/rows.py", "net/lists.py"),
    "visitors.py": ("net/visit.py", "net/visitors.py"),
    "improv.py": ("improv_packets.py", "improv.py"),
    "reply.py": ("net/asked.py", "net/reply.py"),
}

# What of a folder is not in a bundle lies beside the package's own modules: a package costs an object, a dictionary and
# names as well, and its modules' names are longer. But a module is an attribute of its package, whose names these are.
FLAT = {"net/": "", "states/": ""}
TAKEN = {"net/portal.py": "net_portal.py", "net/rounds.py": "round.py", "net/opening.py": "open.py"}
PUBLIC_MODULES = {f"net/{name}.py" for name in ("web", "fill", "folder", "session", "cache", "events")}  # of owners

NAMING = ("forget", "make_room", "__import__")  # functions that take names of modules, see device/overlay.py
LINES_PER_FILE = 1000


def flattened(sources, bundles):
    """The bundles, and one for each file in a FLAT folder that is in none."""
    bundled = {path for files in bundles.values() for path in files}
    flat = {}
    for path in sources:
        folder, name = path[: path.rfind("/") + 1], path[path.rfind("/") + 1 :]
        if folder in FLAT and path not in bundled | PUBLIC_MODULES and name != "__init__.py":
            flat[TAKEN.get(path, FLAT[folder] + name)] = (path,)
    return {**flat, **bundles}


def bundle(sources, bundles):
    """The sources with the files of each bundle in one; SqueezeError where that could change what they do.

    A bundle of which files are missing, or that is another tree's, is left as it is.
    """
    bundles = flattened(sources, bundles) if bundles is BUNDLES else bundles
    bundles = {target: files for target, files in bundles.items() if all(path in sources for path in files)}
    if not bundles:
        return sources
    merged = _Merged(sources, bundles)
    edits = {path: Edits(path, text) for path, text in sources.items()}
    merged.edit(edits)
    texts = {path: edit.text() for path, edit in edits.items()}
    result = {path: text for path, text in texts.items() if path not in merged.target_of}
    for target, files in bundles.items():
        result[target] = _concatenated([texts[path] for path in files], target)
    return dict(sorted(result.items()))


def _dotted(path):
    return path.removesuffix(".py").replace("/", ".")


def _concatenated(texts, target):
    lines = []
    for number, text in enumerate(texts):
        lines += [""] * (number * LINES_PER_FILE - len(lines)) + text.split("\n")
        if len(lines) > (number + 1) * LINES_PER_FILE:
            raise SqueezeError(target, len(lines), f"a file of more than {LINES_PER_FILE} lines is in this bundle")
    return "\n".join(lines).rstrip("\n") + "\n"


class _Merged:
    def __init__(self, sources, bundles):
        self._program = Program(sources)
        self.target_of = {path: target for target, files in bundles.items() for path in files}
        self._place = {path: place for files in bundles.values() for place, path in enumerate(files)}
        for target, files in bundles.items():
            if target in sources and target not in files:
                raise SqueezeError(target, 1, "a bundle has this name, and so has a file that is not in it")
            self._refuse_clashes(files)

    def edit(self, edits):
        """Write what every file imports as the bundles have it."""
        statements = {}
        for path, scope, statement, alias, target, _ in self._program.imports:
            if isinstance(statement, ast.ImportFrom) and statement.level and path != OUTSIDE:
                statements.setdefault((path, statement), []).append((alias, target, scope))
        for (path, statement), aliases in statements.items():
            origins = {self._origin(target) for _, target, _ in aliases}
            if path not in self.target_of and not origins & set(self.target_of):
                continue
            lines = []
            for alias, target, scope in aliases:
                if target[0] in ("module", "global") and self._is_near(path, target):
                    self._refuse_rebinding(path, statement, alias, target, scope)
                else:
                    lines.append(self._imported(path, alias, target))
            edits[path].node(statement, "; ".join(lines) or ("" if scope.kind == "module" else "pass"))
        self._rename_in_strings(edits)
        for use in self._program.uses:
            if use.module_attribute and isinstance(use.node, ast.Attribute):
                module = self._program.module_of(use.node.value, use.scope)
                if module is not None and module[0] == "module" and self._is_near(use.path, module):
                    edits[use.path].node(use.node, use.name)

    def _rename_in_strings(self, edits):
        """What is let go by the name of its file is let go by that of its bundle."""
        named = {_dotted(path): _dotted(target) for path, target in self.target_of.items()}
        for visitor in self._program.visitors:
            calls = [call for call, _ in visitor.calls if getattr(call.func, "id", None) in NAMING]
            nodes = [node for call in calls for argument in call.args for node in ast.walk(argument)]
            constants = {node.id for node in nodes if isinstance(node, ast.Name)}
            for statement in self._program.trees[visitor.path].body:
                if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", None) in constants:
                    nodes.append(statement.value)
            for node in nodes:
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    words = [named.get(word, self._flat_start(word)) for word in node.value.split(" ")]
                    once = [word for at, word in enumerate(words) if not word or word not in words[:at]]
                    edits[visitor.path].node(node, repr(" ".join(once)))

    def _flat_start(self, word):
        """The start of a module's name of which the end is found out when it runs."""
        for folder, start in FLAT.items():
            if word.endswith(_dotted(folder)):
                return word[: -len(folder)] + start
        return word

    def _origin(self, target):
        return target[1] if target[0] in ("module", "global") else None

    def _is_near(self, path, target):
        """True if what is imported lies in the same bundle as the file that imports it."""
        return path in self.target_of and self.target_of[path] == self.target_of.get(target[1])

    def _imported(self, path, alias, target):
        """One import statement, from where the file `path` lies now to where `target` does."""
        if target[0] not in ("module", "global"):
            raise SqueezeError(path, alias.lineno, f"cannot tell what {alias.name} is")
        here = self.target_of.get(path, path).split("/")[:-1]
        there = self.target_of.get(target[1], target[1]).removesuffix(".py").split("/")
        if there[-1] == "__init__":
            there.pop()
        name, bound = alias.name, alias.asname or alias.name
        if target[0] == "module":
            name = there.pop()
        shared = 0
        while shared < min(len(here), len(there)) and here[shared] == there[shared]:
            shared += 1
        source = "." * (len(here) - shared + 1) + ".".join(there[shared:])
        return f"from {source} import {name}" + (f" as {bound}" if bound != name else "")

    def _refuse_rebinding(self, path, statement, alias, target, scope):
        if target[0] == "global" and alias.asname not in (None, alias.name):
            raise SqueezeError(path, statement.lineno, f"{alias.asname}: in one bundle a thing has one name")
        bound = alias.asname or alias.name
        if scope.holder(bound).bound[bound] != {"import"}:
            raise SqueezeError(path, statement.lineno, f"{bound} is more than an import from the same bundle")
        if scope.kind == "module" and self._place[target[1]] >= self._place[path]:
            raise SqueezeError(path, statement.lineno, f"{target[1]} has to stand before {path} in their bundle")

    def _refuse_clashes(self, files):
        """Two files of a bundle that give one name to different things."""
        owner = {}
        for path in files:
            for name, kinds in self._program.scopes[path].bound.items():
                symbol = ("global", path, name)
                meant = self._program.target(symbol) if kinds == {"import"} else symbol
                if meant[0] == "foreign":
                    meant = ("foreign", name, None)
                if meant[0] == "module" and meant[1] in files:
                    continue  # its attributes are named without it
                if owner.setdefault(name, meant) != meant:
                    raise SqueezeError(path, 1, f"{name} means something else in another file of its bundle")

"""Gives the firmware's own identifiers names that lie in the chip's flash, so that they cost no heap.

Symbols that have to keep one name among them form a group. Groups of variables differ within each territory where they
are seen: a file for what modules define, a function for its arguments. Public attributes differ in the whole tree,
those that a class only uses through self differ within its family.
"""

import ast
import builtins
import re
import string
from collections import Counter, defaultdict

from .rom_names import POOL, ROM
from .squeeze_constants import CONSTANT, named_in_strings
from .squeeze_edits import Edits, SqueezeError
from .squeeze_program import OUTSIDE, PACKAGE, Program
from .squeeze_refusals import is_special, refuse

# As short as it gets; also what names are made of when the pool is empty, so that a second pass changes nothing.
SHORT = re.compile(r"[A-Za-z][0-9]?")
FRESH = tuple(a + b for b in ["", *string.digits] for a in string.ascii_letters)


def rename(sources, public):
    """(renamed sources, {new name: (original, ...)}); an original is written file:Class.method or .attribute."""
    program = Program(sources)
    names = _Names(program, frozenset(public))
    edits = {path: Edits(path, text) for path, text in sources.items()}
    originals = defaultdict(set)
    for use in program.uses:
        new = names.new(use.symbol)
        if new != use.name:
            if use.path == OUTSIDE:
                raise SqueezeError(use.path, use.line, f"{use.name} is used from outside: make it PUBLIC")
            edits[use.path].word(use.line, use.column, use.name, new)
            originals[new].add(_described(use.symbol))
    return {path: edit.text() for path, edit in edits.items()}, {
        new: tuple(sorted(found)) for new, found in sorted(originals.items())
    }


def _described(symbol):
    kind, where, name = symbol
    if kind == "global":
        return f"{where}:{name}"
    if kind == "local":
        return where.qualified(name)
    return where.qualified(name) if where else "." + name


class _Names:
    def __init__(self, program, public):
        self._program = program
        self._public = public
        self._strings = named_in_strings(program)
        self._kept = self._public | named_in_strings(program, ("__import__",))
        self._modules = {part for path in program.trees for part in path[: -len(".py")].split("/")} | {PACKAGE}
        self._new = {}  # {group or attribute: name}
        self._in_file = defaultdict(set)  # {path: names that the compiled file holds anyway}
        self._find_groups()
        self._find_territories()
        self._find_attributes()
        for use in program.uses:
            if self._is_fixed(use.symbol) and not self._is_plain_local(use.symbol):
                self._in_file[use.path].add(use.name)
        self._allocate_variables()
        self._allocate_attributes()
        refuse(program, self)

    def is_undefined(self, symbol):
        """True if no class of the tree has such an attribute."""
        return self._attribute(symbol) not in self._defined

    def is_argument(self, use):
        return _is_argument(use.symbol)

    def new(self, symbol):
        """The name that stands for the symbol now."""
        return self._new.get(self._key(symbol), symbol[2])

    def _key(self, symbol):
        if symbol[0] == "attribute":
            return self._attribute(symbol)
        return self._group(symbol)

    def _is_fixed(self, symbol):
        if symbol[0] == "attribute":
            return self._attribute(symbol) in self._fixed_attributes
        return symbol[0] == "builtin" or self._group(symbol) in self._fixed_groups

    def _stays(self, name):
        return name in ROM or is_special(name) or SHORT.fullmatch(name) is not None or name in self._kept

    # Variables: module-level names, arguments, local names

    def _find_groups(self):
        program = self._program
        self._parents = {}
        for left, right in program.joined:
            left, right = self._group(left), self._group(right)
            if left != right:
                self._parents[left] = right
        joined = {symbol for pair in program.joined for symbol in pair}
        symbols = {use.symbol for use in program.uses if use.symbol[0] in ("global", "local")} | joined
        named_by_import = {
            binding for _, _, _, alias, target, binding in program.imports if not alias.asname and target[0] != "global"
        }
        self._fixed_groups = {
            self._group(symbol)
            for symbol in symbols
            if self._stays(symbol[2])
            or symbol in named_by_import
            or symbol[0] == "global"
            and symbol[1] == OUTSIDE
            or symbol[0] == "local"
            and symbol not in joined
            and (not _is_argument(symbol) or symbol[2] in program.keywords)
        }
        self._groups = sorted({self._group(symbol) for symbol in symbols} - self._fixed_groups, key=_order)

    def _group(self, symbol):
        while symbol in self._parents:
            symbol = self._parents[symbol]
        return symbol

    def _is_plain_local(self, symbol):
        return symbol[0] == "local" and not _is_argument(symbol)

    def _find_territories(self):
        """What is named within each scope, and where each group is bound and used."""
        self._seen = defaultdict(set)  # {scope: groups, and names that stay}
        self._bound_in = defaultdict(set)  # {group: scopes}
        self._files = defaultdict(Counter)  # {group or attribute: {path: uses}}
        self._in_class_bodies = set()  # what is looked up there
        for use in self._program.uses:
            symbol, scope = use.symbol, use.scope
            if symbol[0] in ("global", "local"):
                self._files[self._group(symbol)][use.path] += 1
            if isinstance(use.node, ast.Attribute) or use.module_attribute:
                continue
            seen = symbol[2] if self._is_variable_fixed(symbol) else self._group(symbol)
            if scope.kind == "class" and not use.store:
                self._in_class_bodies.add(seen)
            while scope is not None:
                self._seen[scope].add(seen)
                scope = scope.parent
            if symbol[0] in ("global", "local"):
                holder = symbol[1] if symbol[0] == "local" else self._program.scopes[symbol[1]]
                self._seen[holder].add(seen)
                self._bound_in[seen].add(holder)

    def _is_variable_fixed(self, symbol):
        return symbol[0] not in ("global", "local") or self._group(symbol) in self._fixed_groups

    def _allocate_variables(self):
        module_wide = [group for group in self._groups if any(scope.parent is None for scope in self._bound_in[group])]
        module_wide.sort(key=lambda group: -self._files[group].total())  # stable
        arguments = [group for group in self._groups if group not in module_wide]
        arguments.sort(key=lambda group: _depth(group[1]))
        for group in module_wide + arguments:
            taken = set(self._strings)
            for scope in self._bound_in[group]:
                taken |= {self._new.get(seen, seen) for seen in self._seen[scope]}
                if scope.parent is None:
                    taken |= self._modules
            self._take(group, taken, [name for name in POOL if not CONSTANT.fullmatch(name)])

    def _take(self, key, taken, pool):
        """Give `key` the free name that most of its files hold already."""
        files = self._files[key]
        free = [name for name in pool if name not in taken] or [name for name in FRESH if name not in taken]
        name = max(free, key=lambda name: (sum(name in self._in_file[path] for path in files), -free.index(name)))
        self._new[key] = name
        for path in files:
            self._in_file[path].add(name)

    # Attributes: what classes define and what is set on objects

    def _find_attributes(self):
        program = self._program
        uses = [use for use in program.uses if use.symbol[0] == "attribute"]
        own = {(program.family(use.symbol[1]), use.name) for use in uses if use.store and use.symbol[1] is not None}
        # What a class asks itself for and does not define is another's, by its __getattr__() or by its base.
        self._shared = {
            use.name
            for use in uses
            if use.symbol[1] is None or (program.family(use.symbol[1]), use.name) not in own
        }
        defined = self._defined = {self._attribute(use.symbol) for use in uses if use.store}
        found = {self._attribute(use.symbol) for use in uses}
        self._fixed_attributes = {key for key in found if self._stays(key[2]) or key not in defined}
        self._attributes = sorted(found - self._fixed_attributes, key=_order)
        self._defined_names = {key[2] for key in defined & self._fixed_attributes}
        self._of_family = defaultdict(set)
        self._set_from_outside = set()
        for use in uses:
            key = self._attribute(use.symbol)
            self._files[key][use.path] += 1
            if use.symbol[1] is not None:
                self._of_family[program.family(use.symbol[1])].add(key)
            elif use.store:
                self._set_from_outside.add(key)

    def _attribute(self, symbol):
        """("attribute", family, name), without a family if objects of other classes may be meant."""
        _, family, name = symbol
        if family is None or name in self._shared:
            return ("attribute", None, name)
        return ("attribute", self._program.family(family), name)

    def _allocate_attributes(self):
        everywhere = {self._new.get(seen, seen) for seen in self._in_class_bodies} | self._strings
        everywhere |= {"args", "errno", "value"}
        for name in self._program.foreign_bases:
            everywhere |= set(dir(getattr(builtins, name, object)))
        self._attributes.sort(key=lambda key: (key[1] is not None, -self._files[key].total()))
        shared = self._defined_names | everywhere
        for key in self._attributes:
            if key[1] is None:
                self._take(key, shared, POOL)
                shared.add(self._new[key])
            else:
                near = self._of_family[key[1]] | self._set_from_outside
                self._take(key, everywhere | {self._new.get(other, other[2]) for other in near}, POOL)


def _order(symbol):
    kind, where, name = symbol
    return (kind, where if isinstance(where, str) else where.qualified("") if where else "", name)


def _depth(scope):
    return 0 if scope is None else 1 + _depth(scope.parent)


def _is_argument(symbol):
    return symbol[0] == "local" and "argument" in symbol[1].bound[symbol[2]]

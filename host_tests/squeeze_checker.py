"""Is a squeezed tree the original but for names, constants and docstrings? Found out without host/squeeze*.py.

check() walks both syntax trees side by side, line by line: what is missing must be a docstring, a definition of a
constant or an import; what became a literal must have the value that the original's definitions give it; everything
else must be the same but for identifiers. Whether those may be called otherwise is asked of symtable, CPython's own
view of scopes: in each scope old and new names pair up one to one, and each pair has the same kind there.
"""

import ast
import symtable
from collections import defaultdict


class Different(Exception):
    """The squeezed tree does something else; the text names the file and the line."""


def check(sources, squeezed, public):
    """sources, squeezed: {path: text}."""
    trees = {path: ast.parse(text) for path, text in sources.items()}
    walks = {}
    for path, tree in trees.items():
        if path in squeezed:
            walks[path] = _Walk(path, trees, squeezed, sources[path])
        else:
            missing = [node for node in tree.body if not _may_be_missing(node)]
            if missing or path == "__init__.py":
                raise Different(f"{path}: the module is gone with what it defines")
    if set(squeezed) - set(sources):
        raise Different("a module came from nowhere")
    for walk in walks.values():
        walk.check_scopes()
        walk.check_imports(walks)
    _check_attributes(walks, public)
    for path, walk in walks.items():
        for old, new in walk.names[walk.top].items():
            if old in public and old != new:
                raise Different(f"{path}: {old} is public and became {new}")


def _may_be_missing(node):
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    if isinstance(node, ast.Assign):
        target = node.targets[0]
        return len(node.targets) == 1 and isinstance(target, ast.Name) and target.id == target.id.upper()
    return isinstance(node, ast.ImportFrom) and node.level > 0


class _Values(dict):
    """Names of a module, evaluated from their definitions when they are asked for."""

    def __init__(self, trees, path):
        super().__init__()
        self._trees, self._path = trees, path

    def __missing__(self, name):
        for node in self._trees[self._path].body:
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", None) == name:
                return eval(compile(ast.Expression(node.value), self._path, "eval"), {"__builtins__": {}}, self)
        for node in ast.walk(self._trees[self._path]):
            for alias in node.names if isinstance(node, ast.ImportFrom) else ():
                if (alias.asname or alias.name) == name:
                    module, inner = _imported(self._trees, self._path, node, alias)
                    values = _Values(self._trees, module)
                    return values[inner] if inner else _Module(values)
        raise KeyError(name)


class _Module:
    def __init__(self, values):
        self._values = values

    def __getattr__(self, name):
        return self._values[name]


def _imported(trees, path, node, alias):
    """(path, name) of what is imported, name None for a module; path None if it is not of this tree."""
    if not node.level:
        return None, None
    parts = path.split("/")[: -node.level] + (node.module.split(".") if node.module else [])
    for inside, name in (([*parts, alias.name], None), (parts, alias.name)):
        for found in ("/".join(inside) + ".py", "/".join([*inside, "__init__.py"])):
            if found in trees:
                return found, name
    raise Different(f"{path}:{node.lineno}: nothing to import")


class _Walk:
    """One module's two trees, and which name became which in each scope and behind each dot."""

    def __init__(self, path, trees, squeezed, old_text):
        old, new_text = trees[path], squeezed[path]
        self.path = path
        self.values = _Values(trees, path)
        self._trees, self._squeezed = trees, squeezed
        self.names = defaultdict(dict)  # {table: {old: new}}
        self.attributes = []  # (old, new, base node, class or None, method's first argument)
        self.imports = []  # (node, old alias, new alias)
        self.classes = {}  # {name: (bases, {old: new})}
        self.top = symtable.symtable(old_text, path, "exec")
        self.partner = {self.top: symtable.symtable(new_text, path, "exec")}
        self.parent = {self.top: None}
        self._children = {}
        self._class = self._self = None
        self._table = self.top
        self._nodes(old.body, ast.parse(new_text).body)

    def fail(self, node, what):
        raise Different(f"{self.path}:{getattr(node, 'lineno', '?')}: {what}")

    # Scopes

    def _enter(self, node):
        """The table of the scope that `node` opens: the next child, as both walks are in the same order."""
        both = []
        for table in (self._table, self.partner[self._table]):
            children = self._children.setdefault(table, list(table.get_children()))
            both.append(children.pop(0))
        old, new = both
        if old.get_lineno() != node.lineno or new.get_lineno() != node.lineno or old.get_type() != new.get_type():
            self.fail(node, "another scope")
        self.partner[old] = new
        self.parent[old] = self._table
        return old

    def _pair(self, node, old, new):
        """`old` is called `new` in the present scope."""
        if self.names[self._table].setdefault(old, new) != new:
            self.fail(node, f"{old} became {new} and something else")

    def check_scopes(self):
        for table, names in self.names.items():
            where = f"{self.path}: in {table.get_name()}: "
            if len(set(names.values())) != len(names):
                raise Different(where + f"two names became one: {names}")
            for old, new in names.items():
                kinds = [_kind(each.lookup(name)) for each, name in ((table, old), (self.partner[table], new))]
                if kinds[0] != kinds[1]:
                    raise Different(where + f"{old} is {kinds[0]}, {new} is {kinds[1]}")
                if table.lookup(old).is_global() and table is not self.top:
                    self.names[self.top].setdefault(old, new)
                    if self.names[self.top][old] != new:
                        raise Different(where + f"the global {old} became {new}")
                if table.lookup(old).is_free():
                    holder = self.parent[table]
                    while not (old in self.names[holder] and holder.lookup(old).is_local()):
                        holder = self.parent[holder]
                    if self.names[holder][old] != new:
                        raise Different(where + f"{old} of an outer function became {new}")
        bound = {symbol.get_name() for symbol in self.top.get_symbols() if symbol.is_assigned() or symbol.is_imported()}
        bound |= {child.get_name() for child in self.top.get_children()}
        names = self.names[self.top]
        if len(set(names.values())) != len(names):
            raise Different(f"{self.path}: two globals became one")
        for old, new in names.items():
            if old not in bound and old != new:
                raise Different(f"{self.path}: the built-in {old} became {new}")

    def check_imports(self, walks):
        trees = dict.fromkeys(walks)
        for node, old, new in self.imports:
            if (old.asname is None) != (new.asname is None):
                self.fail(node, "another form of import")
            if isinstance(node, ast.Import) or not node.level:
                if old.name != new.name:
                    self.fail(node, f"{old.name} of another project became {new.name}")
                continue
            path, name = _imported(trees, self.path, node, old)
            expected = walks[path].names[walks[path].top].get(name, name) if name else old.name
            if new.name != expected:
                self.fail(node, f"imports {new.name} in place of {expected}")

    # The walk

    def _nodes(self, old, new):
        waiting = list(new)
        for node in old:
            if isinstance(node, ast.stmt) and not (waiting and waiting[0].lineno == node.lineno):
                if not _may_be_missing(node):
                    self.fail(node, "a statement is missing")
                continue
            if not waiting:
                self.fail(node, "something is missing")
            if isinstance(waiting[0], ast.Pass) and not isinstance(node, ast.Pass) and _may_be_missing(node):
                waiting.pop(0)
                continue
            self._node(node, waiting.pop(0))
        if waiting:
            self.fail(waiting[0], "something was added")

    def _both(self, *pairs):
        for old, new in pairs:
            if isinstance(old, list):
                self._nodes(old, new)
            elif isinstance(old, ast.AST):
                self._node(old, new)
            elif old != new or type(old) is not type(new):
                raise Different(f"{self.path}: {old!r} became {new!r}")

    def _rest(self, old, new, *but):
        self._both(*((getattr(old, name), getattr(new, name)) for name in old._fields if name not in but))

    def _node(self, old, new):
        if isinstance(old, (ast.Name, ast.Attribute)) and type(old) is not type(new):
            value = eval(compile(ast.Expression(old), self.path, "eval"), {"__builtins__": {}}, self.values)
            literal = ast.literal_eval(new)
            if value != literal or type(value) is not type(literal) or old.lineno != new.lineno:
                self.fail(old, f"{ast.unparse(old)} is {value!r}, not {literal!r}")
            return
        if type(old) is not type(new):
            self.fail(old, f"{ast.unparse(old)} became {ast.unparse(new)}")
        if hasattr(old, "lineno") and old.lineno != new.lineno:
            self.fail(old, f"moved to line {new.lineno}")
        special = getattr(self, "_" + type(old).__name__, None)
        special(old, new) if special else self._rest(old, new)

    def _Name(self, old, new):  # noqa: N802, as ast.NodeVisitor has it
        self._pair(old, old.id, new.id)

    def _arg(self, old, new):
        self._pair(old, old.arg, new.arg)

    def _Global(self, old, new):  # noqa: N802
        for name, other in zip(old.names, new.names, strict=True):
            self._pair(old, name, other)

    _Nonlocal = _Global

    def _ExceptHandler(self, old, new):  # noqa: N802
        if old.name:
            self._pair(old, old.name, new.name)
        self._rest(old, new, "name")

    def _ImportFrom(self, old, new):  # noqa: N802
        mine = list(old.names)
        if len(mine) != len(new.names):
            mine = [alias for alias in mine if not self._is_folded(old, alias)]
        if len(mine) != len(new.names):
            self.fail(old, f"became {ast.unparse(new)}")
        for alias, other in zip(mine, new.names, strict=True):
            self._pair(old, (alias.asname or alias.name).split(".")[0], (other.asname or other.name).split(".")[0])
            self.imports.append((old, alias, other))
        self._rest(old, new, "names")

    def _Import(self, old, new):  # noqa: N802
        self._ImportFrom(old, new)

    def _is_folded(self, node, alias):
        """True if the line that defined the imported name is gone from its module."""
        path, name = _imported(self._trees, self.path, node, alias)
        if path not in self._squeezed:
            return True
        lines = {statement.lineno for statement in ast.parse(self._squeezed[path]).body}
        return name is not None and any(
            statement.lineno not in lines
            for statement in self._trees[path].body
            if isinstance(statement, ast.Assign) and getattr(statement.targets[0], "id", None) == name
        )

    def _FunctionDef(self, old, new):  # noqa: N802
        self._pair(old, old.name, new.name)
        if self._table.get_type() == "class":
            self._class[1].append((old.name, new.name))
        self._both((old.decorator_list, new.decorator_list))
        self._function(old, new)

    def _Lambda(self, old, new):  # noqa: N802
        self._function(old, new)

    def _function(self, old, new):
        defaults = [(getattr(old.args, name), getattr(new.args, name)) for name in ("defaults", "kw_defaults")]
        for left, right in defaults:
            self._both(*zip(left, right, strict=True))
        in_class = self._table.get_type() == "class"
        outer, outer_self = self._table, self._self
        self._table = self._enter(old)
        if in_class and old.args.args:
            self._self = (self._table, old.args.args[0].arg, self._class)
        self._rest(old.args, new.args, "defaults", "kw_defaults")
        self._both((old.body, new.body))
        self._table, self._self = outer, outer_self

    def _ClassDef(self, old, new):  # noqa: N802
        self._pair(old, old.name, new.name)
        self._both(*((getattr(old, name), getattr(new, name)) for name in ("decorator_list", "bases", "keywords")))
        outer, outer_class = self._table, self._class
        self._class = (old, [])
        self.classes[old.name] = self._class
        self._table = self._enter(old)
        self._both((old.body, new.body))
        for name, other in self.names[self._table].items():
            if self._table.lookup(name).is_assigned():
                self._class[1].append((name, other))
        self._table, self._class = outer, outer_class

    def _comprehension_of(self, old, new):
        self._node(old.generators[0].iter, new.generators[0].iter)
        outer = self._table
        self._table = self._enter(old)
        for at, (left, right) in enumerate(zip(old.generators, new.generators, strict=True)):
            self._rest(left, right, *(("iter",) if at == 0 else ()))
        self._rest(old, new, "generators")
        self._table = outer

    _ListComp = _SetComp = _GeneratorExp = _DictComp = _comprehension_of

    def _Attribute(self, old, new):  # noqa: N802
        base = old.value
        owner = None
        if isinstance(base, ast.Name) and self._self and base.id == self._self[1]:
            owner = self._self[2]
        self.attributes.append((old, new, base if isinstance(base, ast.Name) else None, owner))
        self._node(old.value, new.value)


def _kind(symbol):
    flags = "parameter local free global declared_global imported assigned nonlocal namespace".split()
    return [flag for flag in flags if getattr(symbol, "is_" + flag)()]


def _check_attributes(walks, public):
    """Behind a dot, one name became one other in the whole tree, or in the class whose self stands before each dot."""
    everywhere, of_class = defaultdict(set), defaultdict(dict)
    modules = {path: {} for path in walks}
    for path, walk in walks.items():
        for node, old, _ in walk.imports:
            if isinstance(node, ast.ImportFrom) and node.level:
                target, name = _imported(dict.fromkeys(walks), path, node, old)
                if name is None:
                    modules[path][old.asname or old.name] = target
            else:
                modules[path][(old.asname or old.name).split(".")[0]] = None
    bases = {name: (path, found) for path, walk in walks.items() for name, found in walk.classes.items()}

    def root(found):
        names = [base.id for base in found[0].bases if isinstance(base, ast.Name) and base.id in bases]
        return root(bases[names[0]][1]) if names else id(found[0])

    uses = []
    for path, walk in walks.items():
        for old, new, base, owner in walk.attributes:
            if base is not None and base.id in modules[path]:
                target = modules[path][base.id]
                expected = walks[target].names[walks[target].top].get(old.attr, old.attr) if target else old.attr
                if expected != new.attr:
                    walk.fail(old, f"{ast.unparse(old)} became {new.attr} in place of {expected}")
                continue
            if base is not None and base.id in bases:
                owner = bases[base.id][1]  # a method of a base class, called by that one's name
            uses.append((walk, old, old.attr, new.attr, root(owner) if owner else None))
        for found in walk.classes.values():
            uses += [(walk, found[0], old, new, root(found)) for old, new in found[1]]
    known = {name for _, _, name, _, owner in uses if owner is None}
    for walk, node, old, new, owner in uses:
        if old in public and old != new:
            walk.fail(node, f".{old} is public and became {new}")
        if owner is None or old in known:
            everywhere[old].add(new)
            if len(everywhere[old]) > 1:
                walk.fail(node, f".{old} became {everywhere[old]}")
        if owner is not None and of_class[owner].setdefault(old, new) != new:
            walk.fail(node, f".{old} became {new} and {of_class[owner][old]} in one class")
    for names in of_class.values():
        if len(set(names.values())) != len(names):
            raise Different(f"two attributes of a class became one: {names}")
    own = {name for names in of_class.values() for name in names}
    shared = {old: next(iter(news)) for old, news in everywhere.items() if old in own or {old} != news}
    if len(set(shared.values())) != len(shared):
        raise Different(f"two attributes became one: {shared}")

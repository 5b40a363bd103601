"""Which names of a source tree mean the same thing, across modules.

A symbol is what a name stands for: ("global", path, name), ("local", scope, name), ("builtin", None, name) or
("attribute", family, name). A family is a class of the tree with all that inherit from each other; None if it is not
known of which class the object is.
"""

import ast
from dataclasses import dataclass

from .squeeze_edits import SqueezeError
from .squeeze_scopes import Scope, Visitor

PACKAGE = "homeport"  # as main.py, which lies outside of it, imports it
OUTSIDE = "main.py"
FOREIGN = ("foreign", None, None)  # what is imported from outside of the tree


@dataclass(eq=False)
class Use:
    """One place where a symbol is named."""

    path: str
    line: int
    column: int
    name: str
    symbol: tuple
    scope: Scope
    node: object  # of ast
    store: bool = False
    module_attribute: bool = False  # of another module: no variable here
    in_format: bool = False  # within an f-string


class Program:
    """All modules of a tree. `uses`: every Use; `alias_of`: {symbol: what an import bound to it}."""

    def __init__(self, sources):
        self.trees = {}
        for path, text in sources.items():
            try:
                self.trees[path] = ast.parse(text, path)
            except SyntaxError as error:
                raise SqueezeError(path, error.lineno, error.msg) from error
        self.texts = dict(sources)
        self.uses = []
        self.alias_of = {}
        self.imports = []  # (path, scope, statement, alias, target, binding)
        self.joined = []  # pairs of symbols that one token of an import names
        self.keywords = set()
        self.scopes = {path: Scope("module", path, None, path) for path in sources}
        self._opaque = set()  # bound by several imports, or by more than imports
        self.visitors = [Visitor(path, self.trees[path], sources[path], self.scopes[path]) for path in sources]
        self._families = {}
        self._resolve()

    # What visitors found becomes symbols

    def _resolve(self):
        for visitor in self.visitors:
            for statement, alias, scope in visitor.imports:
                self._import(visitor, statement, alias, scope)
        self.classes = {
            self.symbol(outer, node.name): scope for visitor in self.visitors for node, outer, scope in visitor.classes
        }
        self.foreign_bases = set()
        for visitor in self.visitors:
            for node, outer, scope in visitor.classes:
                for base in node.bases:
                    self._inherit(visitor.path, base, outer, scope)
        for visitor in self.visitors:
            self.keywords |= {node.arg for node in visitor.keywords if node.arg}
            for name, line, column, scope, node, store in visitor.names:
                symbol = self.symbol(scope, name)
                in_format = id(node) in visitor.in_format
                self.uses.append(Use(visitor.path, line, column, name, symbol, scope, node, store, False, in_format))
                if self.target(symbol)[0] == "module" and isinstance(node, ast.Name) and id(node) not in visitor.bases:
                    raise SqueezeError(visitor.path, line, f"the module {name} is used as a value")
            for node, scope in visitor.attributes:
                self._attribute(visitor, node, scope)

    def symbol(self, scope, name):
        holder = scope.holder(name)
        if holder is None:
            return ("builtin", None, name)
        if holder.kind == "module":
            return ("global", holder.path, name)
        if holder.kind == "class":
            return ("attribute", self.family(holder), name)
        return ("local", holder, name)

    def target(self, symbol):
        """What an imported name stands for in the end: a symbol, ("module", path, None) or FOREIGN."""
        seen = set()
        while symbol in self.alias_of and symbol not in seen:
            seen.add(symbol)
            symbol = self.alias_of[symbol]
        return symbol

    def family(self, scope):
        while scope in self._families:
            scope = self._families[scope]
        return scope

    def members(self, family):
        return [scope for scope in self.classes.values() if self.family(scope) is family]

    def module_path(self, parts):
        """The file of a module of the tree, None if there is none."""
        name = "/".join(parts)
        for path in (name + ".py" if name else "__init__.py", name + "/__init__.py"):
            if path in self.trees:
                return path
        return None

    def _import(self, visitor, statement, alias, scope):
        path = visitor.path
        bound = alias.asname or alias.name.split(".")[0]
        binding = self.symbol(scope, bound)
        target = FOREIGN
        if isinstance(statement, ast.Import):
            if path == OUTSIDE and alias.name == PACKAGE:
                target = ("module", self.module_path(()), None)
        elif statement.level:
            here = path.split("/")[:-1]
            if statement.level > len(here) + 1:
                raise SqueezeError(path, statement.lineno, "an import from above the tree")
            package = here[: len(here) + 1 - statement.level]
            package += statement.module.split(".") if statement.module else []
            source = self.module_path(package)
            module = self.module_path([*package, alias.name])
            bound_by = self.scopes[source].bound.get(alias.name) if source else None
            if module is not None and bound_by in (None, {"import"}):  # a package may import its own module
                target = ("module", module, None)
            elif bound_by is not None:
                target = ("global", source, alias.name)
            else:
                raise SqueezeError(path, statement.lineno, f"{'.'.join(package)} has no {alias.name}")
        line, column = alias.lineno, alias.col_offset
        if alias.asname:
            if target[0] == "global":
                self.uses.append(Use(path, line, column, alias.name, target, scope, alias, module_attribute=True))
            line, column = alias.end_lineno, alias.end_col_offset - len(alias.asname.encode())
        elif target[0] == "global":
            self.joined.append((binding, target))
        self.uses.append(Use(path, line, column, bound, binding, scope, alias, store=True))
        self.imports.append((path, scope, statement, alias, target, binding))
        rebound = scope.holder(bound).bound[bound] != {"import"}
        if rebound or self.alias_of.get(binding, target) != target or binding in self._opaque:
            if target[0] != "global" or self.alias_of.pop(binding, target)[0] != "global":
                raise SqueezeError(path, statement.lineno, f"{bound} stands for a module and for something else")
            self._opaque.add(binding)
        else:
            self.alias_of[binding] = target

    def _inherit(self, path, base, outer, scope):
        target = self.module_of(base, outer) or self.symbol_of(base, outer)
        if target in self.classes:
            mine, other = self.family(scope), self.family(self.classes[target])
            if mine is not other:
                self._families[mine] = other
        elif target is not None and target[0] == "builtin":
            self.foreign_bases.add(target[2])
        elif target != FOREIGN:
            raise SqueezeError(path, base.lineno, f"cannot tell which class {ast.unparse(base)} is")

    def symbol_of(self, node, scope):
        """The symbol that an expression names, as far as imports were followed; None if that is not known."""
        if isinstance(node, ast.Name):
            return self.target(self.symbol(scope, node.id))
        if isinstance(node, ast.Attribute):
            module = self.module_of(node.value, scope)
            if module == FOREIGN:
                return FOREIGN
            if module is not None:
                return self.target(("global", module[1], node.attr))
        return None

    def module_of(self, node, scope):
        """("module", path, None) or FOREIGN if the expression is a module, else None."""
        if isinstance(node, ast.Name):
            target = self.target(self.symbol(scope, node.id))
            return target if target[0] in ("module", "foreign") else None
        if isinstance(node, ast.Attribute):
            module = self.module_of(node.value, scope)
            if module is not None and module[0] == "module" and node.attr not in self.scopes[module[1]].bound:
                path = self.module_path([*module[1].split("/")[:-1], node.attr])
                return ("module", path, None) if path and module[1].endswith("__init__.py") else None
        return None

    def _attribute(self, visitor, node, scope):
        path, name = visitor.path, node.attr
        line, column = node.end_lineno, node.end_col_offset - len(name.encode())
        module = self.module_of(node.value, scope)
        store = not isinstance(node.ctx, ast.Load)
        if module == FOREIGN or self.module_of(node, scope) is not None:
            return
        in_format = id(node) in visitor.in_format
        if module is not None:
            symbol = ("global", module[1], name)
            if name not in self.scopes[module[1]].bound:
                raise SqueezeError(path, line, f"{module[1]} has no {name}")
            self.uses.append(Use(path, line, column, name, symbol, scope, node, store, True, in_format))
            return
        symbol = ("attribute", self._family_of(node.value, scope), name)
        self.uses.append(Use(path, line, column, name, symbol, scope, node, store, False, in_format))

    def _family_of(self, node, scope):
        """The family whose class or instance the expression surely is."""
        if not isinstance(node, ast.Name):
            return None
        holder = scope.holder(node.id)
        if holder is not None and holder.self_name == node.id and holder.bound[node.id] == {"argument"}:
            return self.family(holder.parent)
        symbol = self.target(self.symbol(scope, node.id))
        return self.family(self.classes[symbol]) if symbol in self.classes else None

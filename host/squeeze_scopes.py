"""Scopes of one module and every name in it, in the order of the source: what squeeze_program.py gives a meaning."""

import ast
import re
from dataclasses import dataclass, field

from .squeeze_edits import SqueezeError

_UNSUPPORTED = tuple(
    getattr(ast, name)
    for name in ("AsyncFunctionDef", "AsyncFor", "AsyncWith", "Await", "Match", "TryStar", "TypeAlias")
    if hasattr(ast, name)
)


@dataclass(eq=False)
class Scope:
    """`bound`: {name: how: "argument", "star", "store", "import", "def", "class"}; `outer`: {name: statement}."""

    kind: str  # module, class, function, comprehension
    path: str
    parent: "Scope | None"
    name: str
    bound: dict = field(default_factory=dict)
    outer: dict = field(default_factory=dict)
    self_name: "str | None" = None  # the first argument of a method

    def holder(self, name):
        """The scope that `name`, used here, belongs to; None for a built-in."""
        scope, start = self, self
        while scope is not None:
            visible = scope is start or scope.kind != "class"
            if visible and scope.outer.get(name) == "global":
                return scope.module()
            if visible and name in scope.bound and name not in scope.outer:
                return scope
            scope = scope.parent
        return None

    def module(self):
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope

    def qualified(self, name):
        parts, scope = [name], self
        while scope.parent is not None:
            parts.insert(0, scope.name)
            scope = scope.parent
        return scope.path + ":" + ".".join(parts)


class Visitor(ast.NodeVisitor):
    """Scopes and raw names of one module; what they mean is known when all modules were visited."""

    def __init__(self, path, tree, text, scope):
        self.path = path
        self.scope = scope
        self.names = []  # (name, line, column, scope, node, store)
        self.attributes = []  # (node, scope)
        self.imports = []  # (statement, alias, scope)
        self.classes = []  # (node, scope around it, its scope)
        self.functions = []  # (node, its scope)
        self.keywords = []
        self.calls = []  # (node, scope)
        self.bases = set()  # ids of the nodes that an attribute is taken of
        self.in_format = set()
        self._lines = text.encode().splitlines()
        self.visit(tree)

    def _bind(self, name, kind, scope=None):
        scope = scope or self.scope
        declared = scope.outer.get(name)
        if declared == "global":
            scope = scope.module()
        elif declared == "nonlocal":
            return
        scope.bound.setdefault(name, set()).add(kind)

    def _name(self, name, line, column, node, store):
        self.names.append((name, line, column, self.scope, node, store))

    def generic_visit(self, node):
        if isinstance(node, _UNSUPPORTED):
            raise SqueezeError(self.path, node.lineno, f"{type(node).__name__} is not supported")
        super().generic_visit(node)

    def _all(self, nodes):
        for node in nodes:
            if node is not None:
                self.visit(node)

    def _inside(self, scope, nodes):
        outer, self.scope = self.scope, scope
        self._all(nodes)
        self.scope = outer

    def _word(self, name, line, start, node):
        """A name that the parser gives no place for: the first such word from column `start` on."""
        found = re.compile(rb"\b" + name.encode() + rb"\b").search(self._lines[line - 1], start)
        if not found:
            raise SqueezeError(self.path, line, f"{name} is not in this line")
        self._name(name, line, found.start(), node, True)

    def visit_Module(self, node):
        self._all(node.body)

    def visit_FunctionDef(self, node):
        self._all(node.decorator_list)
        self._bind(node.name, "def")
        self._word(node.name, node.lineno, node.col_offset + len("def"), node)
        static = any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in node.decorator_list)
        self._function(node, node.name, node.body, self.scope.kind == "class" and not static)
        self.visit(node.returns) if node.returns else None

    def visit_Lambda(self, node):
        self._function(node, "<lambda>", [node.body], False)

    def _function(self, node, name, body, method):
        arguments = node.args
        plain = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        stars = [arg for arg in (arguments.vararg, arguments.kwarg) if arg]
        self._all([*arguments.defaults, *arguments.kw_defaults, *(arg.annotation for arg in plain + stars)])
        scope = Scope("function", self.path, self.scope, name)
        self.functions.append((node, scope))
        outer, self.scope = self.scope, scope
        for arg in plain + stars:
            self._bind(arg.arg, "star" if arg in stars else "argument")
            self._name(arg.arg, arg.lineno, arg.col_offset, arg, False)
        if method and (arguments.posonlyargs or arguments.args):
            scope.self_name = plain[0].arg
        self._all(body)
        self.scope = outer

    def visit_ClassDef(self, node):
        self._all([*node.decorator_list, *node.bases, *node.keywords])
        self._bind(node.name, "class")
        self._word(node.name, node.lineno, node.col_offset + len("class"), node)
        scope = Scope("class", self.path, self.scope, node.name)
        self.classes.append((node, self.scope, scope))
        self._inside(scope, node.body)

    def _comprehension(self, node, *parts):
        self.visit(node.generators[0].iter)
        scope = Scope("comprehension", self.path, self.scope, "<comprehension>")
        outer, self.scope = self.scope, scope
        for at, generator in enumerate(node.generators):
            self.visit(generator.target)
            if at:
                self.visit(generator.iter)
            self._all(generator.ifs)
        self._all(parts)
        self.scope = outer

    def visit_ListComp(self, node):
        self._comprehension(node, node.elt)

    visit_SetComp = visit_GeneratorExp = visit_ListComp

    def visit_DictComp(self, node):
        self._comprehension(node, node.key, node.value)

    def visit_NamedExpr(self, node):
        self.visit(node.value)
        scope = self.scope
        while scope.kind == "comprehension":
            scope = scope.parent
        self._bind(node.target.id, "store", scope)
        self._name(node.target.id, node.target.lineno, node.target.col_offset, node.target, True)

    def visit_Name(self, node):
        store = not isinstance(node.ctx, ast.Load)
        if store:
            self._bind(node.id, "store")
        self._name(node.id, node.lineno, node.col_offset, node, store)

    def visit_Global(self, node):
        kind = "global" if isinstance(node, ast.Global) else "nonlocal"
        for name in node.names:
            self.scope.outer[name] = kind
            if kind == "global":
                self.scope.module().bound.setdefault(name, set())
            self._word(name, node.lineno, node.col_offset + len(kind), node)

    visit_Nonlocal = visit_Global

    def visit_ExceptHandler(self, node):
        self._all([node.type])
        if node.name:
            self._bind(node.name, "store")
            self._word(node.name, node.type.end_lineno, node.type.end_col_offset, node)
        self._all(node.body)

    def visit_Import(self, node):
        for alias in node.names:
            if alias.name == "*":
                raise SqueezeError(self.path, node.lineno, "import * hides which names come")
            self._bind(alias.asname or alias.name.split(".")[0], "import")
            self.imports.append((node, alias, self.scope))

    visit_ImportFrom = visit_Import

    def visit_Attribute(self, node):
        self.bases.add(id(node.value))
        self.visit(node.value)
        self.attributes.append((node, self.scope))

    def visit_keyword(self, node):
        self.keywords.append(node)
        self.visit(node.value)

    def visit_Call(self, node):
        self.calls.append((node, self.scope))
        self.generic_visit(node)

    def visit_JoinedStr(self, node):
        self.in_format |= {id(part) for part in ast.walk(node)}
        self.generic_visit(node)

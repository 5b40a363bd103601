"""Puts constants in place of their names, across modules; definitions and imports that nobody needs then go."""

import ast
import re

from .squeeze_edits import Edits
from .squeeze_program import OUTSIDE, Program

CONSTANT = re.compile(r"_?[A-Z][A-Z0-9_]*")
SMALL_INTEGER_BITS = 30  # of its 31 one is the sign; a larger one is an object
INTERNED_LIMIT_CHARACTERS = 10  # a str of up to as many is interned (py/mpconfig.h): no object at any of its uses

_OPERATORS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitXor: lambda a, b: a ^ b,
    ast.USub: lambda a: -a,
    ast.Invert: lambda a: ~a,
    ast.UAdd: lambda a: +a,
}


class _NoConstant(Exception):
    pass


def fold(sources, public):
    """The sources after one pass; a module that nothing is left of is gone. Repeat until nothing changes."""
    program = Program(sources)
    found = _Constants(program, public)
    folded = found.folded()
    edits = {path: Edits(path, text) for path, text in sources.items()}
    for symbol, value in folded.items():
        for use in found.loads[symbol]:
            if not isinstance(use.node, ast.alias):
                text = repr(value)
                if (
                    value is not None
                    and not isinstance(value, (bool, bytes, str))
                    and (use.node in found.bases or text[0] == "-")
                ):
                    text = f"({text})"
                edits[use.path].node(use.node, text)
    for symbol in folded:
        edits[symbol[1]].node(found.definitions[symbol], "")
    _drop_imports(program, found, folded, edits)
    result = {path: edit.text() for path, edit in edits.items()}
    return _without_empty(program, result, {symbol[1] for symbol in folded})


class _Constants:
    """Candidates: names in capitals that a module binds once, and where they are used."""

    def __init__(self, program, public):
        self._program = program
        self.definitions = {}  # {symbol: its statement}
        self.loads = {}  # {symbol: uses}
        self.bases = set()
        spoiled = set()
        in_strings = named_in_strings(program)
        for path, tree in program.trees.items():
            if path == OUTSIDE:
                continue
            for node in tree.body:
                if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
                    name = node.targets[0].id
                    if CONSTANT.fullmatch(name) and name not in public and name not in in_strings:
                        self.definitions[("global", path, name)] = node
            self.bases |= {node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        for path, _, _, alias, target, binding in program.imports:
            if binding not in program.alias_of or path.endswith("__init__.py") and alias.name in public:
                spoiled.add(target)
        for use in program.uses:
            symbol = program.target(use.symbol)
            if symbol not in self.definitions:
                continue
            if isinstance(use.node, ast.alias):
                pass
            elif use.store:
                if use.node is not self.definitions[symbol].targets[0]:
                    spoiled.add(symbol)
            elif use.node.lineno != use.node.end_lineno or not isinstance(use.node, (ast.Name, ast.Attribute)):
                spoiled.add(symbol)
            else:
                self.loads.setdefault(symbol, []).append(use)
        for symbol in spoiled:
            self.definitions.pop(symbol, None)
        self.loads = {symbol: self.loads.get(symbol, []) for symbol in self.definitions}

    def folded(self):
        """{symbol: value} of what is better put in place."""
        values = {}
        for symbol, node in self.definitions.items():
            try:
                value = self._value(node.value, self._program.scopes[symbol[1]], ())
            except (_NoConstant, ArithmeticError, TypeError, ValueError):
                continue
            uses = self.loads[symbol]
            if _is_free(value) or not uses or len(uses) == 1 and self._moves_well(symbol, uses[0]):
                values[symbol] = value
        return values

    @staticmethod
    def _moves_well(symbol, use):
        """An object stays in its module, which may be in memory at other times than the one that uses it."""
        return use.path == symbol[1] and not use.in_format

    def _value(self, node, scope, waiting):
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, str, bytes, type(None))):
            return node.value
        if isinstance(node, ast.Tuple):
            return tuple(self._value(item, scope, waiting) for item in node.elts)
        if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](_integer(self._value(node.operand, scope, waiting)))
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            values = [_integer(self._value(side, scope, waiting)) for side in (node.left, node.right)]
            if isinstance(node.op, (ast.LShift, ast.Mult)) and max(map(abs, values)) >> 16:
                raise _NoConstant
            return _OPERATORS[type(node.op)](*values)
        symbol = self._program.symbol_of(node, scope)
        if symbol in self.definitions and symbol not in waiting:
            inner = self._program.scopes[symbol[1]]
            return _integer(self._value(self.definitions[symbol].value, inner, (*waiting, symbol)))
        raise _NoConstant


def _integer(value):
    if type(value) is not int:
        raise _NoConstant
    return value


def _is_free(value):
    """True if the value costs nothing at each of its uses."""
    if isinstance(value, int):
        return -(1 << SMALL_INTEGER_BITS) <= value < 1 << SMALL_INTEGER_BITS
    if isinstance(value, str):
        return len(value) <= INTERNED_LIMIT_CHARACTERS
    return value is None


def named_in_strings(program, functions=("getattr", "setattr", "hasattr", "delattr", "__import__")):
    """Names that these built-ins are given as constants."""
    names = set()
    for visitor in program.visitors:
        for call, _ in visitor.calls:
            if isinstance(call.func, ast.Name) and call.func.id in functions:
                nodes = [node for arg in call.args[1:] for node in ast.walk(arg)]
                values = [node.value for node in nodes if isinstance(node, ast.Constant)]
                names |= {value for value in values if isinstance(value, str)}
    return names


def _drop_imports(program, found, folded, edits):
    """Imports of folded names, and of modules of which only those were used."""
    replaced_bases = {
        node
        for symbol in folded
        for use in found.loads[symbol]
        if use.module_attribute
        for node in ast.walk(use.node)
        if isinstance(node, ast.Name)
    }
    names = [use for use in program.uses if isinstance(use.node, ast.Name)]
    used = {use.symbol for use in names if use.node in replaced_bases}
    left = {use.symbol for use in names if use.node not in replaced_bases}
    left |= {use.symbol for use in program.uses if use.module_attribute} | {item[4] for item in program.imports}
    statements = {}
    for path, _, statement, alias, target, binding in program.imports:
        gone = program.target(target) in folded or target[0] == "module" and binding in used - left
        statements.setdefault((path, id(statement)), (statement, []))[1].append((alias, gone))
    for (path, _), (statement, aliases) in statements.items():
        if not any(gone for _, gone in aliases):
            continue
        kept = [alias.name + (f" as {alias.asname}" if alias.asname else "") for alias, gone in aliases if not gone]
        if kept:
            source = "." * statement.level + (statement.module or "")
            edits[path].node(statement, f"from {source} import {', '.join(kept)}")
        else:
            edits[path].node(statement, "" if statement in program.trees[path].body else "pass")


def _without_empty(program, sources, folded_paths):
    """Without the modules that had nothing but what was folded away."""
    empty = {
        path
        for path in folded_paths
        if not path.endswith("__init__.py") and all(_is_text(node) for node in ast.parse(sources[path]).body)
    }
    if empty:
        rest = Program(sources)
        empty -= {target[1] for _, _, _, _, target, _ in rest.imports if target[0] in ("module", "global")}
    return {path: text for path, text in sources.items() if path not in empty}


def _is_text(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)

"""The events that a state can report, read from its source: what the table's rows are held against."""

import ast
from pathlib import Path

from .places import DEVICE

STATES = DEVICE / "states"


class UnreadableState(Exception):
    """A state's file does not show which events its step() returns; the text names file and line."""


def events_of(state, folder=STATES):
    """The events that `step()` of the class in <folder>/<state>.py can return, read from its source.

    An event is a string constant in a return statement of step(), of a method whose result it returns, or assigned to
    a name that it returns. Whatever else is returned, None aside, is an UnreadableState.
    """
    path = Path(folder) / (state + ".py")
    return _Returns(path).of("step")


class _Returns:
    """Follows the return statements of the one class in `path` that has a step()."""

    def __init__(self, path):
        self._path = path
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
        classes = [
            {item.name: item for item in node.body if isinstance(item, ast.FunctionDef)}
            for node in tree.body
            if isinstance(node, ast.ClassDef)
        ]
        classes = [methods for methods in classes if "step" in methods]
        if len(classes) != 1:
            raise UnreadableState(f"{path}: {len(classes)} classes with a step() instead of one")
        self._methods = classes[0]
        self._visited = set()

    def of(self, name):
        if name in self._visited:
            return set()
        self._visited.add(name)
        found = set()
        for node in _own_nodes(self._methods[name]):
            if isinstance(node, ast.Return) and node.value is not None:
                found |= self._value(node.value, self._methods[name])
        return found

    def _value(self, node, method):
        if isinstance(node, ast.Constant) and node.value is None:
            return set()
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return {node.value}
        if isinstance(node, ast.IfExp):
            return self._value(node.body, method) | self._value(node.orelse, method)
        if isinstance(node, ast.BoolOp):
            return set().union(*(self._value(value, method) for value in node.values))
        if isinstance(node, ast.Call) and _is_own_method(node.func, self._methods):
            return self.of(node.func.attr)
        if isinstance(node, ast.Name):
            assigned = [item.value for item in _own_nodes(method) if _assigns(item, node.id)]
            if assigned:
                return set().union(*(self._value(value, method) for value in assigned))
        raise UnreadableState(
            f"{self._path}:{node.lineno}: {method.name}() returns {ast.unparse(node)}, not a named event"
        )


def _own_nodes(function):
    """Every node of the function's body but those of functions inside it."""
    waiting = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.Lambda, ast.ClassDef)):
            waiting.extend(ast.iter_child_nodes(node))


def _is_own_method(function, methods):
    return (
        isinstance(function, ast.Attribute)
        and isinstance(function.value, ast.Name)
        and function.value.id == "self"
        and function.attr in methods
    )


def _assigns(node, name):
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.NamedExpr) else []
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)

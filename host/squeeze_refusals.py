"""What renaming would break, and a tree may therefore not do."""

import ast
import re

from .squeeze_edits import SqueezeError

_BLIND = {"globals", "locals", "vars", "dir", "eval", "exec", "execfile"}
_BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}
_FORMAT_FIELD = re.compile(r"\{\w*\.(\w+)")


def is_special(name):
    return name.startswith("__") and name.endswith("__")


def refuse(program, names):
    """SqueezeError where the tree does what renaming would break."""
    for use in program.uses:
        symbol = use.symbol
        if use.name.startswith("__") and not is_special(use.name) and symbol[0] == "attribute":
            raise SqueezeError(use.path, use.line, f"CPython mangles {use.name}, MicroPython does not")
        if symbol[0] == "attribute" and symbol[1] is None and use.name[0] == "_" and not is_special(use.name):
            raise SqueezeError(use.path, use.line, f"{use.name} is private to a class, and this need not be its self")
        if use.name in ("__dict__", "__qualname__", "__name__") and isinstance(use.node, ast.Attribute):
            raise SqueezeError(use.path, use.line, f"{use.name} shows names that are not those of the source")
        if use.scope.kind == "class" and symbol[0] == "attribute" and isinstance(use.node, ast.Name) and not use.store:
            outer = use.scope.parent.holder(use.name)
            if outer and {names.new(symbol), names.new(program.symbol(use.scope.parent, use.name))} != {use.name}:
                raise SqueezeError(use.path, use.line, f"{use.name} may be the class's or the one outside of it")
    moved = [use for use in program.uses if names.new(use.symbol) != use.name and not names.is_argument(use)]
    renamed = {use.name for use in moved}
    renamed_globals = {use.name for use in moved if use.symbol[0] == "global"}
    for use in program.uses:
        if use.symbol[0] == "attribute" and use.name in renamed_globals and names.is_undefined(use.symbol):
            raise SqueezeError(use.path, use.line, f"{use.name}, of an object or of a module that only the run shows?")
    for visitor in program.visitors:
        for call, scope in visitor.calls:
            _check_call(visitor.path, call, scope, renamed)


def _is_handed_on(name, scope):
    """True if __getattr__() of a class asks something else for the very attribute that it was asked for."""
    return (
        scope.kind == "function"
        and scope.name == "__getattr__"
        and scope.parent.kind == "class"
        and isinstance(name, ast.Name)
        and name.id != scope.self_name
        and scope.bound.get(name.id) == {"argument"}
    )


def _check_call(path, call, scope, renamed):
    called = call.func.id if isinstance(call.func, ast.Name) and scope.holder(call.func.id) is None else None
    if called in _BLIND:
        raise SqueezeError(path, call.lineno, f"{called}() meets names that are not those of the source")
    if called in _BY_NAME:
        name = call.args[1] if len(call.args) > 1 else None
        if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
            if called == "getattr" and _is_handed_on(name, scope):
                return  # attributes have one name in the whole tree
            if called == "delattr" and ast.unparse(call.args[0]).startswith("sys.modules["):
                return  # a package lets go of a submodule: those keep their names
            raise SqueezeError(path, call.lineno, f"{called}() with a name that only the run shows")
        if name.value in renamed:
            raise SqueezeError(path, call.lineno, f"{called}() asks for {name.value}, which is renamed: make it PUBLIC")
    if isinstance(call.func, ast.Attribute) and call.func.attr == "format":
        text = call.func.value.value if isinstance(call.func.value, ast.Constant) else ""
        for name in _FORMAT_FIELD.findall(text if isinstance(text, str) else ""):
            if name in renamed:
                raise SqueezeError(path, call.lineno, f"format() asks for {name}, which is renamed: make it PUBLIC")
    for keyword in call.keywords:
        if keyword.arg is None:
            known = isinstance(keyword.value, ast.Name) and scope.holder(keyword.value.id)
            if not known or known.bound[keyword.value.id] != {"star"}:
                raise SqueezeError(path, call.lineno, "keyword arguments whose names only the run shows")

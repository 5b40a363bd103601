"""The static check of device/: what the ESP8266 port of MicroPython lacks, and what the firmware forbids itself.

The VM on a host has more than the chip's, and nothing can hide a method of a built-in type, so the source is checked.
Each rule is a function that yields (node, what is wrong).
"""

import ast
import builtins
from pathlib import Path

from .chip_names import BUILTINS, METHODS, MODULES
from .places import DEVICE

FILE_LINES_LIMIT = 200
TRUSTED = "# trusted: "  # ends a line whose int(), decode() or the like cannot meet bytes from outside; then says why

SEAM = "hardware.py"  # the one file that may import what only a board has
ASYNC = "online.py"  # the one file that may import asyncio, which only programs that have it use
SEAM_MODULES = {"time", "network", "machine", "socket", "select", "os", "esp"}

# The board's main.py lies outside of the package and imports it by its name there.
OUTSIDE = "main.py"

# Names that another module in sys.path would take from a relative of the same name, here or on a host.
RESERVED_STEMS = {"asyncio", "transitions"}

BUILTIN_TYPES = (str, bytes, bytearray, memoryview, int, float, list, tuple, dict, set, frozenset, range, slice)
# The first ones are of sockets, matches and the interpreter, which CPython has as well.
MISSING_METHODS = {"fileno", "getpeername", "getsockname", "recv_into", "shutdown", "span", "groups", "getsizeof"}
MISSING_METHODS |= {
    name
    for kind in BUILTIN_TYPES
    for name in dir(kind)
    if name[0] != "_" and name not in METHODS and callable(getattr(kind, name))
}

POSITIONAL_ONLY = {"decode", "encode", "split", "rsplit", "replace", "from_bytes", "to_bytes", "hex"}
NATIVE_CODE = {"native", "viper", "asm_xtensa", "asm_thumb"}
RAISES_ON_DATA = {"decode", "fromhex", "unhexlify", "a2b_base64", "loads"}


class Source:
    """One file of the device's tree, parsed; `name` is its path relative to the package's root."""

    def __init__(self, name, text):
        self.name = name
        self.lines = text.splitlines()
        self.tree = ast.parse(text, name)
        self.nodes = list(ast.walk(self.tree))
        self.calls = [node for node in self.nodes if isinstance(node, ast.Call)]
        self.attributes = [node for node in self.nodes if isinstance(node, ast.Attribute)]

    def imports(self):
        """(node, module, names) of each absolute import: names is None for `import module`."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from ((node, alias.name, None) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node, node.module, [alias.name for alias in node.names]

    def is_trusted(self, node):
        lines = self.lines[node.lineno - 1 : node.end_lineno]
        return any(TRUSTED in line and line.split(TRUSTED)[1].strip() for line in lines)


def missing_methods(source):
    for node in source.attributes:
        if node.attr in MISSING_METHODS:
            yield node, f".{node.attr} is missing on the chip"


def missing_builtins(source):
    own = _bound_names(source)
    for node in source.nodes:
        if isinstance(node, ast.Name):
            if node.id not in own | BUILTINS and (hasattr(builtins, node.id) or node.id in ("execfile", "__file__")):
                yield node, f"{node.id} is missing on the chip"
        elif isinstance(node, ast.Constant) and isinstance(node.value, complex):
            yield node, "the chip has no complex numbers"
        elif isinstance(node, ast.FunctionDef) and node.name in ("__setattr__", "__delattr__"):
            yield node, f"the chip does not call {node.name}"


def _bound_names(source):
    """Every name that the file gives a meaning of its own."""
    found = set()
    for node in source.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def missing_modules(source):
    aliases = {}
    for node, module, names in source.imports():
        if source.name == OUTSIDE and module == "homeport":
            continue
        if module == "asyncio" and source.name != ASYNC:
            yield node, "the core runs without asyncio"
        elif module not in MODULES:
            yield node, f"there is no module {module} on the chip, or it is the firmware's own: import that relatively"
        elif names is None:
            alias = next(alias for alias in node.names if alias.name == module)
            aliases[alias.asname or module] = module
        else:
            for name in names:
                if MODULES[module] is not None and name not in MODULES[module]:
                    yield node, f"{module}.{name} is missing on the chip"
    for node in source.attributes:
        module = aliases.get(node.value.id) if isinstance(node.value, ast.Name) else None
        if module and MODULES[module] is not None and node.attr not in MODULES[module]:
            yield node, f"{module}.{node.attr} is missing on the chip"


def missing_arguments(source):
    for node in source.calls:
        name = _called(node)
        if name in POSITIONAL_ONLY and isinstance(node.func, ast.Attribute) and node.keywords:
            yield node, f"{name}() takes no keywords on the chip"
        elif name == "decode" and isinstance(node.func, ast.Attribute) and len(node.args) > 1:
            yield node, "decode() takes no error handler on the chip"
        elif name == "pow" and len(node.args) > 2:
            yield node, "pow() takes two arguments on the chip"
        elif name == "print" and any(keyword.arg == "flush" for keyword in node.keywords):
            yield node, "print() has no flush on the chip"


def missing_syntax(source):
    for node in source.nodes:
        if isinstance(node, ast.JoinedStr):
            inner = [part for part in ast.walk(node) if isinstance(part, ast.JoinedStr)]
            if len([part for part in inner if part is not node and not _is_format_spec(part, node)]):
                yield node, "an f-string inside an f-string"
        elif isinstance(node, ast.Delete) and any(_is_slice(target) for target in node.targets):
            yield node, "a bytearray on the chip cannot delete a slice"
        elif isinstance(node, (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith)):
            yield node, "the core runs without asyncio"


def native_code(source):
    for node in source.nodes:
        for decorator in getattr(node, "decorator_list", ()):
            if isinstance(decorator, (ast.Name, ast.Attribute)) and _name(decorator) in NATIVE_CODE:
                yield decorator, f"@{_name(decorator)}: the chip has some 500 bytes for native code"


def unguarded_data(source):
    """assert, and calls that raise on what a stranger may send; int() also takes more than digits."""
    for node in source.nodes:
        if isinstance(node, ast.Assert) and not source.is_trusted(node):
            yield node, "assert is no check of data"
        elif isinstance(node, ast.Call) and _raises_on_data(node) and not source.is_trusted(node):
            yield node, f"{_called(node)}() on data: parse it by a function that cannot raise, or say '{TRUSTED}why'"


def seam(source):
    for node, module, _ in source.imports():
        if module in SEAM_MODULES and Path(source.name).name != SEAM:
            yield node, f"only {SEAM} imports {module}"


def shadowing(source):
    path = Path(source.name)
    for stem in {path.stem, *path.parts[:-1]}:
        if stem in MODULES or stem in RESERVED_STEMS:
            yield source.tree, f"{stem} is the name of a module of the chip or the host"


def length(source):
    if len(source.lines) > FILE_LINES_LIMIT:
        yield source.tree, f"{len(source.lines)} lines, more than {FILE_LINES_LIMIT}"


RULES = (
    missing_methods,
    missing_builtins,
    missing_modules,
    missing_arguments,
    missing_syntax,
    native_code,
    unguarded_data,
    seam,
    shadowing,
    length,
)


def check_text(name, text):
    """What is wrong with one file, a line `<name>:<line>: <what>` each, in the order of the lines."""
    source = Source(name, text)
    found = {(getattr(node, "lineno", 1), what) for rule in RULES for node, what in rule(source)}
    return [f"{name}:{line}: {what}" for line, what in sorted(found)]


def check(folder=DEVICE):
    """What is wrong with the tree; empty if nothing."""
    found = []
    for path in sorted(Path(folder).rglob("*.py")):
        found += check_text(path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8"))
    return found


def _name(node):
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", None)


def _called(call):
    return _name(call.func)


def _raises_on_data(call):
    name = _called(call)
    if isinstance(call.func, ast.Name) and name in ("int", "float"):
        return any(not isinstance(argument, ast.Constant) for argument in call.args)
    if isinstance(call.func, ast.Name) and name == "str":
        return len(call.args) > 1
    # A function of the firmware's own may be called decode().
    return name in RAISES_ON_DATA and (isinstance(call.func, ast.Attribute) or name in MODULES["binascii"])


def _is_slice(node):
    return isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Slice)


def _is_format_spec(part, whole):
    return any(isinstance(node, ast.FormattedValue) and node.format_spec is part for node in ast.walk(whole))

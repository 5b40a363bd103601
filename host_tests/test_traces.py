"""Tracebacks of the squeezed firmware lead back to the sources."""

import ast

import pytest
from homeport.places import DEVICE
from homeport.squeeze_bundles import BUNDLES, LINES_PER_FILE
from homeport.traces import Traces


def functions(path):
    """(line of the last statement, qualified name) of the functions of a file."""
    found = []

    def walk(node, prefix):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (ast.FunctionDef, ast.ClassDef)):
                if isinstance(child, ast.FunctionDef):
                    found.append((child.body[-1].lineno, prefix + child.name))
                walk(child, f"{prefix}{child.name}.")

    walk(ast.parse(path.read_text()), "")
    return found


@pytest.mark.parametrize("target", BUNDLES)
def test_a_line_of_a_bundle_is_told_as_the_file_line_and_function_of_the_source(target):
    module = "homeport." + target.removesuffix(".py").replace("/", ".")
    traces = Traces()
    for index, name in enumerate(BUNDLES[target]):
        lines = (DEVICE / name).read_text().split("\n")
        for number, function in functions(DEVICE / name):
            path, line, shown, source = traces.place(module, index * LINES_PER_FILE + number)
            assert path.endswith(f"device/{name}") and line == number and shown == function
            assert source == lines[number - 1].strip()


def test_a_frame_of_a_module_of_its_own_and_of_the_package_is_told_as_well():
    traces = Traces()
    number, function = functions(DEVICE / "states" / "boot.py")[0]
    line = traces.translated(f'  File "homeport.states.boot", line {number}, in b')
    assert f'device/states/boot.py", line {number}, in {function}\n    ' in line
    number, function = functions(DEVICE / "__init__.py")[0]
    assert f'device/__init__.py", line {number}, in {function}' in traces.translated(
        f'  File "homeport", line {number}, in main'
    )


@pytest.mark.parametrize(
    "line",
    [
        '  File "app.py", line 3, in step',
        '  File "homeport.nowhere", line 3, in step',
        '  File "homeport.states.boot", line 99999, in step',
        '  File "homeport.core", line 7001, in a',
        '  File "homeport.core", line 0, in a',
        "ValueError: homeport.core",
        "fsm 44 boot credentials_missing portal",
    ],
)
def test_what_these_sources_do_not_have_stays_as_it_is(line):
    assert Traces().translated(line) == line


def test_the_example_in_the_documentation_is_true():
    text = (DEVICE.parent / "docs" / "commands.md").read_text()
    before, after = [line.split("    ")[1].strip() for line in text.split("\n") if line.startswith('    File "')]
    assert Traces().translated(before).split("\n")[0].endswith(after.removeprefix('File "'))

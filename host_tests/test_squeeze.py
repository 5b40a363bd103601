"""Squeezed sources do the same as the readable ones and need less heap; what cannot be renamed safely is refused."""

import ast
import importlib
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from homeport import build, heap
from homeport.rom_names import POOL, ROM
from homeport.squeeze import PUBLIC, SqueezeError, squeeze, squeeze_texts
from homeport.squeeze_bundles import BUNDLES, LINES_PER_FILE

from .corpus import hostile, load
from .squeeze_cases import HONEST, PART, REFUSED, REPLAY, SABOTAGE, TRICKY
from .squeeze_checker import Different, check

DEVICE = Path(build.__file__).parent.parent / "device"
MICROPYTHON = Path(sys.executable).parent / "micropython"
SEED = 20_240_601


def texts(folder=DEVICE):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in sorted(folder.rglob("*.py"))}


def write(folder, sources):
    for path, text in sources.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def result_of(sources, folder, name, module=""):
    """What run() of a package of these sources, or of a module in it, returns."""
    write(folder / name, sources)
    sys.path.insert(0, str(folder))
    try:
        return importlib.import_module(name + module).run()
    finally:
        sys.path.remove(str(folder))
        for module in [module for module in sys.modules if module.split(".")[0] == name]:
            del sys.modules[module]


@pytest.mark.parametrize("sources", TRICKY.values(), ids=TRICKY)
def test_a_squeezed_tree_does_the_same(sources, tmp_path):
    squeezed = squeeze_texts(sources)
    check(sources, squeezed.sources, PUBLIC)
    assert squeezed.names
    before = result_of(sources, tmp_path, "before")
    assert len(before) and result_of(squeezed.sources, tmp_path, "after") == before


@pytest.mark.parametrize("sources", TRICKY.values(), ids=TRICKY)
def test_a_squeezed_tree_does_the_same_compiled_for_the_chip(sources, tmp_path):
    """Both in MicroPython, as mpy-cross makes them."""
    write(tmp_path / "tree", sources)
    outputs = []
    for squeezed in (False, True):
        build.compile_tree(tmp_path / "tree", tmp_path / str(squeezed) / "homeport", squeezed)
        (tmp_path / "program.py").write_text("import homeport\nprint(homeport.run())\n")
        done = subprocess.run(
            [MICROPYTHON, tmp_path / "program.py"],
            env={"MICROPYPATH": str(tmp_path / str(squeezed))},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        outputs.append(done.stdout)
    assert outputs[0] == outputs[1] != ""


def test_every_constant_goes_whose_value_is_free_or_needed_once():
    sources = TRICKY["constants"]
    squeezed = squeeze_texts(sources).sources
    assert set(squeezed) == {"__init__.py", "limits.py"}  # only_here.py had nothing else
    first, second = re.findall(r"^(\w+) = [12]$", squeezed["__init__.py"], re.MULTILINE)
    assert first == second  # bound twice: no constant
    assert not re.search(r"limits\.[A-Z]+_MS|_PRIVATE|SPREAD|LOCAL_ONCE|FLAG|SHORT|ONLY_HERE", squeezed["__init__.py"])
    assert re.fullmatch(r'\s*\w+ = "longer than ten characters"\s*', squeezed["limits.py"])
    assert squeezed["__init__.py"].count("1 << 40") == 1  # an object: not copied to each of its uses


@pytest.mark.slow
@pytest.mark.parametrize("size", [0, 4])
def test_names_are_made_up_when_the_chips_are_used_up(size, tmp_path, monkeypatch):
    monkeypatch.setattr("homeport.squeeze_names.POOL", POOL[:size])
    for number, sources in enumerate([*TRICKY.values(), {**texts(), "replay.py": REPLAY}]):
        squeezed = squeeze_texts(sources, bundles={})
        assert any(len(name) < 3 for name in squeezed.names)
        check(sources, squeezed.sources, PUBLIC)
        assert squeeze_texts(squeezed.sources, bundles={}).sources == squeezed.sources
        if "replay.py" not in sources:
            before = result_of(sources, tmp_path, f"before{number}")
            assert result_of(squeezed.sources, tmp_path, f"after{number}") == before


# The firmware itself


@pytest.mark.slow
def test_the_squeezed_firmware_is_the_firmware_but_for_names_and_constants():
    check(texts(), squeeze_texts(texts(), bundles={}).sources, PUBLIC)


@pytest.mark.slow
def test_squeezing_twice_changes_nothing():
    once = squeeze(DEVICE).sources
    assert squeeze_texts(once).sources == once
    for name, sources in TRICKY.items():
        once = squeeze_texts(sources).sources
        assert squeeze_texts(once).sources == once, name


@pytest.mark.slow
def test_the_result_does_not_depend_on_the_order_of_the_files_or_on_the_run(tmp_path):
    sources = texts()
    backwards = dict(reversed(sources.items()))
    assert squeeze_texts(backwards).sources == squeeze_texts(sources).sources
    program = f"from homeport.squeeze import squeeze; print(squeeze({str(DEVICE)!r}).sources)"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


@pytest.mark.slow
def test_every_line_keeps_its_number():
    sources = texts()
    for path, text in squeeze_texts(sources, bundles={}).sources.items():
        assert len(text.splitlines()) == len(sources[path].splitlines()), path


@pytest.mark.slow
def test_every_line_of_a_bundle_has_the_number_of_its_line_behind_that_of_its_file():
    alone = squeeze_texts(texts(), bundles={}).sources
    together = squeeze(DEVICE).sources
    for target, paths in BUNDLES.items():
        lines = together[target].split("\n")
        for number, path in enumerate(paths):
            for line, text in enumerate(alone[path].split("\n"), 1):
                defined = re.match(r"(class|def|    def) ", text)
                there = lines[number * LINES_PER_FILE + line - 1]
                assert not defined or there.startswith(defined[0]), (target, path, line)


def test_the_firmware_has_its_bundles():
    """Or a file that was renamed would cost memory that nobody misses."""
    found = set(squeeze(DEVICE).sources)
    assert set(BUNDLES) <= found
    assert not found & ({path for paths in BUNDLES.values() for path in paths} - set(BUNDLES))


def test_a_package_with_nothing_in_it_needs_no_file():
    assert {"net/__init__.py", "states/__init__.py"}.isdisjoint(squeeze(DEVICE).sources)


def test_almost_all_names_that_were_given_cost_nothing():
    names = squeeze(DEVICE).names
    assert len(names) > 50
    assert set(names) <= set(POOL) and set(names) <= ROM


def test_names_lead_from_a_traceback_to_the_source():
    names = squeeze_texts(
        {
            "__init__.py": "from .part import Machinery\ndef run():\n    return Machinery().work_hard()\n",
            "part.py": "class Machinery:\n    def work_hard(self):\n        return self._inner()\n"
            "    def _inner(self):\n        raise ValueError\n",
        }
    ).names
    found = {original for originals in names.values() for original in originals}
    assert {"part.py:Machinery", ".work_hard", "part.py:Machinery._inner"} <= found


def inputs():
    found = [bytes.fromhex(row["query"]) for row in load("dns.json")]
    found += [row["request"].encode("latin-1") for row in load("http.json")]
    found += [data for data in hostile.TEXT]
    print("seed", SEED)
    chance = random.Random(SEED)
    spoiled = []
    for data in found:
        for _ in range(3):
            copy = bytearray(data)
            for _ in range(chance.randint(1, 3)):
                if copy:
                    copy[chance.randrange(len(copy))] = chance.randrange(256)
            spoiled.append(bytes(copy))
    return found + spoiled


class StubOfPort(ModuleType):
    """One that has whatever is asked for."""

    def __getattr__(self, name):
        return lambda *_: None


@pytest.mark.slow
def test_the_squeezed_protocol_functions_answer_the_whole_corpus_as_before(tmp_path, monkeypatch):
    for name in ("machine", "micropython", "network"):  # the same file of the board holds what only the port has
        monkeypatch.setitem(sys.modules, name, StubOfPort(name))
    monkeypatch.setattr("time.ticks_ms", None, raising=False)
    monkeypatch.setattr("time.sleep_ms", None, raising=False)
    sources = {**texts(), "replay.py": REPLAY}
    before = result_of(sources, tmp_path, "before", ".replay")
    squeezed = squeeze_texts(sources).sources
    after = result_of(squeezed, tmp_path, "after", ".replay")
    assert "class Request" not in squeezed["clients.py"] and "def withheld" not in squeezed["server.py"]
    answered = 0
    for data in inputs():
        result = before(data)
        assert after(data) == result, data
        answered += result[0] != b""
    assert answered > 30


def test_nothing_on_the_board_asks_the_package_for_a_module():
    # MicroPython would call its __getattr__() for that first, and read offered.py from flash.
    for path, text in squeeze(DEVICE).sources.items():
        for node in ast.walk(ast.parse(text)):
            assert not (isinstance(node, ast.ImportFrom) and node.level and not node.module and "/" not in path), path


# What is refused


@pytest.mark.parametrize("text, line, what", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_squeezed_safely_is_named_with_file_and_line(text, line, what):
    with pytest.raises(SqueezeError) as refused:
        squeeze_texts(
            {"__init__.py": "", "part.py": PART, "deep/__init__.py": "", "deep/bad.py": text, "deep/part.py": PART}
        )
    assert str(refused.value).startswith(f"deep/bad.py:{line}: "), refused.value
    assert what in str(refused.value)


def test_main_may_use_public_names_only():
    main = "import homeport\n\nhomeport.secret_entrance()\n"
    with pytest.raises(SqueezeError, match="^main.py:3: secret_entrance"):
        squeeze_texts({"__init__.py": "def secret_entrance():\n    pass\n", "main.py": main})
    main = "import homeport\nTIMES = 2\nhomeport.main()\n"
    assert squeeze_texts({"__init__.py": "def main():\n    pass\n", "main.py": main}).sources["main.py"] == main


# The checker notices what would be wrong


@pytest.mark.parametrize("path, old, new", SABOTAGE.values(), ids=SABOTAGE)
def test_the_checker_notices_a_change_of_meaning(path, old, new):
    honest = {**HONEST, path: re.sub("LIMIT_MS = 1000", "", HONEST[path]).replace("return LIMIT_MS", "return 1000")}
    check(HONEST, honest, PUBLIC)
    assert old in honest[path]
    with pytest.raises(Different):
        check(HONEST, {**honest, path: honest[path].replace(old, new, 1)}, PUBLIC)


# Figures


@pytest.mark.slow
def test_squeezing_leaves_thousands_of_bytes_more_of_heap(monkeypatch):
    squeezed = heap.firmware()
    plain_modules = heap.modules(squeezed=False)
    settings = f"open_connections = 1\ncoding = b'gzip'\nmodules = {plain_modules}\n"
    program = settings + heap.COMMON.read_text() + heap.PROGRAM.read_text()
    plain = heap.measure(DEVICE, program)
    mark = "in the middle of a page"
    print(plain.used, squeezed.used)
    assert plain.used[mark] - squeezed.used[mark] >= 4_000
    assert plain.used["every module imported"] - squeezed.used["every module imported"] >= 6_000
    assert squeezed.names["every module imported"] < plain.names["every module imported"] / 2


@pytest.mark.slow
def test_the_pool_lies_in_the_flash_of_the_measuring_interpreter_too():
    """Else its figures would charge for a name that is free, or would not for one that is not."""
    attributes = "".join(f"Names.{name} = 1\n" for name in POOL)
    program = f"class Names:\n    pass\n# mark: before\n{attributes}# mark: after\n"
    figures = heap.measure(Path(__file__).parent / "corpus", program, {}, squeezed=False)
    assert figures.names["after"] == figures.names["before"]


def test_files_other_than_sources_are_built_as_they_are(tmp_path):
    tree = write(
        tmp_path / "tree", {"__init__.py": "def run():\n    pass\n", "main.py": "import homeport\n", "a/p.html": "<p>"}
    )
    shutil.copytree(tree, tmp_path / "again")
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__/x.pyc").write_text("")
    build.compile_tree(tree, tmp_path / "out")
    found = {path.relative_to(tmp_path / "out").as_posix(): path for path in (tmp_path / "out").rglob("*.*")}
    assert set(found) == {"__init__.mpy", "main.py", "a/p.html"}
    assert found["main.py"].read_text() == "import homeport\n" and found["a/p.html"].read_text() == "<p>"
    build.compile_tree(tmp_path / "again", tmp_path / "out2")
    assert (tmp_path / "out2/__init__.mpy").read_bytes() == found["__init__.mpy"].read_bytes()


def test_a_traceback_on_the_board_names_the_module_and_the_sources_line(tmp_path):
    text = '"""A docstring\nof two lines."""\n\nLIMIT = 3\n\n\ndef run():\n    return [LIMIT,\n            1 // 0]\n'
    write(tmp_path / "tree", {"__init__.py": "", "part.py": text})
    build.compile_tree(tmp_path / "tree", tmp_path / "homeport")
    (tmp_path / "program.py").write_text("import homeport.part\nhomeport.part.run()\n")
    done = subprocess.run(
        [MICROPYTHON, tmp_path / "program.py"], env={"MICROPYPATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert 'File "homeport.part", line 9, in run' in done.stdout + done.stderr

"""Files that become one module on the board do what they did as files, or are refused."""

import ast
import subprocess

import pytest
from homeport import build, squeeze_bundles
from homeport.squeeze import PUBLIC, SqueezeError, squeeze, squeeze_texts
from homeport.squeeze_bundles import BUNDLES, bundle

from .test_squeeze import DEVICE, MICROPYTHON, result_of, write

SOURCES = {
    "__init__.py": """
from .deep.first import Counter
def run():
    from .last import total, SPAN
    from .deep import middle
    counter = Counter()
    counter.add(3)
    return [total(counter), SPAN, middle.doubled(4), middle.WORDS, middle.deep_name(), outside()]
def outside():
    from .deep import middle as between
    from .other import through
    return between.doubled(1), through()
""",
    "deep/__init__.py": "",
    "deep/first.py": """
import gc
STEPS = [1]
class Counter:
    def __init__(self):
        self.count = len(STEPS)
    def add(self, number):
        gc.collect()
        self.count += number
""",
    "deep/middle.py": """
import gc
from . import first
from .first import Counter
WORDS = ["a list", "of words"]
def doubled(number):
    from .side import SHIFT
    counter = Counter()
    counter.add(number << SHIFT[0])
    first.Counter().add(1)
    gc.collect()
    return counter.count
def deep_name():
    return __name__[-4:]
""",
    "deep/side.py": "from ..last import SPAN\nSHIFT = [SPAN[1]]\n",
    "last.py": """
from .deep import middle
from .deep.middle import WORDS
SPAN = [0, 1]
def total(counter):
    from .deep.first import STEPS
    return counter.count + middle.doubled(len(WORDS)) + len(STEPS)
""",
    "other.py": "from .deep.middle import doubled\ndef through():\n    return doubled(2)\n",
}
BUNDLED = {"core.py": ("deep/first.py", "deep/middle.py", "last.py")}
REST = ["core", "deep.side", "other"]


def bundled():
    return squeeze_bundles.bundle(SOURCES, BUNDLED)


def outputs(sources, folder, **options):
    write(folder / "tree", sources)
    build.compile_tree(folder / "tree", folder / "made" / "homeport", **options)
    (folder / "program.py").write_text("import homeport\nprint(homeport.run())\n")
    done = subprocess.run(
        [MICROPYTHON, folder / "program.py"],
        env={"MICROPYPATH": str(folder / "made")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_bundle_does_what_its_files_did(tmp_path):
    before = result_of(SOURCES, tmp_path, "before")
    after = result_of(bundled(), tmp_path, "after")
    assert before[:4] == after[:4] == [4 + 1 + 4 + 1, [0, 1], 1 + 8, ["a list", "of words"]]
    assert before[5] == after[5]
    squeezed = squeeze_texts(SOURCES, bundles=BUNDLED).sources
    assert result_of(squeezed, tmp_path, "squeezed")[:4] == before[:4]
    assert set(squeezed) == {"__init__.py", "core.py", "deep/side.py", "other.py"}


def test_a_bundle_does_what_its_files_did_on_the_vm_without_files_for_empty_packages(tmp_path):
    sources = {path: text for path, text in bundled().items() if text}
    assert "deep/__init__.py" not in sources
    assert outputs(SOURCES, tmp_path / "files", squeezed=False).startswith("[10, [0, 1], 9, ['a list', 'of words'],")
    found = outputs(sources, tmp_path / "bundle", squeezed=False)
    assert found.startswith("[10, [0, 1], 9, ['a list', 'of words'], 'core',")


def test_lines_lead_to_file_and_line():
    lines = bundled()["core.py"].split("\n")
    assert [number for number, line in enumerate(lines, 1) if line.startswith(("class", "def"))] == [
        4, 1006, 1013, 2005,
    ]  # fmt: skip


def test_a_tree_without_the_files_of_a_bundle_is_left_as_it_is():
    assert squeeze_bundles.bundle(SOURCES, {"core.py": ("deep/first.py", "gone.py")}) == SOURCES


LISTS = ("ON_DEMAND", "RENDERING", "CLIENTS", "MODULES")


def words_of_lists(text):
    """Each list of modules in a source, as it is handed to forget() or kept for that."""
    for node in ast.walk(ast.parse(text)):
        named = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in LISTS
        called = isinstance(node, ast.Call) and ast.unparse(node.func) in ("forget", "make_room")
        if named or called:
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value.split()


def test_what_lets_go_of_a_file_lets_go_of_its_bundle():
    """Or the code would stay in memory on the board, and only there."""
    sources = {path.relative_to(DEVICE).as_posix(): path.read_text(encoding="utf-8") for path in DEVICE.rglob("*.py")}
    known = {word for text in sources.values() for words in words_of_lists(text) for word in words}
    deployed = squeeze(DEVICE).sources
    found = 0
    for path, text in bundle(sources, BUNDLES).items():
        for words in words_of_lists(text):
            for word in words:
                there = word.replace(".", "/") + ".py" in deployed
                assert there or word.endswith("_") or word == "settings", f"{path}: there is no {word} on the board"
                found += 1
    assert found > 10 and "net.station" in known


PAIR = {"core.py": ("one.py", "two.py")}


@pytest.mark.parametrize(
    "files, complaint",
    [
        ({"one.py": "A = [1]\n", "two.py": "A = [2]\n"}, "two.py:1: A means something else"),
        ({"one.py": "import gc\n", "two.py": "def gc():\n    pass\n"}, "two.py:1: gc means something else"),
        ({"one.py": "from .two import f\n", "two.py": "def f():\n    pass\n"}, "two.py has to stand before one.py"),
        (
            {"one.py": "def f():\n    pass\n", "two.py": "from .one import f as g\nh = g()\n"},
            "two.py:1: g: in one bundle a thing has one name",
        ),
        (
            {"one.py": "def f():\n    pass\n", "two.py": "def g():\n    from .one import f\n    f()\n    del f\n"},
            "two.py:2: f is more than an import",
        ),
        ({"one.py": "", "two.py": "", "core.py": "A = [1]\n"}, "core.py:1: a bundle has this name"),
        ({"one.py": "\n" * 1001, "two.py": "A = [1]\n"}, "a file of more than 1000 lines"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_one_module_is_refused_with_file_and_line(files, complaint):
    with pytest.raises(SqueezeError, match=complaint):
        squeeze_bundles.bundle({"__init__.py": "", **files}, PAIR)


def test_names_that_are_public_stay_public_in_a_bundle():
    sources = {"__init__.py": "from .one import run\n", "one.py": "def run():\n    return 1\n", "two.py": "B = [1]\n"}
    assert "run" in PUBLIC
    assert "def run" in squeeze_texts(sources, bundles=PAIR).sources["core.py"]

"""Sabotages of the firmware are noticed (mutations.py has the list), and what judges them is sound."""

import pytest

from . import mutations
from .mutations import Sabotage

pytestmark = pytest.mark.slow

SAMPLE = 15  # of the list a day

TESTED = """
import pytest

from device.thing import double


@pytest.fixture
def thing():
    return double(1)


def test_double():
    assert double(2) == 4


def test_nothing():
    double(2)


def test_with_a_fixture(thing):
    assert thing == 2
"""
TEST = "host_tests/test_thing.py::test_double"


@pytest.fixture
def tree(tmp_path):
    """A project with one function and its tests."""
    for name, text in (("device/thing.py", "def double(x):\n    return 2 * x\n"), ("host_tests/test_thing.py", TESTED)):
        path = tmp_path / name
        path.parent.mkdir()
        path.write_text(text)
        (path.parent / "__init__.py").touch()
    (tmp_path / "pyproject.toml").write_text('[tool.pytest.ini_options]\npythonpath = ["."]\n')
    return tmp_path


def judged(tree, old, new, test=TEST):
    return mutations.judge(Sabotage("it", "device/thing.py", old, new, test), tree)


def test_a_sabotage_that_its_test_notices_is_well_and_is_undone(tree):
    before = (tree / "device/thing.py").read_text()
    assert judged(tree, "2 * x", "3 * x") is None
    assert (tree / "device/thing.py").read_text() == before


def test_an_exception_of_the_sabotaged_code_is_noticed_as_well(tree):
    assert judged(tree, "2 * x", "x[2]") is None


@pytest.mark.parametrize(
    "old, new, test, complaint",
    [
        ("2 * x", "x + x", TEST, "passes"),
        ("2 * x", "3 * x", TEST.replace("double", "nothing"), "passes"),
        ("4 * x", "3 * x", TEST, "0 times"),
        ("x", "y", TEST, "2 times"),
        ("2 * x", "2 *", TEST, "no Python"),
        ("2 * x", "z", TEST, "another reason"),
        ("def double(x):", "from nowhere import x\ndef double(x):", TEST, "did not run"),
        ("2 * x", "__import__('nowhere')", TEST, "another reason"),
        ("2 * x", "3 * x[0]", TEST.replace("double", "with_a_fixture"), "another reason"),
        ("2 * x", "3 * x", TEST.replace("double", "gone"), "did not run"),
    ],
)
def test_a_sabotage_that_proves_nothing_is_at_fault(tree, old, new, test, complaint):
    assert complaint in judged(tree, old, new, test)


def test_sabotages_are_many_and_each_is_another_one():
    assert len(mutations.SABOTAGES) >= 20
    assert len({(s.path, s.old, s.new) for s in mutations.SABOTAGES}) == len(mutations.SABOTAGES)
    assert len({s.what for s in mutations.SABOTAGES}) == len(mutations.SABOTAGES)


@pytest.mark.parametrize("sabotage", mutations.SABOTAGES, ids=lambda sabotage: sabotage.what.replace(" ", "_"))
def test_the_text_that_a_sabotage_replaces_is_there_once(sabotage):
    source = (mutations.ROOT / sabotage.path).read_text(encoding="utf-8")
    assert mutations.faults_of(sabotage, source) is None


def test_samples_of_successive_days_cover_the_whole_list():
    days = -(-len(mutations.SABOTAGES) // SAMPLE)
    assert {s for day in range(days) for s in mutations.sample(SAMPLE, day)} == set(mutations.SABOTAGES)


def test_the_sabotages_of_today_are_noticed():
    """Others every day; `make mutations` tries all of them."""
    chosen = mutations.sample(SAMPLE)
    print("\n".join(sabotage.what for sabotage in chosen))
    faults = mutations.judge_all(chosen)
    assert not faults, "\n".join(f"{sabotage and sabotage.what}: {fault}" for sabotage, fault in faults)

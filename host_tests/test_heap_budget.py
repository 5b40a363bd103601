"""The firmware fits the chip's heap; and the scale that says so is right (host/heap.py)."""

import pytest
from homeport import heap

from device.context import Network
from device.net.clients import CONNECTIONS_LIMIT
from device.slots import encode

pytestmark = pytest.mark.slow

# Least bytes that stay free of the chip's heap. They may only be raised.
REST_BUDGET_BYTES = 20_000  # the portal serves: listening, names answered, pages sent before
PAGE_BUDGET_BYTES = 13_000  # while one page is being sent, compressed as every browser takes it
PLAIN_PAGE_BUDGET_BYTES = 10_000  # to a client that does not take it so
PAGES_BUDGET_BYTES = 9_000  # while one is sent on three connections
FOUR_PAGES_BUDGET_BYTES = 7_500  # while one is sent on every connection that the server takes
# The same behind the portal of an outage, and after success, while the farewell is said.
OUTAGE_REST_BUDGET_BYTES = 19_500
OUTAGE_PAGE_BUDGET_BYTES = 13_000
OUTAGE_PLAIN_PAGE_BUDGET_BYTES = 9_000
OUTAGE_FOUR_PAGES_BUDGET_BYTES = 7_000
OUTAGE_PROGRAM_BUDGET_BYTES = 23_000  # when the farewell is over: for the owner's program
PROGRAM_BUDGET_BYTES = 30_000  # connected, the farewell over: what is left is the owner's program's
PROGRAM_BUDGET_LATER_BYTES = 30_000  # the same in the long run
PROGRAM_BUDGET_AFTER_SETUP_BYTES = 24_000  # the same until the next restart: the portal's names stay
REST = "at rest after pages"
PAGE = "in the middle of a page"

BLOCK = 16
NOISE_BYTES = BLOCK  # the collector keeps whatever a stale word on the stack points at


def package(folder, **files):
    """A firmware of these files: {name: source}, "_" in a name standing for a folder's slash."""
    for name, source in {"__init__": "", **files}.items():
        (folder / (name + ".py")).write_text(source)
    return folder


def test_objects_have_the_chips_sizes(tmp_path):
    figures = heap.measure(
        package(tmp_path),
        """
a = b = None
# mark: names made
# mark: before
a = bytearray(1024)
# mark: a kilobyte
b = [None] * 100
# mark: a hundred words
a = None
# mark: freed
""",
        stubs={},
    )
    used = figures.used
    assert abs(used["a kilobyte"] - used["before"] - (BLOCK + 1024)) <= NOISE_BYTES
    assert abs(used["a hundred words"] - used["a kilobyte"] - (BLOCK + 400)) <= NOISE_BYTES  # four bytes a word
    assert abs(used["freed"] - used["a hundred words"] + (BLOCK + 1024)) <= NOISE_BYTES


NODE = """
class Node:
    def __init__(self, n):
        self.n = n
        self.name = "node %d" % n
"""


def test_what_is_in_use_is_never_collected(tmp_path):
    figures = heap.measure(
        package(tmp_path, kept=NODE),
        """
from homeport.kept import Node
nodes = {n: [Node(n)] for n in range(200)}
# mark: made
junk = ["junk %d" % n for n in range(5000)]
# mark: overwritten
for n in range(200):
    assert nodes[n][0].name == "node %d" % n
print("intact")
""",
        stubs={},
    )
    assert figures.output == "intact"
    assert figures.used["made"] > 200 * 5 * BLOCK


def test_the_firmwares_own_collections_leave_everything_alone(tmp_path):
    many = " = ".join(f"v{n}" for n in range(30))
    source = f"""
import gc
def f():
    {many} = 'x%d' % 7
    gc.collect()
    [[n] for n in range(1000)]
    return v29
"""
    assert heap.measure(package(tmp_path, many=source), "import homeport.many as m\nprint(m.f())", {}).output == "x7"


def test_stubs_are_not_counted(tmp_path):
    tree = package(tmp_path, user="import lamp\ndef f():\n    return lamp.shine()\n")
    program = "import homeport.user\nhomeport.user.f()\n"
    small = heap.measure(tree, program, {"lamp": "def shine():\n    pass\n"})
    bulk = "".join(f"def filament_{n}():\n    return b'{'x' * n}'\n" for n in range(100))
    large = heap.measure(tree, program, {"lamp": bulk + "def shine():\n    pass\n"})
    assert abs(large.used["end"] - small.used["end"]) <= 128  # a chunk of name text is allocated at a time
    assert large.names == small.names


def test_firmware_costs_what_was_measured_on_a_build_with_the_chips_settings(tmp_path):
    """An imported module costs about one and a half times its .mpy file, as there."""
    source = "".join(
        f"def handle_{n}(request, reply):\n    if request.length > {n + 300}:\n        reply.append(b'too long')\n"
        f"        return False\n    for part in request.parts:\n        reply.append(part.strip())\n    return True\n"
        for n in range(40)
    )
    tree, compiled = tmp_path / "tree", tmp_path / "compiled"
    tree.mkdir()
    package(tree, handlers=source)
    heap.compile_tree(tree, compiled)
    size = (compiled / "handlers.mpy").stat().st_size
    used = heap.measure(tree, "import homeport\n# mark: before\nimport homeport.handlers\n", {}).used
    assert 1.2 < (used["end"] - used["before"]) / size < 1.9


@pytest.mark.parametrize(
    "program, complaint",
    [
        ("import homeport.missing", "no module named 'homeport.missing'"),
        ("x = bytearray(2000000)", "MemoryError"),
        ("raise SystemExit('the board reset')", "the board reset"),
        ("import sys\nsys.exit()", "ended early"),
    ],
)
def test_a_program_that_fails_gives_no_figures(tmp_path, program, complaint):
    with pytest.raises(heap.HeapError, match=complaint):
        heap.measure(package(tmp_path), program, {})


def test_the_unused_part_of_the_name_table_is_that_of_the_chip():
    assert [heap.pool_bytes(n) for n in (0, 1, 20, 21, 60, 61)] == [0, 176, 176, 480, 480, 1072]
    line = "qstr pool: n_pool=2, n_qstr={}, n_str_data_bytes=1000, n_total_bytes={}\n@bytes {}\n"
    # From 10 to 25 names: the VM needed its second pool (304 bytes), and so does the chip, which starts with 10, too.
    output = line.format(10, 1176, 5000) + line.format(25, 1480, 6000)
    assert heap.figures(output, ["end"]).used == {"end": 1000}
    # From 19 to 29: the chip, with 10 and 10 more, does without.
    output = line.format(19, 1176, 5000) + line.format(29, 1480, 6000)
    assert heap.figures(output, ["end"]).used == {"end": 1000 - 304}
    with pytest.raises(heap.HeapError, match="another VM"):
        heap.figures(line.format(15, 1300, 5000) + line.format(25, 1480, 6000), ["end"])


def test_free_bytes_are_what_the_bare_board_leaves_less_the_firmware():
    assert heap.Figures({"end": 10_000}, {}, "").free("end") == 37_952 - 2_000 - 10_000


def test_names_of_the_measuring_program_do_not_make_the_chip_add_a_pool():
    # 130 names and the chip's 10 fill the pools of 20, 40 and 80; the next one takes a pool of 160: 1 144 bytes.
    figures = heap.Figures({"own": 1_000 + 304, "end": 9_000 + 304 + 592 + 1_152}, {"own": 20, "end": 150}, "")
    assert figures.without("own") == heap.Figures({"end": 8_000 + 304 + 592}, {"end": 130}, "")


def test_a_program_is_split_at_its_marks():
    pieces = heap.split("a = 1\n# mark: one\nb = 2\n# mark: two words\n")
    assert pieces == [("one", "a = 1\n"), ("two words", "b = 2\n")]
    assert heap.split("a = 1\n# mark: one\nb = 2\n")[1] == ("end", "b = 2\n")
    with pytest.raises(SyntaxError):
        heap.split("a = (\n")


def test_the_cost_of_a_module_is_told_apart_from_what_it_imports(tmp_path):
    tree = package(
        tmp_path, a="from . import large\nfrom .small import A\n", large=f"T = b'{'x' * 3000}'\n", small="A = 1\n"
    )
    costs = heap.costs(tree, squeezed=False)
    assert list(costs) == ["homeport", "homeport.large", "homeport.small", "homeport.a"]
    assert 3000 < costs["homeport.large"] < 3400
    assert 0 < costs["homeport.small"] < 600 and 0 < costs["homeport.a"] < 600


def test_a_pool_of_names_is_no_modules_cost(tmp_path):
    modules = {f"m{number:03}": f"name_that_is_new_{number:03} = 1\n" for number in range(60)}  # pools of 20, 40, 80
    costs = heap.costs(package(tmp_path, **modules), squeezed=False)
    assert max(costs["homeport." + name] for name in modules) < 600  # such a pool would be 584 more


@pytest.fixture(scope="module")
def firmware():
    return heap.firmware()


@pytest.fixture(scope="module")
def busy_firmware():
    return heap.firmware(open_connections=3)


@pytest.fixture(scope="module")
def full_firmware():
    return heap.firmware(open_connections=CONNECTIONS_LIMIT)


def test_the_firmware_serving_the_portal_leaves_its_budget_of_heap(firmware, busy_firmware, full_firmware):
    for figures in (firmware, busy_firmware, full_firmware):
        assert figures.free(REST) >= REST_BUDGET_BYTES, figures.used


def test_sending_a_page_as_it_is_leaves_its_budget_of_heap():
    figures = heap.firmware(coding="identity")
    assert figures.free(PAGE) >= PLAIN_PAGE_BUDGET_BYTES, figures.used
    assert figures.free(REST) >= REST_BUDGET_BYTES, figures.used


def test_sending_pages_leaves_its_budget_of_heap(firmware, busy_firmware, full_firmware):
    assert firmware.free(PAGE) >= PAGE_BUDGET_BYTES, firmware.used
    assert busy_firmware.free(PAGE) >= PAGES_BUDGET_BYTES, busy_firmware.used
    assert CONNECTIONS_LIMIT == 4
    assert full_firmware.free(PAGE) >= FOUR_PAGES_BUDGET_BYTES, full_firmware.used


@pytest.fixture(scope="module")
def outage():
    return heap.outage()


def at_both(mark):
    return [f"{state}, {mark}" for state in ("fallback", "connected")]


def test_the_portal_of_an_outage_and_the_farewell_leave_their_budgets_of_heap(outage):
    full = heap.outage(open_connections=CONNECTIONS_LIMIT)
    plain = heap.outage(coding="identity")
    for mark in at_both(REST):
        for figures in (outage, full, plain):
            assert figures.free(mark) >= OUTAGE_REST_BUDGET_BYTES, figures.used
    for mark in at_both(PAGE):
        assert outage.free(mark) >= OUTAGE_PAGE_BUDGET_BYTES, outage.used
        assert plain.free(mark) >= OUTAGE_PLAIN_PAGE_BUDGET_BYTES, plain.used
        assert full.free(mark) >= OUTAGE_FOUR_PAGES_BUDGET_BYTES, full.used


def test_the_owners_program_has_its_budget_of_heap_when_the_farewell_is_over(outage):
    assert outage.free("farewell over") >= OUTAGE_PROGRAM_BUDGET_BYTES, outage.used
    assert outage.output.count(" connected") == 1, outage.output


def test_dns_answers_leave_nothing_on_the_heap(firmware):
    grown = firmware.used["after 200 DNS answers"] - firmware.used["after 100 DNS answers"]
    assert grown <= NOISE_BYTES


def test_a_page_leaves_nothing_on_the_heap(firmware):
    grown = firmware.used["after 10 pages"] - firmware.used["after 5 pages"]
    assert grown <= NOISE_BYTES


@pytest.fixture(scope="module")
def connected_firmware():
    network = Network(b"Home", b"correct horse")
    network.proven = network.sighted = True
    return heap.connected(encode([network], {}, 1))


def test_a_connected_board_leaves_its_budget_of_heap_to_its_owners_program(connected_firmware):
    assert connected_firmware.free("connected") >= PROGRAM_BUDGET_BYTES, connected_firmware.used
    # To prove the network took more names than the table of names had room for.
    in_the_long_run = connected_firmware.free("connected, the watchdog armed")
    assert in_the_long_run >= PROGRAM_BUDGET_LATER_BYTES, connected_firmware.used


def test_a_board_without_button_and_led_leaves_its_owners_program_as_much():
    network = Network(b"Home", b"correct horse")
    network.proven = network.sighted = True
    settings = {"homeport.json": '{"led_pin": null, "button_pin": null}'}
    figures = heap.connected(encode([network], {}, 1), files=settings)
    assert figures.free("connected") >= PROGRAM_BUDGET_BYTES, figures.used


def test_a_board_that_was_just_set_up_leaves_its_owners_program_most_of_the_heap_without_a_restart():
    figures = heap.connected()
    assert figures.free("connected") >= PROGRAM_BUDGET_AFTER_SETUP_BYTES, figures.used

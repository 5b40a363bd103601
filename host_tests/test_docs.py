"""The documentation names what exists: files, headings, make targets, commands, options, constants and their values."""

import re
from pathlib import Path

import pytest
import typer
from homeport import heap
from homeport.board import DEFAULT_HEAP_BYTES
from homeport.cli import app

from device import options, policy

from .storm_lives import LIVES
from .test_page_size import LANGUAGES, setup_page, street

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README_TOP_LINES = 40
PAGE_SIZE_TOLERANCE_BYTES = 60  # the board of the figures has another address and name
HEAP_TOLERANCE_BYTES = 500
CONNECTED_TOLERANCE_BYTES = 100

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
INLINE_CODE = re.compile(r"`((?:[^`\n]|\n(?!\n))+)`")  # it may go on in the next line
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
COMMANDS = typer.main.get_command(app).commands
OPTIONS = {
    name: {word for item in command.params for word in (*item.opts, *item.secondary_opts)}
    for name, command in COMMANDS.items()
}

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def split(text):
    """(prose, lines of code blocks) of a page. A block is fenced, or indented by four or more after an empty line."""
    prose, code, fenced, indented, before = [], [], False, False, ""
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            fenced, line = not fenced, ""
        elif fenced:
            code.append(line)
        else:
            if line.strip():
                indented = line.startswith("    ") and (indented or not before.strip())
            (code if indented and line.strip() else prose).append(line)
        before = line
    return "\n".join(prose), code


def code_of(page):
    """Every line of code and every piece of inline code on the page."""
    prose, code = split(page.read_text(encoding="utf-8"))
    return code + [" ".join(piece.split()) for piece in INLINE_CODE.findall(prose)]


def anchors(text):
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ +(.*?) *$", split(text)[0], re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def bad_links(page):
    """Relative links on the page that lead nowhere."""
    prose = INLINE_CODE.sub("", split(page.read_text(encoding="utf-8"))[0])
    bad = []
    for link in LINK.findall(prose):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or ROOT not in (target, *target.parents):
            bad.append(link)
        elif anchor and anchor not in anchors(target.read_text(encoding="utf-8")):
            bad.append(link)
    return bad


def bad_targets(lines):
    """Targets of make that the Makefile does not have."""
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    return [name for line in lines for name in re.findall(r"\bmake ([a-z]\w*)", line) if name not in targets]


def bad_options(lines):
    """Commands and options that `homeport` does not have; of other programs nothing is known."""
    bad = []
    for line in lines:
        command = re.search(r"\bhomeport ([a-z]+)", line) or re.match(r" *make (run)\b", line)
        if command and command[1] not in OPTIONS:
            bad.append(command[0])
        elif command:
            bad += [option for option in OPTION.findall(line) if option not in OPTIONS[command[1]]]
        elif line.startswith("--"):
            bad += [option for option in OPTION.findall(line) if option not in set().union(*OPTIONS.values())]
    return bad


def constants():
    """{name: values, as text} of what the sources assign in capitals; of names assigned together no values."""
    found = {}
    for path in (path for folder in ("device", "host", "host_tests") for path in (ROOT / folder).rglob("*.py")):
        for names, value in re.findall(
            r"^([A-Z][A-Z0-9_, ]*) = ([^#\n]*)", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            for name in names.split(", "):
                found.setdefault(name, []).append(value.strip().replace("_", "") if name == names else None)
    return found


@each_page
def test_every_relative_link_leads_to_a_file_and_to_a_heading_of_it(page):
    assert not bad_links(page)


@each_page
def test_every_make_target_exists(page):
    assert not bad_targets(code_of(page))


@each_page
def test_every_command_and_option_exists(page):
    assert not bad_options(code_of(page))


@each_page
def test_every_constant_and_every_test_file_exists(page):
    known = constants()
    for word in INLINE_CODE.findall(split(page.read_text(encoding="utf-8"))[0]):
        if re.fullmatch(r"[A-Z]+(_[A-Z0-9]+)+", word):
            assert word in known
        if re.fullmatch(r"test_\w*\*?\w*\.py", word):
            assert list((ROOT / "host_tests").glob(word)), word


@each_page
def test_every_value_of_a_constant_is_the_one_in_the_source(page):
    known = constants()
    for name, value in re.findall(r"`([A-Z_]+)` = ([0-9][0-9 ]*)", page.read_text(encoding="utf-8")):
        assert known[name] == [value.replace(" ", "")]


def test_the_readme_gives_both_commands_and_the_state_machine_in_its_first_40_lines():
    top = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:README_TOP_LINES])
    assert "    make run" in top and "    make test" in top
    assert "docs/state-machine.md" in LINK.findall(top)


def test_every_page_is_in_the_index():
    listed = LINK.findall((ROOT / "docs/README.md").read_text(encoding="utf-8"))
    assert {page.name for page in PAGES[1:]} - {"README.md"} <= set(listed)
    assert "docs/README.md" in LINK.findall((ROOT / "README.md").read_text(encoding="utf-8"))


def test_every_option_of_a_board_is_explained():
    page = (ROOT / "docs/virtual-board.md").read_text(encoding="utf-8")
    rows = {option for line in page.splitlines() if line.startswith("| `--") for option in OPTION.findall(line)}
    assert OPTIONS["board"] - {"--help"} <= rows


def test_the_default_heap_is_the_one_in_the_text():
    assert f"{DEFAULT_HEAP_BYTES:,} bytes".replace(",", " ") in (ROOT / "docs/memory.md").read_text(encoding="utf-8")


def table(page, heading):
    """{first cell: [numbers]} of the table on the page whose head begins so."""
    rows = (ROOT / "docs" / page).read_text(encoding="utf-8").split(f"\n| {heading}")[1].split("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in rows.splitlines()[2:]]
    return {first: [int(number.replace(" ", "")) for number in numbers] for first, *numbers in cells}


UNITS = {"ms": 1, "s": 1_000, "min": 60_000}


def numbers_of_the_policy(text):
    """[(value as in policy.py, name of the constant, name of the setting or "")] of the rows of tables."""
    found = []
    for line in text.splitlines():
        row = re.match(r"\|.*\| ([0-9. ]+?)(?: (ms|s|min|dB|%))? \| `([A-Z_]+)` \|(?: `?(\w*)`? ?\|)?$", line)
        if row:
            found.append((round(float(row[1].replace(" ", "")) * UNITS.get(row[2], 1)), row[3], row[4] or ""))
    return found


def test_the_numbers_of_outages_are_those_of_the_policy_and_of_the_settings():
    found = numbers_of_the_policy((ROOT / "docs/outages.md").read_text(encoding="utf-8"))
    for value, name, setting in found:
        assert value == getattr(policy, name), name
        assert not setting or options.OPTIONS[setting.encode()][0] == value, setting
    names = [name for _, name, _ in found]
    assert sorted(names) == sorted(name for name in vars(policy) if name.isupper())  # each one, once


def test_the_lives_in_the_text_are_those_that_are_measured_and_cost_no_more_than_is_allowed():
    found = table("outages.md", "life | SDK writes")
    assert list(found) == list(LIVES)
    for life, writes in found.items():
        assert sum(writes) <= LIVES[life][1], life


def test_the_sizes_of_the_page_are_those_in_the_text():
    names = {"English": "en", "German": "de", "Spanish": "es", "French": "fr", "Chinese": "zh"}
    found = table("portal.md", "language | 8 networks")
    assert {names[name] for name in found} == set(LANGUAGES)
    for count, column in ((8, 0), (24, 1)):
        scene = street(count)
        for name, sizes in found.items():
            real = len(setup_page(scene, names[name]).raw)
            assert abs(real - sizes[column]) <= PAGE_SIZE_TOLERANCE_BYTES, (name, count)


@pytest.mark.slow
def test_the_heap_figures_are_those_in_the_text():
    real = heap.firmware()
    found = table("memory.md", "at | firmware | free")
    assert len(found) >= 6
    for mark, (used, free) in found.items():
        mark = mark.split(",")[0]
        assert abs(real.used[mark] - used) <= HEAP_TOLERANCE_BYTES, f"{mark}: see make bench"
        assert used + free == heap.CHIP_HEAP_BYTES - heap.CHIP_START_BYTES, mark


@pytest.mark.slow
def test_what_all_modules_cost_is_in_the_text():
    real = [sum(heap.costs(squeezed=squeezed).values()) for squeezed in (True, False)]
    memory, packaging = [(ROOT / "docs" / page).read_text(encoding="utf-8") for page in ("memory.md", "packaging.md")]
    told = re.search(r"one after the other, cost ([\d ]+) bytes; without squeezing it would be ([\d ]+)\.", memory)
    also = re.search(r"All modules take ([\d ]+) bytes of heap as they are and ([\d ]+) squeezed", packaging)
    for figures in (told.groups(), also.groups()[::-1]):
        for found, figure in zip(real, figures, strict=True):
            assert abs(found - int(figure.replace(" ", ""))) <= HEAP_TOLERANCE_BYTES, real


@pytest.mark.slow
def test_the_heap_figures_of_an_outage_are_those_in_the_text():
    found = table("memory.md", "at | one page | four pages")
    assert len(found) == 5
    for column, real in enumerate((heap.outage(), heap.outage(open_connections=4), heap.outage(coding="identity"))):
        for mark, free in found.items():
            assert abs(real.free(mark.split(":")[0]) - free[column]) <= HEAP_TOLERANCE_BYTES, f"{mark}: see make bench"


@pytest.mark.slow
def test_the_heap_figures_of_a_connected_board_are_those_in_the_text():
    found = table("memory.md", "a board that | connected, the farewell over")
    assert len(found) == 2
    for credentials, free in zip((heap.SAVED["credentials.0"], b""), found.values(), strict=True):
        real = heap.connected(credentials)
        for mark, bytes_free in zip(("connected", "connected, the watchdog armed"), free, strict=True):
            assert abs(real.free(mark) - bytes_free) <= CONNECTED_TOLERANCE_BYTES, (mark, real.free(mark))


def test_every_language_of_the_page_is_named_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(name in readme for name in table("portal.md", "language | 8 networks"))


def test_there_is_a_picture_of_every_page_and_look_and_of_nothing_else():
    taken = {path.stem for path in (ROOT / "docs" / "screenshots").glob("*.png")}
    kinds = {f"setup-{language}" for language in LANGUAGES if language != "en"}
    for browser in ("chromium", "firefox"):
        kinds |= {f"{page}-{browser}-{look}" for page in ("setup", "failed") for look in ("dark", "light")}
        kinds.add(f"connected-{browser}")
    assert taken == kinds  # that a link to one leads somewhere is checked above


# And the checks find what they are there for.


def test_links_that_lead_nowhere_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "there.md").write_text("# Here, and `there`\n\n    # not a heading\n")
    page = tmp_path / "page.md"
    good = "[a](there.md) [b](there.md#here-and-there) [c](https://example.com/x) `[d](nowhere)`\n\n    [e](nowhere)\n"
    page.write_text(good)
    assert bad_links(page) == []
    page.write_text(good + "\n[f](nowhere.md) [g](there.md#not-a-heading) [h](#i) [j](../..)\n")
    assert bad_links(page) == ["nowhere.md", "there.md#not-a-heading", "#i", "../.."]


def test_targets_commands_and_options_that_do_not_exist_are_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "To make sense of `make nonsense`, `--nothing` and `--clock 3`:\n\n"
        '    make run ARGS="--cut-after 3"\n    .venv/bin/homeport fly\n    homeport board --flash x --fly 3\n'
        "    pytest --anything\n"
    )
    assert bad_targets(code_of(page)) == ["nonsense"]
    assert bad_options(code_of(page)) == ["--cut-after", "homeport fly", "--fly", "--nothing"]


def test_numbers_of_the_policy_are_read_with_their_units():
    text = "| what | 1.5 s | `ANSWER_GRACE_MS` | |\n| what | 10 dB | `ROAM_GAIN_DB` |\n| no | number | `PAUSE_MS` |\n"
    rest = "| it | 2 min | `CRASHES_WITHIN_MS` | `watchdog` |\n| it | 1 000 | `RARE_ROUNDS` | |\n"
    assert numbers_of_the_policy(text + rest) == [
        (1_500, "ANSWER_GRACE_MS", ""),
        (10, "ROAM_GAIN_DB", ""),
        (120_000, "CRASHES_WITHIN_MS", "watchdog"),
        (1_000, "RARE_ROUNDS", ""),
    ]

"""The table, the engine, the states' sources, recorded logs and the documentation against the `transitions` library."""

import gc
import random
import re
from pathlib import Path

import pytest
from homeport import model, state_events

from device import engine, moves

from .fakes import FakeHardware, Restart

REPOSITORY = Path(__file__).resolve().parent.parent
STATES = REPOSITORY / "device" / "states"
PAGE = REPOSITORY / "docs" / "state-machine.md"
STORMS = 50
STORM_EVENTS = 400


# The table


def test_the_table_has_no_fault():
    assert model.problems() == []


def test_the_states_are_the_ones_that_people_know_from_the_trace():
    assert set(model.states()) == {"boot", "try_saved", "portal", "connecting", "connected", "fallback"}
    assert model.states()[0] == model.INITIAL == "boot"


def test_every_state_has_its_file_and_every_file_its_state():
    files = {path.stem for path in STATES.glob("*.py")} - {"__init__"}
    assert files == set(model.states())


def without(*row):
    return [other for other in model.rows() if other != list(row)]


@pytest.mark.parametrize(
    "table, fault",
    [
        (model.rows() + [["boot", "credentials_found", "portal"]], "boot has more than one row for credentials_found"),
        (model.rows() + [["lost", "got_ip", "connected"]], "lost cannot be reached from boot"),
        (model.rows() + [["portal", "broken", "halted"]], "halted is a trap"),
        (
            model.rows() + [["portal", "broken", "halted"], ["halted", "again", "halted"]],
            "halted is a trap",
        ),
        (
            model.rows() + [["portal", "x", "ping"], ["ping", "y", "pong"], ["pong", "z", "ping"]],
            "pong is a trap",
        ),
        (
            [row for row in model.rows() if row[0] != "connected"],
            "connected is a trap",
        ),
        (
            [row for row in model.rows() if row[0] != "connected"] + [["connected", "link_lost", "connected"]],
            "connected is a trap",
        ),
        (model.rows() + [["portal", "restarted", "boot"]], "a row leads to boot, which only a reset may enter"),
        (without("portal", "credentials_submitted", "connecting"), "portal is a trap"),
    ],
)
def test_a_faulty_table_is_found_out(table, fault):
    assert fault in model.problems(table)


# The engine


def test_the_engine_finds_the_same_successor_for_every_state_and_event():
    assert model.disagreements(moves.successor) == []


def test_a_lookup_that_forgets_one_row_disagrees():
    for state, event, target in model.rows():

        def forgetful(a, b, gone=(state, event)):
            return None if (a, b) == gone else moves.successor(a, b)

        assert model.disagreements(forgetful) == [f"{state}, {event}: None instead of {target}"]


class Board:
    """What the engine needs of a context, its clock and its hardware; and states that return what they are told."""

    def __init__(self):
        self.clock = self
        self.hardware = FakeHardware()
        self.networks = []
        self.state = None
        self.next_event = None
        self.open = []
        self.history = []
        self.time_ms = 0
        self.on_enter = self.on_close = lambda: None

    def now(self):
        self.time_ms += 7
        return self.time_ms

    portal = portal_due_at = None
    idle_ms = 0

    def sleep(self, ms):
        pass

    def rest(self):
        pass

    @property
    def resets(self):
        return self.hardware.resets

    def load(self, name):
        board = self

        class State:
            LED = 0

            def __init__(self, context):
                assert context is board and not board.open, "entered before the previous state was left"
                board.open.append(name)
                board.on_enter()
                board.history.append(name)

            def step(self):
                return board.next_event

            def close(self):
                board.open.remove(name)
                board.on_close()

        return State


def path_to(state):
    """Events that lead from the initial state to `state`."""
    rows = model.successors()
    paths = {model.INITIAL: []}
    for _ in model.states():
        for (source, event), target in rows.items():
            if source in paths:
                paths.setdefault(target, paths[source] + [event])
    return paths[state]


@pytest.fixture(autouse=True)
def collections(monkeypatch):
    """Counts the collections in place of making them: on a host each walks everything that the test run has loaded."""
    count = []
    monkeypatch.setattr(gc, "collect", lambda: count.append(None))
    return count


@pytest.mark.slow
def test_random_event_storms_keep_the_engine_and_the_model_in_lockstep(capsys):
    seed = random.SystemRandom().getrandbits(32)
    rng = random.Random(seed)
    for storm in range(STORMS):
        board = Board()
        machine = engine.Machine(board, board.load)
        oracle = model.machine()
        for number in range(STORM_EVENTS):
            where = f"seed {seed}, storm {storm}, event {number}"
            board.next_event = rng.choice(oracle.get_triggers(oracle.state) + [None])
            machine.step()
            if board.next_event is not None:
                oracle.trigger(board.next_event)
            assert board.state == oracle.state == board.history[-1], where
            assert board.open == [oracle.state], where
        assert board.resets == 0
        # The engine's own trace says the same once more.
        steps = model.replay(capsys.readouterr().out.splitlines())
        assert [model.INITIAL] + [step.next_state for step in steps] == board.history, where
        assert [step.uptime_ms for step in steps] == sorted(step.uptime_ms for step in steps)


def test_memory_is_collected_after_the_old_state_is_left_and_before_the_new_one_is_entered(collections):
    for state in model.states():
        board = Board()
        machine = engine.Machine(board, board.load)
        at_close, at_entry = [], []
        board.on_close = lambda seen=at_close: seen.append(len(collections))
        board.on_enter = lambda seen=at_entry: seen.append(len(collections))
        for board.next_event in path_to(state):
            machine.step()
        assert len(at_close) == len(path_to(state))
        assert all(closed < entered for closed, entered in zip(at_close, at_entry, strict=True))


def test_an_event_without_a_row_resets_the_board_and_moves_nothing(capsys):
    allowed = model.successors()
    refused = [(s, e) for s in model.states() for e in model.events() + ["unheard_of"] if (s, e) not in allowed]
    for state, event in refused:
        board = Board()
        machine = engine.Machine(board, board.load)
        for board.next_event in path_to(state):
            machine.step()
        board.next_event = event
        with pytest.raises(Restart):
            machine.step()
        assert (board.resets, board.state, board.open) == (1, state, [state])
        assert "no transition" in capsys.readouterr().out
    assert len(refused) > len(allowed)


# The states' sources


@pytest.mark.parametrize("state", model.states())
def test_the_events_that_a_state_can_return_are_those_of_its_rows(state):
    assert state_events.events_of(state) == {event for source, event, _ in model.rows() if source == state}


def source(tmp_path, text):
    (tmp_path / "some.py").write_text(text)
    return tmp_path


def test_events_are_followed_through_methods_conditions_and_names(tmp_path):
    folder = source(
        tmp_path,
        """
class Helper:
    def go(self):
        return "not_an_event"

class Some:
    def step(self):
        helper = lambda: "not_this_either"
        event = self._look()
        if event:
            return event
        if (late := self._late()) is not None:
            return late
        return "a" if self.x else self._twice() or None

    def _look(self):
        def inner():
            return 7
        if self.y:
            return "b"
        return None

    def _late(self):
        return "c"

    def _twice(self):
        return self._twice() or self._look()

    def unrelated(self):
        return 42
""",
    )
    assert state_events.events_of("some", folder) == {"a", "b", "c"}


@pytest.mark.parametrize(
    "returned", ["self.event", "EVENTS[0]", "7", "'a' + 'b'", "helper()", "self.join.step()", "f'{x}'", "unknown"]
)
def test_an_event_that_cannot_be_read_from_the_source_is_an_error_with_file_and_line(tmp_path, returned):
    folder = source(tmp_path, f"class Some:\n    def step(self):\n        return {returned}\n")
    with pytest.raises(state_events.UnreadableState, match=rf"some\.py:3: step\(\) returns {re.escape(returned)}"):
        state_events.events_of("some", folder)


def test_a_file_without_exactly_one_state_is_an_error(tmp_path):
    state = "class {}:\n    def step(self):\n        return None\n"
    with pytest.raises(state_events.UnreadableState, match="0 classes"):
        state_events.events_of("some", source(tmp_path, "class Some:\n    pass\n"))
    with pytest.raises(state_events.UnreadableState, match="2 classes"):
        state_events.events_of("some", source(tmp_path, state.format("A") + state.format("B")))


# Logs

LOG = """\
MPY: soft reboot
fsm 12 boot credentials_missing portal
portal: http://192.168.4.1
fsm 20500 portal credentials_submitted connecting\r
fsm 24100 connecting got_ip connected
homeport starts
fsm 9 boot credentials_found try_saved
fsm 2100 try_saved got_ip connected
""".splitlines(keepends=True)


def test_a_log_that_spans_a_reset_replays():
    steps = model.replay(LOG)
    assert [step.next_state for step in steps] == ["portal", "connecting", "connected", "try_saved", "connected"]
    assert steps[1] == (20500, "portal", "credentials_submitted", "connecting")


@pytest.mark.parametrize(
    "number, line, complaint",
    [
        (2, "fsm 12 boot credentials_missing try_saved", "line 2 enters try_saved instead of portal"),
        (
            4,
            "fsm 20500 fallback credentials_submitted connecting",
            "line 4 leaves fallback, but the board was in portal",
        ),
        (5, "fsm 24100 connecting link_lost try_saved", "line 5: the table has no row for link_lost in connecting"),
        (5, "fsm 24100 connecting unheard_of connected", "line 5: the table has no row for unheard_of"),
        (5, "fsm 24100 connecting got_ip", "line 5 is not a trace line"),
        (5, "fsm soon connecting got_ip connected", "line 5 is not a trace line"),
        (7, "(the line of a transition is missing)", "line 8 leaves try_saved, but the board was in connected"),
    ],
)
def test_a_log_that_the_table_does_not_allow_is_refused(number, line, complaint):
    log = list(LOG)
    log[number - 1] = line
    with pytest.raises(model.ModelError, match=complaint):
        model.replay(log)


# The page


def test_the_diagram_shows_every_row_and_nothing_else():
    drawn = set()
    for line in model.mermaid().splitlines():
        match = re.fullmatch(r"    (\w+) --> (\w+): (.+)", line)
        if match:
            drawn |= {(match[1], event.replace(" ", "_"), match[2]) for event in match[3].split(" / ")}
    assert drawn == {tuple(row) for row in model.rows()}
    assert model.mermaid().startswith("stateDiagram-v2\n")
    assert "    [*] --> boot\n" in model.mermaid()


def test_the_page_in_docs_is_current():
    text = PAGE.read_text(encoding="utf-8")
    assert model.page(text) == text, "run: make diagram"


def test_writing_a_page_replaces_what_is_marked_and_keeps_the_rest(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- diagram -->\nold\n<!-- /diagram -->\nafter\n")
    assert model.write(page) is True
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n") and "old" not in text
    assert f"```mermaid\n{model.mermaid()}\n```" in text
    assert text.count("* In **") == len(model.rows())
    assert model.write(page) is False


@pytest.mark.parametrize("text", ["", "<!-- diagram -->", "<!-- /diagram --><!-- diagram -->"])
def test_a_page_without_both_marks_is_refused(tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(model.ModelError, match="has no"):
        model.write(page)
    assert page.read_text() == text

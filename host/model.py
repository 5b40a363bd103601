"""The state machine as the `transitions` library sees it: an independent oracle for the firmware's own engine.

Everything here is made from device/table.py. The library finds what is wrong with the table and replays console logs;
the tests hold the engine and each state's source against it. The diagram in docs/state-machine.md comes from here, too.
"""

import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

from transitions import Machine, MachineError

from .places import DEVICE

GOAL = "connected"  # where every other state is heading
TRACE = re.compile(r"fsm (\d+) (\w+) (\w+) (\w+)")
START_MARK, END_MARK = "<!-- diagram -->", "<!-- /diagram -->"


class ModelError(Exception):
    """A log or a page does not fit the table; the text says where and how."""


class Step(NamedTuple):
    """One replayed line of the trace."""

    uptime_ms: int
    state: str
    event: str
    next_state: str


def _load_table():
    # By path: the installed package is called homeport, as is the firmware on the board.
    spec = importlib.util.spec_from_file_location("homeport_table", DEVICE / "table.py")
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    return table


_TABLE = _load_table()
INITIAL = _TABLE.INITIAL


def rows():
    """The table as a list of [state, event, next_state]."""
    return [list(row) for row in _TABLE.TRANSITIONS]


def states(table=None):
    """State names, the initial one first, then as they appear in the table."""
    names = [INITIAL]
    for state, _, target in table or rows():
        names += [state, target]
    return list(dict.fromkeys(names))


def events(table=None):
    """Event names as they appear in the table."""
    return list(dict.fromkeys(row[1] for row in table or rows()))


def machine(table=None, initial=INITIAL):
    """A `transitions.Machine` that is its own model; its `trigger(event)` raises MachineError if no row fits."""
    table = table or rows()
    return Machine(
        states=states(table),
        initial=initial,
        transitions=[[event, state, target] for state, event, target in table],
        auto_transitions=False,
    )


def successors(table=None):
    """{(state, event): next state} for every pair that `transitions` takes; it refuses the others."""
    table = table or rows()
    oracle = machine(table)
    found = {}
    for state in states(table):
        for event in events(table):
            oracle.set_state(state)
            try:
                oracle.trigger(event)
            except MachineError:
                continue
            found[state, event] = oracle.state
    return found


def problems(table=None):
    """What is wrong with the table, a sentence each; empty if nothing."""
    table = table or rows()
    found = []
    pairs = [(state, event) for state, event, _ in table]
    for state, event in sorted({pair for pair in pairs if pairs.count(pair) > 1}):
        found.append(f"{state} has more than one row for {event}")
    arrows = {(state, target) for (state, _), target in successors(table).items()}
    after = {state: _reachable(state, arrows) for state in states(table)}
    for state in states(table):
        if state != INITIAL and state not in after[INITIAL]:
            found.append(f"{state} cannot be reached from {INITIAL}")
        # No way out, or none that leads (back) to the goal.
        if not after[state] - {state} or GOAL not in after[state]:
            found.append(f"{state} is a trap")
    if any(target == INITIAL for _, _, target in table):
        found.append(f"a row leads to {INITIAL}, which only a reset may enter")
    return found


def _reachable(start, arrows):
    found, waiting = set(), [start]
    while waiting:
        here = waiting.pop()
        new = {target for state, target in arrows if state == here} - found
        found |= new
        waiting.extend(new)
    return found


def disagreements(lookup, table=None):
    """Every (state, event) pair for which `lookup(state, event)` (next state or None) differs from `transitions`."""
    expected = successors(table)
    return [
        f"{state}, {event}: {lookup(state, event)} instead of {expected.get((state, event))}"
        for state in states(table)
        for event in events(table)
        if lookup(state, event) != expected.get((state, event))
    ]


def replay(lines):
    """Replay the trace lines of a console log, the rest ignored. Returns the Steps; ModelError if one does not fit.

    A log may span resets: a line that starts from the initial state starts the machine anew.
    """
    oracle = machine()
    steps = []
    for number, line in enumerate(lines, 1):
        line = line.strip()
        if not line.startswith("fsm "):
            continue
        match = TRACE.fullmatch(line)
        if match is None:
            raise ModelError(f"log line {number} is not a trace line: {line!r}")
        step = Step(int(match[1]), match[2], match[3], match[4])
        if step.state == INITIAL:
            oracle.set_state(INITIAL)
        if step.state != oracle.state:
            raise ModelError(f"log line {number} leaves {step.state}, but the board was in {oracle.state}: {line!r}")
        if step.event not in oracle.get_triggers(step.state):
            raise ModelError(f"log line {number}: the table has no row for {step.event} in {step.state}: {line!r}")
        oracle.trigger(step.event)
        if step.next_state != oracle.state:
            raise ModelError(f"log line {number} enters {step.next_state} instead of {oracle.state}: {line!r}")
        steps.append(step)
    return steps


def mermaid():
    """The diagram as Mermaid text: one arrow a pair of states, its events as words."""
    arrows = {}
    for state, event, target in rows():
        arrows.setdefault((state, target), []).append(_words(event))
    lines = ["stateDiagram-v2"]
    lines += [f'    state "{_words(state)}" as {state}' for state in states() if "_" in state]
    lines += [f"    [*] --> {INITIAL}"]
    lines += [f"    {state} --> {target}: {' / '.join(names)}" for (state, target), names in arrows.items()]
    return "\n".join(lines)


def sentences():
    """The rows as Markdown, one list item each."""
    return "\n".join(f"* In **{state}**, *{_words(event)}* leads to **{target}**." for state, event, target in rows())


def _words(name):
    return name.replace("_", " ")


def page(text):
    """`text` with what stands between the two marks replaced by the diagram and its rows in words."""
    before, start, rest = text.partition(START_MARK)
    _, end, after = rest.partition(END_MARK)
    if not start or not end:
        raise ModelError(f"the page has no {START_MARK} ... {END_MARK}")
    return f"{before}{start}\n\n```mermaid\n{mermaid()}\n```\n\n{sentences()}\n\n{end}{after}"


def write(path):
    """Bring the marked part of the page at `path` up to date. True if that changed it."""
    path = Path(path)
    old = path.read_text(encoding="utf-8")
    new = page(old)
    if new != old:
        path.write_text(new, encoding="utf-8")
    return new != old

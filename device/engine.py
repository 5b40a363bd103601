"""The engine: serve whoever asks, ask the state for an event, find its row, move."""

import gc

from .states import load
from .table import INITIAL, TRANSITIONS


def successor(state, event):
    """The next state's name, or None if the table has no such row."""
    for row in TRANSITIONS:
        if row[0] == state and row[1] == event:
            return row[2]


class Machine:
    """Runs one state at a time: State(context) enters, step() returns an event or None, close() leaves.

    load(name) returns a state's class.
    """

    def __init__(self, context, load=load):
        self.context = context
        self._load = load
        self.state = None
        self._enter(INITIAL)

    def step(self):
        """One turn, of at most 100 ms but for a scan. Returns the event that moved the machine, or None."""
        self.context.serve()
        event = self.state.step()
        if event is not None:
            self._move(event)
        return event

    def _move(self, event):
        context = self.context
        name = context.state
        target = successor(name, event)
        if target is None:
            # A programmer's error. A board in the field must not hang on it.
            print("no transition from", name, "on", event)
            context.hardware.reset()
            return
        print("fsm", context.clock.now(), name, event, target)
        self.state.close()
        self.state = None
        gc.collect()
        self._enter(target)

    def _enter(self, name):
        self.context.state = name
        self.state = self._load(name)(self.context)

"""The engine: serve whoever asks, ask the state for an event, find its row, move."""

from .overlay import forget
from .states import load


def successor(state, event):
    """The next state's name, or None if the table has no such row."""
    from .table import TRANSITIONS

    forget("table")
    for row in TRANSITIONS:
        if row[0] == state and row[1] == event:
            return row[2]


class Machine:
    """Runs one state at a time: State(context) enters, step() returns an event or None, close() leaves.

    load(name) returns a state's class. There is one way to move: a row of the table.
    """

    def __init__(self, context, load=load):
        from .table import INITIAL

        self.context = context
        self._load = load
        self._enter(INITIAL)

    def step(self):
        """One turn, of at most 100 ms but for a scan. Returns the event that moved the machine, or None."""
        context = self.context
        context.serve()
        event = self.state.step()
        if event is not None:
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
            forget("net.join net.station states." + name)
            self._enter(target)
        return event

    def _enter(self, name):
        self.context.state = name
        self.state = self._load(name)(self.context)

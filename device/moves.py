"""The engine's moves: find the row, leave one state, enter the next. In memory for that moment only."""

import sys

from .overlay import PACKAGE, forget

STATES = "states."


def load(name):
    """The class of the state called `name`, which keeps its module in memory."""
    state = __import__(PACKAGE + "." + STATES + name, None, None, ("State",)).State
    forget(STATES + name)
    return state


def successor(state, event):
    """The next state's name, or None if the table has no such row."""
    from .table import TRANSITIONS

    forget("table")
    for row in TRANSITIONS:
        if row[0] == state and row[1] == event:
            return row[2]


def move(machine, event):
    forget("moves")
    context = machine.context
    name = context.state
    target = successor(name, event)
    if target is None:
        # A programmer's error. A board in the field must not hang on it.
        print("no transition from", name, "on", event)
        context.hardware.reset()
        return
    print("fsm %d %s %s %s" % (context.clock.now(), name, event, target))
    machine.state.close()
    machine.state = None
    forget("net.rounds net.join net.station")
    context.rest()  # whoever is on the portal has filled the heap with its pages
    enter(machine, target)
    context.rest()  # what the entry needed for a moment
    for listener in machine.listeners:
        try:
            listener(name, event, target)
        except Exception as error:  # the owner's program is at fault; the board stays online all the same
            sys.print_exception(error)


def enter(machine, name):
    machine.context.state = name
    machine.state = (machine.load or load)(name)(machine.context)


def begin(machine, context, load):
    """Enter the first state; find button and LED."""
    forget("moves")
    machine.context = context
    if load:
        machine.load = load
    from .table import INITIAL

    forget("table")
    enter(machine, INITIAL)
    from .gestures import begin

    begin(machine)

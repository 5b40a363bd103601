"""The engine: serve whoever asks, look at the button, ask the state for an event, move."""

LED_TICK_BITS = 7  # one bit of a state's LED, an int of 16 bits, lasts 128 ms; 1 is light, the lowest bit comes first


class Machine:
    """Runs one state at a time: State(context) enters, step() returns an event or None, close() leaves.

    load(name) returns a state's class, None stands for the one in moves.py. There is one way to move: a row of the
    table.
    """

    load = None
    listeners = ()  # told of each transition, see offered.on_transition()

    def __init__(self, context, load=None):
        from .moves import begin

        begin(self, context, load)

    def step(self):
        """One turn, of at most 100 ms but for a scan. Returns the event that moved the machine, or None."""
        context = self.context
        if context.portal is None:
            context.clock.sleep(context.idle_ms)
        else:
            context.portal.serve(context.idle_ms)
        now = context.clock.now()
        if context.portal_due_at is not None and now >= context.portal_due_at:
            context.open_due()
        level = self.state.LED >> (now >> LED_TICK_BITS & 15) & 1 ^ self.dark
        if self.press != (0 if self.button() else None) or self.settles_at is not None and now >= self.settles_at:
            from .gestures import look

            look(self)
        elif level != self.lit:  # written when it changes only: in connected the pin is the owner's program's
            self.lit = level
            self.led(level)
        event = self.state.step()
        if event is not None:
            from .moves import move

            move(self, event)
        return event

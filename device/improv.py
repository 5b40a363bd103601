"""A session with a client of Improv Wi-Fi at the other end of the cable (docs/improv.md). In memory while it lasts.

While it does, Ctrl-C is an ordinary byte: that of a packet is the packet's, any other leads to the prompt. What a
client asks for is done by improv_orders.py.
"""

import sys

from . import policy
from .improv_packets import COMMAND, HEADER, STATE, command, packet, size
from .overlay import forget

READY, PROVISIONING, PROVISIONED = 2, 3, 4  # what a client is told of the state
CTRL_C = 3
LOOK_MS = 10  # a client answers at once
READS_LIMIT = 256  # the port keeps 255


session = None  # the one that lasts


def finish():
    """Nobody will listen any more."""
    if session is not None:
        session.end()
    forget("improv improv_packets")


class Session:
    """Takes the place of the machine's step() until it ends. data: what has come of the first packet; the interrupt has
    taken out its type and whatever else is that byte, unless Ctrl-C was an ordinary byte then.

    told: the state that the client knows. attempt: the one whose outcome it waits for. scan_by: when the networks are
    told at the latest, None if nobody waits for them.
    """

    def __init__(self, board, data):
        self.board = board
        self.context = context = board.context
        self.hardware = context.hardware
        self._poll = self.hardware.poll()
        self._poll.register(sys.stdin, self.hardware.POLLIN)
        self.data = bytearray()
        self.damaged = data[len(HEADER) : len(HEADER) + 1] != bytes((COMMAND,))
        self._over = False
        self._settled = context.settled
        self.heard_at = self.next_scan = context.clock.now()
        self.until = self.heard_at + policy.IMPROV_SESSION_MS
        self.told = self.attempt = self.scan_by = self._watched = None
        board.step = self.step
        self._watch()
        global session
        session = self
        self.receive(data)

    def step(self):
        """The machine's turn, and this one's."""
        board = self.board
        try:
            event = type(board).step(board)
            if self._over:
                return event
            self._watch()
            now = self.context.clock.now()
            self._listen(now)
            if self.scan_by is not None and (now >= self.scan_by or not self.context.scan_wanted):
                from .improv_orders import tell_networks

                tell_networks(self)
                del tell_networks
                self._rest()
            self.tell()
            settled = self.context.settled and not self._settled  # the owner's program may keep the machine waiting
            if now >= self.until and self.attempt is None or settled:
                self._end()
            return event
        except BaseException:
            self.end()
            raise

    def end(self):
        """The console is the prompt's again."""
        global session
        if not self._over:
            self._over = True
            session = None
            # What is deleted stays in its place of the table (mp_map_lookup() in py/map.c): it is written over before.
            board = self.board
            if board.step is not None:
                board.step = None
                del board.step
            if board.state is self._watched:
                board.state.step = None
                del board.state.step
            forget("improv improv_packets")
            self.hardware.kbd_intr(CTRL_C)

    def _end(self):
        """What has come meanwhile has made no interrupt; interrupt.py looks at it all the same."""
        self.end()
        data = b""
        while len(data) < READS_LIMIT and self._poll.poll(LOOK_MS):
            data += sys.stdin.buffer.read(1)
        if bytes((CTRL_C,)) in data:
            self.board.step = data
            raise KeyboardInterrupt

    def _listen(self, now):
        for _ in range(READS_LIMIT):
            if not self._poll.poll(0):
                break
            self.heard_at = now
            self.receive(sys.stdin.buffer.read(1))
        if self.damaged:
            from .improv_repair import repair

            repair(self, now)
            del repair
            forget("improv_repair")
        elif self.data and now - self.heard_at >= policy.IMPROV_PACKET_MS:
            self.data = bytearray()
            self.obey(None)

    def receive(self, data):
        for byte in data:
            self.data.append(byte)
            if not self.damaged:
                self._take(byte)

    def _take(self, byte):
        """One more byte has come, the last one of what there is."""
        length = size(self.data)
        if length < 0:
            self.data = bytearray(HEADER[:1] if byte == HEADER[0] else b"")
            if byte == CTRL_C:
                self.leave()
        elif length and len(self.data) == length:
            whole = bytes(self.data)
            self.data = bytearray()
            if whole[len(HEADER)] == COMMAND:  # else it is an echo
                self.obey(command(whole))

    def leave(self):
        """Somebody wants to the prompt, who gets all that follows."""
        self.board.step = None  # see interrupt.py
        raise KeyboardInterrupt

    def obey(self, order):
        self.until = self.context.clock.now() + policy.IMPROV_SESSION_MS
        from .improv_orders import obey

        obey(self, order)
        del obey
        self._rest()

    def _rest(self):
        forget("improv_orders")
        self.context.rest()

    def state(self):
        context = self.context
        if context.submitted or context.state == "connecting":
            return PROVISIONING
        return PROVISIONED if context.state == "connected" else READY

    def tell(self, state=None):
        """The state, if that is news."""
        state = state or self.state()
        if state != self.told:
            self.told = state
            self.send(STATE, bytes((state,)))

    def _watch(self):
        """From now on the state's step() is _stepped()."""
        state = self.board.state
        if self._watched is not state:
            self._watched = state
            state.step = self._stepped

    def _stepped(self):
        """The state's step. A move may need all the memory there is: before any but that to `connecting` the session
        tells where it leads to, and ends. The client's next packet begins another one."""
        state = self._watched
        event = type(state).step(state)
        if event is None or event == "credentials_submitted":
            return event
        if self.attempt:
            from .improv_orders import tell_outcome

            tell_outcome(self)
            del tell_outcome
            self._rest()
        self.tell(PROVISIONED if event == "got_ip" else READY)
        self._watched = None
        state.step = [event].pop  # in the next turn, when none of this is in memory any more
        self._end()

    def send(self, kind, data):
        """In one piece, on a line of its own: what was printed before may not have ended."""
        sys.stdout.buffer.write(b"\n" + packet(kind, data) + b"\n")

"""One client of the owner's pages: a Connection that may stay for another request, or wait for what comes."""

from .connection import CROWDED_IDLE_TIMEOUT_MS, IDLE_TIMEOUT_MS, SEGMENT_BYTES, TOTAL_TIMEOUT_MS, Connection
from .request import Request

SLOWEST_BYTES_PER_MS = 2  # whoever takes less loses its place after TOTAL_TIMEOUT_MS


class Visit(Connection):
    """One client. stream: the Stream that its answer comes from, or None. waits: that had nothing to say. starves: for
    its last move there was no memory."""

    def __init__(self, now, wanted):
        Connection.__init__(self, now)
        self._wanted = wanted
        self.stays = False
        self.stream = None
        self.renew(now)

    def renew(self, now):
        """Be ready for a request."""
        self._tidy()
        self._file = self._open_page = self.parts = self.buffer = self.stream = None
        self.start = self.end = self._item = 0
        self._part = -1
        self.request = Request()
        self.request.wanted = self._wanted
        self.kept = self.stays  # it has had an answer before
        self.heard = self.ended = self.stays = self.waits = self.starves = False
        self.allowance_ms = None  # all attributes are there before it begins to answer: another may need memory
        self.began_at = self.moved_at = now

    def begin(self, open_file, head, parts, stream, stays, length):
        """Start to send. length: None if only the stream's end will tell. MemoryError: nothing was done."""
        if stream and self.request.length > 0:
            self.buffer = bytearray(SEGMENT_BYTES)  # a generator may yet read the body, which lies in the other one
        self._open_page = open_file
        self._head = head
        self.parts = parts
        self.stream = stream
        self.draining = not self.request.complete or self.end > self.request.length  # another one, not answered
        self.stays = stays
        self.allowance_ms = None if length is None else TOTAL_TIMEOUT_MS + length // SLOWEST_BYTES_PER_MS
        self.request = self.reply = None
        self.end = 0

    def send(self):
        try:
            return Connection.send(self)
        except StopIteration:  # the stream has nothing for now
            self.waits = self.start == self.end
            return None if self.waits else Connection.send(self)  # what is packed
        except EOFError:
            self.ended = self.stays and self.parts is not None
            raise

    def is_overdue(self, now, waited_for):
        if self.parts is not None:
            idle_ms = CROWDED_IDLE_TIMEOUT_MS if waited_for else IDLE_TIMEOUT_MS
            late = self.allowance_ms is not None and now - self.began_at >= self.allowance_ms
            return late or now - self.moved_at >= idle_ms
        if self.kept and not self.heard and waited_for:
            return True
        return Connection.is_overdue(self, now, waited_for)

    def close(self):
        self.sock.close()
        self._tidy()

    def _tidy(self):
        if self._file:
            self._file.close()
        if self.stream:
            self.stream.close()

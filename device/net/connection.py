"""One HTTP client: what it has sent, what it gets, and when it has had enough time.

lwIP hands over received data in pieces of at most 536 bytes, and answers data that nobody read with a reset when the
socket is closed (extmod/modlwip.c).
"""

from ..seldom import make_room
from .request import Request

SEGMENT_BYTES = 536  # TCP_MSS: what one packet takes
PARSING_SEGMENTS = 3  # what is allocated while one segment is parsed: a line, a value in it, what is kept of that
IDLE_TIMEOUT_MS = 5_000  # no byte moved
TOTAL_TIMEOUT_MS = 20_000  # whatever a slow or hostile client does
# For the rest of a request that was answered early: while more of it comes, and if none comes (nginx: 30 s and 5 s)
DRAIN_TIMEOUT_MS = 5_000
DRAIN_IDLE_TIMEOUT_MS = 1_000
# While every place is taken and others wait for one, Android for no more than ten seconds:
SILENT_TIMEOUT_MS = 1_000  # nothing said at all: browsers open spare connections
CROWDED_IDLE_TIMEOUT_MS = 2_000  # a lost packet comes again within a second
CROWDED_TOTAL_TIMEOUT_MS = 6_000  # a page takes less than one


class Connection:
    """Receives into and sends from one buffer. `request` is None once it is answered. Whoever makes it sets `sock`,
    and `peer`, the client's address; `news` and `reply` are for their use."""

    def __init__(self, now):
        self.sock = self.peer = self.news = self.reply = None
        self.renders = False  # parts of the answer are made while it leaves
        self.buffer = None  # until there is something to read: four that wait must not starve each other
        self.start = self.end = 0  # buffer[start:end]: received and not consumed, or still to be sent
        self.request = Request()
        self.heard = False
        self.draining = False  # answered before it was read to its end: the rest is read and dropped
        self.parts = None  # of the answer, see answer()
        self._head = b""  # what goes before them
        self._part = -1  # which of them is sent, from -1 for the head on,
        self._sent = self._item = 0  # and how much of it has been, or of which item,
        self._piece = None  # whose bytes these are
        self._file = None
        self.began_at = self.moved_at = now
        self.limit_ms = TOTAL_TIMEOUT_MS

    def make_ready(self):
        """Have the code and the room to read more of the request. MemoryError: try again, nothing is lost."""
        request = self.request
        if request.complete:
            return
        if request.head_complete and len(self.buffer) < request.length:
            larger = bytearray(request.length)  # before any code is loaded: a gap of this size is rare
            larger[: self.end] = memoryview(self.buffer)[: self.end]
            self.buffer = larger
        # Once begun, parsing could not be tried again; and the code would take the gaps.
        room = [bytearray(SEGMENT_BYTES) for _ in range(PARSING_SEGMENTS)]
        from .http import feed  # noqa: F401

        if self.buffer is None:
            self.buffer = room[0]

    def receive(self):
        """Read what is there. True if something moved. EOFError: the client hung up. HTTPError: a wrong request."""
        count = self.sock.readinto(memoryview(self.buffer)[self.end :])
        if not count:
            if count is None or self.end == len(self.buffer):  # it waits for memory: nothing is read (py/stream.c)
                return False
            raise EOFError
        self.heard = True
        request = self.request
        if request:
            from .http import feed

            self.end = feed(request, self.buffer, self.end + count)
            if request.head_complete and request.expects_continue and not request.complete:
                request.expects_continue = False
                self.sock.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def answer(self, open_page, status, fields, length, parts):
        """Start to send. MemoryError: try again, nothing was done.

        parts: a list; in it are bytes, names of files for open_page(), places in the last file, each with a size
        behind it, and functions of that file and a number: the bytes of its n-th item, None behind the last one.
        length: of all that they stand for, in bytes.
        """
        from .answer import head

        request = self.request
        if request.version != 9:  # HTTP/0.9: no head (RFC 1945 section 4.1)
            self._head = head(status, length, fields)
        make_room("net.answer net.respond")
        for part in parts:
            self.renders = self.renders or callable(part)
        self._open_page = open_page
        self.parts = () if request.method == b"HEAD" else parts
        self.draining = not request.complete
        self.request = self.reply = None
        self.end = 0

    def send(self):
        """Send the next segment as far as the socket takes it. True if something moved; EOFError after the last."""
        if self.start == self.end:
            self._fill()
        count = self.sock.write(memoryview(self.buffer)[self.start : self.end])
        self.start += count or 0
        return count

    def drain(self, now):
        """Everything is sent. Closing with data unread would reset the connection and destroy the answer."""
        self.parts = None
        self.end = 0
        self.began_at = self.moved_at = now
        self.limit_ms = DRAIN_TIMEOUT_MS

    def waits_for_memory(self):
        """There was no room to answer it yet."""
        return self.request is not None and self.request.complete

    def is_overdue(self, now, waited_for):
        """waited_for: others want its place."""
        limit_ms = self.limit_ms
        is_drained = self.request is None and self.parts is None  # it has its answer
        idle_ms = DRAIN_IDLE_TIMEOUT_MS if is_drained else IDLE_TIMEOUT_MS
        if waited_for:
            limit_ms = min(limit_ms, CROWDED_TOTAL_TIMEOUT_MS)
            idle_ms = min(idle_ms, CROWDED_IDLE_TIMEOUT_MS if self.heard else SILENT_TIMEOUT_MS)
        return now - self.began_at >= limit_ms or now - self.moved_at >= idle_ms

    def close(self):
        self.sock.close()
        if self._file:
            self._file.close()

    def _fill(self):
        """Pack the next parts of the answer into one segment. MemoryError: what was packed is whole and goes out."""
        self.start = self.end = 0
        while self.end < SEGMENT_BYTES and self._part < len(self.parts):
            part = self._head if self._part < 0 else self.parts[self._part]
            if isinstance(part, str):
                self._file = self._open_page(part)
                self._part += 1
                continue
            if callable(part):
                self._piece = self._piece or part(self._file, self._item)
                if self._piece is None:
                    self._part += 1
                    self._item = 0
                    continue
                part = self._piece
            room = memoryview(self.buffer)[self.end : SEGMENT_BYTES]
            if isinstance(part, int):
                size = self.parts[self._part + 1]
                self._file.seek(part + self._sent)
                count = self._file.readinto(room[: size - self._sent])
                if not count:
                    raise OSError("a file of pages was cut short")
            else:
                size = len(part)
                count = min(size - self._sent, len(room))
                room[:count] = memoryview(part)[self._sent : self._sent + count]
            self.end += count
            self._sent += count
            if self._sent == size:
                self._sent = 0
                self._head = b""  # it has left, if it was not gone already
                if self._piece is None:
                    self._part += 2 if isinstance(part, int) else 1
                else:
                    self._item += 1
                    self._piece = None
        if not self.end:
            raise EOFError

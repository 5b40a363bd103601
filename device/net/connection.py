"""One HTTP client: what it has sent, what it gets, and when it has had enough time.

lwIP hands over received data in pieces of at most 536 bytes, and answers data that nobody read with a reset when the
socket is closed (extmod/modlwip.c).
"""

from ..overlay import make_room
from . import Request

BLOCK_BYTES = 128  # of a file are read at a time
SEGMENT_BYTES = 536  # TCP_MSS: what one packet takes
PARSING_SEGMENTS = 3  # what is allocated while one segment is parsed: a line, its parts, what is kept of them
IDLE_TIMEOUT_MS = 5_000  # no byte moved
TOTAL_TIMEOUT_MS = 20_000  # whatever a slow or hostile client does
DRAIN_TIMEOUT_MS = 1_000  # for the rest of a request that was answered early
# While every place is taken and others wait for one, Android for no more than ten seconds:
SILENT_TIMEOUT_MS = 1_000  # nothing said at all: browsers open spare connections
CROWDED_IDLE_TIMEOUT_MS = 2_000  # a lost packet comes again within a second
CROWDED_TOTAL_TIMEOUT_MS = 6_000  # a page takes less than one


class Connection:
    """Receives into and sends from one buffer. `request` is None once it is answered. Whoever makes it sets `sock`,
    and `peer`, the client's address; `news` is for their use."""

    def __init__(self, now):
        self.sock = self.peer = self.news = None
        self.buffer = bytearray(SEGMENT_BYTES)
        self.start = 0
        self.end = 0  # buffer[start:end]: received and not consumed, or still to be sent
        self.request = Request()
        self.heard = False
        self.draining = False  # answered before it was read to its end: the rest is read and dropped
        self.pieces = None  # iterator of the answer's bytes
        self.piece = b""
        self.piece_at = 0
        self.began_at = self.moved_at = now
        self.limit_ms = TOTAL_TIMEOUT_MS

    def make_ready(self):
        """Have the code and the room to read more of the request. MemoryError: try again, nothing is lost."""
        from . import http  # noqa: F401

        [bytearray(SEGMENT_BYTES) for _ in range(PARSING_SEGMENTS)]  # once begun, parsing could not be tried again
        request = self.request
        if request.head_complete and len(self.buffer) < request.length:
            larger = bytearray(request.length)
            larger[: self.end] = memoryview(self.buffer)[: self.end]
            self.buffer = larger

    def receive(self):
        """Read what is there. True if something moved. EOFError: the client hung up. HTTPError: a wrong request."""
        count = self.sock.readinto(memoryview(self.buffer)[self.end :])
        if count is None:
            return False
        if not count:
            raise EOFError
        self.heard = True
        request = self.request
        if request:
            expected = request.head_complete
            from .http import feed

            self.end = feed(request, self.buffer, self.end + count)
            if request.head_complete and not expected and request.expects_continue and not request.complete:
                self.sock.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def answer(self, status, fields, length, pieces):
        """Start to send. pieces: an iterable of bytes, walked once; length: of all of them."""
        from .answer import head

        request = self.request
        first = head(status, length, fields)
        make_room("net.answer net.respond")
        if request.method == b"HEAD":
            self.pieces = iter((first,))
        else:
            self.pieces = iter(pieces)
            if request.version != 9:  # HTTP/0.9: no head (RFC 1945 section 4.1)
                self.piece = first
        self.draining = not request.complete
        self.request = None
        self.start = self.end = 0

    def send(self):
        """Send the next segment as far as the socket takes it. True if something moved; EOFError after the last."""
        if self.start == self.end:
            self._fill()
        count = self.sock.write(memoryview(self.buffer)[self.start : self.end])
        self.start += count or 0
        return count

    def drain(self, now):
        """Everything is sent. Closing with data unread would reset the connection and destroy the answer."""
        self.pieces = None
        self.end = 0
        self.began_at = now
        self.limit_ms = DRAIN_TIMEOUT_MS

    def waits_for_memory(self):
        """There was no room to answer it yet."""
        return self.request is not None and self.request.complete

    def is_overdue(self, now, waited_for):
        """waited_for: others want its place."""
        limit_ms = self.limit_ms
        idle_ms = IDLE_TIMEOUT_MS
        if waited_for:
            limit_ms = min(limit_ms, CROWDED_TOTAL_TIMEOUT_MS)
            idle_ms = CROWDED_IDLE_TIMEOUT_MS if self.heard else SILENT_TIMEOUT_MS
        return now - self.began_at >= limit_ms or now - self.moved_at >= idle_ms

    def _fill(self):
        """Pack the next pieces of the answer into one segment."""
        end = 0
        while end < SEGMENT_BYTES:
            count = min(len(self.piece) - self.piece_at, SEGMENT_BYTES - end)
            if not count:
                try:
                    self.piece = next(self.pieces)
                except StopIteration:
                    break
                self.piece_at = 0
                continue
            self.buffer[end : end + count] = memoryview(self.piece)[self.piece_at : self.piece_at + count]
            self.piece_at += count
            end += count
        if not end:
            raise EOFError
        self.start = 0
        self.end = end


def sent(hardware, name, plan):
    """Yield the bytes of a page that template.py has planned: each part is bytes, a list, or two numbers: where in the
    file `name` of the compiled pages something begins, and its size.
    """
    with hardware.page(name) as file:
        at = 0
        while at < len(plan):
            part = plan[at]
            at += 1
            if isinstance(part, int):
                file.seek(part)
                left = plan[at]
                at += 1
                while left:
                    block = file.read(min(left, BLOCK_BYTES))
                    if not block:
                        return  # the file was cut short: the length that was announced will tell
                    left -= len(block)
                    yield block
            elif isinstance(part, (bytes, bytearray, memoryview)):
                yield part
            else:
                for piece, _, _ in part.pieces(file):
                    yield piece

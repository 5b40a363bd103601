"""One HTTP client: what it has sent, what it gets, and when it has had enough time.

lwIP hands over received data in pieces of at most 536 bytes, and answers data that nobody read with a reset when the
socket is closed (extmod/modlwip.c).
"""

from .http import Request, head

SEGMENT_BYTES = 536  # TCP_MSS: what one packet takes
IDLE_TIMEOUT_MS = 5_000  # no byte moved
SILENT_TIMEOUT_MS = 1_000  # nothing said at all while every place is taken: browsers open spare connections
TOTAL_TIMEOUT_MS = 20_000  # whatever a slow or hostile client does
DRAIN_TIMEOUT_MS = 1_000  # for the rest of a request that was answered early


class Connection:
    """One client: receives into and sends from one buffer."""

    def __init__(self, sock, now):
        self.sock = sock
        self.buffer = bytearray(SEGMENT_BYTES)
        self.end = 0  # bytes in the buffer: received and not consumed, or to be sent
        self.sent = 0
        self.request = Request()
        self.pieces = None  # iterator of the answer's bytes, once there is one
        self.piece = b""
        self.piece_at = 0
        self.heard = False
        self.draining = False
        self.moved_at = now
        self.expires_at = now + TOTAL_TIMEOUT_MS

    def receive(self):
        """Read what is there. True if something moved. EOFError: the client hung up. HTTPError: a wrong request."""
        count = self.sock.readinto(memoryview(self.buffer)[self.end :])
        if count is None:
            return False
        if count == 0:
            raise EOFError
        self.heard = True
        if self.draining:
            return True
        request = self.request
        had_head = request.head_complete
        self.end = request.feed(self.buffer, self.end + count)
        if request.head_complete and not had_head:
            self._expect_body()
        return True

    def _expect_body(self):
        request = self.request
        if request.length > len(self.buffer):
            larger = bytearray(request.length)
            larger[: self.end] = memoryview(self.buffer)[: self.end]
            self.buffer = larger
        if request.expects_continue and not request.complete:
            self.sock.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def answer(self, status, fields, content):
        """Start to send. content: bytes, or a function that returns an iterator of bytes, the same every time."""
        pieces = content if callable(content) else lambda: iter((content,))
        length = sum(len(piece) for piece in pieces())
        if self.request.version == 9:  # HTTP/0.9: no head (RFC 1945 section 4.1)
            self.pieces = pieces()
        elif self.request.method == b"HEAD":
            self.pieces = iter((head(status, length, fields),))
        else:
            self.pieces = chain(head(status, length, fields), pieces)
        self.end = self.sent = 0

    def drain(self, now):
        """Read and drop what is left of a request that was answered early, for a short time."""
        self.pieces = None
        self.draining = True
        self.end = 0
        self.expires_at = now + DRAIN_TIMEOUT_MS

    def is_overdue(self, now, crowded):
        """crowded: others wait for a place."""
        timeout_ms = SILENT_TIMEOUT_MS if crowded and not self.heard else IDLE_TIMEOUT_MS
        return now >= self.expires_at or now - self.moved_at >= timeout_ms

    def send(self):
        """Send the next segment as far as the socket takes it. True if something moved; EOFError after the last."""
        if self.sent == self.end:
            self._fill()
        count = self.sock.write(memoryview(self.buffer)[self.sent : self.end])
        if not count:
            return False
        self.sent += count
        return True

    def _fill(self):
        """Pack the next pieces of the answer into one segment."""
        buffer = self.buffer
        end = 0
        while end < SEGMENT_BYTES:
            left = len(self.piece) - self.piece_at
            if not left:
                try:
                    self.piece = next(self.pieces)
                except StopIteration:
                    break
                self.piece_at = 0
                continue
            count = min(left, SEGMENT_BYTES - end)
            buffer[end : end + count] = memoryview(self.piece)[self.piece_at : self.piece_at + count]
            self.piece_at += count
            end += count
        if not end:
            raise EOFError
        self.sent = 0
        self.end = end


def chain(first, pieces):
    """`first`, then all of pieces()."""
    yield first
    for piece in pieces():
        yield piece

"""A gzip stream (RFC 1952) out of parts compressed when the firmware was built and of texts known only now.

The texts go into blocks with fixed codes (RFC 1951 section 3.2.6); what was sent before is not sent again but referred
to, so a list whose rows look alike takes little more than what differs in them. Nothing on the chip reckons CRC-32, and
its integers have 31 bits: checksums are kept in halves of 16 bits.
"""

HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
POLYNOMIAL_LOW = 0x8320  # 0xEDB88320, the bits of CRC-32 in the order in which they are sent
POLYNOMIAL_HIGH = 0xEDB8
# The checksum of each four bits.
LOWS = (
    0x0, 0x1064, 0x20C8, 0x30AC, 0x4190, 0x51F4, 0x6158, 0x713C,
    0x8320, 0x9344, 0xA3E8, 0xB38C, 0xC2B0, 0xD2D4, 0xE278, 0xF21C,
)
HIGHS = (
    0x0, 0x1DB7, 0x3B6E, 0x26D9, 0x76DC, 0x6B6B, 0x4DB2, 0x5005,
    0xEDB8, 0xF00F, 0xD6D6, 0xCB61, 0x9B64, 0x86D3, 0xA00A, 0xBDBD,
)
MORE_BYTES = 128
REFERENCE_MIN_BYTES = 4
REFERENCE_LIMIT_BYTES = 257  # 258 has a code of its own
REVERSED = b"\0\x08\x04\x0c\x02\x0a\x06\x0e\x01\x09\x05\x0d\x03\x0b\x07\x0f"


class Gzip:
    """Feed it the stream's parts in their order: skip() and encode(); then finish().

    room: bytes that encode() will probably need, taken at once while there is a gap of that size in the heap.
    """

    def __init__(self, room):
        self._out = bytearray(room)
        self._start = self._end = 0  # out[start:end] is not yet in the plan
        self._plan = None
        self._size = 0  # bytes of the stream, uncompressed
        self._low = self._high = 0  # their CRC-32
        self._where = {}  # place of a piece in the file of templates -> where in the stream it was last
        self._last = b""  # the last text that was no such piece,
        self._last_at = 0  # and where it was
        self._bits = self._count = 0  # not yet a whole byte

    def skip(self, check):
        """A part that was compressed before; its check is five numbers, see host/pages.py."""
        self._size += check[0]
        self._combine(*check)

    def encode(self, pieces, plan):
        """Append the compressed bytes of one part to the list `plan`; returns how many there are.

        pieces: (bytes, their check and place in the file of templates; of what is not from there, None and 0).
        """
        self._plan = plan
        first = len(plan)
        self._put(2, 3)  # not the last block; fixed codes
        for piece, check, place in pieces:
            at = self._size
            if check:
                self._combine(*check)
                before = self._where.get(place, at)
                self._where[place] = at
            else:
                self._check(piece)
                before = self._last_at if piece == self._last else at
                self._last = piece
                self._last_at = at
            self._encode(piece, at - before)
        self._put(0, 7)  # end of the block
        self._put(0, 3)  # an empty stored block, which ends at a whole byte
        if self._count:
            self._put(0, 8 - self._count)
        for byte in b"\0\0\xff\xff":
            self._put(byte, 8)
        self._flush()
        return sum([len(chunk) for chunk in plan[first:]])

    def finish(self):
        """The stream's last bytes: an empty last block, checksum, size."""
        out = bytearray(b"\3\0")
        for half in (self._low, self._high, self._size & 0xFFFF, self._size >> 16):
            out.append(half & 255)
            out.append(half >> 8)
        return out

    def _encode(self, piece, distance):
        """distance: how far back the same was sent, 0 if it was not."""
        size = len(piece)
        self._size += size
        if distance and size >= REFERENCE_MIN_BYTES:
            while size > REFERENCE_LIMIT_BYTES:
                self._refer(REFERENCE_LIMIT_BYTES - REFERENCE_MIN_BYTES, distance)
                size -= REFERENCE_LIMIT_BYTES - REFERENCE_MIN_BYTES
            self._refer(size, distance)
            return
        for byte in piece:
            if byte < 144:
                self._code(0x30 + byte, 8)
            else:
                self._code(0xC8 + (byte - 144 >> 1), 8)  # 0x190 + byte - 144 in 9 bits
                self._put(byte & 1, 1)

    def _refer(self, size, distance):
        """Repeat `size` bytes, 4 to 257, from `distance` back (RFC 1951 section 3.2.5)."""
        size -= 3
        extra = 0
        while size >> extra > 7:
            extra += 1
        code = (extra << 2) + (size >> extra) + 1
        if code < 24:
            self._code(code, 7)
        else:
            self._code(0xC0 + code - 24, 8)
        self._put(size & (1 << extra) - 1, extra)
        distance -= 1
        extra = 0
        while distance >> extra > 3:
            extra += 1
        self._code((extra << 1) + (distance >> extra), 5)
        self._put(distance & (1 << extra) - 1, extra)

    def _code(self, code, count):
        """Codes are sent from their highest bit on, everything else from the lowest."""
        code <<= 8 - count
        self._put(REVERSED[code & 15] << 4 | REVERSED[code >> 4], count)

    def _put(self, value, count):
        self._bits |= value << self._count
        self._count += count
        while self._count >= 8:
            if self._end == len(self._out):
                self._flush()
                self._out = bytearray(MORE_BYTES)
                self._start = self._end = 0
            self._out[self._end] = self._bits & 255
            self._end += 1
            self._bits >>= 8
            self._count -= 8

    def _flush(self):
        if self._start < self._end:
            self._plan.append(memoryview(self._out)[self._start : self._end])
        self._start = self._end

    def _check(self, piece):
        low = self._low ^ 0xFFFF
        high = self._high ^ 0xFFFF
        for byte in piece:
            low ^= byte
            for _ in (0, 1):
                digit = low & 15
                low = (low >> 4 | (high & 15) << 12) ^ LOWS[digit]
                high = high >> 4 ^ HIGHS[digit]
        self._low = low ^ 0xFFFF
        self._high = high ^ 0xFFFF

    def _combine(self, _, low, high, power_low, power_high):
        """Append what has the checksum (low, high): multiply ours by x to the power of its bits, add the other one.

        That power, modulo the polynomial, comes from host/pages.py. As zlib combines two checksums.
        """
        for half in (power_high, power_low):
            bit = 0x8000
            while bit:
                if half & bit:
                    low ^= self._low
                    high ^= self._high
                odd = self._low & 1
                self._low = self._low >> 1 | (self._high & 1) << 15
                self._high >>= 1
                if odd:
                    self._low ^= POLYNOMIAL_LOW
                    self._high ^= POLYNOMIAL_HIGH
                bit >>= 1
        self._low = low
        self._high = high

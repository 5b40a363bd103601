"""The channel between the VM and the hardware: small binary frames over a socket pair, one call at a time.

Request: op u8, sequence u8, length u16, a i32, b i32, payload. Reply: status u8, sequence u8, length u16, value i32,
payload. The VM writes a request with one system call, so requests are never torn; if a KeyboardInterrupt hits it while
it reads a reply, it sends SYNC next and skips what it finds up to the mark.
"""

import struct

from .flash import PowerLost

REQUEST = struct.Struct("<BBHii")
REPLY = struct.Struct("<BBHi")
NOW, TIMES = struct.Struct("<q"), struct.Struct("<qq")  # follow the heads of a channel that carries times
OK, OS_ERROR, EXCEPTION, INTERRUPT = range(4)
KNOWN = (ValueError, TypeError, MemoryError, NotImplementedError, AttributeError)  # the VM has them, too
SYNC_MARK = b"\xffhomeport\xfe"

# Operations; vm/_rpc.py and the modules beside it use the same numbers.
ASK, SYNC, PROGRAM, ERASE, SOCKET, CLOSE, BIND, LISTEN, ACCEPT, CONNECT = range(10)
SEND, RECV, RECVFROM, SENDTO, REUSE, POLL, TIMEOUT, PIN_GET, PIN_SET, SYSTEM = range(10, 20)
SLEEP = 20  # only with a clock that jumps


def dump(value):
    """Bytes of a value made of None, bool, int, float, str, bytes, tuples, lists and dicts."""
    out = bytearray()
    _dump(value, out)
    return bytes(out)


def _dump(value, out):
    if value is None or value is True or value is False:
        out += {None: b"N", True: b"T", False: b"F"}[value]
    elif isinstance(value, int):
        out += b"i" + struct.pack("<q", value)
    elif isinstance(value, float):
        out += b"f" + struct.pack("<d", value)
    elif isinstance(value, (str, bytes)):
        data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        out += (b"s" if isinstance(value, str) else b"b") + struct.pack("<H", len(data)) + data
    else:
        items = [item for pair in value.items() for item in pair] if isinstance(value, dict) else value
        out += {tuple: b"t", list: b"l", dict: b"d"}[type(value)] + struct.pack("<H", len(items))
        for item in items:
            _dump(item, out)


def load(data):
    return _load(data, 0)[0]


def _load(data, at):
    kind, at = data[at : at + 1], at + 1
    if kind in b"NTF":
        return {b"N": None, b"T": True, b"F": False}[kind], at
    if kind in b"if":
        return struct.unpack_from("<q" if kind == b"i" else "<d", data, at)[0], at + 8
    (size,) = struct.unpack_from("<H", data, at)
    at += 2
    if kind in b"sb":
        value = bytes(data[at : at + size])
        return (value.decode("utf-8", "surrogateescape") if kind == b"s" else value), at + size
    items = []
    for _ in range(size):
        item, at = _load(data, at)
        items.append(item)
    if kind == b"d":
        return dict(zip(items[::2], items[1::2], strict=True)), at
    return (tuple(items) if kind == b"t" else items), at


class Channel:
    """The host's end. `handle(op, a, b, payload)` returns value or (value, payload), or a Pending, or raises.

    A Pending is a function that returns None as long as the call has to wait; it may raise as well.
    carry_times(follow, tell): from now on `follow(board µs)` hears with each request how late it is in the VM, and
    each reply has `tell()`, how late it is and until when nothing happens by itself.
    """

    def __init__(self, sock, handle):
        self._sock = sock
        self._handle = handle
        self._follow = self._tell = None
        self._head_bytes = REQUEST.size
        self._buffer = bytearray()
        self._sequence = 0
        self.pending = None
        self.calls = 0
        self.interrupt = False  # answer the next call that may be interrupted with a KeyboardInterrupt

    def fileno(self):
        return self._sock.fileno()

    def carry_times(self, follow, tell):
        self._follow, self._tell = follow, tell
        self._head_bytes = REQUEST.size + NOW.size

    def close(self):
        self._sock.close()

    def receive(self):
        """Answer what has arrived. False at the end of the channel."""
        try:
            data = self._sock.recv(65536)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not data:
            return False
        self._buffer += data
        while len(self._buffer) >= self._head_bytes:
            op, sequence, length, a, b = REQUEST.unpack_from(self._buffer)
            end = self._head_bytes + length
            if len(self._buffer) < end:
                break
            if self._follow:
                self._follow(*NOW.unpack_from(self._buffer, REQUEST.size))
            payload = bytes(self._buffer[self._head_bytes : end])
            del self._buffer[:end]
            self._sequence = sequence
            self.pending = None  # a new call means that the VM gave up the old one
            self.calls += 1
            self._answer(op, a, b, payload)
        return True

    def retry(self):
        """Ask the waiting call again."""
        if self.pending:
            if self.interrupt:
                self.interrupt, self.pending = False, None
                return self._reply(INTERRUPT)
            self._run(self.pending)
        return None

    def _answer(self, op, a, b, payload):
        if op == SYNC:
            self._sock.sendall(SYNC_MARK + struct.pack("<i", a))
        elif self.interrupt and op not in (PROGRAM, ERASE, SYSTEM):
            self.interrupt = False
            self._reply(INTERRUPT)
        else:
            self._run(lambda: self._handle(op, a, b, payload))

    def _run(self, call):
        try:
            result = call()
            if callable(result):
                self.pending = result
                result = result()
        except OSError as error:
            self.pending = None
            if isinstance(error.args[0] if error.args else None, int):
                return self._reply(OS_ERROR, error.args[0])
            return self._reply(EXCEPTION, payload=dump(("OSError", error.args)))
        except PowerLost:
            raise
        except Exception as error:
            self.pending = None
            name, args = type(error).__name__, error.args
            if type(error) not in KNOWN:
                name, args = "RuntimeError", (f"the virtual board: {error!r}",)
            return self._reply(EXCEPTION, payload=dump((name, args)))
        if result is None:
            return None
        self.pending = None
        value, payload = result if isinstance(result, tuple) else (result, b"")
        return self._reply(OK, value, payload)

    def _reply(self, status, value=0, payload=b""):
        times = TIMES.pack(*self._tell()) if self._tell else b""
        self._sock.setblocking(True)
        try:
            self._sock.sendall(REPLY.pack(status, self._sequence, len(payload), value) + times + payload)
        except OSError:
            pass  # the VM is gone; its end is noticed elsewhere
        finally:
            self._sock.setblocking(False)

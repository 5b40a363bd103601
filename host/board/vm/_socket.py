# socket of the chip (lwIP): objects are handles of sockets that the hardware keeps.
import io as _io

import _rpc

AF_INET = 2
AF_INET6 = 10
SOCK_STREAM = 1
SOCK_DGRAM = 2
SOCK_RAW = 3
IPPROTO_IP = 0
IPPROTO_TCP = 6
IPPROTO_UDP = 17
SOL_SOCKET = 1
SO_REUSEADDR = 4
SO_BROADCAST = 32
IP_ADD_MEMBERSHIP = 1024
IP_DROP_MEMBERSHIP = 1025
TCP_NODELAY = 1

_EAGAIN = 11
_CLOSED = 254
_CHUNK_BYTES = 1472  # no call takes more: the send buffer is smaller, a datagram never larger


def _pack(address):
    if not isinstance(address, (tuple, list)) or len(address) != 2 or not isinstance(address[1], int):
        raise ValueError("invalid arguments")
    try:
        packed = bytes([int(part) for part in (address[0] or "0.0.0.0").split(".")])
    except ValueError:
        packed = b""
    if len(packed) != 4:
        raise ValueError("invalid arguments")
    return packed + bytes((address[1] >> 8 & 255, address[1] & 255))


def _unpack(packed):
    return "%d.%d.%d.%d" % tuple(packed[:4]), packed[4] << 8 | packed[5]


class socket(_io.IOBase):
    def __init__(self, af=AF_INET, type=SOCK_STREAM, proto=0):
        self._wait = True
        if type is None:  # accepted: `proto` is the handle
            self._handle = proto
        elif type == SOCK_STREAM or type == SOCK_DGRAM:
            self._handle = _rpc.call(4, type)
        else:
            raise OSError(22)

    def close(self):
        if self._handle != _CLOSED:
            handle, self._handle = self._handle, _CLOSED
            _rpc.call(5, handle)

    def bind(self, address):
        _rpc.call(6, self._handle, 0, _pack(address))

    def listen(self, backlog=2):
        _rpc.call(7, self._handle, backlog)

    def accept(self):
        handle = _rpc.call(8, self._handle)
        address = _unpack(_rpc.payload)
        new = socket(AF_INET, None, handle)
        new._wait = self._wait
        return new, address

    def connect(self, address):
        _rpc.call(9, self._handle, 0, _pack(address))

    def send(self, data):
        return _rpc.call(10, self._handle, 0, data if len(data) <= _CHUNK_BYTES else memoryview(data)[:_CHUNK_BYTES])

    def sendall(self, data):
        n = self.send(data)
        while n < len(data):
            if not self._wait:
                raise OSError(_EAGAIN)
            n += self.send(memoryview(data)[n:])

    def write(self, data, *args):
        data = memoryview(data)
        if args:
            data = data[args[0] :][: args[1]] if len(args) > 1 else data[: args[0]]
        n = 0
        while n < len(data):
            try:
                n += self.send(data[n:])
            except OSError as error:
                if error.args[0] != _EAGAIN:
                    raise
                return n or None
        return n

    def sendto(self, data, address):
        return _rpc.call(13, self._handle, 0, _pack(address) + data)

    def recv(self, size):
        _rpc.call(11, self._handle, size)
        return _rpc.payload or b""

    def recvfrom(self, size):
        _rpc.call(12, self._handle, size)
        data = _rpc.payload
        return data[6:], _unpack(data)

    def readinto(self, buf, size=None):
        # As of any stream: all of it, less only at the end or when there is nothing more yet; None for nothing at all.
        view = memoryview(buf)[: len(buf) if size is None else size]
        n = 0
        while n < len(view):
            try:
                got = _rpc.call(11, self._handle, len(view) - n, None, view[n:])
            except OSError as error:
                if error.args[0] != _EAGAIN:
                    raise
                return n or None
            if not got:
                break
            n += got
        return n

    def read(self, size=-1):
        data = b""
        while size < 0 or len(data) < size:
            try:
                part = self.recv(536 if size < 0 else size - len(data))
            except OSError as error:
                if error.args[0] != _EAGAIN:
                    raise
                return data or None
            if not part:
                break
            data += part
        return data

    def readline(self, size=-1):
        line = b""
        while len(line) != size and line[-1:] != b"\n":
            part = self.read(1)
            if not part:
                return line or part
            line += part
        return line

    def makefile(self, *args):
        return self

    def settimeout(self, seconds):
        self._wait = seconds is None or seconds > 0
        _rpc.call(16, self._handle, -1 if seconds is None else int(seconds * 1000))

    def setblocking(self, flag):
        self.settimeout(None if flag else 0)

    def setsockopt(self, level, option, value):
        if level == SOL_SOCKET and option == SO_REUSEADDR:
            _rpc.call(14, self._handle, 1 if value else 0)
        elif option not in (SO_BROADCAST, IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, TCP_NODELAY, 20):
            print("Warning: lwip.setsockopt() not implemented")  # the port's own warning

    def ioctl(self, request, arg):
        if request == 3:
            return _rpc.payload[1] if _rpc.call(15, 0, 0, bytes((self._handle, arg))) else 0
        if request == 4:
            self.close()
            return 0
        return -1


def getaddrinfo(host, port, af=0, type=0, proto=0, flags=0):
    return [(AF_INET, SOCK_STREAM, 0, "", (_rpc.ask("getaddrinfo", host), port))]


def reset():
    pass

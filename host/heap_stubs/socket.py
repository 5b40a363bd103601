"""Sockets on a wire that the measuring program holds. On the chip one is 48 bytes of this heap; here it is 32 to 48."""

AF_INET = 2
SOCK_STREAM = 1
SOCK_DGRAM = 2
SOL_SOCKET = 1
SO_REUSEADDR = 4
SEGMENT_BYTES = 536

POLLIN = 1
POLLOUT = 4

waiting = []  # connections that nobody has accepted
datagrams = []  # (bytes, address) that nobody has read
answers = []  # datagrams that the firmware sent


class socket:  # noqa: N801, the port's name
    def __init__(self, family=AF_INET, kind=SOCK_STREAM):
        self.wire = datagrams if kind == SOCK_DGRAM else waiting

    def ready(self, mask):
        return POLLIN & mask if self.wire else 0

    def setsockopt(self, level, option, value):
        pass

    def bind(self, address):
        pass

    def listen(self, backlog):
        pass

    def setblocking(self, blocking):
        pass

    def accept(self):
        if not waiting:
            raise OSError(11)
        return waiting.pop(0), ("192.168.4.2", 50000)

    def recvfrom(self, limit):
        if not datagrams:
            raise OSError(11)
        data, address = datagrams.pop(0)
        return data[:limit], address

    def sendto(self, data, address):
        answers.append(bytes(data))
        return len(data)

    def close(self):
        pass


class Client(socket):
    """An accepted connection: its request is in `wire`; `sent` counts what came back until it is `closed`."""

    def __init__(self, request):
        self.wire = request
        self.sent = 0
        self.closed = False

    def close(self):
        self.closed = True

    def ready(self, mask):
        return mask & (POLLIN | POLLOUT) if self.wire else mask & POLLOUT

    def recv(self, limit):
        data = self.wire[: min(limit, SEGMENT_BYTES)]
        self.wire = self.wire[len(data) :]
        return data or None

    read = recv

    def readinto(self, buffer):
        data = self.recv(len(buffer))
        if data is None:
            return None
        buffer[: len(data)] = data
        return len(data)

    def write(self, data):
        self.sent += len(data)
        return len(data)

    send = write

"""A poller over the sockets of the socket stub."""

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16


class poll:  # noqa: N801, the port's name
    def __init__(self):
        self.masks = {}

    def register(self, sock, mask=POLLIN | POLLOUT):
        self.masks[sock] = mask

    modify = register

    def unregister(self, sock):
        del self.masks[sock]

    def poll(self, timeout=-1):
        return [(sock, sock.ready(mask)) for sock, mask in self.masks.items() if sock.ready(mask)]

    ipoll = poll

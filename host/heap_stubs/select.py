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
        ready = [(sock, sock.ready(mask)) for sock, mask in self.masks.items() if sock.ready(mask)]
        if not ready and timeout > 0:
            import time  # the stub by now: its clock moves when it is slept on

            time.sleep_ms(timeout)
        return ready

    ipoll = poll

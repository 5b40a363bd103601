"""One non-blocking server for DNS and HTTP on one poller. What serves HTTP clients comes into memory with the first."""

from ..overlay import forget
from ..seldom import Seldom  # noqa: F401, on the board with hardware.py; as long as there is a portal
from . import dns
from .phases import Phases

DNS_PORT = 53
HTTP_PORT = 80
BACKLOG = 5  # all that lwIP has: it resets what its queue does not hold, but clients beyond all places ask again
DATAGRAM_LIMIT_BYTES = 512  # RFC 1035 section 4.2.1
CLIENTS = "net.clients net.connection"


class Server:
    """`address` is the board's own IPv4 address, text. OSError if a socket is refused."""

    def __init__(self, context, address):
        hardware = context.hardware
        self.context = context
        self._address = bytes([int(part) for part in address.split(".")])  # trusted: the port's own ifconfig()
        self._subnet = address[: address.rfind(".") + 1]
        self._reply = bytearray(dns.REPLY_BYTES)
        self.phases = Phases()
        self._clients = None
        self.poller = hardware.poll()
        self._dns = hardware.bind(DNS_PORT, hardware.UDP)
        try:
            self.listener = hardware.bind(HTTP_PORT, hardware.TCP)
            self.listener.listen(BACKLOG)
        except OSError:
            self._dns.close()
            raise
        self.poller.register(self._dns, hardware.POLLIN)
        self.poller.register(self.listener, hardware.POLLIN)

    def serve(self, timeout_ms):
        """Handle what is ready, waiting at most timeout_ms for it. Nothing that clients do raises."""
        for sock, _ in self.poller.poll(timeout_ms):
            try:
                if sock is self._dns:
                    self._answer_dns()
                    continue
                if self._clients is None:
                    from .clients import Clients

                    self._clients = Clients(self)
                self._clients.advance(sock)
            except MemoryError:
                self._rest()  # all of it is still to be done: the next turn tries again
        try:
            if self._clients and self._clients.are_gone():
                self._clients = None
                self._rest()
        except MemoryError:
            self._rest()

    def rest(self):
        """Memory is needed: if nobody is connected, the code for clients leaves before its time."""
        if self._clients and not self._clients.connections:
            self._clients = None
            forget(CLIENTS)

    def close(self):
        if self._clients:
            self._clients.close()
        self._dns.close()
        self.listener.close()
        self.poller = None

    def _rest(self):
        try:
            if self._clients is None:
                forget(CLIENTS)
            self.context.rest()
        except MemoryError:
            pass  # not even for making room: a client that has had its time will give some back

    def _answer_dns(self):
        try:
            query, peer = self._dns.recvfrom(DATAGRAM_LIMIT_BYTES)
            address = peer[0]
            if not address.startswith(self._subnet):
                return  # only phones on the access point are answered (RFC 5358)
            now = self.context.clock.now()
            reply = self._reply
            length = dns.answer(query, reply, self._address, self.phases.withheld(address, now))
            # reply[7]: how many addresses are in it
            if length and reply[7] and dns.under(reply, dns.PHASE_B) and not self.phases.give(address, now):
                length = dns.answer(query, reply, self._address, dns.PHASE_B)
            if length:
                self._dns.sendto(memoryview(reply)[:length], peer)
        except OSError:
            pass  # nothing there after all, or no room to send: the client asks again

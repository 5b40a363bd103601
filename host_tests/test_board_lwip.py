"""The chip's socket limits against real clients on loopback; no VM, time is set by the test."""

import errno
import socket
import struct
import time

import pytest
from homeport.board.limits import (
    CLOSE_TIMEOUT_MS,
    CONNECTIONS_MAX,
    DATAGRAMS_MAX,
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLNVAL,
    POLLOUT,
    SEGMENT_BYTES,
    SEND_BUFFER_BYTES,
    TIME_WAIT_MS,
)
from homeport.board.lwip import Stack
from homeport.board.poller import Poller

from .boards import free_port

TCP, UDP = socket.SOCK_STREAM, socket.SOCK_DGRAM
LOCALHOST = "127.0.0.1"


class World:
    """A stack whose access point is up, and the clients around it."""

    def __init__(self):
        self.now_ms = 0
        self.route = False
        self.warnings = []
        self.poller = Poller()
        self.http, self.dns = free_port(), free_port(UDP)
        ports = {(TCP, 80): self.http, (UDP, 53): self.dns}
        self.stack = Stack(self.poller, LOCALHOST, ports, lambda: self.now_ms, lambda: self.route, self.warnings.append)
        self.stack.set_radio(True, False)
        self.clients = []

    def listen(self, backlog=5, port=80):
        handle = self.stack.socket(TCP)
        self.stack.get(handle).reuse = True
        self.stack.bind(handle, port)
        self.stack.listen(handle, backlog)
        return handle

    def client(self, timeout=2):
        client = socket.create_connection((LOCALHOST, self.http), timeout)
        self.clients.append(client)
        return client

    def until(self, call, seconds=2):
        """The first true result of `call()`, with the machine's events served in between."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if result := call():
                return result
            self.poller.wait(0.005)
        raise AssertionError("it did not happen")

    def settle(self, seconds=0.05):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.poller.wait(0.005)

    def pair(self):
        """(handle of a connection, its client)."""
        listener = self.listen()
        client = self.client()
        handle, peer = self.until(lambda: self.stack.accept(listener))
        assert peer == client.getsockname()
        return handle, client

    def events(self, handle, mask):
        return dict(self.stack.poll([(handle, mask)])).get(0, 0)

    def recv(self, handle, size):
        return self.until(lambda: self.stack.recvfrom(handle, size))[0]

    def close(self):
        for client in self.clients:
            client.close()
        self.stack.close_all(reset=True)
        self.poller.close()


@pytest.fixture
def world():
    made = World()
    yield made
    made.close()


def refused(call):
    with pytest.raises(OSError) as caught:
        call()
    return caught.value.args[0]


def was_reset(client):
    try:
        return client.recv(100) and False
    except ConnectionResetError:
        return True


def test_recv_gives_no_more_than_one_segment(world):
    handle, client = world.pair()
    client.sendall(b"x" * 1000)
    first = world.recv(handle, 4096)
    assert len(first) <= SEGMENT_BYTES
    assert len(first + world.recv(handle, 4096)) == 1000


def test_recv_of_less_leaves_the_rest_of_the_segment(world):
    handle, client = world.pair()
    client.sendall(b"abcdef")
    assert [world.recv(handle, 4), world.recv(handle, 4)] == [b"abcd", b"ef"]
    assert world.stack.recvfrom(handle, 4) is None


def test_the_end_of_the_peer_is_readable_empty_and_no_hangup(world):
    handle, client = world.pair()
    client.shutdown(socket.SHUT_WR)
    assert world.until(lambda: world.events(handle, POLLIN)) == POLLIN
    assert world.recv(handle, 10) == b""
    assert world.events(handle, POLLIN | POLLOUT) == POLLIN | POLLOUT


def test_a_reset_by_the_peer_is_error_and_hangup_and_104(world):
    handle, client = world.pair()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    assert world.until(lambda: world.events(handle, POLLIN)) == POLLERR | POLLHUP
    assert refused(lambda: world.stack.recvfrom(handle, 10)) == errno.ECONNRESET
    assert refused(lambda: world.stack.send(handle, b"x")) == errno.ECONNRESET


def test_send_takes_1072_bytes_that_are_not_acknowledged(world):
    handle, client = world.pair()
    world.stack.set_radio(True, True)  # nothing gets out
    assert world.stack.send(handle, b"x" * 5000) == SEND_BUFFER_BYTES
    assert world.stack.send(handle, b"x") is None
    assert world.events(handle, POLLOUT) == 0
    world.stack.set_radio(True, False)
    world.settle()
    assert len(client.recv(5000)) == SEND_BUFFER_BYTES
    assert world.until(lambda: world.events(handle, POLLOUT)) == POLLOUT


def test_close_with_unread_data_resets_the_peer(world):
    handle, client = world.pair()
    client.sendall(b"GET / HTTP/1.0\r\n\r\n")
    world.until(lambda: world.events(handle, POLLIN))
    world.stack.send(handle, b"HTTP/1.0 200 OK\r\n\r\n")
    world.stack.close(handle)
    world.settle()
    client.settimeout(1)
    with pytest.raises(ConnectionResetError):
        while client.recv(100):
            pass


def test_close_after_everything_was_read_ends_politely(world):
    handle, client = world.pair()
    client.sendall(b"x")
    world.recv(handle, 10)
    world.stack.send(handle, b"bye")
    world.stack.close(handle)
    assert client.recv(100) == b"bye" and client.recv(100) == b""


def test_a_closing_connection_counts_until_the_peer_closes(world):
    handle, client = world.pair()
    world.stack.close(handle)
    world.settle()
    assert len(world.stack.connections) == 1
    client.close()
    world.until(lambda: not world.stack.connections)


def test_a_closing_connection_is_dropped_after_5_seconds(world):
    handle, client = world.pair()
    world.stack.close(handle)
    world.settle()
    assert world.stack.deadline_ms() == CLOSE_TIMEOUT_MS
    world.now_ms += CLOSE_TIMEOUT_MS
    world.stack.tick()
    assert not world.stack.connections and world.stack.deadline_ms() is None


def test_a_sixth_connection_waits_until_one_of_five_is_gone(world):
    listener = world.listen(backlog=9)
    for _ in range(CONNECTIONS_MAX):
        world.client()
    accepted = [world.until(lambda: world.stack.accept(listener))[0] for _ in range(CONNECTIONS_MAX)]
    sixth = world.client()
    sixth.sendall(b"hello")
    world.settle()
    assert world.stack.accept(listener) is None and len(world.stack.connections) == CONNECTIONS_MAX
    world.stack.close(accepted[0])
    world.clients[0].close()
    handle, _ = world.until(lambda: world.stack.accept(listener))
    assert world.recv(handle, 10) == b"hello"


def test_connections_beyond_the_listen_queue_are_reset(world):
    world.listen(backlog=2)
    clients = []
    for _ in range(3):
        clients.append(world.client())
        world.settle(0.02)
    clients[2].settimeout(1)
    assert was_reset(clients[2])
    assert len(world.stack.connections) == 2


def test_listening_needs_the_access_point(world):
    world.stack.set_radio(False, True)
    listener = world.listen()
    with pytest.raises(ConnectionRefusedError):
        world.client()
    world.stack.set_radio(True, False)
    world.client()
    assert world.until(lambda: world.stack.accept(listener))


def test_a_deaf_radio_stalls_streams(world):
    handle, client = world.pair()
    world.stack.set_radio(True, True)
    client.sendall(b"late")
    world.settle()
    assert world.stack.recvfrom(handle, 10) is None
    world.stack.set_radio(True, False)
    assert world.recv(handle, 10) == b"late"


@pytest.fixture
def dns(world):
    handle = world.stack.socket(UDP)
    world.stack.bind(handle, 53)
    client = socket.socket(socket.AF_INET, UDP)
    client.settimeout(2)
    client.connect((LOCALHOST, world.dns))
    world.clients.append(client)
    return handle, client


def test_datagrams_come_with_their_sender_and_answers_go_back(world, dns):
    handle, client = dns
    client.send(b"query")
    data, peer = world.until(lambda: world.stack.recvfrom(handle, 100))
    assert (data, peer) == (b"query", client.getsockname())
    assert world.stack.send(handle, b"answer", peer) == 6
    assert client.recv(100) == b"answer"


def test_four_datagrams_are_kept_and_the_fifth_is_lost(world, dns):
    handle, client = dns
    for n in range(6):
        client.send(b"%d" % n)
    world.settle()
    kept = []
    while datagram := world.stack.recvfrom(handle, 10):
        kept.append(datagram[0])
    assert kept == [b"0", b"1", b"2", b"3"] and len(kept) == DATAGRAMS_MAX


def test_recvfrom_cuts_a_datagram_and_drops_its_rest(world, dns):
    handle, client = dns
    client.send(b"abcdef")
    assert world.recv(handle, 3) == b"abc"
    assert world.stack.recvfrom(handle, 3) is None


def test_datagrams_over_1472_bytes_are_lost(world, dns):
    handle, client = dns
    client.send(b"x" * 1473)
    client.send(b"y" * 1472)
    assert world.recv(handle, 2000) == b"y" * 1472


def test_datagrams_that_come_while_the_radio_is_deaf_are_lost(world, dns):
    handle, client = dns
    world.stack.set_radio(True, True)
    client.send(b"lost")
    world.settle()
    world.stack.set_radio(True, False)
    client.send(b"heard")
    assert world.recv(handle, 100) == b"heard"


def test_datagrams_that_are_sent_while_the_radio_is_deaf_are_lost(world, dns):
    handle, client = dns
    world.stack.set_radio(True, True)
    assert world.stack.send(handle, b"lost", client.getsockname()) == 4
    world.stack.set_radio(True, False)
    world.stack.send(handle, b"sent", client.getsockname())
    assert client.recv(100) == b"sent"


def test_sockets_that_are_never_closed_run_out_with_12(world):
    with pytest.raises(OSError) as caught:
        for _ in range(1000):
            world.stack.socket(UDP)
    assert caught.value.args[0] == errno.ENOMEM


def test_a_datagram_socket_never_hangs_up_and_a_fresh_stream_does(world, dns):
    assert world.events(dns[0], POLLIN | POLLOUT) == POLLOUT
    assert world.events(world.stack.socket(TCP), POLLIN) == POLLHUP
    assert world.events(200, POLLIN) == POLLNVAL


def test_a_bound_port_is_taken_unless_both_allow_it(world):
    world.listen()
    second = world.stack.socket(TCP)
    assert refused(lambda: world.stack.bind(second, 80)) == errno.EADDRINUSE
    udp = world.stack.socket(UDP)
    world.stack.bind(udp, 53)
    assert refused(lambda: world.stack.bind(world.stack.socket(UDP), 53)) == errno.EADDRINUSE
    world.stack.close(udp)
    world.stack.bind(world.stack.socket(UDP), 53)


def test_a_port_in_time_wait_needs_so_reuseaddr(world):
    handle, client = world.pair()
    world.stack.close(handle)
    client.close()
    world.until(lambda: not world.stack.connections)
    for other in range(255):
        world.stack.close(other)
    plain = world.stack.socket(TCP)
    assert refused(lambda: world.stack.bind(plain, 80)) == errno.EADDRINUSE
    world.now_ms += TIME_WAIT_MS
    world.stack.bind(plain, 80)


def test_outgoing_connections_need_an_address_or_the_access_point(world):
    world.stack.set_radio(False, True)
    with socket.create_server((LOCALHOST, 0)) as server:
        handle = world.stack.socket(TCP)
        assert refused(lambda: world.stack.connect(handle, server.getsockname())) == errno.EHOSTUNREACH
        world.route = True
        world.stack.connect(handle, server.getsockname())
        world.until(lambda: world.stack.get(handle).connected())
        peer, _ = server.accept()
        world.stack.send(handle, b"out")
        assert peer.recv(10) == b"out"
        peer.close()


def test_a_refused_outgoing_connection_is_104(world):
    world.route = True
    handle = world.stack.socket(TCP)
    world.stack.connect(handle, (LOCALHOST, free_port()))
    world.settle()
    assert refused(lambda: world.stack.get(handle).connected()) == errno.ECONNRESET


def test_wrong_kinds_of_socket_are_refused_with_numbers(world):
    fresh = world.stack.socket(TCP)
    assert refused(lambda: world.stack.recvfrom(fresh, 1)) == errno.ENOTCONN
    assert refused(lambda: world.stack.send(fresh, b"x")) == errno.ENOTCONN
    assert refused(lambda: world.stack.accept(fresh)) == errno.EINVAL
    assert refused(lambda: world.stack.recvfrom(250, 1)) == errno.EBADF


def test_a_port_that_this_machine_cannot_give_is_98_and_a_warning(world):
    with socket.create_server((LOCALHOST, 0)) as taken:
        port = taken.getsockname()[1]
        assert refused(lambda: world.listen(port=port)) == errno.EADDRINUSE
    assert str(port) in world.warnings[0]


def test_a_hard_reset_leaves_nothing(world):
    handle, client = world.pair()
    world.stack.close_all(reset=True)
    assert not world.stack.connections and was_reset(client)
    assert world.stack.socket(TCP) == 0


def test_many_bytes_arrive_whole_through_the_small_window(world):
    handle, client = world.pair()
    data = bytes(range(256)) * 100
    client.setblocking(False)
    sent, got = 0, b""
    deadline = time.monotonic() + 10
    while len(got) < len(data) and time.monotonic() < deadline:
        if sent < len(data):
            try:
                sent += client.send(data[sent:])
            except BlockingIOError:
                pass
        world.poller.wait(0.002)
        if found := world.stack.recvfrom(handle, 4096):
            got += found[0]
    assert got == data

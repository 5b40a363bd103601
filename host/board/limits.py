"""Sizes, counts and times of the chip's lwIP 1.4 (esp-open-lwip's lwipopts.h) and of extmod/modlwip.c over it."""

import errno
import socket
import struct

CONNECTIONS_MAX = 5  # MEMP_NUM_TCP_PCB, closing ones included
SEGMENT_BYTES = 536  # TCP_MSS
WINDOW_BYTES = 4 * SEGMENT_BYTES
SEND_BUFFER_BYTES = 2 * SEGMENT_BYTES
DATAGRAMS_MAX = 4
SOCKETS_MAX = 64  # no limit of lwIP's own: there the memory ends first
DATAGRAM_BYTES_MAX = 1472  # no fragments are put together
CLOSE_TIMEOUT_MS = 5000
TIME_WAIT_MS = 5000
POLLIN, POLLOUT, POLLERR, POLLHUP, POLLNVAL = 1, 4, 8, 16, 32
BACKLOG_DEFAULT = 2
TCP_MAXSEG, TCP_WINDOW_CLAMP = 2, 10  # linux/tcp.h
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # struct linger


def error(number):
    return OSError(number, errno.errorcode[number])


def abort(sock):
    """Close with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    sock.close()

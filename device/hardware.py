"""The seam: the one file that imports what only a board has. Tests hand the firmware another object of this shape."""

import os
import select
import socket
import time

import machine
import network

POWER_ON_CAUSES = (0, 6)  # many boards report 6, the reset pin, when they are plugged in

PAGES = "/lib/homeport/net/"


class Hardware:
    """Everything outside Python that the firmware touches."""

    POLLIN = select.POLLIN
    POLLOUT = select.POLLOUT
    poll = select.poll
    open = open
    rename = os.rename
    remove = os.remove
    files = os.listdir

    def __init__(self):
        self.ticks_ms = time.ticks_ms
        self.sleep_ms = time.sleep_ms
        self.station = network.WLAN(network.STA_IF)
        self.access_point = network.WLAN(network.AP_IF)

    def page(self, name):
        """A page's file, opened for reading bytes."""
        return open(PAGES + name, "rb")

    def reset(self):
        """Restart the chip. machine.soft_reset() would only end main.py and leave the board at the REPL."""
        machine.reset()

    def powered_on(self):
        """True if this boot began by switching the power on, when the router may be booting as well."""
        return machine.reset_cause() in POWER_ON_CAUSES

    def serial_number(self):
        """Four bytes that differ from chip to chip."""
        return machine.unique_id()

    def set_hostname(self, name):
        """The name sent with DHCP requests; the port hands it to the SDK at the next connect()."""
        network.hostname(name)

    def udp(self, port):
        """A non-blocking UDP socket on every interface."""
        return self.socket(port, socket.SOCK_DGRAM)

    def listen(self, port, backlog):
        """A non-blocking listening TCP socket; the port queues `backlog` connections and resets further ones."""
        sock = self.socket(port, socket.SOCK_STREAM)
        sock.listen(backlog)
        return sock

    def socket(self, port, kind):
        """A non-blocking socket bound to `port` on every interface."""
        sock = socket.socket(socket.AF_INET, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", port))
        sock.setblocking(False)
        return sock

"""The seam: the one file that imports what only a board has. Tests hand the firmware another object of this shape."""

import os
import select
import socket
import time

import machine
import network

POWER_ON_CAUSES = (0, 6)  # many boards report 6, the reset pin, when they are plugged in

PAGES = "/lib/homeport/pages/"


class Hardware:
    """Everything outside Python that the firmware touches."""

    def __init__(self):
        self.POLLIN = select.POLLIN
        self.POLLOUT = select.POLLOUT
        self.UDP = socket.SOCK_DGRAM
        self.TCP = socket.SOCK_STREAM
        self.poll = select.poll
        self.open = open
        self.rename = os.rename
        self.remove = os.remove
        self.files = os.listdir
        self.ticks_ms = time.ticks_ms
        self.sleep_ms = time.sleep_ms
        self.reset = machine.reset  # machine.soft_reset() would only end main.py and leave the board at the prompt
        self.powered_on = machine.reset_cause() in POWER_ON_CAUSES  # then the router may be booting as well
        self.station = network.WLAN(network.STA_IF)
        self.access_point = network.WLAN(network.AP_IF)

    def page(self, name):
        """A file of compiled pages, opened for reading bytes."""
        return open(PAGES + name, "rb")

    def name_itself(self, chosen=None):
        """The name that a person chose, ASCII bytes, else one that differs from board to board; returned as text. The
        port sends it with DHCP requests from the next connect() on."""
        name = "Homeport-%02X%02X" % tuple(machine.unique_id()[-2:])
        if chosen:
            name = str(chosen, "ascii")  # trusted: checked before it was stored
        network.hostname(name)
        return name

    def bind(self, port, kind):
        """A non-blocking socket on `port` of every interface; kind: hardware.UDP or hardware.TCP."""
        sock = socket.socket(socket.AF_INET, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", port))
        sock.setblocking(False)
        return sock

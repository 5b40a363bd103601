"""The seam: the one file that imports what only a board has. Tests hand the firmware another object of this shape."""

import os
import select
import socket
import time

import machine
import micropython
import network

POWER_ON_CAUSES = (0, 6)  # many boards report 6, the reset pin, when they are plugged in

PAGES = "/lib/homeport/pages/"


class Hardware:
    """Everything outside Python that the firmware touches; the class itself, there is one board. In memory while one of
    these is asked for, or while the portal is open: what is touched at every turn is kept by those who do so."""

    machine = machine
    os = os
    ticks_ms = time.ticks_ms
    gmtime = time.gmtime
    sleep_ms = time.sleep_ms
    reset = machine.reset  # machine.soft_reset() would only end main.py and leave the board at the prompt
    station = network.WLAN(network.STA_IF)
    access_point = network.WLAN(network.AP_IF)
    POLLIN = select.POLLIN
    POLLOUT = select.POLLOUT
    UDP = socket.SOCK_DGRAM
    TCP = socket.SOCK_STREAM
    poll = select.poll
    kbd_intr = micropython.kbd_intr
    open = open
    rename = os.rename
    remove = os.remove
    files = os.listdir
    powered_on = machine.reset_cause() in POWER_ON_CAUSES  # then the router may be booting as well

    @staticmethod
    def page(name):
        """A file of compiled pages, opened for reading bytes."""
        return open(PAGES + name, "rb")

    @staticmethod
    def name_itself(chosen=None):
        """The name that a person chose, ASCII bytes, else one that differs from board to board; returned as text. The
        port sends it with DHCP requests from the next connect() on."""
        name = "Homeport-%02X%02X" % tuple(machine.unique_id()[-2:])
        if chosen:
            name = str(chosen, "ascii")  # trusted: checked before it was stored
        network.hostname(name)
        return name

    @staticmethod
    def random(limit):
        """A number from 0 to limit - 1, for limit <= 32768."""
        return os.urandom(1)[0] * limit >> 8

    @staticmethod
    def bind(port, kind):
        """A non-blocking socket on `port` of every interface; kind: hardware.UDP or hardware.TCP."""
        sock = socket.socket(socket.AF_INET, kind)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("", port))
        sock.setblocking(False)
        return sock

# What is measured: a board with its owner's program, connected, nobody on its portal any more. It either knows its
# Wi-Fi when it is switched on, or a phone tells it, reads that it worked and leaves. homeport.main() runs as it is, but
# that it yields after each turn (see heap.connected()), for the collector runs between the pieces of this program only.
# connected() puts `credentials`, the bytes of a slot of the store or b"", in front.
import builtins
import socket
import time

import network

TURNS_LIMIT = 100_000
FILE_LIMIT_BYTES = 2_000
GOT_IP = 5
NO_SUCH_FILE = 2
BODY = b"ssid=Neighbour+number+03&password=correct+horse"
REQUESTS = (
    b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\nAccept-Encoding: gzip\r\n\r\n",
    b"POST /connect HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: %d\r\nAccept-Encoding: gzip\r\n\r\n%s" % (len(BODY), BODY),
    b"GET /status HTTP/1.1\r\nHost: 192.168.4.1\r\nAccept-Encoding: gzip\r\n\r\n",
)


class File:
    """One that is in flash, thus none of the heap's bytes: its room was there before anything was counted."""

    def __init__(self, data=b""):
        self.room = bytearray(FILE_LIMIT_BYTES)
        self.size = self.at = 0
        self.write(data)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def seek(self, offset, origin=0):
        self.at = offset if origin == 0 else self.size + offset
        return self.at

    def read(self, limit):
        data = bytes(self.room[self.at : min(self.at + limit, self.size)])
        self.at += len(data)
        return data

    def write(self, data):
        self.room[self.at : self.at + len(data)] = data
        self.at = self.size = self.at + len(data)


class Phone:
    """Joined while `there`; `lit`: the router lets the board in."""

    there = False
    link = False


files = {"/credentials.0": File(credentials), "/credentials.1": File(), "/history": File()}  # noqa: F821
open_in_folder = builtins.open


def open_file(path, mode="r"):
    if path not in files:
        return open_in_folder(path, mode)
    file = files[path]
    file.at = 0
    if "w" in mode:
        file.size = 0
    elif not file.size:
        raise OSError(NO_SUCH_FILE)
    return file


def connect(ssid=None, key=None, bssid=None):
    Phone.link = bool(ssid)


def disconnect():
    Phone.link = False


def status(what=None):
    if what == "rssi":
        return -60 if Phone.link else 31
    return GOT_IP if Phone.link else 0


def run_until(reached, what):
    for _ in range(TURNS_LIMIT):
        if reached():
            return
        next(turns)
    raise SystemExit("in vain: " + what)


def run_for(ms):
    end = time._now_ms + ms
    run_until(lambda: time._now_ms >= end, "time to pass")


def fetch(request):
    phone = socket.Client(request)
    socket.waiting.append(phone)
    run_until(lambda: phone.closed, "an answer")


builtins.open = open_file
station, access_point = network.WLAN(network.STA_IF), network.WLAN(network.AP_IF)
station.connect = connect
station.disconnect = disconnect
station.status = status
access_point.status = lambda what=None: [(b"", "")] if what and Phone.there else () if what else -1
# The collector runs at marks only, and the VM's heap holds what some seconds leave.
# mark: program
turns = __import__("homeport").main()
next(turns)
if not credentials:  # noqa: F821
    run_until(lambda: access_point.on, "the portal to open")
    Phone.there = True
# mark: portal
if Phone.there:
    run_for(3_000)
    fetch(REQUESTS[0])
# mark: page
if Phone.there:
    run_for(3_000)
    fetch(REQUESTS[1])
# mark: submitted
run_until(lambda: Phone.link, "the join to begin")
# mark: joined
if Phone.there:
    run_for(3_000)
    fetch(REQUESTS[2])
# mark: told
Phone.there = False
run_until(lambda: not access_point.on, "the farewell to end")
# mark: farewell over
run_for(5_000)
# mark: connected
run_for(50_000)
# mark: for a minute
run_for(100_000)
# mark: connected, the watchdog armed

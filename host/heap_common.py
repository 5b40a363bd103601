# What both measured programs have; firmware() in heap.py puts it, `modules`, `open_connections` and `coding` in front.
import socket

import homeport

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\nUser-Agent: phone\r\nAccept: */*\r\nAccept-Encoding: %s\r\n\r\n" % coding
)
SEGMENT_BYTES = 536
TURNS_LIMIT = 10_000
REST_TURNS = 2500  # the stubs' clock moves a millisecond a turn or more: longer than the server keeps a page's code


def step_until(reached, what):
    for _ in range(TURNS_LIMIT):
        if reached():
            return
        board.step()
    raise SystemExit("in vain: " + what)


def rest():
    for _ in range(REST_TURNS):
        board.step()


def open_pages():
    """Ask for a page on each connection, and stop in their middle."""
    global phones
    phones = [socket.Client(REQUEST) for _ in range(open_connections)]
    socket.waiting.extend(phones)
    step_until(lambda: min(phone.sent for phone in phones) > SEGMENT_BYTES, "the pages to begin")
    if any(phone.closed for phone in phones):
        raise SystemExit("the page was too short to stop in its middle")


def end_pages():
    global phones
    step_until(lambda: all(phone.closed for phone in phones), "the pages to end")
    phones = None  # a socket that the firmware has closed is none of its bytes
    rest()

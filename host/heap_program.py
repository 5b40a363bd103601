# What is measured: power on with an empty store, portal open, queries answered, pages sent; at last, as a figure for
# comparison, every module in memory at once, which the firmware itself may never need. Run by heap.measure() in
# MicroPython with the stubs' sockets for a wire; firmware() puts `modules`, `open_connections` and `coding` in front.
import socket

import homeport

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: 192.168.4.1\r\nUser-Agent: phone\r\nAccept: */*\r\nAccept-Encoding: %s\r\n\r\n" % coding  # noqa: F821
)
QUERIES = (  # the second one is Android's: the board keeps a note of who asks it, and when
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01",
    b"\x12\x35\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x11connectivitycheck\x07gstatic\x03com\x00\x00\x01\x00\x01",
)
SEGMENT_BYTES = 536
TURNS_LIMIT = 1000
REST_TURNS = 2500  # the stubs' clock moves a millisecond a turn or more: longer than the server keeps a page's code


def step_until(reached, what):
    for _ in range(TURNS_LIMIT):
        if reached():
            return
        board.step()
    raise SystemExit("in vain: " + what)


def ask(count):
    for _ in range(count // len(QUERIES)):
        for query in QUERIES:
            socket.datagrams.append((query, ("192.168.4.2", 50000)))
            board.step()
            if len(socket.answers) != 1 or socket.answers.pop()[:2] != query[:2]:
                raise SystemExit("the name server does not answer")


def connect(count):
    phones = [socket.Client(REQUEST) for _ in range(count)]
    socket.waiting.extend(phones)
    return phones


def fetch(count):
    for _ in range(count):
        phone = connect(1)[0]
        step_until(lambda: phone.closed, "the page to end")  # noqa: B023, called at once
        if phone.sent < SEGMENT_BYTES:
            raise SystemExit("no page came")


# The collector runs at marks only (see heap.py), so there is one after each page.
# mark: program
board = homeport.machine()
step_until(lambda: board.context.state == "portal", "the portal")
# mark: portal entered
ask(100)
# mark: after 100 DNS answers
ask(100)
# mark: after 200 DNS answers
fetch(1)
# mark: page 1
fetch(1)
# mark: page 2
fetch(1)
# mark: page 3
fetch(1)
# mark: page 4
fetch(1)
# mark: after 5 pages
fetch(1)
# mark: page 6
fetch(1)
# mark: page 7
fetch(1)
# mark: page 8
fetch(1)
# mark: page 9
fetch(1)
# mark: after 10 pages
phones = connect(open_connections)  # noqa: F821
step_until(lambda: min(phone.sent for phone in phones) > SEGMENT_BYTES, "the pages to begin")
if any(phone.closed for phone in phones):
    raise SystemExit("the page was too short to stop in its middle")
# mark: in the middle of a page
step_until(lambda: all(phone.closed for phone in phones), "the pages to end")
phones = None  # a socket that the firmware has closed is none of its bytes
for _ in range(REST_TURNS):
    board.step()
# mark: at rest after pages
for module in modules:  # noqa: F821
    __import__(module)
# mark: every module imported

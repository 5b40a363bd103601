# What is measured: power on with an empty store, portal open, queries answered, pages sent; at last, as a figure for
# comparison, every module in memory at once, which the firmware itself may never need. Run by heap.measure() in
# MicroPython with the stubs' sockets for a wire, behind heap_common.py.
QUERIES = (  # the second one is Android's: the board keeps a note of who asks it, and when
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01",
    b"\x12\x35\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x11connectivitycheck\x07gstatic\x03com\x00\x00\x01\x00\x01",
)
START_TURNS = 3000  # longer than the first seconds, in which a second reset counts


def ask(count):
    for _ in range(count // len(QUERIES)):
        for query in QUERIES:
            socket.datagrams.append((query, ("192.168.4.2", 50000)))
            board.step()
            if len(socket.answers) != 1 or socket.answers.pop()[:2] != query[:2]:
                raise SystemExit("the name server does not answer")


def fetch(count):
    for _ in range(count):
        phone = socket.Client(REQUEST)
        socket.waiting.append(phone)
        step_until(lambda: phone.closed, "the page to end")  # noqa: B023, called at once
        if phone.sent < SEGMENT_BYTES:
            raise SystemExit("no page came")


# The collector runs at marks only (see heap.py), so there is one after each page.
# mark: program
board = homeport.machine()
step_until(lambda: board.context.state == "portal", "the portal")
# mark: portal entered
for _ in range(START_TURNS):
    board.step()
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
open_pages()
# mark: in the middle of a page
end_pages()
# mark: at rest after pages
for module in modules:
    __import__(module)
# mark: every module imported

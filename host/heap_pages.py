# What is measured: an owner's site with one route, beside a board that is set up; what the board itself takes is there
# before the mark `program` and not counted. Run by heap.measure() as host/heap_program.py is.
import socket
import sys
import time

import homeport

REQUEST = b"GET / HTTP/1.1\r\nHost: 192.168.1.50\r\nUser-Agent: browser\r\nAccept: */*\r\nConnection: %s\r\n\r\n"
SEGMENT_BYTES = 536
ROW = b"x" * 100
ROWS = 40
TURNS_LIMIT = 1000
WAIT_MS = 10_000  # longer than a client may be silent, and longer than code stays after the last one


def step_until(reached, what):
    for _ in range(TURNS_LIMIT):
        if reached():
            return
        site.step()
    raise SystemExit("in vain: " + what)


def ask(connection):
    client = socket.Client(REQUEST % connection)
    socket.waiting.append(client)
    return client


board = homeport.machine()
board.context.state = "connected"
for name in [name for name in sys.modules if name.startswith("homeport.") and name != "homeport.core"]:
    del sys.modules[name]  # as after the farewell: what is not needed at each turn is read again when it is
    delattr(homeport, name[len("homeport.") :])
name = None
site = client = None
# mark: program
from homeport.net.web import Site  # noqa: E402

site = Site(80, board)


@site.route(b"/")
def home(request):
    return (ROW for _ in range(ROWS))


site.step()
# mark: a site with one route
client = ask(b"close")
step_until(lambda: client.closed, "the page")
client = ask(b"close")
step_until(lambda: client.sent > SEGMENT_BYTES, "the page to begin")
if client.closed:
    raise SystemExit("the page was too short to stop in its middle")
# mark: in the middle of an answer
step_until(lambda: client.closed, "the page to end")
client = ask(b"keep-alive")
step_until(lambda: client.sent > len(ROW) * ROWS, "the page")
site.step()
# mark: a client may ask again
client = None
for _ in range(2):
    time._now_ms += WAIT_MS
    site.step()
# mark: nobody is there any more

"""Run the pure functions behind own pages on inputs and print what they return, on CPython and on MicroPython alike.

A file given as the argument has one input a line, bytes in hex: for each all functions are called.
"""

import sys

from device.net import fill, folder, ranges, router, session
from device.net.events import message
from device.net.form import unquote
from device.net.request import HTTPError

ROUTES = [
    (b"/", b" GET ", b"?", False, "root"),
    (b"/a", b" GET POST ", 1, False, "one"),
    (b"/a/b", b" GET ", b"*", True, "raw"),
    (b"/a/b", b" PUT ", b"*", False, "put"),
]


def found(path, method):
    return router.find(ROUTES, path, unquote(path), method)


def filled(data):
    values = {b"a": data, b"b": 7, b"c": iter([b"<", data])}
    return b"".join(fill.fill(None, b"{{a}}" + data + b"{{ b }}{" + data + b"{{c}}", values))


def part(data):
    return ranges.part(b"bytes=" + data, 1000), ranges.part(data, 10)


def tag(data):
    return folder.is_known(data, b'"0123"'), folder.type_of(b"x." + data)


def target(data):
    return bool(data) and session.is_own(data), session.is_own(b"/" + data), session.quoted(data)


CALLS = (
    lambda data: found(b"/" + data, b"GET"),
    lambda data: found(b"/a/" + data, b"PUT"),
    filled,
    part,
    tag,
    target,
    lambda data: session.is_same(data, b"secret"),
    lambda data: message(data, data, b"1"),
)


def results(data):
    for call in CALLS:
        try:
            yield str(call(data))
        except HTTPError as refusal:
            yield "HTTPError %d" % refusal.args[0]


if __name__ == "__main__":
    with open(sys.argv[1]) as file:
        for line in file:
            for result in results(bytes.fromhex(line.strip())):
                print(result)

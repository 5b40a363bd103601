"""Run the protocol functions on inputs and print what they return; the same program for CPython and for MicroPython.

A file given as the argument has one input a line: a kind (d: datagram, h: request, t: text) and its bytes in hex.
"""

import sys

from device.net import dns, form, http, text
from device.net.request import HTTPError, Request

ADDRESS = b"\xc0\xa8\x04\x01"
BUFFER_BYTES = 536
PIECES_BYTES = ((1,), (7,), (BUFFER_BYTES,))  # byte by byte, in small pieces, as much as fits
FACTS = (
    "method target path query version host port origin length gzip language form expects_continue head_complete "
    "complete"
).split()


def answer(query, withheld=dns.PHASE_A):
    """The reply to a datagram, b"" if none is due."""
    reply = bytearray(b"\xee" * dns.REPLY_BYTES)  # what an earlier reply may have left there
    return bytes(reply[: dns.answer(query, reply, ADDRESS, withheld)])


def parse(data, sizes):
    """(request, body or what is left over) after feeding `data` as a server does.

    sizes: the most bytes of the first piece, the second and so on, then again from the start.
    """
    request = Request()
    buffer = bytearray(BUFFER_BYTES)
    at = end = pieces = 0
    while at < len(data) and not request.complete:
        if request.head_complete and request.length > len(buffer):
            buffer += bytes(request.length - len(buffer))
        count = min(sizes[pieces % len(sizes)], len(buffer) - end, len(data) - at)
        if not count:
            raise RuntimeError("no room was left in the buffer")
        buffer[end : end + count] = data[at : at + count]
        at += count
        pieces += 1
        end = http.feed(request, buffer, end + count)
        if not 0 <= end <= len(buffer):
            raise RuntimeError("the end is outside the buffer")
    return request, bytes(buffer[: request.length if request.complete else end])


def show(function, *arguments):
    """What a function returns or raises, as text that is the same on every interpreter."""
    try:
        return text_of(function(*arguments))
    except HTTPError as error:
        return "refused %d" % error.args[0]


def text_of(value):
    if isinstance(value, (bytes, bytearray)):
        return "".join("%02x" % byte for byte in value) or "empty"
    if isinstance(value, (tuple, list)):
        return "(" + " ".join([text_of(item) for item in value]) + ")"
    return str(value)


def facts(data, sizes):
    request, body = parse(data, sizes)
    return [getattr(request, name) for name in FACTS] + [body]


def results(kind, data):
    """Yield one line of text for each call that an input of this kind is put through."""
    if kind == "d":
        yield show(answer, data)
        yield show(answer, memoryview(data), dns.PHASE_B)
    elif kind == "h":
        for sizes in PIECES_BYTES:
            yield show(facts, data, sizes)
    else:
        yield show(lambda: list(form.fields(data)))
        yield show(lambda: list(form.fields(bytearray(data + b"&x"), len(data))))
        for function in (form.unquote, text.escape, text.text):
            yield show(function, data)


def main(path):
    with open(path) as inputs:
        for line in inputs:
            kind, digits = line.rstrip("\n").split(" ")
            for result in results(kind, bytes.fromhex(digits)):
                print(result)


if __name__ == "__main__":
    main(sys.argv[1])

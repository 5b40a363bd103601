"""The line that a request leaves in the owner's log. In memory for that moment, and only if a site has a log."""

import sys


def tell(log, client, request, status, length):
    """Have log(line) told; what it raises must not cost the client its answer. length: None if nobody knows it yet."""
    try:
        log(line(client, request, status, length))
    except Exception as error:
        sys.print_exception(error)


def line(client, request, status, length):
    """Without the query: what is in it may be secret."""
    target = request.target.split(b"?", 1)[0]
    method = request.method or b"-"
    target = str(target, "ascii") if target and max(target) < 0x7F else "-"  # trusted: just checked
    size = "-" if length is None else "%d" % length
    version = request.version
    protocol = "" if version < 10 else " HTTP/1.%d" % (version - 10)
    return '%s "%s %s%s" %d %s' % (client, str(method, "ascii"), target, protocol, status, size)  # trusted: a token

"""HTTP requests, parsed as they arrive (RFC 9112). Pure functions on bytes.

Strict, but lines may end in LF, empty lines may come first, and fields of no interest may be longer than the buffer.
"""

from .form import unquote
from .request import HTTPError

HEAD_LIMIT_BYTES = 8192
BODY_LIMIT_BYTES = 1536  # a form with everything in it at its longest, every byte as three
LENGTH_LIMIT_DIGITS = 9  # what an integer holds without the heap
LANGUAGE_LIMIT_BYTES = 64
VERSION_LIMIT_BYTES = 8  # nobody needs more of a number
METHODS = b" GET HEAD POST PUT DELETE OPTIONS PATCH TRACE "
DIGITS = b"0123456789"
FIELDS = b" host content-length transfer-encoding origin accept-encoding accept-language content-type expect "
TOKEN = DIGITS + b"abcdefghijklmnopqrstuvwxyz!#$%&'*+-.^_`|~"  # RFC 9110 section 5.6.2, in lower case


def feed(request, buffer, end):
    """Take what fits of buffer[0:end], a bytearray, into `request`; returns the new end, behind what is left over.

    Append what arrives to that and call again. Once complete, the body is buffer[0:length]. If the head is complete
    and the buffer is shorter than length, go on with a larger one. HTTPError with the status to send if the request
    must be refused; the rest of it is then still to come.
    """
    view = memoryview(buffer)
    start = 0
    while start < end and not request.head_complete:
        line_end = buffer.find(b"\n", start, end)
        cut = line_end < 0
        if not cut:
            behind = line_end + 1
        elif not request.method and not 0x20 < buffer[start] < 0x7F and buffer[start] != 0x0D:
            raise HTTPError(400)  # a TLS hello: it has no line end that one could wait for
        elif request.skipping or end - start == len(buffer):
            behind = line_end = end
        else:
            break
        request.head_bytes += behind - start
        if request.head_bytes > HEAD_LIMIT_BYTES:
            raise HTTPError(431)
        if not request.skipping:
            if line_end > start and buffer[line_end - 1] == 0x0D:
                line_end -= 1
            parse_line(request, bytes(view[start:line_end]), cut)
        request.skipping = cut
        start = behind
    if start:
        end -= start
        view[:end] = view[start : start + end]
    request.complete = request.head_complete and end >= request.length
    return end


def parse_line(request, line, cut):
    """One line without its end; cut: what fitted into the buffer of a longer one."""
    if not line:
        if request.method:  # else it stands before the request line: RFC 9112 section 2.2
            end_head(request)
    elif b"\x7f" in line or min(line) < 0x20 and (not request.method or min(line.replace(b"\t", b" ")) < 0x20):
        raise HTTPError(400)  # a tab may be in a field
    elif request.method:
        parse_field(request, line, cut)
    elif cut:
        raise HTTPError(414)
    else:
        parse_request_line(request, line)


def parse_request_line(request, line):
    words = line.split(None, 3)  # several spaces count as one, those at the end as none (RFC 9112 section 3)
    if line[0] == 0x20 or words[0].lower().strip(TOKEN):
        raise HTTPError(400)
    method = words[0]
    version = words[-1]
    if len(words) == 2 and method == b"GET":
        request.version = 9
    elif len(words) != 3 or version[:5] != b"HTTP/":
        raise HTTPError(400)
    else:
        request.version = parse_version(version[5:])
        if request.version == 9 and method != b"GET":
            raise HTTPError(400)
    if b" " + method + b" " not in METHODS:
        raise HTTPError(405 if method == b"CONNECT" else 501)
    request.method = method
    request.target = words[1]
    if len(words) == 2:
        end_head(request)


def parse_version(text):
    """9, 10 or 11 for 0.x, 1.0 and 1.1 or later. Two numbers, as in RFC 2616 section 3.1; newer RFCs know only those of
    one digit."""
    dot = text.find(b".")
    major = text[: max(dot, 0)]
    minor = text[dot + 1 :]
    if not major or not minor or len(text) > VERSION_LIMIT_BYTES or (major + minor).strip(DIGITS):
        raise HTTPError(400)
    major = major.lstrip(b"0")
    if not major:
        return 9
    if major != b"1":
        raise HTTPError(505)
    return 11 if minor.lstrip(b"0") else 10


def parse_field(request, line, cut):
    colon = line.find(b":")
    name = line[:colon].lower()
    if cut and (colon < 0 or name in (b"host", b"content-length")):
        raise HTTPError(431)
    if colon < 1 or name.strip(TOKEN):
        raise HTTPError(400)  # also a folded line, and a space before the colon
    word = b" " + name + b" "
    wanted = word in request.wanted
    if not wanted and word not in FIELDS:
        return  # before it is copied: the longest are of no interest
    value = line[colon + 1 :].strip()
    if name == b"host":
        if request.host is not None:
            raise HTTPError(400)
        set_host(request, value)
    elif name == b"content-length":
        if not value or value.strip(DIGITS) or len(value) > LENGTH_LIMIT_DIGITS:
            raise HTTPError(400)
        length = int(str(value, "ascii"))  # trusted: digits only
        if request.length not in (None, length):
            raise HTTPError(400)
        request.length = length
    elif name == b"transfer-encoding":
        raise HTTPError(501)
    elif name == b"origin":
        request.origin = (request.origin or b"") + value  # a repeated one equals none
    elif name == b"accept-encoding":
        request.gzip = request.gzip or admits_gzip(value.lower())
    elif name == b"accept-language":
        value = (value + b",")[:LANGUAGE_LIMIT_BYTES]
        request.language = value[: value.rfind(b",")]  # only what is whole: without its weight, one would come first
    elif name == b"content-type":
        request.form = value.lower().split(b";", 1)[0].strip() == b"application/x-www-form-urlencoded"
    elif name == b"expect":
        request.expects_continue = request.version == 11 and value.lower() == b"100-continue"
    if wanted and not cut:
        request.others += ((name, value),)


def set_host(request, authority):
    """From bytes like Name.example.:80."""
    host = authority.lower()
    colon = host.rfind(b":")
    request.port = b""
    if colon >= 0 and host[-1:] != b"]":
        request.port = host[colon + 1 :]
        host = host[:colon]
    if host[-1:] == b".":
        host = host[:-1]
    if request.port.strip(DIGITS) or host.strip(TOKEN + b"[:]"):
        raise HTTPError(400)
    request.host = host


def end_head(request):
    if request.version == 11 and request.host is None:
        raise HTTPError(400)
    if request.length is None and request.method == b"POST":
        raise HTTPError(411)
    request.length = request.length or 0
    if request.length > BODY_LIMIT_BYTES:
        raise HTTPError(413)
    words = request.target.split(b"?", 1)
    path = words[0]
    request.query = b"".join(words[1:])
    start = path.find(b"://") + 3
    if start > 3 and path[:1] != b"/":  # absolute, as for a proxy: it outranks Host (RFC 9112 section 3.2.2)
        end = (path + b"/").find(b"/", start)
        set_host(request, path[start:end])
        path = path[end:] or b"/"
        if not request.host:
            raise HTTPError(400)
    if path[:1] != b"/" and (path != b"*" or request.method != b"OPTIONS"):
        raise HTTPError(400)
    request.path = unquote(path)
    request.head_complete = True


def admits_gzip(value):
    """True if an Accept-Encoding, in lower case, names gzip and does not weigh it 0."""
    value = b"," + value.replace(b" ", b"") + b","
    start = value.find(b",gzip;q=") + 8
    return b",gzip," in value or start > 7 and value[start : value.find(b",", start)].strip(b"0.") != b""

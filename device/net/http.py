"""HTTP requests, parsed as they arrive (RFC 9112). Pure functions on bytes.

Strict, but lines may end in LF, empty lines may come first, and fields of no interest may be longer than the buffer.
"""

from . import HTTPError
from .form import unquote

HEAD_LIMIT_BYTES = 8192
BODY_LIMIT_BYTES = 1024
LENGTH_LIMIT_DIGITS = 9  # what an integer holds without the heap
LANGUAGE_LIMIT_BYTES = 64
METHODS = b" GET HEAD POST PUT DELETE OPTIONS PATCH TRACE "
DIGITS = b"0123456789"
TOKEN = DIGITS + b"abcdefghijklmnopqrstuvwxyz!#$%&'*+-.^_`|~"  # RFC 9110 section 5.6.2, in lower case


class Request:
    """One request; feed() fills it in.

    method, target, path (percent-decoded, without query), query: bytes. version: 9, 10 or 11. host: bytes, lower case,
    without port and final dot, None if there is none; port: its digits. origin: bytes or None. length: of the body, in
    bytes. gzip: may the answer be compressed? language: the start of Accept-Language. form: is the body a form?
    expects_continue: does the client wait for 100? head_complete: all of these are known. complete: so is the body.
    """

    method = target = path = query = port = language = b""
    host = origin = length = None
    gzip = form = expects_continue = head_complete = complete = False
    version = _head_bytes = 0
    _skipping = False  # the rest of a line that did not fit

    def feed(self, buffer, end):
        """Take what it can of buffer[0:end], a bytearray; returns the new end, behind what is left over.

        Append what arrives to that and call again. Once complete, the body is buffer[0:length]. If the head is complete
        and the buffer is shorter than length, go on with a larger one. HTTPError with the status to send if the request
        must be refused; the rest of it is then still to come.
        """
        view = memoryview(buffer)
        start = 0
        while start < end and not self.head_complete:
            line_end = buffer.find(b"\n", start, end)
            cut = line_end < 0
            if not cut:
                behind = line_end + 1
            elif not self.method and not 0x20 < buffer[start] < 0x7F and buffer[start] != 0x0D:
                raise HTTPError(400)  # a TLS hello: it has no line end that one could wait for
            elif self._skipping or end - start == len(buffer):
                behind = line_end = end
            else:
                break
            self._head_bytes += behind - start
            if self._head_bytes > HEAD_LIMIT_BYTES:
                raise HTTPError(431)
            if not self._skipping:
                self._line(bytes(view[start:line_end]), cut)
            self._skipping = cut
            start = behind
        if start:
            end -= start
            view[:end] = view[start : start + end]
        self.complete = self.head_complete and end >= self.length
        return end

    def _line(self, line, cut):
        """One line without its end; cut: what fitted into the buffer of a longer one."""
        if line[-1:] == b"\r":
            line = line[:-1]
        if not line:
            if self.method:  # else it stands before the request line: RFC 9112 section 2.2
                self._end_head()
        elif min(line.replace(b"\t", b" ") if self.method else line) < 0x20 or b"\x7f" in line:
            raise HTTPError(400)
        elif self.method:
            self._field(line, cut)
        elif cut:
            raise HTTPError(414)
        else:
            self._request_line(line)

    def _request_line(self, line):
        words = line.split(b" ", 3)
        method = words[0]
        if not method or method.lower().strip(TOKEN):
            raise HTTPError(400)
        version = words[-1]
        if len(words) == 2 and method == b"GET":
            self.version = 9
        elif len(words) != 3 or len(version) != 8 or version[:5] + version[6:7] != b"HTTP/.":
            raise HTTPError(400)
        elif (version[5:6] + version[7:]).strip(DIGITS):
            raise HTTPError(400)
        elif version[5:6] != b"1":
            raise HTTPError(505)
        else:
            self.version = 10 if version[7:] == b"0" else 11
        if b" " + method + b" " not in METHODS:
            raise HTTPError(405 if method == b"CONNECT" else 501)
        self.method = method
        self.target = words[1]
        if self.version == 9:
            self._end_head()

    def _field(self, line, cut):
        colon = line.find(b":")
        name = line[:colon].lower()
        if cut and (colon < 0 or name in (b"host", b"content-length")):
            raise HTTPError(431)
        if colon < 1 or name.strip(TOKEN):
            raise HTTPError(400)  # also a folded line, and a space before the colon
        value = line[colon + 1 :].strip()
        if name == b"host":
            if self.host is not None:
                raise HTTPError(400)
            self._set_host(value)
        elif name == b"content-length":
            if not value or value.strip(DIGITS) or len(value) > LENGTH_LIMIT_DIGITS:
                raise HTTPError(400)
            length = int(str(value, "ascii"))  # trusted: digits only
            if self.length not in (None, length):
                raise HTTPError(400)
            self.length = length
        elif name == b"transfer-encoding":
            raise HTTPError(501)
        elif name == b"origin":
            self.origin = (self.origin or b"") + value  # a repeated one equals none
        elif name == b"accept-encoding":
            self.gzip = self.gzip or admits_gzip(value.lower())
        elif name == b"accept-language":
            self.language = value[:LANGUAGE_LIMIT_BYTES]
        elif name == b"content-type":
            self.form = value.lower().split(b";", 1)[0].strip() == b"application/x-www-form-urlencoded"
        elif name == b"expect":
            self.expects_continue = self.version == 11 and value.lower() == b"100-continue"

    def _set_host(self, authority):
        """From bytes like Name.example.:80."""
        host = authority.lower()
        colon = host.rfind(b":")
        self.port = b""
        if colon >= 0 and host[-1:] != b"]":
            self.port = host[colon + 1 :]
            host = host[:colon]
        if host[-1:] == b".":
            host = host[:-1]
        if self.port.strip(DIGITS) or host.strip(TOKEN + b"[:]"):
            raise HTTPError(400)
        self.host = host

    def _end_head(self):
        if self.version == 11 and self.host is None:
            raise HTTPError(400)
        if self.length is None and self.method == b"POST":
            raise HTTPError(411)
        self.length = self.length or 0
        if self.length > BODY_LIMIT_BYTES:
            raise HTTPError(413)
        words = self.target.split(b"?", 1)
        path = words[0]
        self.query = b"".join(words[1:])
        start = path.find(b"://") + 3
        if start > 3 and path[:1] != b"/":  # absolute, as for a proxy: it outranks Host (RFC 9112 section 3.2.2)
            end = (path + b"/").find(b"/", start)
            self._set_host(path[start:end])
            path = path[end:] or b"/"
            if not self.host:
                raise HTTPError(400)
        if path[:1] != b"/" and (path != b"*" or self.method != b"OPTIONS"):
            raise HTTPError(400)
        self.path = unquote(path)
        self.head_complete = True


def admits_gzip(value):
    """True if an Accept-Encoding, in lower case, names gzip and does not weigh it 0."""
    value = b"," + value.replace(b" ", b"") + b","
    start = value.find(b",gzip;q=") + 8
    return b",gzip," in value or start > 7 and value[start : value.find(b",", start)].strip(b"0.") != b""

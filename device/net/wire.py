"""The answers of the owner's pages as they leave: heads and framing (RFC 9110, RFC 9112)."""

import json

CLOCK_SET_YEAR = 2024  # the chip's begins in 2000 whenever the power comes: before this nobody has set it
TEXT = b"text/plain"
JSON = b"application/json"
BODILESS = (204, 304)
REASONS = b"""
200 OK
201 Created
202 Accepted
204 No Content
206 Partial Content
301 Moved Permanently
302 Found
303 See Other
304 Not Modified
307 Temporary Redirect
308 Permanent Redirect
"""


def assembled(site, connection, reply, now):
    """(head, parts, stream or None, may the client stay, length or None): what Visit.begin() takes.

    now: what time.gmtime() says.
    """
    request = connection.request
    status = reply.status
    content = reply.content
    kind = reply.type
    line = reason(REASONS, status)
    if not line:
        if not 200 <= status <= 599:
            raise ValueError(status)  # a handler's number that is none
        from .refusals import page

        line, text = page(status)
        if content == b"":
            content = text
            kind = b"text/html"
    if isinstance(content, (dict, list, bool, float)):
        content = json.dumps(content)
        kind = kind or JSON
    if isinstance(content, str):
        content = content.encode()
    stream = None
    chunked = False
    if isinstance(content, tuple):  # from folder.py: length and parts
        length, parts = content
    elif isinstance(content, (bytes, bytearray)):
        length = len(content)
        parts = (content,) if content else ()
    else:
        length = None
        from .stream import Stream

        chunked = request.version == 11
        stream = Stream(content, chunked)
        parts = (stream, b"0\r\n\r\n") if chunked else (stream,)
    bodiless = status in BODILESS
    if request.method == b"HEAD" or bodiless:
        parts = ()
    alone = connection.end == request.length  # else there is another request behind it, which is not answered
    stays = status < 400 and alone and (length is not None or chunked) and wishes_to_stay(request)
    if request.version == 9:
        return b"", parts, stream, False, length
    fields = list(site.headers) + list(reply.headers)
    if kind or not bodiless and length != 0:
        kind = kind or TEXT
        fields.append((b"Content-Type", kind + b"; charset=utf-8" if kind[:5] == b"text/" else kind))
    if chunked:
        fields.append((b"Transfer-Encoding", b"chunked"))
    elif length is not None and not bodiless:
        fields.append((b"Content-Length", b"%d" % length))
    fields.append((b"Connection", b"keep-alive" if stays else b"close"))
    names = [name.lower() for name, _ in fields]
    if b"cache-control" not in names:
        fields.append((b"Cache-Control", b"no-store"))
    fields.append((b"X-Content-Type-Options", b"nosniff"))
    if now[0] >= CLOCK_SET_YEAR and b"date" not in names:
        from .date import date

        fields.append((b"Date", date(now)))
    return head(line, fields), parts, stream, stays, length


def wishes_to_stay(request):
    words = b",close," if request.version == 11 else b",keep-alive,"
    said = b""
    for name, value in request.others:
        if name == b"connection":
            said += b"," + value.lower().replace(b" ", b"")
    return request.version >= 10 and (words in said + b",") == (request.version == 10)


def head(line, fields):
    """The bytes of it. ValueError if a field would break its line."""
    lines = [b"HTTP/1.1 " + line]
    for name, value in fields:
        field = name + b": " + value
        if b"\r" in field or b"\n" in field:
            raise ValueError("line break in a header field")
        lines.append(field)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def reason(table, status):
    """b"404 Not Found" and the like, b"" if it is not in the table."""
    start = table.find(b"\n%d " % status) + 1
    return table[start : table.find(b"\n", start)] if start else b""

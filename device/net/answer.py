"""The heads of HTTP answers (RFC 9112 section 4). Pure functions on bytes."""

HTML = (b"Content-Type", b"text/html; charset=utf-8")
# No script or style from elsewhere, no other site's frame, no form to elsewhere.
SAFE_PAGE = (
    b"Content-Security-Policy",
    b"default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline';connect-src 'self';form-action 'self';"
    b"base-uri 'none';frame-ancestors 'none'",
)
REASONS = b"""200 OK
204 No Content
302 Found
303 See Other
400 Bad Request
403 Forbidden
404 Not Found
405 Method Not Allowed
409 Conflict
411 Length Required
413 Content Too Large
414 URI Too Long
415 Unsupported Media Type
422 Unprocessable Content
431 Request Header Fields Too Large
500 Internal Server Error
501 Not Implemented
503 Service Unavailable
505 HTTP Version Not Supported
"""


def reason_of(status):
    """The number and its name, as bytes: b"404 Not Found". One text for all costs less heap than a dict of them."""
    number = b"%d " % status
    start = REASONS.find(number)
    return REASONS[start : REASONS.find(b"\n", start)] if start >= 0 else number


def head(status, length=None, fields=()):
    """An answer's head, as bytes. fields: pairs of bytes (name, value); ValueError if one would break the line."""
    lines = [b"HTTP/1.1 " + reason_of(status), b"Connection: close", b"Cache-Control: no-store"]
    if length is not None:
        lines.append(b"Content-Length: %d" % length)
    for name, value in fields:
        line = name + b": " + value
        if b"\r" in line or b"\n" in line:
            raise ValueError("line break in a header field")
        lines.append(line)
    return b"\r\n".join(lines) + b"\r\n\r\n"


def error(status, *fields):
    """The answer to a refused request: a page so short that no machine takes it for an icon."""
    if status == 405 and not fields:
        fields = ((b"Allow", b"GET, HEAD, POST"),)  # it has to be there: RFC 9110 section 15.5.6
    reason = reason_of(status)
    page = b"<!doctype html><h1>%s</h1><a href=/>Wi-Fi setup</a>" % reason
    return short(status, (HTML,) + fields, page)


def redirect(status, location):
    """With a short body for clients that do not follow, longer than what some take for a broken proxy."""
    page = b'<!doctype html><a href="' + location + b'">Open the Wi-Fi setup</a>'
    return short(status, (HTML, (b"Location", location)), page)


def short(status, fields, body):
    """(status, fields, length, parts) of an answer whose body is in memory, bytes."""
    return status, fields, len(body), (body,)

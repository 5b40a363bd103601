"""One HTTP request as data, and its refusal: what reading, answering and the connection speak to each other in."""


class HTTPError(Exception):
    """A request that must be refused; args[0] is the status to send."""


class Request:
    """One request as data; http.feed() fills it in.

    method, target, path (percent-decoded, without query), query: bytes. version: 9, 10 or 11. host: bytes, lower case,
    without port and final dot, None if there is none; port: its digits. origin: bytes or None. length: of the body, in
    bytes. gzip: may the answer be compressed? language: the start of Accept-Language. form: is the body a form, None if
    nobody says? expects_continue: does the client wait for 100? head_complete: all of these are known. complete: so
    is the body. wanted: names of more fields, between spaces; others: those of them that came, (name, value).
    """

    method = target = path = query = port = language = b""
    host = origin = length = None
    wanted = b""
    others = ()
    form = None
    gzip = expects_continue = head_complete = complete = False
    version = head_bytes = 0
    skipping = False  # the rest of a line that did not fit

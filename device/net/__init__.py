"""The network side: radio, server, and pure functions on bytes for DNS, HTTP and forms."""


class HTTPError(Exception):
    """A request that must be refused; args[0] is the status to send."""


class Request:
    """One request as data; http.feed() fills it in.

    method, target, path (percent-decoded, without query), query: bytes. version: 9, 10 or 11. host: bytes, lower case,
    without port and final dot, None if there is none; port: its digits. origin: bytes or None. length: of the body, in
    bytes. gzip: may the answer be compressed? language: the start of Accept-Language. form: is the body a form?
    expects_continue: does the client wait for 100? head_complete: all of these are known. complete: so is the body.
    """

    method = target = path = query = port = language = b""
    host = origin = length = None
    gzip = form = expects_continue = head_complete = complete = False
    version = head_bytes = 0
    skipping = False  # the rest of a line that did not fit

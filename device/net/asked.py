"""A request as a handler of the owner's sees it."""

import json

from .request import HTTPError


def path(target):
    """The path in a request's target."""
    target = target.split(b"?", 1)[0]
    start = target.find(b"://") + 3
    if start > 3 and target[:1] != b"/":  # absolute, as for a proxy
        slash = target.find(b"/", start)
        target = target[slash:] if slash >= 0 else b"/"
    return target


class Asked:
    """method: b"GET" and the like. path: decoded, without query and dots. args: the segments of it that are behind the
    route, a tuple. raw: the path as it came. All of them are bytes. client: its address, text. site: the Site."""

    args = ()

    def __init__(self, site, connection, request):
        self.site = site
        self.request = request
        self.method = request.method
        self.client = connection.peer
        self.path = self.raw = path(request.target)
        self._buffer = connection.buffer

    def header(self, name):
        """The value of a header field, bytes, None if it did not come. name: lower case, one of site.readable."""
        if name == b"host":
            return self.request.host
        for other, value in self.request.others:
            if other == name:
                return value

    def read(self):
        """The body, bytes; http.py says how long one may be."""
        return bytes(memoryview(self._buffer)[: self.request.length])

    def values(self):
        """{name: value}, bytes, of the query and of a form; of a name that comes twice the last, the form's first.

        HTTPError 400 for a bad escape, 413 for too many: what a handler lets pass becomes the answer.
        """
        from .form import fields

        found = {}
        for name, value in fields(self.request.query):
            found[name] = value
        if self.request.form:
            for name, value in fields(self._buffer, self.request.length):
                found[name] = value
        return found

    def json(self):
        """The body as JSON; HTTPError 400 if it is none, 415 if it says that it is something else."""
        kind = self.header(b"content-type")
        if kind is not None and kind.lower().split(b";", 1)[0].strip() != b"application/json":
            raise HTTPError(415)
        try:
            return json.loads(self.read())  # trusted: what it raises is caught
        except (ValueError, RuntimeError):
            raise HTTPError(400)

    def cookie(self, name):
        """The value of a cookie, bytes, None if there is none."""
        for pair in (self.header(b"cookie") or b"").split(b";"):
            equals = pair.find(b"=")
            if equals > 0 and pair[:equals].strip() == name:
                return pair[equals + 1 :].strip()

"""Pages that a client leaves on the board for others, in memory, and the echo of what it sends.

    @site.route(b"/echo", b"POST")
    def echo(request):
        from homeport.net.cache import echo

        return echo(request)

    @site.route(b"/cache", b"GET POST", args=b"*")
    def cache(request):
        from homeport.net.cache import cache

        return cache(request)

POST /echo answers with what it gets. POST /cache/NAME keeps it, GET /cache/NAME shows it, GET /cache/clear/NAME and
/cache/clear drop one or all, GET /cache/new tells a name that is not taken. What is sent is a form with `data` and
`type`, or JSON with the same names, `data` in base64; type is text/plain if none is given.
"""

from binascii import a2b_base64, hexlify

from .request import HTTPError
from .web import Reply

CACHE_LIMIT_BYTES = 2048
ENTRY_BYTES = 136  # what a page takes of the heap beside its name, type and data, at most
DROPPED_BYTES = 52  # the same of one that was dropped, of which the name stays
NAME_LIMIT_BYTES = 64
PAGES = b"pages"  # {name: (type, data), or None of one that was dropped: it does not come back as another}
TEXT = b"text/plain"
BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
TYPE_SIGNS = b"abcdefghijklmnopqrstuvwxyz0123456789/+-.;= "
# It comes from a stranger: as a page it may show itself, but neither run scripts nor send forms as one of this site.
CONFINED = ((b"Content-Security-Policy", b"sandbox"),)


def echo(request):
    data, kind = sent(request)
    return Reply(data, 200, kind, CONFINED)


def cache(request, limit=CACHE_LIMIT_BYTES):
    """204 for a page that is kept or dropped, 409 if there is or was one of this name, 507 beyond the limit (bytes),
    404 if there is none."""
    pages = request.site.notes.setdefault(PAGES, {})
    args = request.args
    if request.method == b"POST":
        if len(args) != 1 or args[0] in (b"clear", b"new") or len(args[0]) > NAME_LIMIT_BYTES:
            return 404
        if args[0] in pages:
            return 409
        data, kind = sent(request)
        if taken(pages) + ENTRY_BYTES + len(args[0]) + len(kind) + len(data) > limit:
            return 507
        pages[args[0]] = (kind, data)
        return 204
    if args == (b"new",):
        return hexlify(request.site.context.hardware.os.urandom(16))
    if args[:1] == (b"clear",) and len(args) <= 2:
        for name in args[1:] or list(pages):
            if name in pages:
                pages[name] = None
        return 204
    page = pages.get(args[0]) if len(args) == 1 else None
    return Reply(page[1], 200, page[0], CONFINED) if page else 404


def taken(pages):
    """Bytes, at most."""
    size = 0
    for name, page in pages.items():
        size += len(name) + (ENTRY_BYTES + len(page[0]) + len(page[1]) if page else DROPPED_BYTES)
    return size


def sent(request):
    """(data, type), bytes, of a form or of JSON."""
    values = request.values()
    data = values.get(b"data")
    kind = values.get(b"type", TEXT)
    if not request.request.form:
        found = request.json()
        if type(found) is not dict:
            raise HTTPError(400)
        data = found.get("data")
        kind = found.get("type", "text/plain")
        if type(data) is not str or type(kind) is not str:
            raise HTTPError(400)
        kind = kind.encode()
        data = data.encode()
        if data.strip(BASE64) or len(data) % 4:  # a2b_base64() passes over what it does not know
            raise HTTPError(400)
        try:
            data = a2b_base64(data)  # trusted: what it raises is caught
        except ValueError:
            raise HTTPError(400)
    if data is None or not kind or kind.lower().strip(TYPE_SIGNS):
        raise HTTPError(400)
    return data, kind

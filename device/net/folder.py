"""Files of a folder on flash, as pages: types, conditional and partial answers (RFC 9110 sections 13 and 14).

    @site.route(b"/files", args=b"*")
    def files(request):
        from homeport.net.folder import send_file

        return send_file(request, "/www")

A browser that takes it gets `name.gz` instead of `name` if that is there. What begins with a dot is not shown.
"""

from binascii import hexlify
from hashlib import sha256

from .web import Reply

INDEX = b"index.html"
IS_FOLDER = 0x4000
TYPE_LIMIT_BYTES = 32
SAMPLE_BYTES = 256
UNKNOWN = b"application/octet-stream"
TYPES = b""" html:text/html htm:text/html css:text/css js:text/javascript mjs:text/javascript json:application/json
 txt:text/plain csv:text/csv xml:text/xml md:text/markdown svg:image/svg+xml png:image/png jpg:image/jpeg
 jpeg:image/jpeg gif:image/gif webp:image/webp ico:image/x-icon woff2:font/woff2 pdf:application/pdf
 mp3:audio/mpeg wav:audio/wav wasm:application/wasm """


def send_file(request, root):
    """The answer with the file that the request's args name, 404 if there is none. root: a folder, str."""
    hardware = request.site.context.hardware
    path = root.rstrip("/")
    names = request.args
    for name in names:
        if name[:1] in (b"", b".") or b"/" in name or min(name) < 0x20:
            return 404
        try:
            path += "/" + str(name, "utf-8")  # trusted: what it raises is caught
        except ValueError:
            return 404
    try:
        kind, size, changed = stat(hardware, path or "/")
        if kind & IS_FOLDER:
            if names and request.raw[-1:] != b"/":
                there = b"/" + request.raw.lstrip(b"/\\") + b"/"  # with two it would be another site's address
                return Reply(b"", 301, None, ((b"Location", there),))
            names = (INDEX,)
            path += "/" + str(INDEX, "ascii")  # trusted: our own word
            kind, size, changed = stat(hardware, path)
        elif request.raw[-1:] == b"/":
            return 404
        if kind & IS_FOLDER:
            return 404
        fields = [(b"Cache-Control", b"no-cache"), (b"Accept-Ranges", b"bytes")]  # it is kept, but asked for
        wish = request.header(b"range") if request.method == b"GET" else None  # of no other (RFC 9110 section 14.2)
        try:
            packed = stat(hardware, path + ".gz")
            fields.append((b"Vary", b"Accept-Encoding"))
            if request.request.gzip and wish is None and not packed[0] & IS_FOLDER:
                path += ".gz"
                size, changed = packed[1:]
                fields.append((b"Content-Encoding", b"gzip"))
        except OSError:
            pass  # there is no such twin
        tag = mark(hardware, path, size, changed)
    except OSError:
        return 404
    fields.append((b"ETag", tag))
    if is_known(request.header(b"if-none-match"), tag):
        return Reply(b"", 304, None, fields)
    start, end = 0, size
    status = 200
    if wish is not None and request.header(b"if-range") in (None, tag):
        from .ranges import part

        start, end = part(wish, size)
        if start is None:
            return Reply(b"", 416, None, fields + [(b"Content-Range", b"bytes */%d" % size)])
        if end - start < size:
            status = 206
            fields.append((b"Content-Range", b"bytes %d-%d/%d" % (start, end - 1, size)))
    parts = [path, start, end - start] if end > start else ()
    return Reply((end - start, parts), status, type_of(names[-1]), fields)


def stat(hardware, path):
    """(kind, size in bytes, time of the last change) of a file; OSError if there is none."""
    found = hardware.os.stat(path)
    return found[0], found[6], found[8]


def mark(hardware, path, size, changed):
    """What tells this content from others: of size, time, and bytes at its start and its end, for the time of a board
    without a clock says little, and to read all of it would take too long."""
    with hardware.open(path, "rb") as file:
        seen = sha256(b"%d %d " % (size, changed) + file.read(SAMPLE_BYTES))
        if size > SAMPLE_BYTES:
            file.seek(max(size - SAMPLE_BYTES, SAMPLE_BYTES))
            seen.update(file.read(SAMPLE_BYTES))
    return b'"' + hexlify(seen.digest()[:8]) + b'"'


def is_known(tags, tag):
    """True if If-None-Match names the tag; weak ones count (RFC 9110 section 13.1.2)."""
    for word in (tags or b"").split(b","):
        word = word.strip()
        if word == b"*" or word == tag or word == b"W/" + tag:
            return True
    return False


def type_of(name):
    ending = b" " + name[name.rfind(b".") + 1 :].lower() + b":"
    start = TYPES.find(ending)
    if start < 0 or b"." not in name:
        return UNKNOWN
    start += len(ending)
    return TYPES[start : start + TYPE_LIMIT_BYTES].split(None, 1)[0]

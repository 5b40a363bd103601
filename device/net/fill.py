"""Pages with fields, filled in while they are sent.

    @site.route(b"/")
    def home(request):
        from homeport.net.fill import fill
        from homeport.net.web import Reply

        return Reply(fill(request, "/www/home.html", {b"temperature": 21.5}), type=b"text/html")

The page has {{temperature}} where the value goes. Nothing of it is in memory but one piece of PIECE_BYTES.
"""

from io import BytesIO

from .text import shown

PIECE_BYTES = 256
NAME_LIMIT_BYTES = 32
LINE_SIGNS = b"\n\r\t"  # elsewhere shown() shows no control characters
OPEN = b"{{"
CLOSE = b"}}"


def fill(request, page, values):
    """An iterator of the pieces of a page. page: a path, str, or its text, bytes. values: {name, bytes: value}.

    A value is bytes, str or a number, shown as text whatever is in it, line breaks and tabs as they are; or an iterator
    of markup, which is trusted: fill() of another page, an iterator of those, one for each row of a list, or
    iter([b"<b>"]). A name that has no value shows nothing.
    OSError: there is no such page.
    """
    if isinstance(page, bytes):
        return filled(BytesIO(page), values)
    hardware = request.site.context.hardware
    hardware.os.stat(page)  # now, while the status can still tell
    return from_flash(hardware, page, values)


def from_flash(hardware, path, values):
    with hardware.open(path, "rb") as file:
        for piece in filled(file, values):
            yield piece


def filled(file, values):
    rest = b""
    while True:
        more = file.read(PIECE_BYTES)
        rest += more
        start = 0
        while True:
            at = rest.find(OPEN, start)
            end = rest.find(CLOSE, at) if at >= 0 else -1
            if end < 0 or end - at > NAME_LIMIT_BYTES + len(OPEN):
                if at < 0 or end < 0 and len(rest) - at <= NAME_LIMIT_BYTES + len(OPEN) and more:
                    break
                at += len(OPEN)  # no name is that long, or nothing closes it: it stands for itself
                yield rest[start:at]
                start = at
                continue
            if at > start:
                yield rest[start:at]
            for piece in value_of(values.get(rest[at + len(OPEN) : end].strip())):
                if isinstance(piece, (bytes, str)):
                    yield piece
                else:  # a row
                    for part in piece:
                        yield part
            start = end + len(CLOSE)
        keep = len(rest)
        if more:
            keep = at if at >= 0 else keep - 1 if rest[-1:] == b"{" else keep
        if keep > start:
            yield rest[start:keep]
        rest = rest[max(keep, start) :]
        if not more:
            return


def value_of(value):
    """Pieces of markup."""
    if value is None:
        return ()
    if isinstance(value, (int, float)):
        value = str(value)
    if isinstance(value, str):
        value = value.encode()
    if not isinstance(value, (bytes, bytearray)):
        return value
    return (lines(value, LINE_SIGNS),) if value else ()


def lines(value, signs):
    """Text as markup that shows it, but for the signs, which stay as they are."""
    if not signs:
        return shown(value)
    return signs[:1].join([lines(part, signs[1:]) for part in value.split(signs[:1])])

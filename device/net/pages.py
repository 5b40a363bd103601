"""What the pages say. Text and markup live in files on flash; here only what depends on the board's state.

A page's file is sent line by line without its line ends, so no page is ever in memory: what follows `?word ` is sent
only if `word` is among the page's words, and `%name` is replaced by that part, or by the file of that name.
"""

from binascii import hexlify

from .answer import HTML
from .text import shown

# No script or style from elsewhere, no other site's frame, no form to elsewhere.
SAFE_PAGE = (
    b"Content-Security-Policy",
    b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; form-action 'self';"
    b" base-uri 'none'; frame-ancestors 'none'",
)
BLOCK_BYTES = 128
CANNOT_JOIN = ("wpa3", "enterprise")


def page(context, request, name, status=200, problem=None, form=None):
    """(status, fields, length, pieces) of the page in the file `name`.

    problem: a word for what was wrong; form: {field: value}, bytes, that was submitted and is put back.
    """
    form = form or {}
    lines = Page(context, name, problem, form.get(b"picked", b""), form.get(b"ssid", b""))
    return status, (HTML, SAFE_PAGE), sum(len(line) for line in lines()), lines()


class Page:
    """Takes what it shows when it is made. A call makes an iterator of its bytes, the same every time: the server
    counts them before it sends them."""

    def __init__(self, context, name, problem, picked, typed):
        attempt = context.attempt
        self._file = name
        self._open = context.hardware.page
        self._context = context
        self._attempt = attempt
        self._joined = context.joined
        self._address = context.radio.station.ifconfig()[0]
        self._seen = context.seen
        self._saved = [network.ssid for network in context.networks]
        words = [problem]
        if attempt is None:
            words.append("no_attempt")
        elif not problem:
            words.append(attempt.outcome)
            words.append((attempt.reason or "") + ("_guess" if attempt.guess else ""))
            if attempt.outcome == "failed":
                picked = attempt.network.ssid
        if picked not in [row[0] for row in self._seen]:
            typed = typed or picked
        self._picked = picked
        self._typed = typed
        words.append("networks" if self._seen else "no_networks")
        words.append("saved" if self._saved else "none_saved")
        if self._joined:
            words.append("online")
        if not context.saved:
            words.append("unsaved")
        self._words = words

    def __call__(self):
        return self._lines(self._file)

    def _lines(self, name):
        with self._open(name) as file:
            text = b""
            while True:
                end = text.find(b"\n")
                if end < 0:
                    block = file.read(BLOCK_BYTES)  # readline() of the port reads byte by byte
                    if not block:
                        return
                    text += block
                    continue
                line = text[:end]
                text = text[end + 1 :]
                while line[:1] == b"?":
                    end = line.find(b" ")
                    word = str(line[1:end], "ascii")  # trusted: our own file
                    line = line[end + 1 :] if word in self._words else b""
                if line[:1] == b"%":
                    for piece in self._part(str(line[1:], "ascii")):  # trusted: our own file
                        yield piece
                elif line:
                    yield line

    def _part(self, name):
        """An iterable of the bytes that stand for `%name`."""
        if name == "name":
            return (self._context.name.encode(),)
        if name == "ssid":
            return (shown(self._attempt.network.ssid),)
        if name == "joined":
            return (shown(self._joined.ssid),)
        if name == "address":
            return (self._address.encode(),)
        if name == "typed":
            return (shown(self._typed),)
        if name == "saved":
            return (b"<li>" + shown(ssid) for ssid in self._saved)
        if name == "rows":
            return self._rows()
        return self._lines(name)

    def _rows(self):
        for ssid, rssi, _, security in self._seen:
            yield b'<li><label><input type=radio name=pick value="%s"%s>' % (
                hexlify(ssid),  # HTML cannot carry every byte in a value
                b" checked" if ssid == self._picked else b"",
            )
            yield b"<span>" + shown(ssid) + b"</span>"
            bars = 4 if rssi >= -60 else 3 if rssi >= -70 else 2 if rssi >= -80 else 1
            yield b'%s%s<i class="bars b%d" role=img aria-label="signal %d of 4"></i></label>' % (
                b"<small>saved</small>" if ssid in self._saved else b"",
                b"<small>open</small>"
                if security == "open"
                else b"<small>not supported</small>"
                if security in CANNOT_JOIN
                else b"",
                bars,
                bars,
            )

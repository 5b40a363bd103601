"""What browsers encode: forms and percent escapes. Pure functions on bytes."""

from binascii import unhexlify

from .request import HTTPError

FIELDS_LIMIT = 32
NAMES = (b"ssid", b"pick", b"password", b"device", b"confirm")
HEX_DIGITS = b"0123456789abcdef"


def submitted(body, size=None):
    """({name: value}, True if it names two networks) of the setup form.

    Its networks are radio buttons called `ssid`, or `pick` with the name in hex digits where HTML cannot carry it, and
    a text called `ssid` below them. form[b"ssid"] is the name that is meant, b"" if there is none; of two the typed
    one: a browser without scripts cannot take back a radio button. body, size: as of fields(). HTTPError 400 if a
    field comes too often.
    """
    form = {}
    names = [b""]
    for name, value in fields(body, size, is_read):
        if name in form and (name != b"ssid" or len(names) > 2):
            raise HTTPError(400)
        form[name] = value
        if name == b"ssid":
            names.append(value)
    picked = form.pop(b"pick", b"")
    if len(picked) % 2 or picked.strip(HEX_DIGITS):
        raise HTTPError(400)
    names[0] = unhexlify(picked)  # trusted: just checked
    names = [name for name in names if name]
    form[b"ssid"] = names[-1] if names else b""
    return form, names.count(form[b"ssid"]) < len(names)


def is_read(name):
    """False for a field of the setup form that nobody reads: its value takes no room."""
    return name in NAMES or name[:2] == b"f."


def fields(body, size=None, wanted=None):
    """Yield (name, value) of an application/x-www-form-urlencoded body, in its order, empty pairs left out.

    body: bytes or bytearray, of which the first `size` bytes count; a gap for a copy of it may not be there.
    wanted(name): False for a pair that is only counted. HTTPError 400 if an escape is bad, 413 after FIELDS_LIMIT
    pairs. Format: https://url.spec.whatwg.org/#urlencoded-parsing
    """
    if size is None:
        size = len(body)
    room = FIELDS_LIMIT
    start = 0
    while start < size:
        end = body.find(b"&", start, size)
        if end < 0:
            end = size
        if end > start:
            if not room:
                raise HTTPError(413)
            room -= 1
            equals = body.find(b"=", start, end)
            if equals < 0:
                equals = end
            name = _decoded(body, start, equals)
            if wanted is None or wanted(name):
                yield name, _decoded(body, equals + 1, end)
        start = end + 1


def _decoded(body, start, end):
    return unquote(bytes(memoryview(body)[start:end]).replace(b"+", b" "))


def unquote(data):
    """The bytes that `data` stands for, %xx decoded; HTTPError 400 unless two hex digits follow each percent sign."""
    if data.find(b"%") < 0:
        return data
    out = bytearray(data)
    at = size = 0
    while at < len(out):
        byte = out[at]
        at += 1
        if byte == 0x25:
            if at + 2 > len(out):
                raise HTTPError(400)
            byte = _digit(out[at]) << 4 | _digit(out[at + 1])
            at += 2
        out[size] = byte  # never ahead of what is still to be read
        size += 1
    return bytes(memoryview(out)[:size])


def _digit(byte):
    """The value of a hex digit. Not int(), which takes signs and spaces and, in MicroPython, underscores."""
    if 0x30 <= byte <= 0x39:
        return byte - 0x30
    byte |= 0x20
    if 0x61 <= byte <= 0x66:
        return byte - 0x57
    raise HTTPError(400)

"""Text that comes from strangers, made fit for a page or for JSON. Pure functions on bytes."""

REPLACEMENT = b"\xef\xbf\xbd"  # U+FFFD


def escape(data):
    """UTF-8 text as HTML that shows it, within elements and within quoted attributes."""
    data = data.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    return data.replace(b'"', b"&quot;").replace(b"'", b"&#39;")


def text(data):
    """Any bytes as valid UTF-8 that is safe to display: what is not becomes U+FFFD.

    Replaced are invalid sequences (one sign each, divided as WHATWG's decoder divides them), control characters, and
    those that change the direction of the text around them.
    """
    out = bytearray()
    at = 0
    while at < len(data):
        size = _character(data, at)
        if size > 0:
            out.extend(data[at : at + size])
        else:
            out.extend(REPLACEMENT)
            size = -size
        at += size
    return bytes(out)


def _character(data, at):
    """Bytes of the displayable character at `at`, or minus the bytes that are none. Bounds: Unicode 15, table 3-7."""
    code = data[at]
    if code < 0x80:
        return 1 if 0x20 <= code < 0x7F else -1
    low = 0x80  # what the second byte may be: no overlong forms, no surrogates, nothing above U+10FFFF
    high = 0xBF
    if 0xC2 <= code < 0xE0:
        size = 2
    elif 0xE0 <= code < 0xF0:
        size = 3
        if code == 0xE0:
            low = 0xA0
        elif code == 0xED:
            high = 0x9F
    elif 0xF0 <= code < 0xF5:
        size = 4
        if code == 0xF0:
            low = 0x90
        elif code == 0xF4:
            high = 0x8F
    else:
        return -1
    code &= 0x7F >> size
    for behind in range(1, size):
        if at + behind >= len(data) or not low <= data[at + behind] <= high:
            return -behind
        code = code << 6 | data[at + behind] & 0x3F
        low = 0x80
        high = 0xBF
    if code < 0xA0 or code in (0x061C, 0x200E, 0x200F) or 0x202A <= code <= 0x202E or 0x2066 <= code <= 0x2069:
        return -size
    return size


def shown(data):
    """Any bytes as markup that shows them and does nothing else."""
    return escape(text(data))

"""Which language a phone wants (RFC 9110 section 12.5.4). A pure function on bytes."""

DEFAULT = b"en"
DIGITS = b"0123456789"


def choose(header, available):
    """The one of `available` (bytes) that the start of an Accept-Language prefers; DEFAULT if it names none of them.

    available: names of files, of which those with an ending are no languages.
    """
    best = DEFAULT
    weight = 0
    for choice in header.lower().split(b","):
        words = choice.replace(b" ", b"").split(b";")
        tag = words[0].split(b"-")[0]
        quality = 1000
        if len(words) > 1 and words[1][:2] == b"q=":
            quality = thousandths(words[1][2:])
        if quality > weight and tag in available and b"." not in tag:
            best = tag
            weight = quality
    return best


def thousandths(number):
    """1000 for b"1", 850 for b"0.85"; 0 for what is no such number."""
    if number[:1] == b"1":
        return 1000
    fraction = (number[2:5] + b"000")[:3]
    if number[:2] not in (b"0.", b"0") or fraction.strip(DIGITS):
        return 0
    return int(str(fraction, "ascii"))  # trusted: digits only

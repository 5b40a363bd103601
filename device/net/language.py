"""Which language a phone wants (RFC 9110 section 12.5.4). A pure function on bytes."""

DEFAULT = b"en"
DIGITS = b"0123456789"


def choose(accepted, available):
    """The one of `available` (bytes) that the start of an Accept-Language prefers; DEFAULT if it names none of them.

    available: names of files, of which those with an ending are no languages.
    """
    best = DEFAULT
    weight = 0
    for choice in accepted.lower().split(b","):
        words = choice.replace(b" ", b"").split(b";")
        quality = 1000
        if len(words) > 1 and words[1][:2] == b"q=":
            quality = thousandths(words[1][2:])
        name = nearest(words[0], available) if quality > weight else None
        if name:
            best = name
            weight = quality
    return best


def nearest(tag, available):
    """The one of that language and country, else of that language, else of another country; None."""
    found = None
    best = 0
    language = tag.split(b"-")[0]
    for name in available:
        own = name.lower()
        fits = 3 if own == tag else 2 if own == language else 1 if own.split(b"-")[0] == language else 0
        if fits > best and b"." not in own:
            best = fits
            found = name
    return found


def thousandths(number):
    """1000 for b"1", 850 for b"0.85"; 0 for what is no such number."""
    if number[:1] == b"1":
        return 1000
    fraction = (number[2:5] + b"000")[:3]
    if number[:2] not in (b"0.", b"0") or fraction.strip(DIGITS):
        return 0
    return int(str(fraction, "ascii"))  # trusted: digits only

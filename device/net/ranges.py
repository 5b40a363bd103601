"""Which part of a file is asked for (RFC 9110 section 14)."""

DIGITS = b"0123456789"
NUMBER_LIMIT_DIGITS = 9


def part(wish, size):
    """(start, end) of a Range; all of it if it is none that is understood, (None, 0) if no such bytes are there."""
    unit, bounds = (wish.replace(b" ", b"") + b"=").split(b"=")[:2]
    ends = bounds.split(b"-")
    if unit.lower() != b"bytes" or len(ends) != 2 or bounds == b"-":
        return 0, size
    for end in ends:
        if end.strip(DIGITS) or len(end) > NUMBER_LIMIT_DIGITS:
            return 0, size
    first, last = [int(str(end, "ascii")) if end else None for end in ends]  # trusted: digits only
    if first is None:
        return (max(size - last, 0), size) if last and size else (None, 0)
    if last is not None and last < first:
        return 0, size
    if first >= size:
        return None, 0
    return first, size if last is None else min(last + 1, size)

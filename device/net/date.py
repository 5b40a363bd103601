"""The time as a header field has it (RFC 9110 section 5.6.7). In memory for that moment, once a clock was set."""

DAYS = b"MonTueWedThuFriSatSun"
MONTHS = b"JanFebMarAprMayJunJulAugSepOctNovDec"


def date(now):
    """b"Sun, 06 Nov 1994 08:49:37 GMT" of what time.gmtime() says."""
    year, month, day, hour, minute, second, weekday = now[:7]
    name = DAYS[3 * weekday : 3 * weekday + 3]
    return b"%s, %02d %s %d %02d:%02d:%02d GMT" % (
        name, day, MONTHS[3 * month - 3 : 3 * month], year, hour, minute, second,
    )  # fmt: skip

"""Names and keys of networks, and the name of a device: what may be submitted as one. Pure, on bytes."""

from binascii import hexlify

SSID_LIMIT_BYTES = 32
KEY_MIN_BYTES = 8
KEY_LIMIT_BYTES = 63
PSK_DIGITS = 64
WEP_KEY_BYTES = b"\5\x0a\x0d\x1a"  # 5 or 13 characters, or twice as many hex digits
HEX_DIGITS = b"0123456789abcdefABCDEF"
DEVICE_NAME_LIMIT_BYTES = 32  # the SDK's for a host name, IEEE 802.11's for an access point's
DEVICE_NAME_CHARS = b"0123456789abcdefghijklmnopqrstuvwxyz-"


def problem(ssid, key, security=None):
    """None if the pair can be tried, else a word for what is wrong with it.

    Lengths count bytes, not characters (IEEE 802.11i Annex H.4.1). The SDK keeps both as C strings, so a NUL would
    silently cut them. `security` is what a scan said of the network, None if it was not seen.
    """
    size = len(key)
    if not ssid:
        return "ssid_missing"
    if len(ssid) > SSID_LIMIT_BYTES:
        return "ssid_too_long"
    if b"\0" in ssid:
        return "ssid_has_nul"
    if b"\0" in key:
        return "key_has_nul"
    if not size:
        return "key_missing" if security not in (None, "open") else None
    if security == "wep" and size in WEP_KEY_BYTES:
        return None
    if size < KEY_MIN_BYTES:
        return "key_too_short"
    if size > KEY_LIMIT_BYTES and (size != PSK_DIGITS or key.strip(HEX_DIGITS)):
        return "key_too_long"


def warnings(key):
    """Words for what a person may not have meant by a key that can be tried; a tuple."""
    found = ("key_spaces",) if key.strip(b" ") != key else ()
    return found + ("key_hex",) if len(key) == PSK_DIGITS else found  # longer than a password: a key as it is


def is_device_name(name):
    """True if a device can be called that on a network: one label of a host name (RFC 952, RFC 1123 section 2.1)."""
    fits = 0 < len(name) <= DEVICE_NAME_LIMIT_BYTES and name.strip(b"-") == name
    return fits and not name.lower().strip(DEVICE_NAME_CHARS)


def access_point_key(networks):
    """The key of a configured board's access point: the owner knows it and a stranger does not.

    The first saved one: of a raw 64-digit one its first 63 digits, one that is too short (WEP's of 5 characters) in hex
    digits; empty if no network has one.
    """
    for network in networks:
        key = network.key
        if key:
            return key[:KEY_LIMIT_BYTES] if len(key) >= KEY_MIN_BYTES else hexlify(key)
    return b""

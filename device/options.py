"""The owner's settings, /homeport.json on the board's flash (docs/settings.md), but for the inputs: see fields.py.

Read on demand, at the moment of need: nothing of it stays in memory, this code neither. What is wrong is named at the
start and its default taken, so that the board stays reachable whatever the file says. Names are bytes, as in fields.py.
"""

from json import load

from . import policy
from .overlay import forget

PATH = "/homeport.json"
LIMIT_BYTES = 2048
STRINGS_LIMIT = 160  # of JSON: what the heap has room for while a page is made
OBJECTS_LIMIT = 32
BLOCK_BYTES = 128
FIELDS = b"fields"  # the key of the inputs

SECOND_MS = 1_000
MINUTE_MS = 60_000
HOUR_S = 3_600
PASSWORD_BYTES = (8, 63)  # of a WPA2 passphrase: printable ASCII, IEEE 802.11 J.4.1
PREFERRED_LIMIT = 8
NAME_LIMIT_BYTES = 32
ACCESS_POINTS = (b"fallback", b"temporary", b"never", b"always")
# GPIO 1 and 3 are the console, 6 to 11 the flash; 15 and 16 cannot be pulled up; 15 is low at reset.
BUTTON_PINS = (0, 2, 4, 5, 12, 13, 14)
LED_PINS = (0, 2, 4, 5, 12, 13, 14, 15, 16)


WORD, SECRET, TIME, WHOLE, PIN, FLAG, NAMES, ADDRESSES = range(8)

OPTIONS = {  # name: (default, kind, limits); times have a unit as third limit, and are milliseconds inside
    b"access_point": (b"fallback", WORD, ACCESS_POINTS),
    b"access_point_password": (b"", SECRET, PASSWORD_BYTES),
    b"access_point_minutes": (10 * MINUTE_MS, TIME, (1, 1440, MINUTE_MS)),
    b"power_on_allowance_s": (policy.POWER_ON_ALLOWANCE_MS, TIME, (0, HOUR_S, SECOND_MS)),
    b"outage_allowance_s": (policy.OUTAGE_ALLOWANCE_MS, TIME, (0, HOUR_S, SECOND_MS)),
    b"retry_interval_s": (policy.RETRY_INTERVAL_MS, TIME, (10, HOUR_S, SECOND_MS)),
    b"retry_interval_with_phone_s": (policy.RETRY_INTERVAL_WITH_PHONE_MS, TIME, (30, HOUR_S, SECOND_MS)),
    b"roam_below_dbm": (None, WHOLE, (-100, -40, 1)),
    b"preferred": ((), NAMES, PREFERRED_LIMIT),
    b"static_address": (None, ADDRESSES, 4),
    b"button_pin": (0, PIN, BUTTON_PINS),
    b"led_pin": (2, PIN, LED_PINS),
    b"led_active_low": (True, FLAG, None),
    b"watchdog": (True, FLAG, None),
}


def option(hardware, report, name):
    """The value of a setting, or its default: texts as bytes, times in milliseconds, b"preferred" as a tuple,
    b"static_address" as the port's ifconfig() takes it.

    report: None, or a function that is told what is wrong.
    """
    found = settings(hardware, report)
    forget("options")
    return checked(found, report, name)


def check(hardware, report):
    """Tell report(text) all that is wrong in the file, but for the inputs, which are read when the portal opens."""
    found = settings(hardware, report)
    for key in found:
        name = encoded(key)
        if name not in OPTIONS and name != FIELDS:
            report("settings: unknown key %r" % (key,))
    if found:
        for name in OPTIONS:
            checked(found, report, name)
    forget("options")


def definitions(hardware):
    """What the file says of inputs, as JSON gives it; None if nothing."""
    return settings(hardware, None).get(str(FIELDS, "ascii"))  # trusted: our own word


def settings(hardware, report):
    try:
        return read(hardware, report)
    except MemoryError:
        if report:
            report("settings: there is no memory for them")
        return {}


def checked(found, report, name):
    value, kind, limits = OPTIONS[name]
    key = str(name, "ascii")  # trusted: our own word
    fault = None
    if key in found:
        try:
            value = fitting(found[key], kind, limits)
        except ValueError as error:
            fault = str(error)
    if name == b"led_pin" and value is not None and value == checked(found, None, b"button_pin"):
        value = None
        fault = "another pin than the button"
    if fault and report:
        report("settings: %s is not used: it has to be %s" % (key, fault))
    return value


def fitting(value, kind, limits):
    """What a value of JSON means; ValueError says what it has to be."""
    given = type(value)
    if kind == FLAG:
        if given is bool:
            return value
        fault = "true or false"
    elif value is None and kind in (WHOLE, PIN, SECRET, ADDRESSES):
        return b"" if kind == SECRET else None
    elif kind == PIN:
        if given is int and value in limits:
            return value
        fault = "one of these: %r, or null" % (limits,)
    elif kind in (TIME, WHOLE):
        if given is int and limits[0] <= value <= limits[1]:
            return value * limits[2]
        fault = "a whole number from %d to %d" % limits[:2]
    elif kind == NAMES:
        if given is list and len(value) <= limits:
            value = tuple([encoded(name) if type(name) is str else b"" for name in value])
            if all([0 < len(name) <= NAME_LIMIT_BYTES for name in value]):
                return value
        fault = "a list of up to %d names of networks, 1 to %d bytes each" % (limits, NAME_LIMIT_BYTES)
    elif kind == ADDRESSES:
        if given is list and len(value) == limits and all([is_address(encoded(text)) for text in value]):
            return tuple(value)
        fault = "four addresses: the board's, the network's mask, the router's, the name server's; or null"
    else:
        value = encoded(value)
        if kind == WORD:
            if value in limits:
                return value
            fault = "one of these: " + str(b", ".join(limits), "ascii")  # trusted: our own words
        else:
            if limits[0] <= len(value) <= limits[1] and min(value) >= 0x20 and max(value) < 0x7F:
                return value
            fault = "%d to %d printable ASCII characters, or null" % limits
    raise ValueError(fault)


def is_address(text):
    """True for four numbers below 256 with dots between. text: bytes."""
    parts = text.split(b".")
    for part in parts:
        if not 0 < len(part) <= 3 or part.strip(b"0123456789") or int(part) > 255:  # trusted: up to three digits
            return False
    return len(parts) == 4


def read(hardware, report):
    """{key: value} of the file as JSON gives them; {} if there is none or it is of no use, which report(text), unless
    it is None, is told."""
    try:
        with hardware.open(PATH, "rb") as file:
            fault = excess(file)
            if not fault:
                file.seek(0)
                found = load(file)  # trusted: its ValueError is caught, and excess() has bounded it
                if type(found) is dict:
                    return found
                fault = "it is no JSON object"
    except OSError:
        return {}  # there is none
    except ValueError:
        fault = "it is no JSON"
    if report:
        report("settings: %s is not used: %s" % (PATH, fault))
    return {}


def excess(file):
    """What is too much in the file, or "". Counted on its bytes, for a reader of JSON may fill the heap."""
    size = strings = objects = 0
    while size <= LIMIT_BYTES:
        block = file.read(BLOCK_BYTES)
        if not block:
            break
        size += len(block)
        strings += block.count(b'"')
        objects += block.count(b"[") + block.count(b"{")
    if size > LIMIT_BYTES:
        return "it has more than %d bytes" % LIMIT_BYTES
    if strings > 2 * STRINGS_LIMIT:
        return "it has more than %d texts" % STRINGS_LIMIT
    return "it has more than %d lists and objects" % OBJECTS_LIMIT if objects > OBJECTS_LIMIT else ""


def encoded(value):
    """A text as bytes. Of what is no text: bytes that no text has."""
    try:
        return value.encode() if type(value) is str else b"\xff"
    except ValueError:
        return b"\xff"  # half a character; where this raises nothing, who takes it as text finds it

"""The owner's inputs in the setup form: what may be defined as one. Pure functions.

A field is a tuple: name, kind, label, default, required, low, high, options; texts are UTF-8 bytes.
label: for everybody, or one in each language: b"\nen Unit\nde Einheit\n".
kind: b"text", b"password", b"number", b"select" or b"checkbox". default: as a form would submit it, b"" for nothing,
b"0" or b"1" for a checkbox. low, high: the bounds of a number; high is also the limit of a text or a password in bytes.
options: of a select.

The words that a definition may use are bytes: as texts they would stay in the chip's table of names for good.
"""

from .entries import NUMBER_LIMIT, NUMBER_LIMIT_BYTES, problem
from .net.text import text
from .options import encoded

KEYS = (b"name", b"label", b"type", b"default")  # and those of its type
KINDS = {
    b"text": (b"required", b"max_length"),
    b"password": (b"required", b"max_length"),
    b"number": (b"required", b"min", b"max"),
    b"select": (b"options",),
    b"checkbox": (),
}
TEXTS = (b"text", b"password")
NAME_LIMIT_BYTES = 16
NAME_CHARS = b"abcdefghijklmnopqrstuvwxyz0123456789_"
LETTERS = 26  # of them may come first
LABEL_LIMIT_BYTES = 64
CODE_LIMIT_BYTES = 8  # of a language
TEXT_LIMIT_BYTES = 128
TEXT_BYTES = 64  # unless max_length says otherwise
OPTIONS_LIMIT = 16
OPTION_LIMIT_BYTES = 32
FIELDS_LIMIT = 8
VALUES_LIMIT_BYTES = 320  # of all fields at their longest: a slot of the store and a request have room for them


def fields(definitions, report):
    """The fields of the definitions that are right; report(text) is told what is wrong with the others."""
    if type(definitions) is not list:
        report("settings: fields: it is no list")
        return ()
    found = []
    room = VALUES_LIMIT_BYTES
    for number, definition in enumerate(definitions, 1):
        try:
            field, size, unknown = define(definition)
            for key in unknown:
                report("settings: field %d: unknown key %r" % (number, key))
            if field[0] in [other[0] for other in found]:
                raise ValueError("name: another one has it")
            if len(found) == FIELDS_LIMIT:
                raise ValueError("there are %d without it" % FIELDS_LIMIT)
            if size > room:
                raise ValueError("all together may take %d bytes" % VALUES_LIMIT_BYTES)
        except ValueError as error:
            report("settings: field %d is left out: %s" % (number, error))
            continue
        room -= size
        found.append(field)
    return found


def define(definition):
    """(field, bytes of its longest value, unknown keys) of a definition as JSON gives it; ValueError: what is wrong."""
    if type(definition) is not dict:
        raise ValueError("it is no object")
    given = {}
    for key in definition:
        given[encoded(key)] = definition[key]
    name = plain(given.get(b"name"), "name", NAME_LIMIT_BYTES)
    if name.strip(NAME_CHARS) or name[:1].strip(NAME_CHARS[:LETTERS]):
        raise ValueError("name: small letters, digits and _, a letter first")
    kind = encoded(given.get(b"type", "text"))
    if kind not in KINDS:
        raise ValueError("type: text, password, number, select or checkbox")
    known = KEYS + KINDS[kind]
    required = b"required" in known and given.get(b"required", False)
    if type(required) is not bool:
        raise ValueError("required: true or false")
    low, high, options, size = 0, 0, (), 1
    if kind in TEXTS:
        high = size = whole(given.get(b"max_length", TEXT_BYTES), "max_length", 1, TEXT_LIMIT_BYTES)
    elif kind == b"number":
        low = whole(given.get(b"min", -NUMBER_LIMIT), "min", -NUMBER_LIMIT, NUMBER_LIMIT)
        high = whole(given.get(b"max", NUMBER_LIMIT), "max", low, NUMBER_LIMIT)
        size = NUMBER_LIMIT_BYTES
    elif kind == b"select":
        options = choices(given.get(b"options"))
        size = max([len(option) for option in options])
    field = (name, kind, label(given.get(b"label"), name), b"", required, low, high, options)
    field = field[:3] + (initial(field, given.get(b"default")),) + field[4:]
    return field, size, [key for key in given if key not in known]


def initial(field, default):
    """What a form submits if nobody touches the input."""
    kind = field[1]
    if default is None:
        return field[7][0] if kind == b"select" else b"0" if kind == b"checkbox" else b""
    if type(default) is {b"number": int, b"checkbox": bool}.get(kind, str):
        value = encoded(default) if type(default) is str else b"%d" % default
        if kind in TEXTS and not value or problem(field, value) is None:
            return value
    raise ValueError("default: the input would not take it")


def plain(value, key, limit):
    """A text of 1 to `limit` bytes that can be displayed, as bytes."""
    data = encoded(value)
    if not 0 < len(data) <= limit or text(data) != data:
        raise ValueError(key + ": a text of 1 to %d bytes" % limit)
    return data


def whole(value, key, low, high):
    if type(value) is not int or not low <= value <= high:
        raise ValueError(key + ": a whole number from %d to %d" % (low, high))
    return value


def choices(options):
    if type(options) is not list or not 0 < len(options) <= OPTIONS_LIMIT:
        raise ValueError("options: a list of 1 to %d texts" % OPTIONS_LIMIT)
    return tuple([plain(option, "options", OPTION_LIMIT_BYTES) for option in options])


def label(value, name):
    """The label, or those that an object has for languages, in one piece: it waits in memory for pages."""
    if not value:
        return name
    if type(value) is not dict:
        return plain(value, "label", LABEL_LIMIT_BYTES)
    found = b"\n"
    for code in value:
        found += plain(code, "label", CODE_LIMIT_BYTES) + b" " + plain(value[code], "label", LABEL_LIMIT_BYTES) + b"\n"
    return found

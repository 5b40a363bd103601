"""What people enter into the owner's inputs: taken from a form, checked, made into values of Python. Pure functions.

fields.py says what a field is. Values are bytes as a form submits them; b"" stands for an input left empty.
"""

from .net.text import text

NUMBER_LIMIT = 999_999_999  # a small integer on the chip
NUMBER_LIMIT_DIGITS = 9
NUMBER_LIMIT_BYTES = 10
DIGITS = b"0123456789"
SHAPE = b"device"  # a field of every form of ours: a browser leaves out a checkbox that is not ticked


def entered(fields, form, stored):
    """{name: value} for every field: what the form says, else what is stored and still fits, else the default.

    form: {b"f.name": value}; stored: {name: value}. A password that is left empty stays: no page shows it.
    """
    values = {}
    for field in fields:
        name, kind, _, default, _, _, _, _ = field
        value = form.get(b"f." + name)
        if kind == b"password":
            value = value or None
        if value is None and kind == b"checkbox" and SHAPE in form:
            value = b"0"
        if value is None:
            value = stored.get(name)
            if value is None or problem(field, value):
                value = default
        elif kind == b"checkbox":
            value = b"1" if value == b"on" else value  # what a checkbox says that was given no value
        elif kind != b"select" and kind != b"password":
            value = value.strip()  # keyboards of phones add spaces
            number = integer(value) if kind == b"number" else None
            if number is not None:
                value = b"%d" % number
        values[name] = value
    return values


def problem(field, value):
    """None if the field takes the value, else b"missing", b"too_long" or b"bad"."""
    _, kind, _, _, required, low, high, options = field
    if kind == b"select":
        return None if value in options else b"bad"
    if kind == b"checkbox":
        return None if value in (b"0", b"1") else b"bad"
    if not value:
        return b"missing" if required else None
    if kind == b"number":
        number = integer(value)
        return None if number is not None and low <= number <= high else b"bad"
    if len(value) > high:
        return b"too_long"
    return None if text(value) == value else b"bad"


def integer(data):
    """The number that a sign and at most nine digits are; None for anything else."""
    digits = data[1:] if data[:1] == b"-" else data
    if not 0 < len(digits) <= NUMBER_LIMIT_DIGITS or digits.strip(DIGITS):
        return None
    return int(str(data, "ascii"))  # trusted: a sign and digits only


def typed(field, value):
    """What the owner's program gets for a value that the field takes: str, bool, or int (None if it is empty)."""
    if field[1] == b"number":
        return integer(value)
    if field[1] == b"checkbox":
        return value == b"1"
    return str(value, "utf-8")  # trusted: problem() has let only valid text through

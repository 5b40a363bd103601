"""The owner's inputs at work: shown by pages, filled in by forms, handed to the owner's program.

What an input is fields.py says, what it takes entries.py. Pages and forms find the inputs in context.fields.
"""

from .overlay import forget, make_room

DEVICE = b"device"  # the name of the device, in the form and among the stored values


def rows(context, form, language):
    """The inputs as a page shows them: a list of (field, value, what is wrong with it or None).

    form: what was submitted and is put back, {field: value}, bytes; {} for a fresh page, which shows the values of an
    attempt that failed, else those on flash, else the defaults.
    """
    found = []
    if not context.fields:
        return found
    values = known(context)
    from .entries import entered, problem

    values = entered(context.fields, form, values)
    for field in context.fields:
        value = values[field[0]]
        field = field[:2] + (translated(field[2], language.encode()),) + field[3:]
        found.append((field, value, problem(field, value) if form else None))
    return found


def translated(label, language):
    """What a label is in that language, else in English, else in any."""
    for code in (language, b"en", b""):
        start = label.find(b"\n" + code)
        if start >= 0 and label[:1] == b"\n":
            start = label.find(b" ", start) + 1
            return label[start : label.find(b"\n", start)]
    return label


def taken(context, form):
    """({name: value} to be stored, None or a word for what is wrong) of a submitted form.

    `form` gets each value as it was understood. Without any input what is stored stays, so that settings that cannot
    be read lose nothing.
    """
    found = context.fields
    values = known(context)
    from .entries import entered, problem

    values = entered(found, form, values) if found else dict(values)
    wrong = None
    for field in found:
        value = values[field[0]]
        form[b"f." + field[0]] = value
        if problem(field, value):
            wrong = "field_bad"
    current = context.name.encode()
    name = form.get(DEVICE, current).strip()
    if name == current:
        name = stored(context.hardware).get(DEVICE)  # none if it is the name that the device has by itself
    values.pop(DEVICE, None)
    if name:
        values[DEVICE] = name
    return values, wrong


def values(hardware):
    """{name: str, int, bool or None}: what homeport.values() returns."""
    from .settings import fields

    found = fields(hardware, print)
    values = stored(hardware)
    from .entries import entered, typed

    values = entered(found, {}, values)
    forget("settings fields entries net.text owner")
    return {str(field[0], "ascii"): typed(field, values[field[0]]) for field in found}  # trusted: checked names


def known(context):
    """{name: value} of the last attempt until they are saved, else of the flash."""
    attempt = context.attempt
    return attempt.values if attempt and attempt.values is not None else stored(context.hardware)


def stored(hardware):
    """{name: value} on flash."""
    from .store import load

    values = load(hardware, lambda text: None)[1]  # the start has reported what is wrong
    make_room("store")
    return values

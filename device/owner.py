"""The owner's inputs at work: shown by pages, filled in by forms, handed to the owner's program.

What an input is fields.py says, what it takes entries.py.
"""

import sys

from .overlay import PACKAGE, forget

DEVICE = b"device"  # the name of the device, in the form and among the stored values


def inputs(hardware, report):
    """Fields as they wait for pages and forms: what is stored stands in place of the default."""
    try:
        return defined(hardware, report)
    except MemoryError:
        report("settings: there is no memory for them")
        return ()


def defined(hardware, report):
    from .options import definitions

    found = definitions(hardware)
    if found is None:
        return ()
    from .entries import entered
    from .fields import fields

    found = fields(found, report)
    values = entered(found, {}, stored(hardware))
    return [field[:3] + (values[field[0]],) + field[4:] for field in found]


def rows(context, form, language):
    """The inputs as a page shows them: a list of (field, value, what is wrong with it or None); label in one language.

    form: what was submitted and is put back, {field: value}, bytes; {} for a fresh page, which shows the values of the
    last attempt, else those on flash, else the defaults.
    """
    found = []
    if not context.fields:
        return found
    from .entries import entered, problem

    values = entered(context.fields, form, attempted(context))
    for field in context.fields:
        value = values[field[0]]
        field = field[:2] + (translated(field[2], language.encode()),) + field[3:]
        found.append((field, value, problem(field, value) if form else None))
    return found


def translated(label, language):
    """What a label is in that language, else in English, else in any."""
    for code in (language, language.split(b"-")[0], b"en", b""):
        start = label.find(b"\n" + code)
        if start >= 0 and label[:1] == b"\n":
            start = label.find(b" ", start) + 1
            return label[start : label.find(b"\n", start)]
    return label


def taken(context, form):
    """({name: value} to be stored, None or a word for what is wrong) of a submitted form.

    `form` gets each value as it was understood. Without the device's name if that stays as it is; b"" for the one that
    it has by itself.
    """
    values = {}
    wrong = None
    if context.fields:
        from .entries import entered, problem

        values = entered(context.fields, form, attempted(context))
        for field in context.fields:
            value = values[field[0]]
            form[b"f." + field[0]] = value
            if problem(field, value):
                wrong = "field_bad"
    current = context.name.encode()
    name = form.get(DEVICE, current).strip()
    if name != current:
        values[DEVICE] = name
    return values, wrong


def attempted(context):
    """{name: value} of the last attempt."""
    return context.attempt and context.attempt.values or {}


def values(hardware=None):
    """{name: str, int, bool or None} of the owner's inputs, read from flash: call it again when the board was set up
    anew. hardware: None for the board's."""
    if hardware is None:
        from .hardware import Hardware as hardware
    found = inputs(hardware, print)
    from .entries import typed

    forget("options fields entries slots net.text owner")
    running = sys.modules[PACKAGE].running
    if running is None or running.portal is None and not running.rendering:
        forget("seldom")
    return {str(field[0], "ascii"): typed(field, field[3]) for field in found}  # trusted: checked names


def stored(hardware):
    """{name: value} on flash."""
    from .slots import load

    return load(hardware, lambda text: None)[1]  # the start has reported what is wrong

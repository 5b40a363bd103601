"""The owner's settings, /homeport.json on the board's flash (docs/settings.md): read when needed, not kept in memory.

Nothing in that file can keep the board from being reached: what is wrong in it is reported and left out.
"""

from json import load

from .overlay import forget

PATH = "/homeport.json"
LIMIT_BYTES = 2048
STRINGS_LIMIT = 160  # of JSON: what the heap has room for while a page is made
OBJECTS_LIMIT = 32
BLOCK_BYTES = 128
KEYS = (b"fields",)
FIELDS_LIMIT = 8
VALUES_LIMIT_BYTES = 320  # of all fields at their longest: a slot of the store and a request have room for them


def quiet(line):
    """For those who report nothing: the boot has reported it."""


def fields(hardware, report, language):
    """The owner's inputs, a list of fields as in fields.py, labels in that language. report(text): what is wrong."""
    settings = read(hardware, report)
    for key in settings:
        if type(key) is not str or key.encode() not in KEYS:
            report("settings: unknown key " + repr(key))
    definitions = settings.get("fields")
    if definitions is None:
        return ()
    if type(definitions) is not list:
        report("settings: fields: it is no list")
        return ()
    from .fields import define

    found = []
    room = VALUES_LIMIT_BYTES
    for number, definition in enumerate(definitions, 1):
        try:
            field, size, unknown = define(definition, language)
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


def rows(context, form, language):
    """The owner's inputs as a page shows them: a list of (field, value, what is wrong with it or None).

    form: what was submitted and is put back, {field: value}, bytes; {} for a fresh page, which shows the values of an
    attempt that failed, else those on flash, else the defaults.
    """
    found = fields(context.hardware, quiet, language)
    if not found:
        return found
    from .entries import entered, problem

    values = entered(found, form, known(context))
    return [(field, values[field[0]], problem(field, values[field[0]]) if form else None) for field in found]


def known(context):
    """{name: value} of the last attempt until they are saved, else of the flash."""
    attempt = context.attempt
    if attempt and attempt.values is not None:
        return attempt.values
    from .store import load

    return load(context.hardware, quiet)[1]


def values(hardware):
    """{name: str, int, bool or None} of the owner's inputs: what homeport.values() returns."""
    from .entries import entered, typed
    from .store import load

    found = fields(hardware, quiet, None)
    entries = entered(found, {}, load(hardware, quiet)[1])
    forget("settings fields entries store net.text")
    return {str(field[0], "ascii"): typed(field, entries[field[0]]) for field in found}  # trusted: checked names


def read(hardware, report):
    """{key: value} of the file as JSON gives them; {} if there is none or it is of no use."""
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
    report("settings: " + PATH + " is not used: " + fault)
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

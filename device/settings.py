"""The owner's settings, /homeport.json on the board's flash (docs/settings.md), read when the portal opens.

Nothing in that file can keep the board from being reached: what is wrong in it is reported and left out.
"""

from json import load

PATH = "/homeport.json"
LIMIT_BYTES = 2048
STRINGS_LIMIT = 160  # of JSON: what the heap has room for while a page is made
OBJECTS_LIMIT = 32
BLOCK_BYTES = 128
KEYS = ("fields",)
FIELDS_LIMIT = 8
VALUES_LIMIT_BYTES = 320  # of all fields at their longest: a slot of the store and a request have room for them


def fields(hardware, report):
    """The owner's inputs, fields as in fields.py. report(text) is told what is wrong."""
    try:
        return defined(hardware, report)
    except MemoryError:
        report("settings: there is no memory for them")
        return ()


def defined(hardware, report):
    settings = read(hardware, report)
    for key in settings:
        if key not in KEYS:
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

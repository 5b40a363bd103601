"""What a person may do through the portal: connect, search again, forget everything."""

from ..attempt import Attempt
from ..context import Network
from .form import submitted

DEVICE = b"device"  # the device's name, in the form and among the stored values


def act(context, request, body):
    """Do what a form asks for. The path to go on to, relative to the root, or an answer as of portal.respond()."""
    path = request.path
    form, two_names = submitted(body)
    key = form.pop(b"password", b"")  # no page gets it
    if context.submitted or context.state == "connecting":
        return 409, b"setup", "busy", form
    if path == b"/connect":
        return connect(context, form, key, two_names)
    if path == b"/scan":
        context.scan_wanted = True
    elif form.get(b"confirm") == b"yes":
        forget(context)
    else:
        return 200, b"forget", None, None
    return b""


def connect(context, form, key, two_names):
    ssid = form[b"ssid"]
    security = None
    for row in context.seen:
        if row[0] == ssid:
            security = row[3]
    from ..credentials import is_device_name, problem, warnings

    values = owners_values(context, form)
    wrong = "two_names" if two_names else problem(ssid, key, security)
    name = device_name(context, form)
    if name:
        values[DEVICE] = name
        if not is_device_name(name):
            wrong = wrong or "device_bad"
    if b"" in values:
        wrong = wrong or "field_bad"
    if wrong:
        return 422, b"setup", wrong, form
    number = context.attempt.number + 1 if context.attempt else 1
    context.attempt = Attempt(number, Network(ssid, key), values, warnings(key))
    context.submitted = True
    return b"status"


def owners_values(context, form):
    """{name: value} of the owner's inputs; with the name b"" if one of them is wrong.

    `form` gets each as it was understood. Without any input what is stored stays, so that settings that cannot be read
    lose nothing.
    """
    from ..settings import fields, known, quiet

    found = fields(context.hardware, quiet, None)
    if not found:
        return dict(known(context))
    from ..entries import entered, problem

    values = entered(found, form, known(context))
    for field in found:
        value = values[field[0]]
        form[b"f." + field[0]] = value
        if problem(field, value):
            values[b""] = value
    return values


def device_name(context, form):
    """The name to be stored for the device, bytes; None or b"" for the one that it has by itself."""
    current = context.name.encode()
    name = form.get(DEVICE, current).strip()
    if name != current:
        return name
    from ..settings import quiet
    from ..store import load

    return load(context.hardware, quiet)[1].get(DEVICE)


def forget(context):
    """Erase what is saved, here and in the SDK's own memory, which it would join at power-up."""
    from ..store import erase
    from .station import join, leave

    context.forgotten = True
    context.attempt = None
    context.networks = []
    context.name = context.hardware.name_itself()
    join(context.radio, b"", b"")
    leave(context.radio)
    context.saved = erase(context.hardware, context.report)

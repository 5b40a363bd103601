"""What a person may do through the portal: connect, search again, forget everything."""

from ..context import Network
from ..seldom import make_room


def act(context, request, body):
    """Do what a form asks for. The path to go on to, relative to the root, or an answer as of portal.respond()."""
    path = request.path
    form, two_names = submitted(body, request.length)
    key = form.pop(b"password", b"")  # no page gets it
    if context.submitted or context.state == "connecting":
        return 409, b"setup", "busy", form
    if path == b"/connect":
        return connect(context, form, key, two_names)
    if path == b"/scan":
        context.scan_wanted = True
        if context.joined:
            context.portal_due_at = 0  # for in `connected` nobody looks for such wishes at every turn
    elif form.get(b"confirm") == b"yes":
        forget(context)
    else:
        return 200, b"forget", None, None
    return b""


def submitted(body, size):
    """See form.py."""
    from .form import submitted

    return submitted(body, size)


def connect(context, form, key, two_names):
    values, wrong = taken(context, form)
    ssid = form[b"ssid"]
    security = None
    for row in context.seen:
        if row[0] == ssid:
            security = row[3]
    from ..credentials import is_device_name, problem, warnings

    if not is_device_name(values.get(b"device") or b"x"):
        wrong = "device_bad"
    wrong = "two_names" if two_names else problem(ssid, key, security) or wrong
    if wrong:
        return 422, b"setup", wrong, form
    from ..attempt import Attempt

    number = context.attempt.number + 1 if context.attempt else 1
    context.attempt = Attempt(number, Network(ssid, key), values, warnings(key))
    context.submitted = True
    return b"status"


def taken(context, form):
    """See owner.py: its code leaves as soon as it has done its work."""
    make_room("net.form")
    from ..owner import taken

    values = taken(context, form)
    make_room("owner entries net.text")
    return values


def forget(context):
    """Erase what is saved, here and before that in the SDK's own memory, which it would join at power-up."""
    make_room("net.form")
    from .station import join

    join(context.radio, b"", b"")
    del join  # with its code: there may be no room for it beside what follows
    context.radio.leave()
    make_room("net.station")
    from ..store import forget_all

    context.saved = forget_all(context.hardware, context.report)
    context.attempt = context.history = None
    if context.outage or context.rounds or context.submitted:  # what is as it is by default takes no room
        context.outage = None
        context.rounds = 0
        context.submitted = False
    context.outage_since = None
    context.networks = []
    context.name = context.hardware.name_itself()
    context.forgotten = True  # at last: where memory is short, all of this is done once more

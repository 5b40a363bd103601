"""What a person may do through the portal: connect, search again, forget everything."""

from binascii import unhexlify

from ..context import Attempt, Network
from . import HTTPError
from .form import fields

HEX_DIGITS = b"0123456789abcdef"


def act(context, request, body):
    """Do what a form asks for. The path to go on to, relative to the root, or an answer as of portal.respond()."""
    path = request.path
    form = {}
    for name, value in fields(body):
        form.setdefault(name, value)  # of a repeated field the first counts
    if context.submitted or context.state == "connecting":
        return answer(context, request, "setup", 409, "busy", form)
    if path == b"/connect":
        return connect(context, request, form)
    if path == b"/scan":
        context.scan_wanted = True
    elif form.get(b"confirm") == b"yes":
        forget(context)
    else:
        return answer(context, request, "forget")
    return b""


def answer(*words):
    """pages.page(), whose code is needed only if there is something to say."""
    from .pages import page

    return page(*words)


def connect(context, request, form):
    typed = form.get(b"ssid", b"")
    key = form.get(b"password", b"")
    picked = form.get(b"pick", b"")  # hex digits: HTML cannot carry every byte in a value
    if len(picked) % 2 or picked.strip(HEX_DIGITS):
        raise HTTPError(400)
    picked = unhexlify(picked)  # trusted: just checked
    ssid = typed or picked
    security = None
    for row in context.seen:
        if row[0] == ssid:
            security = row[3]
    from ..credentials import problem

    wrong = "two_names" if typed and picked not in (b"", typed) else problem(ssid, key, security)
    if wrong:
        form[b"picked"] = picked
        return answer(context, request, "setup", 422, wrong, form)
    context.attempt = Attempt(context.attempt.number + 1 if context.attempt else 1, Network(ssid, key))
    context.submitted = True
    return b"status"


def forget(context):
    """Erase what is saved, here and in the SDK's own memory, which it would join at power-up."""
    from ..store import erase
    from .station import join, leave

    context.forgotten = True
    context.attempt = None
    context.networks = []
    join(context.radio, b"", b"")
    leave(context.radio)
    context.saved = erase(context.hardware, context.report)

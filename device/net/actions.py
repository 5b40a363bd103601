"""What a person may do through the portal: connect, search again, forget everything."""

from binascii import unhexlify

from ..context import Attempt, Network
from ..credentials import problem
from . import HTTPError
from .form import fields
from .scan import row_of

HEX_DIGITS = b"0123456789abcdef"


def act(context, path, body):
    """Do what a form asks for. The path to go on to, relative to the root, or an answer as of portal.respond()."""
    form = {}
    for name, value in fields(body):
        form.setdefault(name, value)  # of a repeated field the first counts
    from .pages import page

    if context.submitted or context.state == "connecting":
        return page(context, "setup.html", 409, "busy", typed=form.get(b"ssid", b""))
    if path == b"/connect":
        return connect(context, form)
    if path == b"/scan":
        context.scan_wanted = True
    elif form.get(b"confirm") == b"yes":
        forget(context)
    else:
        return page(context, "forget.html")
    return b""


def connect(context, form):
    typed = form.get(b"ssid", b"")
    key = form.get(b"password", b"")
    picked = form.get(b"pick", b"")  # hex digits: HTML cannot carry every byte in a value
    if len(picked) % 2 or picked.strip(HEX_DIGITS):
        raise HTTPError(400)
    picked = unhexlify(picked)  # trusted: just checked
    row = row_of(context.seen, typed or picked)
    wrong = "two_names" if typed and picked not in (b"", typed) else problem(typed or picked, key, row and row[3])
    if wrong:
        from .pages import page

        return page(context, "setup.html", 422, wrong, picked, typed)
    context.attempt = Attempt(context.attempt.number + 1 if context.attempt else 1, Network(typed or picked, key))
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

"""An owner's input as the setup page shows it."""

from .text import shown


def field(row):
    """{name in device/pages/field.html: value} of one of owner.rows()."""
    (name, kind, label, _, required, low, high, options), value, wrong = row
    kept = kind == b"password" and value  # it is not shown, and stays if nothing is typed
    limits = b" required" if required and not kept else b""
    if kind == b"number":
        limits += b" min=%d max=%d" % (low, high)
    elif kind in (b"text", b"password"):
        limits += b" maxlength=%d" % high
    choices = [b"<option%s>" % (b" selected" if option == value else b"") + shown(option) for option in options]
    return {
        kind: True,
        b"id": name,
        b"label": label,
        b"value": value,
        b"kept": kept,
        b"checked": value == b"1",
        b"required": required,
        b"wrong": wrong,
        b"limits": limits,
        b"options": b"".join(choices),
    }

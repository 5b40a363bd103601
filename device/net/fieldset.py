"""The owner's inputs as the setup page shows them."""

from .text import shown


def fieldset(rows):
    """Yield the names that device/pages/field.html uses, for each of owner.rows()."""
    for (name, kind, label, _, required, low, high, options), value, wrong in rows:
        limits = b" required" if required else b""
        if kind == b"number":
            limits += b" min=%d max=%d" % (low, high)
        elif kind == b"text":
            limits += b" maxlength=%d" % high
        choices = [b"<option%s>" % (b" selected" if option == value else b"") + shown(option) for option in options]
        yield {
            kind: True,
            b"id": name,
            b"label": label,
            b"value": value,
            b"checked": value == b"1",
            b"required": required,
            b"wrong": wrong,
            b"limits": limits,
            b"options": b"".join(choices),
        }

"""What a browser without JavaScript makes of the portal's pages: their structure, and the forms that it would send."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote_plus


@dataclass
class Form:
    action: str
    controls: list = field(default_factory=list)  # dicts of attributes, in the page's order

    def radios(self):
        return [control for control in self.controls if control.get("type") == "radio"]

    def encoded(self, typed=(), chosen=None):
        """The body of a POST. typed: {name: bytes} for text inputs; chosen: the radio's attributes, None as it is."""
        typed = dict(typed)
        pairs = []
        for control in self.controls:
            kind, name = control.get("type", "text"), control.get("name")
            if not name:
                continue
            if kind in ("radio", "checkbox"):
                picked = control is chosen if kind == "radio" and chosen is not None else "checked" in control
                if picked:
                    pairs.append((name, control.get("value", "on").encode()))
            else:
                pairs.append((name, typed.get(name, control.get("value", "").encode())))
        return "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs).encode()


class Page(HTMLParser):
    """structure: the set of (tag, its attributes' names); text: what is shown; forms; values: of all attributes."""

    def __init__(self, body):
        super().__init__()
        self.structure, self.forms, self.values, self.text = set(), [], [], ""
        self._raw = None
        self.feed(body.decode())  # UTF-8, strictly
        self.close()

    def handle_starttag(self, tag, pairs):
        attributes = dict(pairs)
        assert len(attributes) == len(pairs), f"an attribute twice: {pairs}"
        self.structure.add((tag, tuple(sorted(attributes))))
        self.values += [value for value in attributes.values() if value]
        self._raw = tag if tag in ("script", "style") else None
        if tag == "form":
            self.forms.append(Form(attributes["action"]))
        elif tag in ("input", "select") and self.forms:
            self.forms[-1].controls.append({name: value or "" for name, value in pairs})

    def handle_endtag(self, tag):
        self._raw = None

    def handle_data(self, data):
        if self._raw:
            self.structure.add((self._raw, data))  # scripts and styles do not depend on names
        else:
            self.text += data

    def handle_comment(self, data):
        self.structure.add(("comment", data))

    def form(self, action):
        return next(form for form in self.forms if form.action == action)

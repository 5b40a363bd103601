"""What the pages say. Text and markup live in files on flash; here only what depends on the board's state.

A page's file is sent line by line without its line ends, so no page is ever in memory: what follows `?word ` is sent
only if `word` is among the page's words, and `%name` is replaced by that part, or by the file of that name. Each
function takes what it shows when it is called and returns a function that makes an iterator, the same bytes every
time: the server counts them before it sends them.
"""

from binascii import hexlify

from .form import escape, json_string, text
from .http import REASONS

BARS_AT_DBM = (-80, -70, -60)  # two, three, four bars
CANNOT_JOIN = ("wpa3", "enterprise")


def render(hardware, name, words, parts):
    """Yield the file's bytes. words: the conditions that hold; parts: {name: bytes, or a function of an iterator}."""
    with hardware.page(name) as file:
        for line in file:
            line = line.rstrip(b"\n")
            while line[:1] == b"?":
                end = line.find(b" ")
                word = str(line[1:end], "ascii")  # trusted: our own file
                line = line[end + 1 :] if word in words else b""
            if line[:1] == b"%":
                part = str(line[1:], "ascii")  # trusted: our own file
                content = parts.get(part)
                if content is None:
                    content = render(hardware, part, words, parts)
                elif callable(content):
                    content = content()
                else:
                    content = (content,)
                for piece in content:
                    yield piece
            elif line:
                yield line


def page(context, name, words, parts):
    """`name` as a function that returns an iterator of its bytes."""
    parts["name"] = escape(context.name.encode())
    return lambda: render(context.hardware, name, words, parts)


def outcome_words(attempt):
    """The conditions under which a page says how the attempt went."""
    words = [attempt.outcome]
    if attempt.reason:
        words.append(attempt.reason + ("_guess" if attempt.guess else ""))
    return words


def names(networks):
    return [network.ssid for network in networks]


def setup(context, problem=None, picked=b"", typed=b""):
    """The page with the form: what was wrong, the networks in reach, what was typed (never the password)."""
    attempt = context.attempt
    seen = context.seen
    saved = names(context.store.networks)
    words = [problem] if problem else []
    if not problem and attempt and attempt.outcome == "failed":
        words += outcome_words(attempt)
        picked = attempt.network.ssid
    if picked not in names(seen):
        typed = typed or picked
        picked = b""
    if not seen:
        words.append("no_networks")
    if saved:
        words.append("saved_networks")
    parts = {
        "ssid": display(attempt.network.ssid if attempt else b""),
        "typed": display(typed),
        "networks": lambda: network_rows(seen, saved, picked),
    }
    return page(context, "setup.html", words, parts)


def display(data):
    """Any bytes as markup that shows them and does nothing else."""
    return escape(text(data))


def network_rows(seen, saved, picked):
    for row in seen:
        # A value in HTML cannot carry every byte that a name may hold: rows send hex digits.
        yield b'<li><label><input type=radio name=pick value="' + hexlify(row.ssid)
        yield b'" checked><span>' if row.ssid == picked else b'"><span>'
        yield display(row.ssid)
        yield b"</span>"
        if row.ssid in saved:
            yield b"<small>saved</small>"
        if row.security in CANNOT_JOIN:
            yield b"<small>not supported</small>"
        if row.security == "open":
            yield b"<small>open</small>"
        bars = b"%d" % (1 + sum(row.rssi >= dbm for dbm in BARS_AT_DBM))
        yield b'<i class="bars b' + bars + b'" role=img aria-label="signal ' + bars + b' of 4"></i></label>'


def status(context):
    """The page that follows an attempt; it refreshes itself while one is running."""
    attempt = context.attempt
    words = outcome_words(attempt) if attempt else ["no_attempt"]
    parts = {"ssid": display(attempt.network.ssid if attempt else b"")}
    if context.joined:
        words.append("online")
        parts["joined"] = display(context.joined.ssid)
        parts["address"] = context.radio.address().encode()
    if not context.store.saved:
        words.append("not_saved")
    return page(context, "status.html", words, parts)


def forget(context):
    """The page that asks whether all saved networks shall really be erased."""
    saved = names(context.store.networks)
    parts = {"saved": lambda: (b"<li>" + display(ssid) for ssid in saved)}
    return page(context, "forget.html", ["some" if saved else "none"], parts)


def error(status):
    """A short page for a refused request, as bytes."""
    reason = REASONS.get(status, b"Error")
    start = b'<!doctype html><html lang=en><meta name=viewport content="width=device-width"><title>'
    return start + reason + b"</title><h1>" + reason + b"</h1><p><a href=/>Open the Wi-Fi setup</a>"


def link(location):
    """A short body for clients that do not follow redirects."""
    return b"<!doctype html><title>Wi-Fi setup</title><a href=" + location + b">Open the Wi-Fi setup</a>"


def status_json(context):
    """GET /api/status as bytes."""
    attempt = context.attempt
    joined = context.joined
    ssid = joined.ssid if joined else attempt.network.ssid if attempt else None
    reason = None if joined or not attempt else attempt.reason
    fields = (
        (b"state", json_string(context.state.encode())),
        (b"ssid", json_string(ssid) if ssid is not None else b"null"),
        (b"reason", json_string(reason.encode()) if reason else b"null"),
        (b"ip", json_string(context.radio.address().encode()) if joined else b"null"),
        (b"attempt", b"%d" % attempt.number if attempt else b"null"),
        (b"guess", b"true" if reason and attempt.guess else b"false"),
        (b"saved", b"true" if context.store.saved else b"false"),
    )
    return b"{" + b",".join(b'"' + name + b'":' + value for name, value in fields) + b"}"


def networks_json(context):
    """GET /api/networks: strongest first, one row a name."""
    seen = context.seen
    saved = names(context.store.networks)
    return lambda: network_objects(seen, saved)


def network_objects(seen, saved):
    opening = b"["
    for row in seen:
        yield opening + b'{"ssid":' + json_string(row.ssid)
        yield (',"rssi":%d,"channel":%d,"security":"%s"' % (row.rssi, row.channel, row.security)).encode()
        yield b',"saved":true}' if row.ssid in saved else b',"saved":false}'
        opening = b","
    yield b"]" if seen else b"[]"

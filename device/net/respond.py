"""From a request to its answer, step by step, each with no more than its own code in memory."""

from ..overlay import make_room

PARSING = "net.http net.form"
DECIDING = "net.portal net.actions net.answer net.form net.scan net.station net.api credentials"
SHOWING = " net.view owner settings fields entries store"
RENDERING = " net.rows net.fieldset net.template net.gzip net.text"
PAGES = "/lib/homeport/pages"
DEFAULT_LANGUAGE = b"en"
DIGITS = b"0123456789"

# No script or style from elsewhere, no other site's frame, no form to elsewhere.
SAFE_PAGE = (
    b"Content-Security-Policy",
    b"default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline';connect-src 'self';form-action 'self';"
    b"base-uri 'none';frame-ancestors 'none'",
)


def respond(context, request, body):
    """(status, fields, length, pieces) for a complete request; HTTPError for one that is refused."""
    make_room(PARSING)
    try:
        answer = decided(context, request, body)
        if isinstance(answer[1], bytes):
            make_room(DECIDING)
            answer = page(context, request, *answer)
        return answer
    finally:
        make_room(DECIDING + SHOWING + RENDERING)


def decided(context, request, body):
    from .portal import respond

    return respond(context, request, body)


def page(context, request, status, name, problem, form):
    """The answer with the page `name`, b"setup", b"status" or b"forget", in the reader's language.

    problem: None or a word for what was wrong; form: {field: value}, bytes, that was submitted and is put back.
    The page is planned before it is sent: what lies on flash is noted by place and size, and what is known only now is
    rendered, so that the length is known and the code can leave the memory before the first byte is sent.
    """
    hardware = context.hardware
    form = form or {}
    languages = [file.encode() for file in hardware.files(PAGES)]
    file_name = str(choose(request.language, languages), "ascii")  # trusted: a file's name
    values = view(context, problem, form)
    inputs = owners_inputs(context, form, file_name) if name == b"setup" and context.fields else ()
    make_room(SHOWING)
    if inputs:
        from .fieldset import fieldset

        values[b"fields"] = lambda: fieldset(inputs)
    from .rows import known, rows

    seen = context.seen
    networks = context.networks
    values[b"rows"] = lambda: rows(seen, networks, values[b"meant"])
    values[b"known"] = lambda: known(networks)
    packer = None
    if request.gzip:
        from .gzip import Gzip

        packer = Gzip()
        file_name += ".gz"
    with hardware.page(file_name) as file:
        length, plan = planned(file, name, values, packer)
    make_room(RENDERING)
    from .answer import HTML
    from .connection import sent

    fields = (HTML, SAFE_PAGE)
    if packer:
        fields += ((b"Content-Encoding", b"gzip"),)
    return status, fields, length, sent(hardware, file_name, plan)


def view(context, problem, form):
    from .view import view

    return view(context, problem, form)


def owners_inputs(context, form, language):
    from ..owner import rows

    return rows(context, form, language)


def planned(*words):
    from .template import planned

    return planned(*words)


def choose(header, available):
    """The one of `available` (bytes) that the start of an Accept-Language prefers (RFC 9110 section 12.5.4).

    DEFAULT_LANGUAGE if it names none of them.
    """
    best = DEFAULT_LANGUAGE
    weight = 0
    for choice in header.lower().split(b","):
        words = choice.replace(b" ", b"").split(b";")
        tag = words[0].split(b"-")[0]
        quality = 1000
        if len(words) > 1 and words[1][:2] == b"q=":
            quality = thousandths(words[1][2:])
        if tag in available and quality > weight:
            best = tag
            weight = quality
    return best


def thousandths(number):
    """1000 for b"1", 850 for b"0.85"; 0 for what is no such number."""
    if number[:1] == b"1":
        return 1000
    fraction = (number[2:5] + b"000")[:3]
    if number[:2] not in (b"0.", b"0") or fraction.strip(DIGITS):
        return 0
    return int(str(fraction, "ascii"))  # trusted: digits only

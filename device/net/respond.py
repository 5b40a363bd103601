"""From a request to its answer, step by step, each with no more than its own code in memory."""

from ..overlay import forget
from ..seldom import make_room

PARSING = "net.http net.form net.language"
DECIDING = "net.portal net.actions net.form net.scan net.station net.api net.past credentials history"
OWNERS = " owner options fields entries slots"
RENDERING = "net.lists net.past net.rows net.fieldset net.template net.gzip net.text"
ROOM_BYTES = 224
ROOM_PER_ROW_BYTES = 24
PAGES = "/lib/homeport/pages"


def respond(context, request, body):
    """(status, fields, length, parts) for a complete request; HTTPError for one that is refused."""
    make_room(PARSING)
    try:
        answer = decided(context, request, body)
        if isinstance(answer, bytes):
            make_room("net.portal")
            answer = acted(context, request, body, answer)
        if isinstance(answer[1], bytes):
            make_room(DECIDING)
            make_room("net.answer")
            answer = page(context, request, *answer)
        return answer
    finally:
        make_room(DECIDING + OWNERS)


def decided(context, request, body):
    from .portal import respond

    return respond(context, request, body)


def acted(context, request, body, root):
    from .actions import act

    target = act(context, request, body)
    if not isinstance(target, bytes):
        return target
    make_room(DECIDING)
    from .answer import redirect

    return redirect(303, root + target)


def page(context, request, status, name, problem, form):
    """The answer with the page `name`, b"setup", b"status", b"forget" or b"history", in the reader's language.

    problem: None or a word for what was wrong; form: {field: value}, bytes, that was submitted and is put back.
    The page is planned before it is sent: what lies on flash is noted by place and size, and what is known only now is
    rendered, so that the length is known and the code can leave the memory before the first byte is sent.
    """
    hardware = context.hardware
    form = form or {}
    file_name = language(hardware, request)
    inputs = owners_inputs(context, form, file_name) if name == b"setup" and context.fields else ()
    make_room(OWNERS)
    packer = None
    if request.gzip:
        from .gzip import Gzip

        packer = Gzip(ROOM_BYTES + ROOM_PER_ROW_BYTES * len(context.seen))
        file_name += ".gz"
    values = view(context, problem, form)
    make_room("net.view")
    if name == b"history":
        happened(context, values)
    else:
        lists(context, values, inputs)
    with hardware.page(file_name) as file:
        length, plan = planned(file, name, values, packer)
    if packer and not context.rendering:
        make_room(RENDERING)  # else it is needed while a page leaves
    from .answer import HTML, SAFE_PAGE

    fields = (HTML, SAFE_PAGE)
    if packer:
        fields += ((b"Content-Encoding", b"gzip"),)
    return status, fields, length, [file_name] + plan


def language(hardware, request):
    """The name of the file of pages that the request prefers."""
    from .language import choose

    forget("net.language")
    return str(choose(request.language, [name.encode() for name in hardware.files(PAGES)]), "ascii")  # trusted: a file


def view(context, problem, form):
    from .view import view

    return view(context, problem, form)


def owners_inputs(context, form, language):
    from ..owner import rows

    return rows(context, form, language)


def planned(*words):
    from .template import planned

    return planned(*words)


def happened(context, values):
    from .past import past

    past(context, values)


def lists(context, values, inputs):
    from .lists import lists

    lists(context, values, inputs)

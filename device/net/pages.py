"""Pages in the reader's language, from the compiled templates that template.py reads.

A page is planned before it is sent: what lies on flash is noted by place and size, and what is known only now is
rendered, so that the length is known and this code can leave the memory before the first byte is sent.
"""

from .answer import HTML
from .document import sent

PAGES = "/lib/homeport/pages"

# No script or style from elsewhere, no other site's frame, no form to elsewhere.
SAFE_PAGE = (
    b"Content-Security-Policy",
    b"default-src 'none';style-src 'unsafe-inline';script-src 'unsafe-inline';connect-src 'self';form-action 'self';"
    b"base-uri 'none';frame-ancestors 'none'",
)


def page(context, request, name, status=200, problem=None, form=None):
    """(status, fields, length, pieces) of the page `name`: "setup", "status" or "forget".

    problem: a word for what was wrong; form: {field: value}, bytes, that was submitted and is put back.
    """
    from .language import choose
    from .template import planned
    from .view import view

    hardware = context.hardware
    languages = [file.encode() for file in hardware.files(PAGES)]
    language = str(choose(request.language, languages), "ascii")  # trusted: a file's name
    values = view(context, problem, form or {}, language)
    fields = (HTML, SAFE_PAGE)
    packer = None
    if request.gzip:
        from .gzip import Gzip

        packer = Gzip()
        fields += ((b"Content-Encoding", b"gzip"),)
        language += ".gz"
    with hardware.page(language) as file:
        length, plan = planned(file, name.encode(), values, packer)
    return status, fields, length, sent(hardware, language, plan)



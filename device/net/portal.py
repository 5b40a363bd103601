"""Which page answers which request. State changes by POST only, and only from the portal's own pages."""

from .answer import error, redirect
from .request import HTTPError

PAGES = (b"/", b"/status", b"/forget", b"/history")
DATA = (b"/api/status", b"/api/networks", b"/api/history")
POST = (b"/connect", b"/scan", b"/forget")
NUISANCES = (b"/favicon.ico", b"/apple-touch-icon", b"/wpad.dat")  # asked by machines, not by people
HTTP = b"http://"
DIGITS = b"0123456789"


def respond(context, request, body):
    """(status, fields, length, parts) for a complete request, or (status, name, problem, form) for a page: respond.py
    makes it when the code that decides has left the memory. The board's own address as a URL for what a person asks to
    be done. HTTPError for a request that is refused.
    """
    own = context.radio.address(context.radio.access_point).encode()
    # The port is the one the client used: 80 on a board, another one if ports are mapped in between.
    port = b"" if request.port in (b"80", b"443") else request.port
    root = HTTP + own + (b":" + port if port else port) + b"/"
    method = request.method
    path = request.path
    if request.host not in (None, own) and path != b"/wpad.dat":  # a redirect would make a proxy script of a page
        if context.released:
            from .release import success

            return success(request)
        return redirect(302, root)  # the one status every phone takes for a portal
    readable = path in PAGES or path in DATA
    if not readable and path not in POST:
        if method != b"GET" or path.startswith(NUISANCES):
            raise HTTPError(404)
        return redirect(302, root)
    if method == b"POST" and path in POST:
        origin = HTTP + own if request.origin is None else request.origin
        behind = origin[len(HTTP + own) :]
        if not origin.startswith(HTTP + own) or behind and (behind[:1] != b":" or behind[1:].strip(DIGITS)):
            raise HTTPError(403)  # another site's page, sent through the phone's browser
        if request.form is False:
            raise HTTPError(415)
        return root  # respond.py does what is asked for when this code has left the memory
    if method in (b"GET", b"HEAD") and readable:
        if path in PAGES:
            return 200, path[1:] or b"setup", None, None
        if path == b"/api/history":
            from .past import told

            return told(context)
        from .api import networks, status

        return networks(context) if path == b"/api/networks" else status(context)
    allowed = b"POST" if not readable else b"GET, HEAD, POST" if path in POST else b"GET, HEAD"
    return error(405, (b"Allow", allowed))

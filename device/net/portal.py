"""The portal's pages and what may be done through them; the server in server.py brings the requests."""

from .. import credentials
from ..store import Network
from . import form, pages
from .http import HTTPError
from .server import Server

HTML = (b"Content-Type", b"text/html; charset=utf-8")
JSON = (b"Content-Type", b"application/json")
# No script or style from elsewhere, no other site's frame, no form to elsewhere.
SAFE_PAGE = (
    b"Content-Security-Policy",
    b"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; form-action 'self';"
    b" base-uri 'none'; frame-ancestors 'none'",
)
NUISANCES = (b"/favicon.ico", b"/apple-touch-icon", b"/wpad.dat")  # asked by machines, not by people


def open_portal(context):
    """Listen for phones on the access point. OSError if a socket is refused."""
    address = context.radio.access_point_address()
    return Server(context.hardware, context.clock, address, Portal(context, address), context.report)


class Portal:
    """Routes a request to a page. State changes by POST only, and only from the portal's own pages."""

    def __init__(self, context, address):
        self._context = context
        self._address = address.encode()

    def respond(self, request, body):
        """(status, fields, content) for a complete request; HTTPError for one that is refused."""
        if request.host is not None and request.host != self._address:
            return self._redirect(request, 302, b"/")  # the one status every phone takes for a portal
        route = self._route(request.path)
        if route is None:
            if request.method == b"GET" and not request.path.startswith(NUISANCES):
                return self._redirect(request, 302, b"/")
            raise HTTPError(404)
        for_get, for_post = route
        if request.method == b"POST" and for_post:
            self._check_origin(request)
            return for_post(request, dict_of(body))
        if request.method in (b"GET", b"HEAD") and for_get:
            return for_get(request)
        methods = (b"GET, HEAD" if for_get else b"") + (b", " if for_get and for_post else b"")
        return 405, (HTML, (b"Allow", methods + (b"POST" if for_post else b""))), pages.error(405)

    def error_content(self, status):
        """A short page for a request that was refused."""
        return pages.error(status)

    def sent(self, request):
        """An answer has left completely: if it told the outcome of an attempt, the farewell may begin to end."""
        attempt = self._context.attempt
        if request.path in (b"/status", b"/api/status") and attempt and attempt.told_at is None:
            if attempt.outcome != "trying":
                attempt.told_at = self._context.clock.now()

    def _route(self, path):
        """(handler of GET, handler of POST) or None."""
        if path == b"/":
            return self._setup_page, None
        if path == b"/status":
            return self._status_page, None
        if path == b"/connect":
            return None, self._connect
        if path == b"/scan":
            return None, self._scan
        if path == b"/forget":
            return self._forget_page, self._forget
        if path == b"/api/status":
            return self._api_status, None
        if path == b"/api/networks":
            return self._api_networks, None

    def _check_origin(self, request):
        """Refuse a POST that another site's page sends through the phone's browser."""
        origin = request.origin
        if origin is None:
            return
        own = b"http://" + self._address
        if origin != own and not origin.startswith(own + b":"):
            raise HTTPError(403)

    def _redirect(self, request, status, path):
        # The port is the one the client used: 80 on a board, another one if ports are mapped in between.
        port = b":" + request.port if request.port not in (b"", b"80", b"443") else b""
        location = b"http://" + self._address + port + path
        return status, (HTML, (b"Location", location)), pages.link(location)

    # Pages

    def _setup_page(self, request):
        return 200, (HTML, SAFE_PAGE), pages.setup(self._context)

    def _status_page(self, request):
        return 200, (HTML, SAFE_PAGE), pages.status(self._context)

    def _forget_page(self, request):
        return 200, (HTML, SAFE_PAGE), pages.forget(self._context)

    # Actions

    def _connect(self, request, fields):
        context = self._context
        typed = fields.get(b"ssid", b"")
        key = fields.get(b"password", b"")
        picked = unhex(fields.get(b"pick", b""))
        if context.submitted or context.state == "connecting":
            return 409, (HTML, SAFE_PAGE), pages.setup(context, "busy", picked, typed)
        if typed and picked and typed != picked:
            return 422, (HTML, SAFE_PAGE), pages.setup(context, "two_names", picked, typed)
        ssid = typed or picked
        seen = context.seen_network(ssid)
        problem = credentials.problem(ssid, key, seen.security if seen else None)
        if problem:
            return 422, (HTML, SAFE_PAGE), pages.setup(context, problem, picked, typed)
        context.submit(Network(ssid, key))
        return self._redirect(request, 303, b"/status")

    def _scan(self, request, fields):
        self._context.scan_wanted = True
        return self._redirect(request, 303, b"/")

    def _forget(self, request, fields):
        context = self._context
        if fields.get(b"confirm") != b"yes":
            return self._forget_page(request)
        if context.submitted or context.state == "connecting":
            return 409, (HTML, SAFE_PAGE), pages.setup(context, "busy")
        context.forget()
        return self._redirect(request, 303, b"/")

    # For programs

    def _api_status(self, request):
        return 200, (JSON,), pages.status_json(self._context)

    def _api_networks(self, request):
        return 200, (JSON,), pages.networks_json(self._context)


def dict_of(body):
    """The form's fields; of a repeated one the first."""
    fields = {}
    for name, value in form.fields(body):
        if name not in fields:
            fields[name] = value
    return fields


def unhex(digits):
    """The bytes of a picked network's name: HTML cannot carry every byte in a value, so rows hold hex digits."""
    if len(digits) % 2 or not all(digit in b"0123456789abcdef" for digit in digits):
        raise HTTPError(400)
    from binascii import unhexlify

    return unhexlify(digits)  # trusted: just checked

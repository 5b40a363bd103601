"""Who answers a request for one of the owner's pages: a rule, a handler, or this."""

from .asked import Asked
from .request import HTTPError
from .web import Reply

SAFE = (b"GET", b"HEAD", b"OPTIONS", b"TRACE")
EVERY_METHOD = ((b"Allow", b"GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS"),)
CACHE = b"cache-control"


def prepared(site, connection, request):
    """(Asked, handler or None, methods that are allowed): all that can be done again."""
    from .router import find

    asked = Asked(site, connection, request)
    handler, asked.path, asked.args, allowed = find(site.routes, asked.raw, request.path, asked.method)
    return asked, handler, allowed


def respond(site, asked, handler, allowed):
    """A Reply; HTTPError for a request that is refused."""
    reply = answer_of(site, asked, handler, allowed)
    if not isinstance(reply, Reply):
        if reply is None or type(reply) is int:
            reply = Reply(b"", 204 if reply is None else reply)
        elif type(reply) is tuple:
            reply = Reply(*reply)
        else:
            reply = Reply(reply)
    if site.no_cache and site.no_cache(asked):
        kept = [field for field in reply.headers if field[0].lower() != CACHE]
        reply.headers = kept + [(b"Cache-Control", b"no-store")]
    return reply


def answer_of(site, asked, handler, allowed):
    """What the rules and the handler return."""
    request = asked.request
    if request.path == b"*":
        return Reply(b"", 204, None, EVERY_METHOD)
    for rule in site.rules:
        reply = rule(asked)
        if reply is not None:
            return reply
    if not allowed:
        return 404
    if handler is None:
        return Reply(b"", 204 if asked.method == b"OPTIONS" else 405, None, ((b"Allow", allowed),))
    if request.origin is not None and asked.method not in SAFE:
        origin = request.origin[request.origin.find(b"://") + 3 :].lower()
        port = b":" + request.port if request.port else b""
        if origin != (request.host or b"") + port:
            raise HTTPError(403)  # another site's page, sent through a reader's browser
    return handler(asked)

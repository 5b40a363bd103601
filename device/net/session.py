"""Sign-in by a password, for the owner's pages.

    @site.rule
    def signed_in(request):
        from homeport.net.session import guard

        return guard(request, open=(b"/", b"/style.css", b"/logout"))

    @site.route(b"/login", b"GET POST")
    def login(request):
        from homeport.net.session import login

        return login(request, password)  # homeport.values()["password"], read when app.py is imported

    @site.route(b"/logout", b"GET POST")
    def logout(request):
        from homeport.net.session import logout

        return logout(request)

Sessions are in memory: a restart ends them. Without TLS whoever listens on the Wi-Fi reads password and cookie.
"""

from binascii import hexlify
from hashlib import sha256

from .web import Reply

COOKIE = b"session"
TOKEN_BYTES = 16
SESSIONS_LIMIT = 4  # the one that was not used for longest gives way
SESSION_MS = 60 * 60 * 1000  # without a request
TRIES_LIMIT = 5  # in a row, of one address
PAUSE_MS = 60 * 1000  # then
ADDRESSES_LIMIT = 8  # that are remembered for it; if all have to wait, everybody else has to as well
SESSIONS = b"sessions"  # [token, when it was last used]
TRIES = b"tries"  # [address, wrong tries, when it may try again]
ROOT = b"/"
LOGIN = b"/login"
PAGE = (
    b"<!doctype html><meta name=viewport content=width=device-width><title>Sign in</title><form method=post>"
    b"<p>%s<p><label>Password <input name=password type=password autofocus></label> <button>Sign in</button></form>"
)


def guard(request, open=(), page=LOGIN):
    """None if the request may be answered, else the way to the sign-in page. open: paths for everybody; one that ends
    in a slash also stands for what is behind it."""
    path = request.path
    for free in open + (page,):
        if path == free or free[-1:] == b"/" and free != ROOT and path.startswith(free):
            return None
    if session_of(request):
        return None
    if request.method not in (b"GET", b"HEAD"):
        return 401
    target = request.raw
    if request.request.query:
        target += b"?" + request.request.query
    return Reply(b"", 303, None, ((b"Location", page + b"?goto=" + quoted(target)),))


def login(request, password):
    """The answer of the sign-in page. password: str or bytes; empty: nobody gets in."""
    values = request.values()
    target = values.get(b"goto", ROOT)
    if not is_own(target):
        target = ROOT
    if request.method != b"POST":
        return Reply(PAGE % b"", 200, b"text/html")
    now = request.site.context.clock.now()
    entry = tries_of(request, now)
    if entry is None or now < entry[2]:
        return Reply(b"", 429, None, ((b"Retry-After", b"%d" % (PAUSE_MS // 1000)),))
    if isinstance(password, str):
        password = password.encode()
    if not password or not is_same(values.get(b"password", b""), password):
        entry[1] += 1
        if entry[1] % TRIES_LIMIT == 0:
            entry[2] = now + PAUSE_MS
        return Reply(PAGE % b"That is not the password.", 403, b"text/html")
    request.site.notes[TRIES].remove(entry)
    token = hexlify(request.site.context.hardware.os.urandom(TOKEN_BYTES))
    sessions = request.site.notes.get(SESSIONS, [])
    sessions.sort(key=lambda session: -session[1])
    request.site.notes[SESSIONS] = [[token, now]] + sessions[: SESSIONS_LIMIT - 1]
    return Reply(b"", 303, None, ((b"Location", target), cookie(token)))


def logout(request):
    """The session ends, here and in the browser."""
    session = session_of(request)
    if session:
        request.site.notes[SESSIONS].remove(session)
    target = request.values().get(b"goto", ROOT)
    return Reply(b"", 303, None, ((b"Location", target if is_own(target) else ROOT), cookie(b"", b"; Max-Age=0")))


def session_of(request):
    """[token, last use] of whoever asks, None if it is not signed in."""
    now = request.site.context.clock.now()
    notes = request.site.notes
    notes[SESSIONS] = [session for session in notes.get(SESSIONS, ()) if now - session[1] < SESSION_MS]
    token = request.cookie(COOKIE) or b""
    found = None
    for session in notes[SESSIONS]:
        if is_same(token, session[0]):
            found = session
    if found:
        found[1] = now
    return found


def tries_of(request, now):
    """The entry of an address; None if too many others have to wait."""
    tries = request.site.notes.setdefault(TRIES, [])
    for entry in tries:
        if entry[0] == request.client:
            return entry
    if len(tries) == ADDRESSES_LIMIT:
        idle = [entry for entry in tries if now >= entry[2]]
        if not idle:
            return None
        tries.remove(idle[0])
    tries.append([request.client, 0, now])
    return tries[-1]


def is_same(given, secret):
    """Takes as long whatever is given: neither the place of a difference nor a length shows."""
    given = sha256(given).digest()
    secret = sha256(secret).digest()
    different = 0
    for at in range(len(secret)):
        different |= given[at] ^ secret[at]
    return not different


def is_own(target):
    """True for a path on this site, and nothing that a browser takes for another site's address."""
    return target[:1] == ROOT and target[1:2] not in (b"/", b"\\") and min(target) > 0x20 and max(target) < 0x7F


def cookie(value, more=b""):
    return b"Set-Cookie", COOKIE + b"=" + value + b"; Path=/; HttpOnly; SameSite=Strict" + more


def quoted(path):
    """A path and its query as they came, as a value in a query."""
    for sign in (b"%", b"&", b"+", b"#"):
        path = path.replace(sign, b"%%%02X" % sign[0])
    return path

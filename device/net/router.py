"""Which handler answers which path. Pure functions on bytes."""

ENCODED_SLASH = b"%2f"
NEVER_TAKEN = -1


def find(routes, path, decoded, method):
    """(handler or None, path, segments behind the route, what is allowed) for a path as it came, and percent-decoded.

    routes: (path, methods, args, raw, handler), see web.py. The longest route wins whose number of segments fits; of
    equal ones those for the method. No handler: what is allowed says whether there is one for another method, b"" if
    not. The path that it returns begins with the route's, so rules about paths hold for it.
    """
    raw = path.split(b"/")[1:]
    slash = ENCODED_SLASH in path.lower()  # it stays within its segment, which a decoded path does not tell
    plain = segments(raw if slash else decoded.split(b"/")[1:], slash)
    shown = b"/" + b"/".join(plain)
    best = NEVER_TAKEN
    found = None
    taken = ()
    allowed = b""
    for prefix, methods, args, as_it_came, handler in routes:
        start = prefix.split(b"/")[1:] if prefix != b"/" else []
        given = raw if as_it_came else plain
        size = len(start)
        if size < best or given[:size] != start or not fits(len(given) - size, args):
            continue
        if size > best:
            best = size
            found = None
            allowed = b""
            shown = b"/" + b"/".join(plain)
        if b" GET " in methods:
            methods += b"HEAD "
        allowed += methods.strip() + b" "
        if found is None and b" " + method + b" " in methods:
            found = handler
            taken = tuple(given[size:])
            if as_it_came:
                shown = path
    if best == NEVER_TAKEN:
        return None, shown, (), b""
    names = []
    for name in allowed.split() + [b"OPTIONS"]:
        if name not in names:
            names.append(name)
    return found, shown, taken, b", ".join(names)


def fits(count, args):
    """True if so many segments are what a route takes; args: a number, b"?" for none or one, b"*" for any number."""
    if isinstance(args, int):
        return count == args
    return args == b"*" or count <= 1


def segments(pieces, encoded):
    """Path segments, decoded, without empty ones, those called "." and those that ".." takes back."""
    plain = []
    for piece in pieces:
        if encoded:
            from .form import unquote

            piece = unquote(piece)
        if piece == b"..":
            if plain:
                plain.pop()
        elif piece not in (b"", b"."):
            plain.append(piece)
    return plain

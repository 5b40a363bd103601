"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): news for a page that is open.

    @site.route(b"/news")
    def news(request):
        from homeport.net.events import events, message

        def told():
            last = None
            while True:
                reading = temperature()
                yield b"" if reading == last else message("%.1f" % reading)
                last = reading

        return events(request, told())

The generator is asked at every turn, b"" says that there is nothing new. A listener keeps one of the four places for
clients, so there may be LISTENERS_LIMIT of them; the next one is told to come back later.
"""

from .web import Reply

LISTENERS_LIMIT = 2
BEAT_MS = 15_000  # so that both sides notice if the other one has gone
BEAT = b":\n\n"
COUNT = b"listeners"


def events(request, source):
    """A Reply that tells what the iterator `source` gives, message() by message(), for as long as the client stays."""
    notes = request.site.notes
    if notes.get(COUNT, 0) >= LISTENERS_LIMIT:
        return Reply(b"", 503, None, ((b"Retry-After", b"60"),))
    return Reply(told(notes, request.site.context.clock, source), type=b"text/event-stream")


def message(data, name=None, id=None):
    """One event as bytes. data, name, id: bytes or str; name and id may not hold line breaks."""
    out = b""
    for word, value in ((b"event: ", name), (b"id: ", id)):
        if value is not None:
            out += word + b"".join(lines_of(value)) + b"\n"
    for line in lines_of(data):
        out += b"data: " + line + b"\n"
    return out + b"\n"


def told(notes, clock, source):
    notes[COUNT] = notes.get(COUNT, 0) + 1
    said_at = clock.now()
    try:
        yield BEAT  # the head leaves at once
        for piece in source:
            now = clock.now()
            if not piece and now - said_at >= BEAT_MS:
                piece = BEAT
            if piece:
                said_at = now
            yield piece
    finally:
        notes[COUNT] -= 1
        if hasattr(source, "close"):
            source.close()


def lines_of(value):
    if isinstance(value, str):
        value = value.encode()
    return value.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")

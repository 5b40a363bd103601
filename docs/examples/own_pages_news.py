# app.py: a page that shows a reading as it changes, by server-sent events.
import time

from homeport.net.web import Reply, Site

site = Site()
step = site.step

PAGE = b"""<!doctype html><meta charset=utf-8><title>Seconds</title><h1 id=reading>-</h1>
<script>
new EventSource("/news").onmessage = (event) => { document.getElementById("reading").textContent = event.data }
</script>"""


@site.route(b"/")
def home(request):
    return Reply(PAGE, type=b"text/html")


@site.route(b"/news")
def news(request):
    from homeport.net.events import events, message

    def told():
        last = None
        while True:
            reading = time.ticks_ms() // 1000
            yield b"" if reading == last else message("%d s" % reading)  # b"": nothing new
            last = reading

    return events(request, told())

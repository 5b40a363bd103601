# app.py: clients leave pages on the board for others, and hear an echo.
from homeport.net.web import Site

site = Site()
step = site.step


@site.route(b"/echo", b"POST")
def echo(request):
    from homeport.net.cache import echo

    return echo(request)


@site.route(b"/cache", b"GET POST", args=b"*")
def cache(request):
    from homeport.net.cache import cache

    return cache(request, 2048)  # bytes for all of them

# app.py: pages of one's own on the board. Copy it there together with the folder own_pages_www (docs/own-pages.md):
#     mpremote cp docs/examples/own_pages.py :app.py + cp -r docs/examples/own_pages_www :
import time

from homeport.net.web import Reply, Site

WWW = "/own_pages_www"

site = Site()
site.log = print
step = site.step  # called by the firmware in every turn

settings = {"target": 21.0}


def set_to(value):
    """True if it is a target that one may set, be it entered or sent by a program."""
    try:
        value = float(value)
    except (TypeError, ValueError):
        return False
    if not 5 <= value <= 30:
        return False
    settings["target"] = value
    return True


def temperature():
    return 20.0 + time.ticks_ms() // 1000 % 10 / 10  # a sensor would be asked here


@site.route(b"/")
def home(request):
    from homeport.net.fill import fill

    values = {b"temperature": temperature(), b"target": settings["target"], b"client": request.client}
    return Reply(fill(request, WWW + "/home.html", values), type=b"text/html")


@site.route(b"/files", args=b"*")  # /files/style.css is /own_pages_www/style.css
def files(request):
    from homeport.net.folder import send_file

    return send_file(request, WWW)


@site.route(b"/target", b"POST")
def set_target(request):
    if not set_to(request.values().get(b"target")):
        return 422
    return Reply(status=303, headers=[(b"Location", b"/")])


@site.route(b"/api/temperature", args=b"?")  # /api/temperature and /api/temperature/f
def told(request):
    if request.args == (b"f",):
        return {"fahrenheit": temperature() * 1.8 + 32}
    return {"celsius": temperature()} if not request.args else 404


@site.route(b"/api/settings", b"GET PUT")
def api_settings(request):
    if request.method == b"PUT":
        wish = request.json()
        if not isinstance(wish, dict) or not set_to(wish.get("target")):
            return 422
    return settings


@site.route(b"/log.csv")
def log(request):
    return Reply(("%d,%.1f\n" % (second, temperature()) for second in range(1000)), type=b"text/csv")


@site.rule
def denied(request):
    if request.path.startswith(b"/files/private"):
        return b"Access denied", 403

# app.py: pages behind a password, which whoever sets the board up enters in the portal. homeport.json has the field:
#     {"fields": [{"name": "password", "type": "password", "label": "Password of the pages"}]}
import homeport
from homeport.net.web import Site

site = Site()
step = site.step

password = homeport.values().get("password")  # now, while there is memory for reading it
lamp = {"on": False}


@site.rule  # everything but these needs a session; /login is free by itself
def signed_in(request):
    from homeport.net.session import guard

    return guard(request, open=(b"/", b"/public/", b"/logout"))


@site.route(b"/login", b"GET POST")
def login(request):
    from homeport.net.session import login

    return login(request, password)


@site.route(b"/logout", b"GET POST")
def logout(request):
    from homeport.net.session import logout

    return logout(request)


@site.route(b"/")
def home(request):
    return b"Everybody may read this."


@site.route(b"/lamp", b"GET POST")
def switch(request):
    if request.method == b"POST":
        lamp["on"] = not lamp["on"]
    return lamp

"""What clients that look for a portal want to hear where there is none, byte for byte: their sign-in pages then close.

In use for the seconds between the page that told a person of the success and the end of the access point, and at
once: Apple looks when a page has come, old Androids a second later. Names resolve as before: the hosts that are asked
over HTTPS could not be answered anyway.
"""

from .answer import HTML
from .request import HTTPError

TEXT = (b"Content-Type", b"text/plain")

# Each: where it is asked, by host, by path, or by both, between spaces; the body; the fields.
ANSWERS = (
    (
        b" captive.apple.com www.apple.com/library/test/success.html netcts.cdn-apple.com www.appleiphonecell.com"
        b" www.airport.us www.ibook.info www.itools.info www.thinkdifferent.us ",
        b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>",
        (HTML,),
    ),
    (b" /connecttest.txt ", b"Microsoft Connect Test", (TEXT,)),
    (b" /ncsi.txt ", b"Microsoft NCSI", (TEXT,)),  # before Windows 10
    (
        b" /canonical.html ",
        b'<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>',
        (HTML,),
    ),
    (b" /success.txt ", b"success\n", (TEXT,)),  # Firefox's second one
    (
        b" fedoraproject.org/static/hotspot.txt static.redhat.com/test/rhel-networkmanager.txt networkcheck.kde.org ",
        b"OK\n",
        (TEXT, (b"X-NetworkManager-Status", b"online")),
    ),
    (
        b" /check_network_status.txt /nm-check.txt network-test.debian.org/nm conncheck.opensuse.org ",
        b"NetworkManager is online\n",
        (TEXT, (b"X-NetworkManager-Status", b"online")),
    ),
    (b" connectivity-check.ubuntu.com ", None, ((b"X-NetworkManager-Status", b"online"),)),
    (b" /online/status.html ", b"<!doctype html>online", (HTML, (b"X-ConnMan-Status", b"online"))),
    (
        b" /kindle-wifi/wifistub.html /kindle-wifi/wifistub-eink.html ",
        b"<!doctype html>81ce4465-7167-4dcb-835b-dcc9e44c112a",
        (HTML,),
    ),
)


def success(request):
    """The answer to a request for another host than the portal's. HTTPError(404) where nobody looks for a portal:
    a redirect would show one, and a page would pass for that host's."""
    from .answer import short  # a name of this module, which stays for a while, would keep all of that one

    host = request.host
    path = request.path
    if request.method not in (b"GET", b"HEAD"):
        raise HTTPError(404)
    name = path[path.rfind(b"/") + 1 :]
    if name.startswith(b"generate_204") or name.startswith(b"gen_204"):  # Android, Chrome and their kin, at any host
        return 204, (), None, ()
    for places, body, fields in ANSWERS:
        for place in (host, path, host + path):
            if b" " + place + b" " in places:
                return short(200, fields, body) if body else (204, fields, None, ())
    raise HTTPError(404)

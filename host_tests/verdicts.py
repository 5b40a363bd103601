"""What the clients that look for portals make of an answer to their probe: PORTAL, ONLINE or NONE ("no internet").

One pure function a client, after the client's published source or documentation; Apple's and Windows' treatment of
unusual redirects and of 511 is assumed. Each takes a Response and what the probe expects where that depends on it.
"""

import re
from urllib.parse import urlsplit

from .corpus import load

PORTAL, ONLINE, NONE = "portal", "online", "none"
APPLE_SUCCESS = b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"
FIREFOX_SUCCESS = b'<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>'
KINDLE_SUCCESS = b"81ce4465-7167-4dcb-835b-dcc9e44c112a"
BODILESS = (204, 304)


class Response:
    """An answer as a client's HTTP library reads it until the connection ends.

    status; fields: {lower-case name: value}; body; declared: the Content-Length, None if the end of the connection
    ends the body. ValueError if a library would report an error: no status line, a bad field, a cut body.
    """

    def __init__(self, raw):
        self.status, self.fields, rest = 0, {}, raw
        while self.status < 200:  # after interim answers
            head, end, rest = rest.partition(b"\r\n\r\n")
            first, *lines = head.split(b"\r\n")
            match = re.match(rb"HTTP/1\.[01] (\d{3})( |$)", first)
            if not end or not match:
                raise ValueError("no answer")
            self.status = int(match[1])
        for line in lines:
            name, colon, value = line.partition(b":")
            if not colon or not name or name != name.strip():
                raise ValueError("a bad field")
            self.fields[name.lower()] = value.strip()
        length = self.fields.get(b"content-length")
        if length is not None and not length.isdigit():
            raise ValueError("a bad length")
        self.declared = None if length is None else int(length)
        self.body = b"" if self.status in BODILESS else rest[: self.declared]
        if self.declared is not None and len(self.body) < self.declared and self.status not in BODILESS:
            raise ValueError("a cut body")

    @property
    def redirects(self):
        return 300 <= self.status < 400 and self.status != 304


def android(response, _):
    """NetworkMonitor's HTTP probe."""
    if response.status == 204:
        return ONLINE
    size = len(response.body) if response.declared is None else response.declared
    if response.status == 200 and size <= (0 if response.declared is None else 4):
        return NONE  # taken for a broken proxy's
    return PORTAL if 200 <= response.status < 400 else NONE


def chromeos(response, _):
    """shill: looks at the length that is declared; takes two kinds of redirects, to whole addresses."""
    if response.status == 204:
        return ONLINE
    if response.status in (302, 307):
        url = urlsplit(response.fields.get(b"location", b""))
        return PORTAL if url.scheme in (b"http", b"https") and url.netloc else NONE
    if response.status == 200 and response.declared is not None:
        return PORTAL if response.declared > 1 else ONLINE
    return NONE


def chromium(response, _):
    """The captive-portal detector of the desktop browser; it follows redirects, to some page."""
    if response.status == 204 or response.status == 200 and len(response.body) <= 1:
        return ONLINE
    return PORTAL if 200 <= response.status < 400 or response.status == 511 else NONE


def apple(response, _):
    """Captive network support of iOS, iPadOS and macOS; it follows redirects itself."""
    if response.status == 200:
        return ONLINE if response.body == APPLE_SUCCESS else PORTAL
    return PORTAL if response.redirects or response.status == 511 else NONE


def windows(response, expected):
    """NCSI's web probe: the text, or else something that the browser is to show."""
    if response.status == 200:
        return ONLINE if response.body == (expected or b"Microsoft Connect Test") else PORTAL
    return PORTAL if response.redirects or response.status == 511 else NONE


def firefox(response, expected):
    """CaptiveDetect."""
    if response.status == 200:
        return ONLINE if response.body == (expected or FIREFOX_SUCCESS) else PORTAL
    return PORTAL if response.redirects or response.status == 511 else NONE


def networkmanager(response, expected):
    """Any answer that curl reads to its end and that is not the expected one is a portal's."""
    if response.fields.get(b"x-networkmanager-status") == b"online":
        return ONLINE
    told = response.status == 200 and response.body.startswith(expected or b"NetworkManager is online")
    return ONLINE if told else PORTAL


def networkmanager_ubuntu(response, _):
    """NetworkManager that is set up to expect nothing."""
    if response.fields.get(b"x-networkmanager-status") == b"online":
        return ONLINE
    return ONLINE if response.status == 204 or response.status == 200 and not response.body else PORTAL


def connman(response, _):
    """wispr.c."""
    if response.status == 200:
        return ONLINE if b"x-connman-status" in response.fields else PORTAL
    return PORTAL if response.status in (300, 301, 302, 303, 307, 308) else NONE


def kindle(response, _):
    """The stub page's mark, anywhere in it."""
    if response.status == 200:
        return ONLINE if KINDLE_SUCCESS in response.body else PORTAL
    return PORTAL if response.redirects else NONE


MODELS = {
    model.__name__: model
    for model in (
        android, chromeos, chromium, apple, windows, firefox, networkmanager, networkmanager_ubuntu, connman, kindle
    )
}  # fmt: skip


def verdict(client, raw, expected=None):
    """What a client of MODELS makes of the bytes of an answer. expected: its probe's text, if not the usual one."""
    try:
        response = Response(raw)
    except ValueError:
        return NONE
    return MODELS[client](response, expected)


# The probes of each client: names of rows in corpus/http.json, and the text that shows the world, if not the usual one.
PROBES = {
    "android": (
        "android-01", "android-03", "android-04", "android-05", "android-09", "android-10", "android-11",
        "Android: www.google.com/gen_204", "Android: connectivitycheck.gstatic.cn/generate_204",
        "Android: grapheneos.online/gen_204", "samsung-01", "huawei-01", "honor-01", "xiaomi-01", "oppo-01", "vivo-01",
    ),
    "chromeos": ("cros-01", "cros-02", "cros-03", "cros-05", "ChromeOS: safebrowsing"),
    "chromium": ("chrome-01", "edge-01"),
    "apple": ("apple-01", "apple-02", "apple-03", "apple-05", "apple-07", "apple-10", "gen-06"),
    "windows": ("win-01", "win-02", "win-04", ("win-05", b"Microsoft NCSI"), "Windows: IPv6 host"),
    "firefox": ("firefox-01", ("firefox-02", b"success\n"), ("firefox-04", b"success\n")),
    "networkmanager": (
        "nm-02", "nm-03", "NetworkManager: Arch", ("NetworkManager: Fedora", b"OK"), ("nm-06", b"OK")
    ),
    "networkmanager_ubuntu": ("nm-04",),
    "connman": ("connman-01",),
    "kindle": ("Kindle", "kindle-02"),
}  # fmt: skip


def verdicts(ask):
    """Yield (client, row's name, verdict) for every probe. ask(request) -> all bytes of the answer."""
    requests = {row["name"]: row["request"].encode("latin-1") for row in load("http.json")}
    for client, probes in PROBES.items():
        for probe in probes:
            name, expected = (probe, None) if isinstance(probe, str) else probe
            yield client, name, verdict(client, ask(requests[name]), expected)

"""What the portal costs on the wire and in time, as tables for bench.py; all measured on virtual boards."""

import json
import re
import socket
import threading
import time

import dns.message
from rich.table import Table

from device import policy

from .androids import Android, FlaggedAndroid, Samsung10, Samsung11
from .boards import Bench
from .corpus import load
from .test_outside import HOME, OPEN, request, status_of, submit
from .test_page_size import LANGUAGES, NAMES, PAGE_LIMIT_BYTES
from .verdicts import verdict

FEW = 8
SECURITY = ("wpa2", "wpa_wpa2", "wpa2", "wpa3", "enterprise", "open")
WAIT_S = 15
SCRIPT_ASKS_EVERY_S = 2  # device/pages/follow.js
RUNS = 3


def air(count):
    """So many networks, of every kind of security."""
    networks = [
        {"ssid": name, "rssi": -40 - 2 * n, "security": SECURITY[n % 6]}
        | ({} if SECURITY[n % 6] == "open" else {"key": HOME["key"]})
        for n, name in enumerate(NAMES[:count])
    ]
    return {"networks": networks, "phones": 1}


def page_table(bench: Bench):
    """The setup page's bytes, head and body."""
    table = Table(title=f"Setup page, bytes on the wire, head and body (limit {PAGE_LIMIT_BYTES}, compressed)")
    table.add_column("language")
    sizes = {language: [] for language in LANGUAGES}
    for count in (FEW, len(NAMES)):
        board = bench.start(firmware=True, air=air(count))
        board.wait_for(OPEN)
        for encoding in ("gzip", "plain"):
            table.add_column(f"{count} networks, {encoding}", justify="right")
            for language, row in sizes.items():
                fields = f"Accept-Language: {language}\r\nAccept-Encoding: {encoding}\r\n"
                answer = board.http(request(fields=fields.encode()))
                assert status_of(answer) == 200 and (b"Content-Encoding: gzip" in answer) == (encoding == "gzip")
                row.append(str(len(answer)))
        board.power_cut()
    for language, row in sizes.items():
        table.add_row(language, *row)
    return table


# From the first probe to the page


class Client:
    """A phone with an address of its own. Counts the bytes of datagrams and of HTTP, without the heads of IP and TCP.

    Has what the models of androids.py want of a scene.
    """

    def __init__(self, board, address):
        self.board = board
        self.address = address
        self.requests = dict.fromkeys(("names", "http"), 0)
        self.sent = dict.fromkeys(self.requests, 0)
        self.received = dict.fromkeys(self.requests, 0)
        self.page_bytes = 0  # of the last answer
        self._start = time.monotonic()

    @property
    def now(self):
        return (time.monotonic() - self._start) * 1000

    def run_for(self, ms):
        time.sleep(ms / 1000)

    def resolve(self, name, kind="A"):
        """The address, None if there is none."""
        query = dns.message.make_query(name, kind)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as phone:
            phone.settimeout(WAIT_S)
            phone.bind((self.address, 0))
            phone.connect((self.board.address, self.board.dns_port))
            phone.send(query.to_wire())
            wire = phone.recv(512)
        self._count("names", query.to_wire(), wire)
        found = dns.message.from_wire(wire).answer
        return next((record.address for records in found for record in records), None)

    def get(self, data):
        """All bytes of the answer."""
        answer = b""
        with socket.create_connection(
            (self.board.address, self.board.http_port), WAIT_S, source_address=(self.address, 0)
        ) as phone:
            phone.sendall(data)
            while part := phone.recv(4096):
                answer += part
        self._count("http", data, answer)
        self.page_bytes = len(answer)
        return answer

    def probe(self, row, host=None, path=None):
        """The answer to a row of the corpus, for another host or path if given."""
        data = row_request(row)
        if host:
            data = re.sub(rb"Host: [^\r]*", b"Host: " + host.encode(), data)
        if path:
            data = re.sub(rb"^GET [^ ]*", b"GET " + path.encode(), data)
        return self.get(data)

    def follow(self, row):
        """As probe(), then where the redirect leads to, with the same fields."""
        leads_to = re.search(rb"Location: http://([^/]+)(/[^\r]*)", self.probe(row))
        answer = self.probe(row, *(part.decode() for part in leads_to.groups()))
        assert status_of(answer) == 200, answer[:200]

    def _count(self, kind, sent, received):
        self.requests[kind] += 1
        self.sent[kind] += len(sent)
        self.received[kind] += len(received)


def row_request(name):
    return next(row["request"] for row in load("http.json") if row["name"] == name).encode("latin-1")


def android(kind):
    """The journey of one of the models in androids.py."""

    class OnBoard(kind):
        def __init__(self, client):
            self.scene = client

        def resolve(self, name, kind="A"):
            return self.scene.resolve(name, kind)

        def probe(self, host, path):
            return verdict("android", self.scene.probe("android-01", host, path))

    def journey(client):
        found, _ = OnBoard(client).joins()
        assert found == "portal", found
        client.probe("Android's portal app loads the page", f"{client.board.address}:{client.board.http_port}")

    return journey


def iphone(client):
    for kind in ("HTTPS", "A"):
        client.resolve("captive.apple.com", kind)
    client.probe("apple-03")
    client.probe("Apple's detection follows the redirect", f"{client.board.address}:{client.board.http_port}")
    client.follow("apple-05")  # the sheet begins anew


def windows(client):
    client.resolve("www.msftconnecttest.com")
    client.resolve("www.msftconnecttest.com", "AAAA")
    client.probe("win-02")
    client.resolve("dns.msftncsi.com")
    client.follow("win-06")


def chromebook(client):
    client.resolve("connectivitycheck.gstatic.com")
    client.resolve("www.google.com")
    client.probe("cros-01")
    client.follow("chrome-01")


def firefox(client):
    client.resolve("detectportal.firefox.com")
    client.resolve("detectportal.firefox.com", "AAAA")
    client.probe("firefox-01")
    client.follow("firefox-01")  # the tab that its bar opens


def gnome(client):
    client.resolve("nmcheck.gnome.org")
    client.resolve("nmcheck.gnome.org", "AAAA")
    client.probe("nm-02")
    client.follow("gnome-01")


JOURNEYS = {
    "Android": android(Android),
    "Samsung, Android 11 and later": android(Samsung11),
    "Samsung, Android 10": android(Samsung10),
    "Android, wary of private addresses": android(FlaggedAndroid),
    "iPhone": iphone,
    "Windows": windows,
    "Chromebook": chromebook,
    "Firefox": firefox,
    "GNOME with NetworkManager": gnome,
    "typed address": lambda client: client.probe(
        "Android's portal app loads the page", f"{client.board.address}:{client.board.http_port}"
    ),
}


def journey_table(bench):
    """Requests and bytes until the page is there, with eight networks in it."""
    table = Table(title=f"From the first probe to the setup page with {FEW} networks: what goes over the air")
    for title in ("client", "DNS", "HTTP", "bytes asked", "bytes answered", "of it the page", "seconds"):
        table.add_column(title, justify="left" if title == "client" else "right")
    board = bench.start(firmware=True, air=air(FEW))
    board.wait_for(OPEN)
    board.address = "127.0.0.1"
    for number, (name, journey) in enumerate(JOURNEYS.items()):
        client = Client(board, f"127.0.0.{10 + number}")
        journey(client)
        table.add_row(
            name,
            str(client.requests["names"]),
            str(client.requests["http"]),
            str(sum(client.sent.values())),
            str(sum(client.received.values())),
            str(client.page_bytes),
            f"{client.now / 1000:.2f}",
        )
    board.power_cut()
    return table


# From submit to the result


def truth_table(bench):
    """What the portal adds to the radio's own time."""
    table = Table(title=f"From the form to the result beyond join_ms, best and worst of {RUNS}")
    for title in (
        "router's channel", "form answered", "then online", "of it a pause for the answer",
        "then told by the page's script",
    ):  # fmt: skip
        table.add_column(title, justify="left" if title == "router's channel" else "right")
    kinds = {"that of the access point": 1, "another": 11}
    found = {name: [[] for _ in range(RUNS)] for name in kinds}
    people = [
        threading.Thread(target=person, args=(bench, {**HOME, "channel": channel}, times))
        for name, channel in kinds.items()
        for times in found[name]
    ]
    for one in people:
        one.start()
    for one in people:
        one.join()
    for name, times in found.items():
        answered, online, told = zip(*times, strict=True)
        table.add_row(name, span(answered), span(online), f"{policy.ANSWER_GRACE_MS} ms", span(told))
    return table


def person(bench, network, times):
    """Appends seconds: until the form is answered, then until the board is online, then until the page tells."""
    board = bench.start(firmware=True, air={"networks": [network], "phones": 1})
    board.wait_for(OPEN)
    start = time.monotonic()
    assert submit(board, network["ssid"], network["key"]) == 303
    times.append(time.monotonic() - start)
    watch = threading.Thread(target=follow, args=(board, told := []))
    watch.start()
    start = time.monotonic()
    board.wait_for("connecting got_ip connected")
    online = time.monotonic()
    times.append(online - start - network["join_ms"] / 1000)
    watch.join()
    times.append(told[0] - online)
    board.power_cut()


def follow(board, told):
    """Does what device/pages/follow.js does; appends when the page with the result is there."""
    for _ in range(20):
        time.sleep(SCRIPT_ASKS_EVERY_S)
        answer = board.http(request(b"/api/status"), WAIT_S)
        if json.loads(answer.split(b"\r\n\r\n", 1)[1])["state"] != "connecting":
            assert b"192.168." in board.http(request(b"/status"), WAIT_S)
            told.append(time.monotonic())
            return


def span(seconds):
    return f"{min(seconds) * 1000:.0f}-{max(seconds) * 1000:.0f} ms"

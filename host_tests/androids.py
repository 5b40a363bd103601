"""How Androids look for a portal, as far as addresses decide it: one class a kind, after AOSP's NetworkMonitor
and what Samsung made of it. Each asks the device's own code, over fake sockets and on the fake clock.
"""

import ipaddress

import dns.message

from .fakes import Phone
from .verdicts import NONE, PORTAL, verdict

HTTP_HOST = "connectivitycheck.gstatic.com"
HTTPS_HOST = "www.google.com"
PROBE = "/generate_204"
FALLBACKS = (("www.google.com", "/gen_204"), ("play.googleapis.com", PROBE))
FIRST_RETRY_MS = 1000  # then twice as long each time
DNS_PORT_OF_PHONE = 4711


class Android:
    """AOSP as most makers ship it. An evaluation ends as PORTAL or NONE; answers of 204 are not expected here."""

    def __init__(self, scene, address="192.168.4.2"):
        self.scene = scene
        self.phone = Phone(scene.hardware, scene.turn, address)
        self.http_requests = 0

    def joins(self, evaluations=6):
        """(verdict, milliseconds until then) of what a phone does by itself after it has joined."""
        start, pause_ms = self.scene.now, FIRST_RETRY_MS
        self.starts()
        for left in reversed(range(evaluations)):
            if self.evaluate() == PORTAL:
                return PORTAL, self.scene.now - start
            if left:
                self.scene.run_for(pause_ms)
                pause_ms *= 2
        return NONE, self.scene.now - start

    def starts(self):
        """Once a connection, before the first evaluation."""

    def evaluate(self):
        # Two probes at once: each asks for its name, then the connection asks again.
        http = self.resolve(HTTP_HOST)
        self.resolve(HTTPS_HOST)
        if self.distrusts(http, "http"):
            return NONE  # of the whole evaluation
        if http and self.resolve(HTTP_HOST) and self.probe(HTTP_HOST, PROBE) == PORTAL:
            return PORTAL
        # Nothing listens on port 443: HTTPS fails whether its host has an address or not.
        host, path = FALLBACKS[0]
        address = self.resolve(host)
        if self.distrusts(address, "fallback"):
            return NONE
        return self.probe(host, path) if address else NONE

    def distrusts(self, address, probe):
        return False

    def resolve(self, name, kind="A"):
        """The address, None if there is none."""
        sent = dns.message.make_query(name, kind)
        answers = self.scene.hardware.dns.answers
        answers.clear()
        self.scene.hardware.dns.incoming.append((sent.to_wire(), (self.phone.address, DNS_PORT_OF_PHONE)))
        self.scene.turn()
        reply = dns.message.from_wire(answers.pop()[0])
        assert sent.is_response(reply)
        return next((record.address for records in reply.answer for record in records), None)

    def probe(self, host, path):
        self.http_requests += 1
        request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nAccept-Encoding: gzip\r\n\r\n"
        return verdict("android", self.phone.request(request.encode()).raw)


def is_private(address):
    return address is not None and ipaddress.ip_address(address).is_private


class FlaggedAndroid(Android):
    """AOSP with dns_probe_private_ip_no_internet: the address of the HTTP host decides, before anything is sent."""

    def distrusts(self, address, probe):
        return probe == "http" and is_private(address)


class Samsung10(Android):
    """Android 10, One UI 2: distrusts every probe's private address, unless the two hosts differed at the start."""

    distrusted = ("http", "fallback")

    def starts(self):
        http, https = self.resolve(HTTP_HOST), self.resolve(HTTPS_HOST)
        self.escaped = is_private(http) and http != https

    def distrusts(self, address, probe):
        return not self.escaped and probe in self.distrusted and is_private(address)


class Samsung11(Samsung10):
    """Android 11 and later: the address of the fallback is not looked at."""

    distrusted = ("http",)


ANDROIDS = (Android, FlaggedAndroid, Samsung10, Samsung11)

"""Judges answers to the rows of corpus/dns.json and http.json: what is wrong with one, as a list of sentences.

Beyond what a row expects, every answer must keep what the portal promises to all clients.
"""

import gzip
import re

import dns.flags
import dns.message
import dns.opcode
import dns.rcode

HOME = b"http://192.168.4.1/"
ANSWER_LIMIT_MS = 2500  # Android judges after 3 s
TTL_LIMIT_S = 10  # or the addresses outlive the set-up
DATAGRAM_LIMIT_BYTES = 512  # what a client without EDNS takes
GROWTH_LIMIT_BYTES = 16 + 11  # an address record and an OPT record: no amplifier (RFC 5358)
OPT_BYTES = 11  # without options
DNS_KEYS = {"name", "phase", "query", "reply", "rcode", "address", "opt"}
HTTP_KEYS = {"name", "phase", "request", "status", "body", "body_bytes", "type", "fields", "silence", "rests"}
BODY_BYTES_MIN = 5  # Android takes 4 for a broken proxy's
# What tells a client that there is no portal, as text anywhere in the answer, or as the whole body.
SUCCESS_TEXTS = (
    b"<title>success</title>", b"<body>success</body>", b"microsoft connect test", b"microsoft ncsi",
    b"networkmanager is online", b"81ce4465-7167-4dcb-835b-dcc9e44c112a", b"wispaccessgatewayparam",
    b"support.mozilla.org/kb/captive-portal",
)  # fmt: skip
SUCCESS_BODIES = (b"success", b"ok", b"")
SUCCESS_FIELDS = (b"x-networkmanager-status", b"x-connman-status")
# What would outlast the portal, or make an answer depend on what the client keeps.
LASTING_FIELDS = (b"strict-transport-security", b"alt-svc", b"set-cookie", b"transfer-encoding", b"refresh", b"etag",
                  b"expires", b"last-modified", b"link")  # fmt: skip
NO_BODY = (204, 304)


class Answer:
    """An HTTP answer taken apart strictly; ValueError if it is malformed. Interim answers before it are left out."""

    def __init__(self, raw):
        while True:
            head, separator, self.body = raw.partition(b"\r\n\r\n")
            first, *lines = head.split(b"\r\n")
            match = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [ -~]+", first)
            if not separator or not match:
                raise ValueError(f"no answer: {raw[:80]!r}")
            self.status = int(match[1])
            if self.status >= 200:
                break
            raw = self.body
        self.fields = {}
        for line in lines:
            match = re.fullmatch(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([ -~]*)", line)
            if not match or match[1].lower() in self.fields:
                raise ValueError(f"a bad or repeated field: {line!r}")
            self.fields[match[1].lower()] = match[2]

    @property
    def content(self):
        """The body as a client shows it."""
        return gzip.decompress(self.body) if self.fields.get(b"content-encoding") == b"gzip" else self.body


def http_problems(row, raw, ms=0, rested=True):
    """raw: all that came until the connection was closed. ms: how long that took. rested: is the state as before?"""
    problems = [f"the row has an unknown key {key!r}" for key in set(row) - HTTP_KEYS]
    if row.get("rests") and not rested:
        problems.append("the state has changed")
    if ms > ANSWER_LIMIT_MS:
        problems.append(f"it took {ms} ms")
    if row.get("silence") and not raw:
        return problems
    request = row["request"].encode("latin-1")
    try:
        answer = Answer(raw)
        content = answer.content
    except (ValueError, OSError, EOFError) as error:
        return problems + [str(error)]
    problems += promises_broken(answer, request)
    if answer.status not in row["status"]:
        problems.append(f"status {answer.status}, not of {row['status']}")
    if row.get("phase", "captive") == "captive":
        problems += success_told(answer, content, request)
    if "body" in row and content != row["body"].encode():
        problems.append(f"body {content[:100]!r}")
    low, high = row.get("body_bytes", (0, 1 << 20))
    if not low <= len(answer.body) <= high:
        problems.append(f"{len(answer.body)} bytes of body")
    if not answer.fields.get(b"content-type", b"").startswith(row.get("type", "").encode()):
        problems.append("another type")
    for name, value in row.get("fields", {}).items():
        if answer.fields.get(name.lower().encode()) != value.encode():
            problems.append(f"{name} is not {value}")
    return problems


def promises_broken(answer, request):
    """What no client may get, whatever it asked for."""
    fields = answer.fields
    problems = [f"there is a field {name.decode()}" for name in LASTING_FIELDS if name in fields]
    if fields.get(b"connection") != b"close" or fields.get(b"cache-control") != b"no-store":
        problems.append("it may be kept: Connection or Cache-Control")
    length = fields.get(b"content-length")
    if request.startswith(b"HEAD ") or answer.status in NO_BODY:
        if answer.body:
            problems.append("a body that must not be")
        if answer.status == 204 and length not in (None, b"0"):
            problems.append("a length of nothing")
    elif length != b"%d" % len(answer.body):
        problems.append(f"Content-Length {length} of {len(answer.body)} bytes")
    asked = re.search(rb"(?im)^accept-encoding:.*\bgzip\b", request)
    if fields.get(b"content-encoding", b"gzip" if asked else None) != (b"gzip" if asked else None):
        problems.append("another encoding than was asked for")
    if answer.status // 100 == 3 and answer.status != 304:
        location = fields.get(b"location", b"")
        if answer.status not in (302, 303) or not location.startswith(HOME):
            problems.append(f"it leads to {location!r} with {answer.status}")
        if location not in answer.body and not request.startswith(b"HEAD "):
            problems.append("no link for who does not follow")
    elif b"location" in fields:
        problems.append("a Location that leads nowhere")
    return problems


def success_told(answer, content, request):
    """What must not be said while the portal wants to be seen."""
    text = content.lower()
    problems = [f"it says {some!r}" for some in SUCCESS_TEXTS if some in text]
    problems += [f"there is a field {name.decode()}" for name in SUCCESS_FIELDS if name in answer.fields]
    if not request.startswith(b"HEAD ") and answer.status != 204 and answer.status < 400:
        if text.strip() in SUCCESS_BODIES or len(content) < BODY_BYTES_MIN:
            problems.append(f"the whole body is {content!r}")
    return problems


def dns_problems(row, reply):
    """reply: bytes, b"" if none came."""
    problems = [f"the row has an unknown key {key!r}" for key in set(row) - DNS_KEYS]
    query = bytes.fromhex(row["query"])
    if not reply or row["reply"] == "none":
        due = row["reply"] == "must"
        return problems + (["no reply"] if due else ["a reply"] if reply else [])
    try:
        message = dns.message.from_wire(reply)
    except Exception as error:
        return problems + [f"malformed: {error!r}"]
    if dns.rcode.to_text(message.rcode()) != row["rcode"]:
        problems.append(f"rcode {dns.rcode.to_text(message.rcode())}")
    if reply[:2] != query[:2]:
        problems.append("another ID")
    if len(reply) > min(DATAGRAM_LIMIT_BYTES, len(query) + GROWTH_LIMIT_BYTES):
        problems.append(f"{len(reply)} bytes for {len(query)}")
    flags = message.flags
    if not flags & dns.flags.QR or flags & (dns.flags.TC | dns.flags.AD | dns.flags.CD | 0x40):
        problems.append("flags")
    if message.opcode() != query[2] >> 3 & 15 or bool(flags & dns.flags.RD) != bool(query[2] & 1):
        problems.append("opcode or RD is not as asked")
    if not flags & dns.flags.RA:
        problems.append("no recursion offered")
    counts = [int.from_bytes(reply[at : at + 2], "big") for at in (4, 6, 8, 10)]
    wanted = [row["address"]] if "address" in row else []
    given = [record.address for records in message.answer for record in records if hasattr(record, "address")]
    if given != wanted or counts[1] != len(wanted):
        problems.append(f"addresses {given}")
    if counts[2:] != [0, row.get("opt", 0) and 1]:
        problems.append(f"records {counts}")
    end = question_end(query)
    if row["rcode"] in ("FORMERR", "NOTIMP"):
        if len(reply) != 12:
            problems.append("more than a header")
    elif counts[0] != 1 or reply[12:end] != query[12:end]:
        problems.append("another question")
    elif wanted and (reply[end : end + 2] != b"\xc0\x0c" or message.answer[0].ttl > TTL_LIMIT_S):
        problems.append("another owner, or too long a life")
    if row.get("opt"):
        problems += opt_problems(reply, query)
    return problems


def opt_problems(reply, query):
    opt = reply[-OPT_BYTES:]
    asked_do = query[query.index(b"\0\0\x29", question_end(query)) + 7] & 0x80
    sound = opt[:3] == b"\0\0\x29" and opt[3:5] >= b"\2\0" and opt[6] == 0 and opt[7:] in (
        bytes([asked_do, 0, 0, 0]), bytes(4)
    )  # fmt: skip
    return [] if sound else [f"OPT {opt.hex()}"]


def question_end(query):
    """Index behind the one question; the datagram's end if there is none."""
    at = 12
    while at < len(query) and query[at]:
        at += 1 + query[at]
    return min(at + 5, len(query))

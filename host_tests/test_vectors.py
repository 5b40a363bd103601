"""What phones and computers really send is answered as they need it: the vectors of host_tests/corpus."""

import io
from email.parser import BytesHeaderParser
from urllib.parse import unquote_to_bytes, urlsplit

import dns.flags
import dns.message
import dns.rcode
import pytest

from device.net.dns import PHASE_A, PHASE_B
from device.net.http import HTTPError
from host_tests.corpus import load
from host_tests.corpus.replay import PIECES_BYTES, answer, parse

DNS = load("dns.json")
HTTP = load("http.json")
PHASES = {"A": PHASE_A, "B": PHASE_B}
REPLY_LIMIT_BYTES = 512  # what a client without EDNS takes
TTL_LIMIT_S = 10  # or the addresses outlive the set-up


def test_there_are_vectors():
    assert len(DNS) == 80
    assert len(HTTP) == 60


@pytest.mark.parametrize("row", DNS, ids=[row["name"] for row in DNS])
def test_a_client_gets_the_dns_answer_that_it_needs(row):
    query = bytes.fromhex(row["query"])
    reply = answer(query, PHASES[row["phase"]])
    if row["reply"] == "none":
        assert reply == b""
        return
    if row["reply"] == "optional" and not reply:
        return
    message = dns.message.from_wire(reply)
    assert dns.rcode.to_text(message.rcode()) == row["rcode"]
    assert reply[:2] == query[:2]
    assert len(reply) <= REPLY_LIMIT_BYTES
    assert not message.authority
    assert (message.edns == 0) is row.get("opt", False)
    if row["reply"] == "must" and row["rcode"] != "NOTIMP":
        check_flags(message, query)
        assert len(message.question) == 1
        end = 12 + len(message.question[0].name.to_wire()) + 4
        assert reply[12:end] == query[12:end]
    if message.edns == 0:
        assert message.payload >= 512
        assert not message.options
    assert addresses(message) == ([row["address"]] if "address" in row else [])
    if "address" in row:
        assert reply[end : end + 2] == b"\xc0\x0c"
        assert message.answer[0].ttl <= TTL_LIMIT_S


def check_flags(message, query):
    """QR and RA set, RD and the opcode as asked, TC, AD and the reserved bit clear."""
    assert (
        message.flags & (dns.flags.QR | dns.flags.TC | dns.flags.RA | dns.flags.AD | 0x40)
        == dns.flags.QR | dns.flags.RA
    )
    assert bool(message.flags & dns.flags.RD) is bool(query[2] & 1)
    assert message.opcode() == query[2] >> 3 & 15


def addresses(message):
    return [record.address for records in message.answer for record in records]


@pytest.mark.parametrize("sizes", PIECES_BYTES)
@pytest.mark.parametrize("row", HTTP, ids=[row["name"] for row in HTTP])
def test_a_client_s_request_is_understood_or_refused_as_it_may_be(row, sizes):
    data = row["request"].encode("latin-1")
    refusals = {400, 405, 501} & set(row["status"])
    try:
        request, body = parse(data, sizes)
    except HTTPError as error:
        assert error.args[0] in refusals
        return
    assert request.complete
    # The answers left are the router's: pages and redirects, which the request must tell apart.
    assert set(row["status"]) - refusals
    head, wanted_body = split(data)
    line, fields = head.split(b"\n", 1)
    method, target, version = line.split()
    headers = BytesHeaderParser().parse(io.BytesIO(fields))
    url = urlsplit(target.decode() if target.startswith(b"http") else "http://" + headers["Host"] + target.decode())
    assert (request.method, request.target, request.version) == (method, target, 10 if version.endswith(b"0") else 11)
    assert request.path == unquote_to_bytes(url.path)
    assert request.query == url.query.encode()
    assert request.host == url.hostname.removesuffix(".").encode()
    assert request.port == str(url.port or "").encode()
    assert request.gzip == ("gzip" in headers.get("Accept-Encoding", ""))
    assert request.language == headers.get("Accept-Language", "").encode()[:64]
    assert request.form == (headers.get("Content-Type") == "application/x-www-form-urlencoded")
    assert request.expects_continue == ("Expect" in headers)
    assert request.origin == (headers["Origin"].encode() if "Origin" in headers else None)
    assert body == wanted_body


def split(data):
    """(head with LF ends, body)."""
    for end in (b"\r\n\r\n", b"\n\n"):
        if end in data:
            head, body = data.split(end, 1)
            return head.replace(b"\r\n", b"\n") + b"\n", body
    raise AssertionError("no end of the head")

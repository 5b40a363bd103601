"""DNS answers: right for every kind of question, none for what must not be answered, and never an exception."""

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from device.net.dns import ABSENT, HEADER_BYTES, PHASE_A, PHASE_B, REPLY_BYTES
from host_tests.corpus.hostile import DNS, query
from host_tests.corpus.replay import answer

unhurried = settings(deadline=None)  # a busy machine is no fault

PORTAL = "192.168.4.1"
NCSI = "131.107.255.255"
ADDED_LIMIT_BYTES = 16 + 11  # an address record, an OPT record: what a forged sender could be sent in excess

NO_SUCH = [
    "local", "localhost", "invalid", "use-application-dns.net", "mask.icloud.com", "mask-h2.icloud.com",
    "mask-api.icloud.com",
]  # fmt: skip
WITHHELD = {PHASE_A: ["www.google.com", "www.qq.com"], PHASE_B: ["connectivitycheck.gstatic.com"]}
KNOWN = [*NO_SUCH, *WITHHELD[PHASE_A], *WITHHELD[PHASE_B], "wpad", "wpad.home", "arpa", "dns.msftncsi.com"]


def checked(datagram, withheld=PHASE_A):
    """The reply as dnspython reads it, after what holds for every reply; None if there is none."""
    reply = answer(datagram, withheld)
    if not reply:
        return None
    message = dns.message.from_wire(reply)  # refuses bytes left over, bad pointers, records that are cut
    assert len(reply) <= min(REPLY_BYTES, len(datagram) + ADDED_LIMIT_BYTES)
    assert reply[:2] == datagram[:2]
    assert message.flags & dns.flags.QR
    assert message.flags & dns.flags.RA
    assert not message.flags & (dns.flags.TC | dns.flags.AD | dns.flags.CD | 0x40)
    assert bool(message.flags & dns.flags.RD) == bool(datagram[2] & 1)
    assert message.opcode() == datagram[2] >> 3 & 15
    assert not message.authority
    assert not message.additional
    assert len(message.answer) <= 1
    if message.question:
        end = HEADER_BYTES + len(message.question[0].name.to_wire()) + 4
        assert len(message.question) == 1
        assert reply[HEADER_BYTES:end] == datagram[HEADER_BYTES:end]
    else:
        assert message.rcode() in (dns.rcode.FORMERR, dns.rcode.NOTIMP)
        assert len(reply) == HEADER_BYTES
    for records in message.answer:
        start = len(reply) - (11 if message.edns >= 0 else 0) - 16
        assert reply[start : start + 2] == b"\xc0\x0c"
        assert records.ttl <= 10
        assert len(records) == 1
    return message


def addresses(message):
    return [record.address for records in message.answer for record in records]


def is_under(name, names):
    return any(name.is_subdomain(dns.name.from_text(other)) for other in names)


def expected(name, kind, klass, withheld):
    """(rcode, addresses) by the rules, from dnspython's idea of the name."""
    if is_under(name, NO_SUCH) or b"wpad" in [label.lower() for label in name.labels]:
        return dns.rcode.NXDOMAIN, []
    if klass != 1 or kind not in (1, 255) or is_under(name, ["arpa", *WITHHELD[withheld]]):
        return dns.rcode.NOERROR, []
    return dns.rcode.NOERROR, [NCSI if is_under(name, ["dns.msftncsi.com"]) else PORTAL]


def in_random_case(text):
    return some.integers(0).map(
        lambda bits: "".join(c.upper() if bits >> at & 1 else c for at, c in enumerate(text)).encode()
    )


label = some.binary(min_size=1, max_size=63) | some.sampled_from([b"www", b"com", b"local", b"wpad", b"arpa"])
any_name = some.lists(label, max_size=6)
known_name = some.sampled_from(KNOWN).flatmap(in_random_case).map(lambda text: text.split(b"."))
near_name = some.tuples(any_name, known_name, any_name).map(lambda parts: parts[0] + parts[1] + parts[2])
names = (any_name | known_name | near_name).filter(lambda labels: sum(len(label) + 1 for label in labels) <= 254)
kinds = some.sampled_from([1, 1, 2, 5, 6, 12, 16, 28, 33, 64, 65, 255, 257]) | some.integers(0, 65535)
phases = some.sampled_from([PHASE_A, PHASE_B])


@pytest.mark.parametrize("name, datagram, rcode, count", DNS, ids=[row[0] for row in DNS])
def test_a_hostile_query_gets_a_right_answer_or_none(name, datagram, rcode, count):
    message = checked(datagram)
    if rcode is None:
        assert message is None
    else:
        assert message.rcode() == rcode
        assert len(message.answer) == count


@unhurried
@given(some.binary(max_size=600), phases)
def test_any_bytes_get_a_well_formed_answer_or_none(datagram, withheld):
    checked(datagram, withheld)


@unhurried
@given(
    some.binary(min_size=2, max_size=2),
    some.binary(max_size=600),
    some.lists(some.integers(0, 3), min_size=3, max_size=3),
)
def test_any_bytes_behind_a_query_header_get_a_well_formed_answer(ident, rest, counts):
    header = ident + b"\1\0\0\1" + b"".join(bytes([0, count]) for count in counts)
    assert checked(header + rest) is not None


@unhurried
@given(names, kinds, some.sampled_from([1, 1, 1, 3, 255, 257]), some.booleans(), some.booleans(), phases)
@example([b"www", b"google", b"com"], 1, 1, True, False, PHASE_A)
@example([b"www", b"google", b"com"], 1, 1, True, False, PHASE_B)
def test_every_well_formed_question_is_answered_by_the_rules(labels, kind, klass, recursion, edns, withheld):
    name = dns.name.Name([*labels, b""])
    flags = b"\1\0" if recursion else b"\0\0"
    opt = b"\0\0\x29\x04\xd0\0\0\x80\0\0\0" if edns else b""
    datagram = query(name.to_wire(), kind, klass, flags, (1, 0, 0, 1 if edns else 0), opt)
    message = checked(datagram, withheld)
    assert (message.rcode(), addresses(message)) == expected(name, kind, klass, withheld)
    assert message.question[0].name == name
    assert message.edns == (0 if edns else -1)
    if edns:
        assert 512 <= message.payload <= 1232
        assert message.ednsflags == dns.flags.DO
        assert not message.options


@pytest.mark.parametrize("withheld", [PHASE_A, PHASE_B])
@pytest.mark.parametrize("text", KNOWN)
def test_every_name_of_a_rule_is_answered_by_it(text, withheld):
    for name in (text, text.upper(), "a." + text, "x" + text, text + ".x"):
        name = dns.name.from_text(name)
        message = checked(query(name.to_wire()), withheld)
        assert (message.rcode(), addresses(message)) == expected(name, 1, 1, withheld), name


@pytest.mark.parametrize("flags", [0, 0x8000, 0x7FFF, 0xFFFF])
def test_of_the_edns_flags_only_do_comes_back(flags):
    opt = b"\0\0\x29\x04\xd0\0\0" + flags.to_bytes(2, "big") + b"\0\0"
    assert checked(query(counts=(1, 0, 0, 1), rest=opt)).ednsflags == flags & dns.flags.DO


@unhurried
@given(names, some.integers(0, 60))
def test_a_truncated_query_is_refused_without_an_address(labels, missing):
    whole = query(dns.name.Name([*labels, b""]).to_wire())
    datagram = whole[: len(whole) - 1 - missing]
    message = checked(datagram)
    if len(datagram) < HEADER_BYTES:
        assert message is None
    else:
        assert message.rcode() == dns.rcode.FORMERR


@pytest.mark.parametrize("edns", [False, True])
def test_dnspython_accepts_what_it_asked_for(edns):
    asked = dns.message.make_query("Connectivity.Example", "A", use_edns=0 if edns else -1)
    message = checked(asked.to_wire())
    assert asked.is_response(message)
    assert addresses(message) == [PORTAL]


@pytest.mark.parametrize("list_of_names, texts", [(ABSENT + b"\0", [*NO_SUCH, "wpad"]), *WITHHELD.items()])
def test_the_lists_of_names_are_names_in_lower_case(list_of_names, texts):
    found = []
    at = 0
    while at < len(list_of_names):
        name, size = dns.name.from_wire(list_of_names, at)
        found.append(name.to_text(omit_final_dot=True))
        at += size
    assert sorted(found) == sorted(texts)
    assert list_of_names == list_of_names.lower()


def test_the_largest_reply_fills_the_buffer():
    name = (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"b" * 61 + b"\0"
    reply = answer(query(name, counts=(1, 0, 0, 1), rest=b"\0\0\x29\x04\xd0\0\0\0\0\0\0"))
    assert len(reply) == REPLY_BYTES

"""Answers to DNS queries: every name leads to the portal, except where that would mislead. A pure function on bytes.

Names are compared where they lie in the datagram and nothing is allocated: probes come in floods and the heap is small.
Only A records are ever given. Any other type gets an empty NOERROR: NXDOMAIN would deny the name for every type
(RFC 8020), an error code makes stub resolvers blame the server, and an HTTPS record would turn http into https
(RFC 9460 section 9.5). Negative answers carry no SOA, so that nobody remembers them (RFC 2308 section 5).
"""

HEADER_BYTES = 12
QUESTION_LIMIT_BYTES = 255 + 4  # name, type and class
REPLY_BYTES = HEADER_BYTES + QUESTION_LIMIT_BYTES + 16 + 11  # an address record, an OPT record

FORMERR = 1
NXDOMAIN = 3
NOTIMP = 4

# Lists of names, each meant with all names below it: as they are sent (RFC 1035 section 3.1), in lower case, one after
# the other in one object, because a tuple of small ones would take three times the heap.

# Android's probe hosts, for HTTPS (in China www.qq.com) and for HTTP: phases.py says which are held back when.
PHASE_A = b"\3www\6google\3com\0\3www\2qq\3com\0"
PHASE_B = b"\x11connectivitycheck\7gstatic\3com\0"
ABSENT = (
    b"\x13use-application-dns\3net\0"  # Firefox: no DNS over HTTPS here
    b"\4mask\6icloud\3com\0\7mask-h2\6icloud\3com\0\x08mask-api\6icloud\3com\0"  # Apple: no Private Relay here
    b"\5local\0\x09localhost\0\7invalid\0"  # RFC 6762 section 22.1, RFC 6761 sections 6.3 and 6.4
    b"\4wpad"  # whatever follows: a proxy that is found by this name would be us
)


def answer(query, reply, address, withheld=PHASE_A):
    """Write the reply to one datagram into `reply`; returns its length, 0 if none is due.

    query: any bytes. reply: bytearray(REPLY_BYTES). address: 4 bytes. withheld: names that have no address for now.
    """
    if len(query) < HEADER_BYTES or query[2] & 0x80:
        return 0  # too short to be answered, or a response: answering those makes loops
    for at in range(HEADER_BYTES):
        reply[at] = query[at] if at < 2 else 0
    reply[2] = 0x84 | query[2] & 0x79  # response, authoritative; opcode and RD as asked
    reply[3] = 0x80  # recursion available
    if query[2] & 0x78:
        reply[3] |= NOTIMP
        return HEADER_BYTES
    end = _name_end(query, HEADER_BYTES) + 4
    opt = -1
    if not query[4] and query[5] == 1 and end <= HEADER_BYTES + QUESTION_LIMIT_BYTES:  # RFC 9619: one question
        opt = _find_opt(query, end)
    if opt < 0:
        reply[3] |= FORMERR
        return HEADER_BYTES
    reply[5] = 1
    for at in range(HEADER_BYTES, end):
        reply[at] = query[at]
    if opt and query[opt + 5]:
        pass  # another version of EDNS: BADVERS, below
    elif under(query, ABSENT):
        reply[3] |= NXDOMAIN
    elif (
        query[end - 3] in (1, 255)  # A or ANY
        and query[end - 1] == 1  # IN
        and not query[end - 4]
        and not query[end - 2]
        and not under(query, b"\4arpa\0")  # no reverse names, no resolver discovery (RFC 9462), no NAT64 (RFC 7050)
        and not under(query, withheld)
    ):
        if under(query, b"\3dns\x08msftncsi\3com\0"):
            address = b"\x83\x6b\xff\xff"  # what Windows expects
        reply[7] = 1
        # The question's name, A, IN, 1 s (the phases change quickly), 4 bytes.
        end = _put(reply, _put(reply, end, b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4"), address)
    if opt:
        reply[11] = 1
        # The root's name, OPT, takes datagrams of 512 bytes, extended code, version 0, flags, no options.
        end = _put(reply, end, b"\0\0\x29\2\0\0\0\0\0\0\0")
        if query[opt + 5]:
            reply[end - 6] = 1  # the upper bits of 16, BADVERS (RFC 6891 section 6.1.3)
        reply[end - 4] = query[opt + 6] & 0x80  # DO as asked
    return end


def _put(reply, at, data):
    """Write `data` at `at`; returns the index behind it."""
    for byte in data:
        reply[at] = byte
        at += 1
    return at


def _name_end(query, at, pointers=False):
    """Index behind the name at `at`, past the datagram if it is bad. A question has nothing yet to point at."""
    while at < len(query):
        label = query[at]
        at += 1
        if not label:
            return at
        if label > 191 and pointers:
            return at + 1
        if label > 63:
            break
        at += label
    return len(query) + 1


def _find_opt(query, at):
    """Index of the OPT record's type (RFC 6891), 0 if there is none, -1 if what stands from `at` on is malformed."""
    opt = 0
    for count in range(6, HEADER_BYTES, 2):
        for _ in range(query[count] << 8 | query[count + 1]):  # ends soon: a record takes 11 bytes or is malformed
            owner = at
            at = _name_end(query, at, True)
            if at + 10 > len(query):
                return -1
            if query[at + 1] == 41 and not query[at]:
                if opt or query[owner]:
                    return -1
                opt = at
            at += 10 + (query[at + 8] << 8 | query[at + 9])
    return opt if at <= len(query) else -1


def under(query, names):
    """True if the question's name is one of `names` or below it, whatever the case. query: any reply, too."""
    label = HEADER_BYTES
    while query[label]:
        at = label  # 0 once this name of the list differs
        for byte in names:
            if at:
                # Lengths are below the letters, so they may be compared in the same way.
                other = query[at]
                at = at + 1 if other == byte or 0x41 <= other <= 0x5A and other + 0x20 == byte else 0
            if not byte:
                if at:
                    return True
                at = label
        if at > label:
            return True  # the list's last name, without an end of its own
        label += query[label] + 1
    return False

"""The last attempts to join, so that a person can see what went wrong: kept across restarts, bounded, easy on flash.

The same bytes in memory, from the first note on, and on flash, integers little-endian: "HH", version, how many entries
(the newest) are of this start, what flash lacks, when it may be written next (4 bytes, seconds since the start), then
at most ENTRIES_LIMIT entries, the newest first: length of the name, name, reason, RSSI (0 unknown), count (2), when it
was noted last (4, seconds since its start). On flash CRC-16/CCITT follows.
What power takes before it is written is lost, and may be how often something was repeated; see docs/storage.md.
"""

from .crc import crc16
from .overlay import forget

PATH = "/history"
MAGIC = b"HH\1"  # the last one is the version
FRESH = 3  # places in the header
UNSAVED = 4
NEXT = 5
HEADER_BYTES = 9
TAIL_BYTES = 9  # of an entry: its length and what follows the name
COUNT, SECONDS, END = -6, -4, None  # places in an entry, from its end
ENTRIES_LIMIT = 8
NAME_LIMIT_BYTES = 32
LIMIT_BYTES = 339  # HEADER_BYTES + ENTRIES_LIMIT * (NAME_LIMIT_BYTES + TAIL_BYTES) + 2
COUNT_LIMIT = 0xFFFF
INTERVAL_S = 6 * 3600  # between two writes, in the long run
BURST_S = 3 * INTERVAL_S  # so much sooner may something new be written: three times after a start
REPEATED, NEW = 1, 2  # what flash lacks: a count only, or an entry
NO_SUCH_FILE = 2  # ENOENT
REASONS = (
    b"connected", b"link_lost",  # an outage ends or begins
    b"wrong_password", b"not_found", b"no_ip", b"connect_failed", b"timeout", b"other",  # see net/join.py
)  # fmt: skip


def note(context, ssid, reason, rssi=None):
    """An attempt to join `ssid` has ended, or the link. reason: one of REASONS, as bytes or text; rssi: dBm, or None.

    What has happened before in the same outage is counted, not noted again. It is written now and then, see flush().
    """
    forget("history")
    try:
        blob = context.history or load(context)
        entries, now_s = split(blob), context.clock.now() // 1000
        reason = reason if type(reason) is bytes else reason.encode()
        ssid = ssid[:NAME_LIMIT_BYTES]
        code = REASONS.index(reason if reason in REASONS else b"other")
        start = bytes((len(ssid),)) + ssid + bytes((code,))
        count, fresh, unsaved = 1, blob[FRESH] + 1, NEW
        for n, entry in enumerate(entries):
            if entry.startswith(start):
                count = min(number(entry, COUNT, SECONDS) + 1, COUNT_LIMIT)
                unsaved = blob[UNSAVED] or REPEATED
                if n < blob[FRESH]:
                    fresh -= 1
                del entries[n]
                break
            if entry[entry[0] + 1] < 2:
                break  # another outage
        strength = bytes((rssi & 255 if rssi and -129 < rssi < 0 else 0,))
        newest = start + strength + count.to_bytes(2, "little") + now_s.to_bytes(4, "little")
        entries = [newest] + entries[: ENTRIES_LIMIT - 1]
        state = bytes((min(fresh, ENTRIES_LIMIT), unsaved))
        context.history = MAGIC + state + blob[NEXT:HEADER_BYTES] + b"".join(entries)
        if now_s + (BURST_S if unsaved == NEW else 0) >= number(blob, NEXT, HEADER_BYTES):
            write(context)
    except MemoryError:
        context.report("history: there is no memory for it")


def note_failure(context, ssid, reason):
    """An attempt to join has failed, of a network that the last scan may have shown."""
    rssi = None
    for row in context.seen:
        if row[0] == ssid:
            rssi = row[1]
    note(context, ssid, reason, rssi)


def note_link(context, what):
    """The link of the network that is joined has come or gone: b"connected" or b"link_lost"."""
    forget("history")
    context.rest()
    rssi = context.radio.ask(0, context.radio.station.status, "rssi")
    note(context, context.joined.ssid, what, rssi if rssi < 0 else None)


def flush(context):
    """The board is about to restart: write what is new. A count alone is not worth the flash."""
    forget("history")
    if context.history and context.history[UNSAVED] == NEW:
        write(context)


def entries(context):
    """What happened, the newest first: a list of (name, reason, dBm or None, seconds ago or None, count), names and
    reasons as bytes; None seconds ago: before the last start."""
    forget("history")
    blob = context.history or load(context)
    now_s = context.clock.now() // 1000
    found = []
    for n, entry in enumerate(split(blob)):
        at = entry[0] + 1
        reason = REASONS[min(entry[at], len(REASONS) - 1)]
        rssi = entry[at + 1] - 256 if entry[at + 1] else None
        ago = now_s - number(entry, SECONDS, END) if n < blob[FRESH] else None
        found.append((entry[1:at], reason, rssi, ago, number(entry, COUNT, SECONDS)))
    return found


def number(data, start, end):
    return int.from_bytes(data[start:end], "little")


def split(blob):
    """The entries of it; ValueError if they do not fill it."""
    found = []
    at = HEADER_BYTES
    while at < len(blob):
        end = at + blob[at] + TAIL_BYTES
        found.append(blob[at:end])
        at = end
    if at != len(blob) or len(found) > ENTRIES_LIMIT:
        raise ValueError("its length is wrong")
    return found


def load(context):
    """What flash holds, as of earlier starts. What cannot be used is reported once and given up: it is not needed."""
    empty = MAGIC + b"\0\0" + (context.clock.now() // 1000 + INTERVAL_S).to_bytes(4, "little")
    try:
        with context.hardware.open(PATH, "rb") as file:
            data = file.read(LIMIT_BYTES + 1)
        return empty + checked(data)
    except OSError as error:
        if error.args[:1] == (NO_SUCH_FILE,):
            return empty
        fault = repr(error)
    except ValueError as error:
        fault = str(error)
    context.report("history: %s is started anew: %s" % (PATH, fault))
    context.history = empty
    return empty


def checked(data):
    """The entries in a file, as bytes; ValueError says what is wrong with it."""
    if not data:
        return data  # power was cut between creating and closing it
    if data[:2] != MAGIC[:2]:
        raise ValueError("it is something else")
    if len(data) > LIMIT_BYTES or crc16(data):
        raise ValueError("its checksum is wrong")
    if data[2] > MAGIC[2]:
        raise ValueError("its version is newer than this firmware")
    split(data[:-2])
    return data[HEADER_BYTES:-2]


def write(context):
    blob = context.history
    due_s = max(context.clock.now() // 1000, number(blob, NEXT, HEADER_BYTES)) + INTERVAL_S
    saved = blob[:UNSAVED] + b"\0" + due_s.to_bytes(4, "little") + blob[HEADER_BYTES:]
    crc = crc16(saved)
    try:
        with context.hardware.open(PATH, "wb") as file:
            file.write(saved + bytes((crc >> 8, crc & 255)))
    except OSError as error:
        context.report("history: it could not be written to flash: " + repr(error))
        saved = blob[:NEXT] + saved[NEXT:]
    context.history = saved

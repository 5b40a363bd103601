"""What the store keeps on flash: a checksummed format, and two slots of which a power cut can spoil at most one.

Slot layout, integers big-endian: "HP", version, sequence (2 bytes), count, then for each network four fields, each a
length byte and that many bytes (ssid, key, bssid, and one of channel, priority and, since version 3, flags and
neighbours); since version 2 the count of values, then for each two such fields (name, value) in the order of the names;
then CRC-16/CCITT. Older versions are read, and stay as they are until something changes.
A file rewritten on LittleFS keeps its old content until it is closed, so each slot is atomic by itself; two of them
also survive a slot that rots. Nothing of a slot stays in memory: it is read again before it is written.
"""

from .context import Network
from .crc import crc16

SLOTS = ("/credentials.0", "/credentials.1")
MAGIC = b"HP"
VERSION = 3
HEADER_BYTES = 6
PROVEN = 1  # flags of a network
SIGHTED = 2
SLOT_LIMIT_BYTES = 1280  # six networks and the values of eight fields and the device's name, all at their longest
DAMAGED = ((5,), (21,), (84,))  # EIO, EISDIR, and what LittleFS says of a file that has rotted


def encode(networks, values, sequence):
    """The bytes of a slot. values: {name: value}, bytes of at most 255 each."""
    data = bytearray(MAGIC)
    data.extend(bytes((VERSION, sequence >> 8, sequence & 255, len(networks))))
    for network in networks:
        flags = (PROVEN if network.proven else 0) | (SIGHTED if network.sighted else 0)
        rest = bytes((network.channel, network.priority, flags)) + network.neighbours
        append(data, (network.ssid, network.key, network.bssid, rest))
    data.append(len(values))
    for name in sorted(values):  # the same bytes for the same values, whatever the order of the dict
        append(data, (name, values[name]))
    crc = crc16(data)
    data.append(crc >> 8)
    data.append(crc & 255)
    return bytes(data)


def append(data, fields):
    for field in fields:
        data.append(len(field))
        data.extend(field)


def decode(data):
    """(sequence, networks, values) of a slot's bytes; ValueError says what is wrong with them."""
    end = len(data) - 2
    if end < HEADER_BYTES or data[:2] != MAGIC:
        raise ValueError("not a credentials file")
    if crc16(data):  # over the data and its own CRC
        raise ValueError("checksum is wrong")
    version = data[2]
    if version > VERSION:
        raise ValueError("version is newer than this firmware")
    networks = []
    values = {}
    at = HEADER_BYTES
    for _ in range(data[5]):
        at, fields = take(data, at, 4)
        networks.append(decoded(fields, version))
    if version > 1:
        count = data[at]  # where the data end there is still the CRC
        at += 1
        for _ in range(count):
            at, fields = take(data, at, 2)
            values[fields[0]] = fields[1]
    if at != end:
        raise ValueError("its length is wrong")
    return data[3] << 8 | data[4], networks, values


def decoded(fields, version):
    """The network of four fields. One from a version that did not know about it counts as proven: it was in use."""
    ssid, key, bssid, rest = fields
    if version < 3:
        rest = rest[:2] + bytes((PROVEN,))
    if not ssid or len(rest) < 3:
        raise ValueError("a field is too short")
    network = Network(ssid, key)
    network.channel = rest[0]
    if bssid:
        network.bssid = bssid
    if rest[1]:
        network.priority = rest[1]
    if rest[2] & PROVEN:
        network.proven = True
    if rest[2] & SIGHTED:
        network.sighted = True
    if len(rest) > 3:
        network.neighbours = rest[3:]
    return network


def take(data, at, count):
    """(where they end, fields) of the next `count` fields."""
    fields = []
    for _ in range(count):
        start = at + 1
        at = start + data[at]
        if at > len(data) - 2:
            raise ValueError("a field runs past the end")
        fields.append(data[start:at])
    return at, fields


def read(hardware, slot):
    """A slot's bytes; empty if there is no such file, or if power was cut between creating and closing it; None if it
    cannot be read, as a folder of that name cannot."""
    try:
        with hardware.open(SLOTS[slot], "rb") as file:
            size = min(file.seek(0, 2), SLOT_LIMIT_BYTES)
            file.seek(0)
            return file.read(size)  # the port makes room for all that is asked for
    except OSError as error:
        return None if error.args[:1] in DAMAGED else b""


def load(hardware, report):
    """(networks, values, slot they are in, its sequence number, slots that hold what cannot be read) from flash."""
    networks, values, current, newest, unreadable = [], {}, 1, 0, []
    for slot in (0, 1):
        data = read(hardware, slot)
        if data == b"":
            continue
        try:
            if data is None:
                raise ValueError("it is no file that can be read")
            sequence, found, entries = decode(data)
        except ValueError as error:
            report("store: %s: %s; it is kept aside before it is written again" % (SLOTS[slot], error))
            unreadable.append(slot)
            continue
        # Serial arithmetic: the sequence number may have wrapped.
        if not newest or (sequence - newest) & 0xFFFF < 0x8000:
            networks, values, current, newest = found, entries, slot, sequence
    return networks, values, current, newest, unreadable

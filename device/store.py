"""Saved networks on flash: a checksummed format, and two slots of which a power cut can spoil at most one.

Slot layout, integers big-endian: "HP", version, sequence (2 bytes), count, then for each network four fields,
each a length byte and that many bytes (ssid, key, bssid, and one of channel and priority), then CRC-16/CCITT.
A file rewritten on LittleFS keeps its old content until it is closed, so each slot is atomic by itself; two of them
also survive a slot that rots. Nothing of a slot stays in memory: it is read again before it is written.
"""

from . import policy
from .context import Network
from .overlay import forget

SLOTS = ("/credentials.0", "/credentials.1")
MAGIC = b"HP"
VERSION = 1
HEADER_BYTES = 6
SLOT_LIMIT_BYTES = 1024


def crc16(data):
    """CRC-16/CCITT-FALSE: of b"123456789" it is 0x29B1. The port has none built in, and 16 bits stay small ints."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def encode(networks, sequence):
    """The bytes of a slot."""
    data = bytearray(MAGIC)
    data.extend(bytes((VERSION, sequence >> 8, sequence & 255, len(networks))))
    for network in networks:
        for field in (network.ssid, network.key, network.bssid, bytes((network.channel, network.priority))):
            data.append(len(field))
            data.extend(field)
    crc = crc16(data)
    data.append(crc >> 8)
    data.append(crc & 255)
    return bytes(data)


def decode(data):
    """(sequence, networks) of a slot's bytes; ValueError says what is wrong with them."""
    end = len(data) - 2
    if end < HEADER_BYTES or data[:2] != MAGIC:
        raise ValueError("not a credentials file")
    if crc16(data):  # over the data and its own CRC
        raise ValueError("checksum is wrong")
    if data[2] > VERSION:
        raise ValueError("version is newer than this firmware")
    networks = []
    at = HEADER_BYTES
    for _ in range(data[5]):
        fields = []
        for _ in range(4):
            start = at + 1
            at = start + data[at]
            if at > end:
                raise ValueError("a field runs past the end")
            fields.append(data[start:at])
        if not fields[0] or len(fields[3]) < 2:
            raise ValueError("a field is too short")
        networks.append(Network(fields[0], fields[1], fields[2], fields[3][0], fields[3][1]))
    return data[3] << 8 | data[4], networks


def read(hardware, slot):
    """A slot's bytes; empty if there is no such file, or if power was cut between creating and closing it."""
    try:
        with hardware.open(SLOTS[slot], "rb") as file:
            return file.read(SLOT_LIMIT_BYTES)
    except OSError:
        return b""


def load(hardware, report):
    """(networks, slot they are in, its sequence number, slots that hold what cannot be read) from flash."""
    networks, current, newest, unreadable = [], 1, 0, []
    for slot in (0, 1):
        data = read(hardware, slot)
        if not data:
            continue
        try:
            sequence, found = decode(data)
        except ValueError as error:
            report("store: " + SLOTS[slot] + ": " + str(error) + "; it is kept aside before it is written again")
            unreadable.append(slot)
            continue
        # Serial arithmetic: the sequence number may have wrapped.
        if not newest or (sequence - newest) & 0xFFFF < 0x8000:
            networks, current, newest = found, slot, sequence
    return networks, current, newest, unreadable


def save(hardware, networks, report):
    """Put the networks on flash unless they are there. True if they are, False (and reported) if flash refused."""
    _, current, sequence, unreadable = load(hardware, lambda text: None)
    if read(hardware, current) == encode(networks, sequence):
        return True
    slot = 1 - current
    try:
        if slot in unreadable:
            hardware.rename(SLOTS[slot], SLOTS[slot] + ".kept")
        with hardware.open(SLOTS[slot], "wb") as file:
            file.write(encode(networks, sequence % 0xFFFF + 1))  # 0 stands for no slot at all
    except OSError as error:
        report("store: credentials could not be written to flash: " + repr(error))
        return False
    return True


def remember(context, network):
    """Save `network` as the first to try, in place of an older one of that name; the oldest may have to go."""
    forget("store")
    others = [other for other in context.networks if other.ssid != network.ssid]
    context.networks = ([network] + others)[: policy.NETWORKS_LIMIT]
    context.saved = save(context.hardware, context.networks, context.report)


def erase(hardware, report):
    """Overwrite both slots with an empty set, and remove what was kept aside. True if none of the old data is left."""
    erased = save(hardware, [], report)
    for slot in (0, 1):
        try:
            hardware.remove(SLOTS[slot] + ".kept")
        except OSError:
            pass  # nothing was kept
        data = read(hardware, slot)
        try:
            if not data or not decode(data)[1]:
                continue
        except ValueError:
            pass  # it may hold a secret all the same
        try:
            with hardware.open(SLOTS[slot], "wb") as file:
                file.write(encode([], 1))
        except OSError as error:
            report("store: " + SLOTS[slot] + " could not be overwritten: " + repr(error))
            erased = False
    return erased

"""Saved networks and values on flash: a checksummed format, and two slots of which a power cut can spoil at most one.

Slot layout, integers big-endian: "HP", version, sequence (2 bytes), count, then for each network four fields, each a
length byte and that many bytes (ssid, key, bssid, and one of channel and priority); since version 2 the count of
values, then for each two such fields (name, value) in the order of the names; then CRC-16/CCITT.
A file rewritten on LittleFS keeps its old content until it is closed, so each slot is atomic by itself; two of them
also survive a slot that rots. Nothing of a slot stays in memory: it is read again before it is written.
"""

from . import policy
from .context import Network
from .overlay import forget

SLOTS = ("/credentials.0", "/credentials.1")
DEVICE = b"device"  # the value that names the device
MAGIC = b"HP"
VERSION = 2
HEADER_BYTES = 6
SLOT_LIMIT_BYTES = 1280  # five networks and the values of eight fields and the device's name, all at their longest


def crc16(data):
    """CRC-16/CCITT-FALSE: of b"123456789" it is 0x29B1. The port has none built in, and 16 bits stay small ints."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


def encode(networks, values, sequence):
    """The bytes of a slot. values: {name: value}, bytes of at most 255 each."""
    data = bytearray(MAGIC)
    data.extend(bytes((VERSION, sequence >> 8, sequence & 255, len(networks))))
    for network in networks:
        append(data, (network.ssid, network.key, network.bssid, bytes((network.channel, network.priority))))
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
    if data[2] > VERSION:
        raise ValueError("version is newer than this firmware")
    networks = []
    values = {}
    at = HEADER_BYTES
    for _ in range(data[5]):
        at, fields = take(data, at, 4)
        if not fields[0] or len(fields[3]) < 2:
            raise ValueError("a field is too short")
        networks.append(Network(fields[0], fields[1], fields[2], fields[3][0], fields[3][1]))
    if data[2] > 1:
        count = data[at]  # where the data end there is still the CRC
        at += 1
        for _ in range(count):
            at, fields = take(data, at, 2)
            values[fields[0]] = fields[1]
    if at != end:
        raise ValueError("its length is wrong")
    return data[3] << 8 | data[4], networks, values


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
    """A slot's bytes; empty if there is no such file, or if power was cut between creating and closing it."""
    try:
        with hardware.open(SLOTS[slot], "rb") as file:
            size = min(file.seek(0, 2), SLOT_LIMIT_BYTES)
            file.seek(0)
            return file.read(size)  # the port makes room for all that is asked for
    except OSError:
        return b""


def load(hardware, report):
    """(networks, values, slot they are in, its sequence number, slots that hold what cannot be read) from flash."""
    networks, values, current, newest, unreadable = [], {}, 1, 0, []
    for slot in (0, 1):
        data = read(hardware, slot)
        if not data:
            continue
        try:
            sequence, found, entries = decode(data)
        except ValueError as error:
            report("store: %s: %s; it is kept aside before it is written again" % (SLOTS[slot], error))
            unreadable.append(slot)
            continue
        # Serial arithmetic: the sequence number may have wrapped.
        if not newest or (sequence - newest) & 0xFFFF < 0x8000:
            networks, values, current, newest = found, entries, slot, sequence
    return networks, values, current, newest, unreadable


def save(hardware, networks, report, values=None):
    """Put networks and values on flash unless they are there; values None: those that are there stay.

    True if all is on flash, False (and reported) if flash refused.
    """
    _, stored, current, sequence, unreadable = load(hardware, lambda text: None)
    values = stored if values is None else values
    if read(hardware, current) == encode(networks, values, sequence):
        return True
    slot = 1 - current
    try:
        if slot in unreadable:
            hardware.rename(SLOTS[slot], SLOTS[slot] + ".kept")
        with hardware.open(SLOTS[slot], "wb") as file:
            file.write(encode(networks, values, sequence % 0xFFFF + 1))  # 0 stands for no slot at all
    except OSError as error:
        report("store: credentials could not be written to flash: %r" % error)
        return False
    return True


def remember(context, network):
    """Save `network` as the first to try, in place of an older one of that name; the oldest may have to go. With it
    what a person entered besides, if that attempt was the one that worked."""
    forget("store")
    others = [other for other in context.networks if other.ssid != network.ssid]
    context.networks = ([network] + others)[: policy.NETWORKS_LIMIT]
    attempt = context.attempt
    values = None
    if attempt and attempt.outcome == "connected" and attempt.values is not None:
        values = merged(load(context.hardware, lambda text: None)[1], attempt.values)
    context.saved = save(context.hardware, context.networks, context.report, values)
    if context.saved and values is not None:
        context.name = context.hardware.name_itself(values.get(DEVICE))


def merged(stored, entered):
    """The values to be saved. Where a form had no input but the device's name, the others stay: settings that cannot be
    read lose nothing."""
    values = dict(stored)
    if [name for name in entered if name != DEVICE]:
        values = {DEVICE: stored.get(DEVICE)}
    values.update(entered)
    if not values.get(DEVICE):
        values.pop(DEVICE, None)
    return values


def erase(hardware, report):
    """Overwrite both slots with an empty set, and remove what was kept aside. True if none of the old data is left."""
    erased = save(hardware, [], report, {})
    for slot in (0, 1):
        try:
            hardware.remove(SLOTS[slot] + ".kept")
        except OSError:
            pass  # nothing was kept
        data = read(hardware, slot)
        try:
            if not data or not any(decode(data)[1:]):
                continue
        except ValueError:
            pass  # it may hold a secret all the same
        try:
            with hardware.open(SLOTS[slot], "wb") as file:
                file.write(encode([], {}, 1))
        except OSError as error:
            report("store: %s could not be overwritten: %r" % (SLOTS[slot], error))
            erased = False
    return erased

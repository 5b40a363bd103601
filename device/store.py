"""Saved networks: a checksummed format, and two slots of which a power cut can spoil at most the one being written.

Slot layout, integers big-endian: "HP", version, sequence (2 bytes), count, then for each network four fields,
each a length byte and that many bytes (ssid, key, bssid, and one of channel and priority), then CRC-16/CCITT.
A file rewritten on LittleFS keeps its old content until it is closed, so each slot is atomic by itself; two of them
also survive a slot that rots.
"""

SLOTS = ("/credentials.0", "/credentials.1")
MAGIC = b"HP"
VERSION = 1
HEADER_BYTES = 6
SLOT_LIMIT_BYTES = 1024


class Network:
    """One saved network. ssid: 1-32 bytes; key: empty, 8-63 bytes, 64 hex digits or a WEP key; channel 0 = unknown."""

    def __init__(self, ssid, key, bssid=b"", channel=0, priority=0):
        self.ssid = ssid
        self.key = key
        self.bssid = bssid
        self.channel = channel
        self.priority = priority


def crc16(data):
    """CRC-16/CCITT-FALSE: of b"123456789" it is 0x29B1. The port has no binascii.crc32, and 16 bits stay small ints."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ 0x1021 if crc & 0x8000 else crc << 1
            crc &= 0xFFFF
    return crc


def encode(networks, sequence):
    """The bytes of a slot."""
    parts = [MAGIC, bytes((VERSION, sequence >> 8, sequence & 255, len(networks)))]
    for network in networks:
        for field in (network.ssid, network.key, network.bssid, bytes((network.channel, network.priority))):
            parts.append(bytes((len(field),)))
            parts.append(field)
    body = b"".join(parts)
    crc = crc16(body)
    return body + bytes((crc >> 8, crc & 255))


def decode(data):
    """(sequence, networks) of a slot's bytes; ValueError says what is wrong with them."""
    if len(data) < HEADER_BYTES + 2 or data[:2] != MAGIC:
        raise ValueError("not a credentials file")
    if crc16(data) != 0:  # over the data and its own CRC
        raise ValueError("checksum is wrong")
    if data[2] > VERSION:
        raise ValueError("version is newer than this firmware")
    networks = []
    at = HEADER_BYTES
    for _ in range(data[5]):
        fields = []
        for _ in range(4):
            end = at + 1 + data[at]
            if end > len(data) - 2:
                raise ValueError("a field runs past the end")
            fields.append(data[at + 1 : end])
            at = end
        ssid, key, bssid, numbers = fields
        if not ssid or len(numbers) < 2:
            raise ValueError("a field is too short")
        networks.append(Network(ssid, key, bssid, numbers[0], numbers[1]))
    return data[3] << 8 | data[4], networks


class Store:
    """The saved networks, the last proven first. Reads both slots when made; `report(text)` is told what is wrong.

    `networks` is what the board knows now; `saved` is False while the flash could not take it.
    """

    def __init__(self, hardware, report=print):
        self._hardware = hardware
        self._report = report
        self.networks = []
        self.saved = True
        self._sequence = 0
        self._slot = 1  # holds the current set; the other one is written next
        self._unreadable = [False, False]
        found = False
        for slot in (0, 1):
            try:
                data = self._read(slot)
            except OSError:
                continue  # no such file
            if not data:
                continue  # power was cut between creating the file and closing it
            try:
                sequence, networks = decode(data)
            except ValueError as error:
                report("store: " + SLOTS[slot] + ": " + str(error) + "; it is kept aside before it is written again")
                self._unreadable[slot] = True
                continue
            # Serial arithmetic: the sequence number may have wrapped.
            if not found or 0 < (sequence - self._sequence) & 0xFFFF < 0x8000:
                found = True
                self.networks, self._sequence, self._slot = networks, sequence, slot

    def put(self, network, limit):
        """Save `network` as the first of at most `limit`, in place of an older one of that name. True if on flash."""
        others = [other for other in self.networks if other.ssid != network.ssid]
        return self._save([network] + others[: limit - 1])

    def forget(self):
        """Overwrite both slots with an empty set. True if both are on flash; none is used any more either way."""
        first = self._save([])
        return self._write() and first

    def _save(self, networks):
        self.networks = networks
        return self._is_on_flash() or self._write()

    def _is_on_flash(self):
        """Unchanged data is not written. The slot is read again, so that no copy of it costs heap."""
        try:
            return self.saved and self._read(self._slot) == encode(self.networks, self._sequence)
        except OSError:
            return False

    def _write(self):
        slot = 1 - self._slot
        sequence = (self._sequence + 1) & 0xFFFF
        self.saved = False
        try:
            if self._unreadable[slot]:
                self._hardware.rename(SLOTS[slot], SLOTS[slot] + ".kept")
                self._unreadable[slot] = False
            with self._hardware.open(SLOTS[slot], "wb") as file:
                file.write(encode(self.networks, sequence))
        except OSError as error:
            self._report("store: credentials could not be written to flash: " + repr(error))
            return False
        self._slot, self._sequence, self.saved = slot, sequence, True
        return True

    def _read(self, slot):
        with self._hardware.open(SLOTS[slot], "rb") as file:
            return file.read(SLOT_LIMIT_BYTES)

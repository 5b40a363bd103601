"""Packets of Improv Wi-Fi over a serial line, version 1 (https://www.improv-wifi.com/serial/): functions on bytes.

A packet: "IMPROV", version, type, length, that many bytes of data, and the sum of all before it modulo 256. The data of
a command, and of its result: its number, a length, that many bytes. Lists of texts: a length byte before each.
"""

HEADER = b"IMPROV\1"
LENGTH_AT = 8
DATA_AT = 9
STATE, ERROR, COMMAND, RESULT = 1, 2, 3, 4  # types
SETTINGS = 1  # the command whose data has texts in it


def packet(kind, data):
    """One to be sent; it is to stand on a line of its own."""
    made = HEADER + bytes((kind, len(data))) + data
    return made + bytes((sum(made) & 255,))


def result(command, texts):
    """The data of the answer to a command; texts: bytes, 255 with their lengths at most."""
    data = b"".join([bytes((len(text),)) + text for text in texts])
    return bytes((command, len(data))) + data


def size(data):
    """Bytes of the packet that `data` begins: 0 if it is too short to tell, -1 if it begins none."""
    if data[: len(HEADER)] != HEADER[: len(data)]:
        return -1
    return DATA_AT + data[LENGTH_AT] + 1 if len(data) >= DATA_AT else 0


def command(data):
    """(number, bytes) of the command in a whole packet; None if it is damaged."""
    if data[len(HEADER)] != COMMAND or sum(data[:-1]) & 255 != data[-1]:
        return None
    length = data[LENGTH_AT]
    if length < 2 or data[DATA_AT + 1] != length - 2:
        return None
    return data[DATA_AT], bytes(data[DATA_AT + 2 : -1])


def credentials(data):
    """(ssid, key) of the command with the Wi-Fi settings, None if it has none."""
    if not data or len(data) < data[0] + 2:
        return None
    end = data[0] + 1
    if len(data) != end + 1 + data[end]:
        return None
    return data[1:end], data[end + 1 :]

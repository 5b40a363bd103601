"""What a board tells about itself when it is asked at its prompt. No secret leaves it: keys, passwords and the owner's
values are looked at there, and what may quote them (the crash log) is searched for them there."""

from binascii import crc_hqx
from dataclasses import dataclass, field

from . import installed
from .deploy import Silent
from .link import BoardFault, Facts, Link, check_chip, literal, sensible
from .places import DEVICE

CRC = DEVICE / "crc.py"  # its function is sent along: the board may have no firmware
SLOTS = ("/credentials.0", "/credentials.1")
SETTINGS = "/homeport.json"
CRASH_LOG = "/crash.log"
HISTORY = "/history"
SECRET_BYTES = 4  # what is shorter is part of too many words to be looked for

HEAP = """
import gc
gc.collect()
print(repr((gc.mem_free(), gc.mem_alloc())))
"""

CHIP = """
import machine, esp, network
s = network.WLAN(network.STA_IF)
a = network.WLAN(network.AP_IF)
on = s.active() and s.isconnected()
m = bytes(machine.RTC().memory())
try:
    phones = len(a.status('stations')) if a.active() else 0
except (ValueError, TypeError):
    phones = 0
print(repr((
    machine.reset_cause(), esp.flash_size(), str(esp.flash_id()), s.ifconfig()[0] if on else None,
    s.status('rssi') if on else None, a.active(), phones,
    m if m[:3] == b'HPm' else len(m),
)))
"""

# Of each slot: (path, what is wrong or None, sequence, [(ssid, is there a key, channel, flags)], [names of values])
STORE = """
%s
secrets = []
def fields(d, at, count):
    found = []
    for _ in range(count):
        found.append(d[at + 1 : at + 1 + d[at]])
        at += 1 + d[at]
    return at, found
def slot(path):
    try:
        f = open(path, 'rb')
    except OSError:
        return
    with f:
        d = f.read(1281)
    if not d:
        return
    if d[:2] != b'HP' or crc16(d):
        print(repr((path, 'it is damaged, or no store', 0, [], [])))
        return
    nets, values, at = [], [], 6
    for _ in range(d[5]):
        at, x = fields(d, at, 4)
        secrets.append(x[1])
        nets.append((x[0], len(x[1]) > 0, x[3][0] if x[3] else 0, x[3][2] if len(x[3]) > 2 else 1))
    if d[2] > 1:
        n = d[at]
        at += 1
        for _ in range(n):
            at, x = fields(d, at, 2)
            if x[0] != b'device':
                secrets.append(x[1])
            values.append(x[0])
    print(repr((path, 'a newer Homeport has written it' if d[2] > 3 else None, d[3] << 8 | d[4], nets, values)))
for path in %r:
    slot(path)
"""

# STORE has to have run before. A line of a traceback that names code holds no values.
FILES = """
import os, json
from binascii import hexlify
keys = None
try:
    with open(%r) as f:
        j = json.load(f)
    keys = sorted(j) if type(j) is dict else 'it is no JSON object'
    if type(j) is dict and type(j.get('access_point_password')) is str:
        secrets.append(j['access_point_password'].encode())
    del j
except OSError:
    pass
except (ValueError, MemoryError):
    keys = 'it is no JSON'
print(repr(keys))
log = b''
try:
    with open(%r, 'rb') as f:
        log = f.read(2048)
except OSError:
    pass
lines = []
for line in log.split(b'\\n'):
    if not line.startswith((b'  File ', b'--- ')):
        for secret in secrets:
            if len(secret) >= %d:
                line = line.replace(secret, b'***')
    lines.append(line)
print(repr(b'\\n'.join(lines)))
h = b''
try:
    with open(%r, 'rb') as f:
        h = f.read(512)
except OSError:
    pass
print(repr(h))
v = None
try:
    with open(%r) as f:
        v = f.read(40).strip()
except (OSError, ValueError):
    pass
print(repr(v))
print(repr([n for n in os.listdir('/') if n in ('app.py', 'app.mpy')]))
"""


@dataclass
class Slot:
    """fault: what is wrong with it, or None. networks: [(ssid, has a key, channel, flags)]; values: their names."""

    path: str
    fault: str
    sequence: int
    networks: list
    values: list


@dataclass
class Chip:
    """reset_cause: as machine has it. ip, rssi_dbm: of the station, None without a link. marks: the record of
    device/marks.py in RTC memory, or how many bytes of somebody else's are there."""

    reset_cause: int
    flash_bytes: int
    flash_id: str
    ip: str
    rssi_dbm: int
    access_point: bool
    phones: int
    marks: bytes | int


@dataclass
class Board:
    """All that is known of a board. heap and heap_stopped: (free, used) bytes, at a new prompt and where it was
    stopped. settings: names of the keys, or what is wrong with them as text, or None without a file. history: [(ssid,
    reason, dBm or None, count)]."""

    facts: Facts
    heap: tuple[int, int]
    heap_stopped: tuple[int, int] | None
    chip: Chip
    found: installed.Found
    slots: list = field(default_factory=list)
    settings: list[str] | str | None = None
    crash_log: bytes = b""
    history: list = field(default_factory=list)
    history_fault: str | None = None
    version: str | None = None
    programs: list = field(default_factory=list)


def examine(link: Link, report: Silent) -> Board:
    """Board at the other end of an open link. Interrupts what runs there; reset() the link afterwards."""
    report.doing("Stopping what runs on the board")
    link.enter(soft_reset=False)
    try:
        heap_stopped = literal(link.run(HEAP))
    except BoardFault:
        heap_stopped = None  # not even room for that
    link.enter()
    facts = link.facts()
    check_chip(facts)
    heap = literal(link.run(HEAP))
    report.doing("Looking at the chip")
    chip_text = link.run(CHIP)
    report.doing("Looking at the firmware")
    found = installed.look(link)
    report.doing("Looking at what is saved")
    slots_text = link.run(STORE % (CRC.read_text(), SLOTS))
    folder = found.imported if found.imported and installed.in_place(found) else installed.LIB
    paths = (SETTINGS, CRASH_LOG, SECRET_BYTES, HISTORY, f"{folder}/version")
    files_text = link.run(FILES % paths)
    with sensible():
        chip = Chip(*literal(chip_text))
        slots = [Slot(*literal(line)) for line in slots_text.splitlines()]
        settings, log, history, version, programs = map(literal, files_text.splitlines())
    board = Board(facts, heap, heap_stopped, chip, found, slots, settings, log, [], None, version, programs)
    try:
        board.history = decoded_history(history)
    except (ValueError, IndexError) as error:
        board.history_fault = str(error)
    return board


REASONS = (
    "connected", "link lost", "wrong password", "not found", "no address", "connecting failed", "timeout", "other",
)  # fmt: skip


def decoded_history(data: bytes) -> list[tuple[bytes, str, int | None, int]]:
    """[(ssid, reason, dBm or None, count)] of /history, the newest first; ValueError if it is damaged.

    The layout is told in device/history.py.
    """
    if not data:
        return []
    if data[:3] != b"HH\1" or crc_hqx(data, 0xFFFF):
        raise ValueError("it is damaged, or another version's")
    found, at = [], 9
    while at < len(data) - 2:
        size = data[at]
        name, rest = data[at + 1 : at + 1 + size], data[at + 1 + size : at + 9 + size]
        rssi = rest[1] - 256 if rest[1] else None
        found.append((name, REASONS[min(rest[0], len(REASONS) - 1)], rssi, rest[2] | rest[3] << 8))
        at += 9 + size
    return found

"""What the board tells itself over a reset: a few bytes of RTC memory, which keeps them while there is power.

The record: "HPm", flags, crashes, four intervals between them in seconds, what crashed last (CRC-16 of its text) and
how often since that was written to flash (2 bytes each), CRC-16. RTC memory may hold what the owner's program keeps
there: it is left alone as long as nothing has happened that the next start has to know.
"""

from . import policy
from .crc import crc16

MAGIC = b"HPm"
FLAGS = 3
CRASHES = 4
INTERVALS = 5
INTERVALS_COUNT = 4
WHAT = 9
REPEATS = 11
RECORD_BYTES = 13  # and the CRC
INTERVAL_LIMIT_S = 255

# Flags
RESET = 1  # the reset pin started the board, less than five seconds ago
PORTAL = 2  # restarted in order to open the portal
PERSON = 4  # and a person waits for it
CRASHED = 8
PROMPT = 16  # Ctrl-C, while only a reset could stop the watchdog
TOOL = 32  # and Ctrl-A behind it: it was no person
OUTAGE = 64  # restarted in order to scan, the link being lost for policy.BLIND_MS

RESET_PIN = 6  # machine.reset_cause(), user_interface.h of the SDK


def load(hardware):
    """The record, a bytearray without its CRC; empty marks if there is none."""
    data = hardware.machine.RTC().memory()
    if len(data) == RECORD_BYTES + 2 and data[: len(MAGIC)] == MAGIC and not crc16(data):
        return bytearray(data[:RECORD_BYTES])
    record = bytearray(RECORD_BYTES)
    record[: len(MAGIC)] = MAGIC
    return record


def save(hardware, record):
    crc = crc16(record)
    hardware.machine.RTC().memory(bytes(record) + bytes((crc >> 8, crc & 255)))


def start(context):
    """At boot: do what the last run, or two presses of the reset button, asked for. Returns when, by the clock, the
    next press would be a first one again, or None."""
    hardware = context.hardware
    record = load(hardware)
    before = bytes(record)
    flags = record[FLAGS]
    record[FLAGS] = 0
    if hardware.machine.reset_cause() == RESET_PIN:
        if flags & RESET:
            flags = PORTAL | PERSON
        else:
            record[FLAGS] = RESET
    if not flags & CRASHED:
        record[CRASHES] = 0
    elif is_loop(record):
        context.program_wanted = False
        flags |= PORTAL
        print("homeport: %d crashes within two minutes: the program is left out until the next reset" % record[CRASHES])
    if flags & PORTAL and context.networks:  # if nothing is saved the portal opens anyhow
        context.portal_requested = True
        if flags & PERSON:
            context.open_until = context.clock.now() + policy.GESTURE_WINDOW_MS
    if flags & OUTAGE:
        context.outage_since = context.clock.now() - policy.BLIND_MS
    if record != before and is_free(hardware):
        save(hardware, record)
    return context.clock.now() + policy.DOUBLE_RESET_MS if record[FLAGS] else None


def is_loop(record):
    """True if crashes followed each other so closely that the program is not to be started again."""
    if record[CRASHES] <= INTERVALS_COUNT:
        return False
    return sum(record[INTERVALS : INTERVALS + INTERVALS_COUNT]) * 1000 <= policy.CRASHES_WITHIN_MS


def is_free(hardware):
    """True if RTC memory holds nothing of the owner's program."""
    data = hardware.machine.RTC().memory()
    return not data or data[: len(MAGIC)] == MAGIC


def unmark(hardware):
    """Forget all flags: the board has run for a while, or a person stopped it."""
    record = load(hardware)
    if record[FLAGS]:
        record[FLAGS] = 0
        save(hardware, record)


def mark(hardware, flags):
    """Have the next start know; what the owner's program keeps in RTC memory is lost."""
    record = load(hardware)
    record[FLAGS] = flags
    save(hardware, record)


def restart(context):
    """Start again into the portal: what it takes would be too long for an armed watchdog, which cannot be disarmed."""
    person = context.clock.now() < context.open_until
    begin_anew(context, PORTAL | PERSON if person else PORTAL, "open the portal")


def restart_to_look(context):
    """Start again in the middle of an outage: a scan would be too long as well."""
    begin_anew(context, OUTAGE, "look around")


def begin_anew(context, flags, purpose):
    mark(context.hardware, flags)
    print("homeport: starting again, to " + purpose + " without the watchdog")
    flush(context)
    context.hardware.reset()


def flush(context):
    """Put on flash what a reset would lose."""
    from .history import flush

    flush(context)

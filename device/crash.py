"""After a crash, of the owner's program or of this firmware: say so, log it, wait ever longer, start again.

The log is /crash.log, at most a kilobyte, the newest crash last. One that is in it is only counted, and the count
written when it has doubled, so a board that crashes for years writes some twenty times. Tracebacks hold no values, but
the text of an exception may: what must stay secret does not belong into one.
"""

import gc
import io
import sys

from . import policy
from .crc import crc16
from .marks import CRASHED, CRASHES, FLAGS, INTERVALS, INTERVALS_COUNT, REPEATS, WHAT, flush, load, save

LOG = "/crash.log"
LOG_LIMIT_BYTES = 1024
TEXT_LIMIT_BYTES = 480  # the end of a longer traceback: where it happened, and what
HEAD = b"--- "  # before each entry: "--- 3 times, the last one 62 s after the start\n"
COUNT_LIMIT = 0xFFFF
FEED_MS = 500


def crashed(hardware, context, error):
    """Does not return but by KeyboardInterrupt. hardware: None for the board's. context: None if there was none yet."""
    gc.collect()
    if hardware is None:
        from .hardware import Hardware as hardware
    hardware.kbd_intr(3)  # a session of improv.py may have gone on
    sys.print_exception(error)
    uptime_s = 0
    if context is not None:
        uptime_s = context.clock.now() // 1000
        tidy(context)
    record = load(hardware)
    delay_s = count(record, uptime_s)
    try:
        log(hardware, record, told(error), uptime_s)
    except OSError as refusal:
        print("homeport: the crash could not be logged:", refusal)
    save(hardware, record)
    print("homeport: starting again in", delay_s, "s; Ctrl-C stops it")
    wait(hardware, context, delay_s * 1000)
    if context is not None:
        flush(context)
    hardware.reset()


def tidy(context):
    """Leave no access point behind that nobody serves, and make room."""
    try:
        context.close_portal()
        context.rest()
    except Exception as error:  # it may be what has crashed
        print("homeport: the portal could not be closed:", error)


def told(error):
    """The traceback, bytes."""
    out = io.StringIO()
    sys.print_exception(error, out)
    return out.getvalue().encode()[-TEXT_LIMIT_BYTES:]


def count(record, uptime_s):
    """Seconds to wait, after one more crash in the record."""
    crashes = record[CRASHES] if uptime_s * 1000 < policy.CRASHES_WITHIN_MS else 0
    interval_s = min(pause_s(crashes) + uptime_s, 255)  # since the last one
    record[INTERVALS : INTERVALS + INTERVALS_COUNT] = record[INTERVALS + 1 : INTERVALS + INTERVALS_COUNT] + bytes(
        (interval_s,)
    )
    record[CRASHES] = min(crashes + 1, 255)
    record[FLAGS] = CRASHED
    return pause_s(crashes + 1)


def pause_s(crashes):
    """1, 2, 4, ... seconds after so many crashes."""
    return min(1 << min(crashes, 16) >> 1, policy.CRASH_PAUSE_LIMIT_MS // 1000)


def log(hardware, record, text, uptime_s):
    """Note the crash in the log, or in the record alone if the log has it."""
    what = crc16(kind(text))
    repeats = record[REPEATS] << 8 | record[REPEATS + 1]
    if record[WHAT] << 8 | record[WHAT + 1] != what:
        record[WHAT], record[WHAT + 1] = what >> 8, what & 255
        repeats = 0
    repeats = min(repeats + 1, COUNT_LIMIT)
    entries = logged(hardware)
    before = 0
    for at in range(len(entries)):
        if kind(entries[at][1]) == kind(text):
            before = entries.pop(at)[0]
            break
    if repeats >= before:
        head = HEAD + b"%d times, the last one %d s after the start\n" % (before + repeats, uptime_s)
        entries.append((0, head + text))
        repeats = 0
        write(hardware, entries)
    record[REPEATS], record[REPEATS + 1] = repeats >> 8, repeats & 255


def kind(text):
    """A traceback without its head in the log, and without the words of the exception: they may differ each time."""
    if text.startswith(HEAD):
        text = text[text.find(b"\n") + 1 :]
    last = text.rstrip().rfind(b"\n") + 1
    colon = text.find(b":", last)
    return text if colon < 0 else text[:colon]


def logged(hardware):
    """[(how often, entry with its head)] of the log, the oldest first."""
    try:
        with hardware.open(LOG, "rb") as file:
            data = file.read(LOG_LIMIT_BYTES)
    except OSError:
        return []
    entries = []
    for entry in data.split(b"\n" + HEAD):
        entry = entry if entry.startswith(HEAD) else HEAD + entry
        digits = entry[len(HEAD) : entry.find(b" ", len(HEAD))]
        number = 0
        for digit in digits[:5]:
            number = number * 10 + (digit - 48) % 10
        entries.append((number, entry))
    return entries


def write(hardware, entries):
    data = b"\n".join([entry for _, entry in entries])
    while len(data) > LOG_LIMIT_BYTES:
        entries.pop(0)
        data = b"\n".join([entry for _, entry in entries])
    with hardware.open(LOG, "wb") as file:
        file.write(data)


def wait(hardware, context, ms):
    while ms > 0:
        if context is not None and context.watchdog is not None:
            context.watchdog.feed()
        hardware.sleep_ms(min(ms, FEED_MS))
        ms -= FEED_MS

"""`homeport doctor`: what is on a board, what is wrong with it, and what to do next. Never a secret."""

from dataclasses import dataclass, field
from pathlib import Path

from . import installed
from .deploy import Silent, wanted
from .examine import SETTINGS, Board, examine
from .follow import Start, follow
from .link import PROVEN, Link, Unsuitable, check_suitable
from .places import DEVICE
from .shown import readable
from .traces import Traces

# machine.reset_cause() of the port, and what the SDK has besides (user_interface.h)
CAUSES = {
    0: "power-on", 1: "hardware watchdog", 2: "exception", 3: "watchdog", 4: "restart by the program", 5: "deep sleep",
    6: "reset pin, or power-on",
}  # fmt: skip
CRASHES_AT = 4  # in the record of device/marks.py
PROVEN_FLAG = 1  # of a network, device/slots.py
NAMES_LIMIT = 5
COMPLAINTS = ("settings:", "store:", "history:")
KB = 1024


@dataclass
class Report:
    """rows: (what, text, whether that is a problem); a text may have several lines."""

    rows: list[tuple[str, str, bool]] = field(default_factory=list)

    def row(self, what: str, text: str, problem: bool = False) -> None:
        self.rows.append((what, text, problem))

    @property
    def problems(self) -> int:
        return sum(problem for _, _, problem in self.rows)


def doctor(port: str, shown: Silent, tree: Path = DEVICE, restart: bool = True) -> Report:
    """Report about the board at `port`. It is started again afterwards, unless it is to be left at its prompt."""
    report = Report()
    try:
        shown.doing("Compiling the firmware, to compare with")
        files = wanted(tree)
        with Link(port) as link:
            try:
                board = examine(link, shown)
            except BaseException:
                link.abandon()
                raise
            start = None
            if restart:
                shown.doing("Starting the board again")
                link.reset()
                start = follow(link)
    finally:
        shown.finished()
    report.row("board", f"{port}, {board.facts.machine or board.facts.platform}")
    _micropython(report, board)
    _firmware(report, board, files)
    _room(report, board)
    _chip(report, board)
    _saved(report, board)
    _settings(report, board, start)
    _past(report, board, tree)
    if start is not None:
        _start(report, board, start, tree)
    return report


def _micropython(report: Report, board: Board) -> None:
    facts = board.facts
    text = f"{facts.release}, loads compiled files of version {facts.mpy}"
    notes: list[str] = []
    try:
        check_suitable(facts, notes.append)
    except Unsuitable as error:
        return report.row("MicroPython", f"{text}\n{error}", True)
    return report.row("MicroPython", "\n".join([text, *notes]) if facts.version < PROVEN else text)


def _firmware(report: Report, board: Board, files: dict[str, bytes]) -> None:
    found = board.found.files
    here = {path: installed.digest(data) for path, data in files.items() if path != installed.MAIN}
    there = {path: digest for path, (_, digest) in found.items() if path.startswith(installed.LIB + "/")}
    staged = [path for path in found if path.startswith(installed.STAGE + "/")]
    if not there and not staged and installed.in_place(board.found):
        text = f"{board.version or 'of unknown version'}, in the ROMFS image, where it runs in place"
        report.row("firmware", text)
        return _main(report, board)
    if not there and not staged:
        return report.row("firmware", "there is none\n  `homeport deploy` installs it", True)
    name = f"{board.version or 'of unknown version'}, {installed.fingerprint(there)}"
    if staged or not any(f"{installed.LIB}/{entry}" in there for entry in installed.ENTRIES):
        whole = any(f"{installed.LIB}/{entry}" in there for entry in installed.ENTRIES)
        text = "a deployment was interrupted: " + ("the one before still runs" if whole else "it does not start")
        report.row("firmware", f"{name}; {text}\n  `homeport deploy` finishes it", True)
    elif there == here:
        report.row("firmware", f"{name}, the same as here")
    else:
        changed = sorted(path for path in here if path in there and there[path] != here[path])
        missing, more = sorted(set(here) - set(there)), sorted(set(there) - set(here))
        differences = [
            f"{len(paths)} {word}: {_names(paths)}"
            for word, paths in (("differ", changed), ("are missing", missing), ("are not here", more))
            if paths
        ]
        text = f"{name}, another one than here ({installed.fingerprint(here)})\n  " + "\n  ".join(differences)
        report.row("firmware", text + "\n  `homeport deploy` installs what is here")
    shadow = board.found.imported
    if shadow not in (None, installed.LIB):
        hint = installed.how_to_unshadow(shadow)
        report.row("import", f"`import homeport` takes {shadow} instead\n  {hint}", True)
    return _main(report, board)


def _main(report: Report, board: Board) -> None:
    if installed.MAIN not in board.found.files:
        text = "there is none: nothing starts the firmware\n  `homeport deploy` writes one"
        report.row("main.py", text, True)
    elif board.found.main_ours:
        report.row("main.py", "starts Homeport" + (f", beside {board.programs[0]}" if board.programs else ""))
    elif board.found.main_calls:
        report.row("main.py", "your own, which names homeport")
    else:
        text = "your own, and it does not name homeport: nothing starts the firmware"
        report.row("main.py", text + "\n  add `import homeport` and `homeport.main()` to it (README.md)", True)


def _names(paths: list[str]) -> str:
    names = [path.removeprefix(installed.LIB + "/") for path in paths]
    more = len(names) - NAMES_LIMIT
    return ", ".join(names[:NAMES_LIMIT]) + (f" and {more} more" if more > 0 else "")


def _room(report: Report, board: Board) -> None:
    free, used = board.heap
    text = f"{free} of {free + used} bytes free at the prompt"
    if board.heap_stopped:
        text += f", {board.heap_stopped[0]} where the program was stopped"
    report.row("heap", text)
    found = board.found
    kilobytes = installed.BLOCK_BYTES // KB
    free_kb, all_kb = found.free * kilobytes, found.blocks * kilobytes
    text = f"{board.chip.flash_bytes // KB} KB chip; file system {free_kb} of {all_kb} KB free"
    is_full = found.free <= installed.SPARE_BLOCKS
    hint = "\n  settings and history may no longer be saved: remove files (mpremote fs ls :)" if is_full else ""
    report.row("flash", text + hint, is_full)


def _chip(report: Report, board: Board) -> None:
    chip = board.chip
    text = CAUSES.get(chip.reset_cause, f"unknown ({chip.reset_cause})")
    if isinstance(chip.marks, int):
        text += f"; RTC memory has {chip.marks} bytes of a program's" if chip.marks else ""
    elif chip.marks[CRASHES_AT]:
        text += f"; {chip.marks[CRASHES_AT]} crashes since"
    report.row("last start", text)
    link = f"connected, {chip.ip}, {chip.rssi_dbm} dBm" if chip.ip else "not connected"
    phones = f"open, {chip.phones} joined" if chip.access_point else "closed"
    report.row("radio", f"{link}; access point {phones}")


def _saved(report: Report, board: Board) -> None:
    good = [slot for slot in board.slots if not slot.fault]
    for slot in board.slots:
        if slot.fault:
            report.row("saved", f"{slot.path}: {slot.fault}", True)
    if not good:
        return report.row("saved", "no networks")
    newest = good[0]
    for slot in good[1:]:  # serial arithmetic, as in device/slots.py
        if (slot.sequence - newest.sequence) & 0xFFFF < 0x8000:
            newest = slot
    rows = [
        f"{_ssid(ssid)}, {'with a key' if key else 'open'}" + ("" if flags & PROVEN_FLAG else ", has not held yet")
        for ssid, key, _, flags in newest.networks
    ]
    text = "\n  ".join([f"{len(rows)} network{'s' if len(rows) > 1 else ''}", *rows]) if rows else "no networks"
    if newest.values:
        text += "\n  values of " + ", ".join(readable(name) for name in sorted(newest.values))
    return report.row("saved", text)


def _ssid(name: bytes) -> str:
    try:
        name.decode()
        return readable(name)
    except UnicodeDecodeError:
        return f"hex {name.hex()}"


def _settings(report: Report, board: Board, start: Start | None) -> None:
    if isinstance(board.settings, str):
        return report.row("settings", f"{SETTINGS} is not used: {board.settings}", True)
    text = f"{SETTINGS}: {', '.join(board.settings) or 'empty'}" if board.settings is not None else "all defaults"
    complaints = [line for line in (start.lines if start else ()) if line.startswith(COMPLAINTS)]
    return report.row("settings", "\n  ".join([text, *dict.fromkeys(complaints)]), bool(complaints))


def _past(report: Report, board: Board, tree: Path) -> None:
    if board.history_fault:
        report.row("history", board.history_fault, True)
    elif board.history:
        rows = [
            f"{_ssid(ssid)}: {reason}" + (f", {rssi} dBm" if rssi else "") + (f", {count} times" if count > 1 else "")
            for ssid, reason, rssi, count in board.history
        ]
        report.row("history", "\n  ".join(["newest first", *rows]))
    if board.crash_log.strip():
        traces = Traces(tree)
        lines = [traces.translated(readable(line)) for line in board.crash_log.split(b"\n") if line]
        hint = "mpremote fs rm :/crash.log forgets it"
        report.row("crash log", "\n  ".join([f"newest last; {hint}", *"\n".join(lines).split("\n")]))
    else:
        report.row("crash log", "empty")


def _start(report: Report, board: Board, start: Start, tree: Path) -> None:
    if start.state:
        return report.row("state", f"{start.state}, after a restart just now")
    if start.fault:
        traces = Traces(tree)
        lines = [traces.translated(line) for line in start.lines]
        return report.row("state", "\n  ".join(["it crashed at its start", *"\n".join(lines).split("\n")]), True)
    expected = board.found.main_ours or board.found.main_calls
    text = "the firmware did not start" if expected else "no transition was seen: no main.py starts Homeport"
    return report.row("state", text, bool(expected))

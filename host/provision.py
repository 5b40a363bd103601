"""Credentials over the cable: many boards at once, each tries them as if a person had entered them in its portal."""

import csv
import io
import json
import os
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .cable import Cable, Stopped
from .ports import PortError

JOIN_PATIENCE_S = 90.0  # two attempts of 20 s, a scan, the grace of an answer, and a slow line
START_PATIENCE_S = 90.0  # of a board that knows its network, and of its router
AT_ONCE = 16
FILE_LIMIT_BYTES = 4096
NAME_LIMIT_BYTES = 32
KEYS = {"ssid", "ssid_hex", "password", "fields"}

WHO = """
import machine, network
from binascii import hexlify
try:
    from homeport.commands import join
    import homeport
    homeport.machine()
    found = ""
except ImportError as error:
    found = str(error)
print(repr((found, str(hexlify(machine.unique_id()), "ascii"), network.hostname())))
"""
JOIN = "from homeport.commands import join\njoin(%r)\n"

REFUSALS = {  # the firmware's words, see device/credentials.py and device/net/actions.py
    "ssid_missing": "the network has no name",
    "ssid_too_long": "the network's name has more than 32 bytes",
    "ssid_has_nul": "the network's name has a NUL in it",
    "key_has_nul": "the password has a NUL in it",
    "key_missing": "this network wants a password",
    "key_too_short": "the password has less than 8 bytes",
    "key_too_long": "the password has more than 63 bytes",
    "field_bad": "an input is missing or does not fit, see fields in homeport.json",
    "field_unknown": "fields has a name that is none of the inputs in the board's homeport.json",
}
REASONS = {  # see device/net/join.py
    "wrong_password": "wrong password",
    "not_found": "the network is not there",
    "no_ip": "the network gives no address",
    "connect_failed": "the network refused",
    "timeout": "no answer in time",
}


class CredentialsError(Exception):
    """They cannot be read; the text says why, and has no secret in it."""


@dataclass(frozen=True)
class Credentials:
    """ssid: bytes of the name; password: "" for an open network; inputs: {name: value} of the owner's inputs."""

    ssid: bytes
    password: str = field(default="", repr=False)
    inputs: Mapping[str, str] = field(default_factory=dict, repr=False)

    def form(self) -> dict[bytes, bytes]:
        """As the portal's form submits them."""
        form = {b"ssid": self.ssid, b"password": self.password.encode()}
        return form | {b"f." + name.encode(): value.encode() for name, value in self.inputs.items()}

    @property
    def shown(self) -> str:
        return self.ssid.decode("utf-8", "backslashreplace")


@dataclass
class Row:
    """One line of the report. result: connected, failed, or unreachable if no board answered."""

    id: str
    name: str
    port: str
    network: str
    result: str
    reason: str
    address: str
    seconds: str
    time: str


COLUMNS = [each.name for each in fields(Row)]


def read_credentials(text: str) -> Credentials:
    """Of a JSON object: "ssid" or "ssid_hex", "password", and "fields" with values for the owner's inputs. None of its
    values is in what CredentialsError says."""
    try:
        found = json.loads(text)
    except ValueError as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise CredentialsError(f"it is no JSON{where}") from None
    if not isinstance(found, dict):
        raise CredentialsError("it is no JSON object")
    if unknown := sorted(set(found) - KEYS):
        raise CredentialsError(f"unknown key {', '.join(map(repr, unknown))}; there are {', '.join(sorted(KEYS))}")
    if ("ssid" in found) == ("ssid_hex" in found):
        raise CredentialsError("it has to have ssid, or ssid_hex for a name that is no text")
    for key in ("ssid", "ssid_hex", "password"):
        if not isinstance(found.get(key, ""), str):
            raise CredentialsError(f"{key} has to be a text")
    try:
        ssid = found["ssid"].encode() if "ssid" in found else bytes.fromhex(found["ssid_hex"])
        password = found.get("password", "")
        password.encode()
    except ValueError:
        raise CredentialsError("ssid_hex has to be hex digits, two a byte; texts have to be whole characters") from None
    if not 0 < len(ssid) <= NAME_LIMIT_BYTES:
        raise CredentialsError(f"the network's name has to have 1 to {NAME_LIMIT_BYTES} bytes")
    return Credentials(ssid, password, _inputs(found.get("fields", {})))


def _inputs(found: Any) -> dict[str, str]:
    if not isinstance(found, dict):
        raise CredentialsError("fields has to be an object")
    inputs = {}
    for name, value in found.items():
        if isinstance(value, bool):
            inputs[name] = "1" if value else "0"
        elif isinstance(value, int | str):
            inputs[name] = str(value)
        else:
            raise CredentialsError(f"fields: {name!r} has to be a text, a whole number, true or false")
    return inputs


def provision(
    port: str | Path,
    credentials: Credentials,
    told: Callable[[str], None] = lambda text: None,
    stop: Callable[[], bool] = lambda: False,
) -> Row:
    """Give one board the credentials, wait until it has joined with them and, started again, is connected.

    It is saved only if it works; the board always starts again. told(text): what is being done. Never raises PortError:
    that is a row, too. Stopped if `stop` said so.
    """
    began = time.monotonic()
    row = Row("", "", str(port), credentials.shown, "unreachable", "", "", "", datetime.now().isoformat(" ", "seconds"))
    try:
        told("asking who it is")
        with Cable(port, stop) as cable:
            lacks, row.id, row.name = cable.ask(WHO)
            row.result = "failed"
            if lacks:
                which = "its Homeport is too old" if "join" in lacks else "there is no Homeport on it"
                row.reason = f"{which}: homeport deploy"
            else:
                told("joining")
                cable.enter()  # with an empty heap
                _judge(row, *cable.work(JOIN % credentials.form(), JOIN_PATIENCE_S))
            cable.reset()
            if row.result == "connected":
                told("starting again")
                _wait_for_connected(row, cable)
    except PortError as error:
        row.reason = str(error).splitlines()[0].removeprefix(f"{port} ")
        if row.result == "connected":
            row.result = "failed"
    row.seconds = f"{time.monotonic() - began:.1f}"
    return row


def _judge(row: Row, printed: str, failed: str) -> None:
    """From what the board said last. Its traceback has no values in it, but they were on the line: not a word of it."""
    answers = [line.split() for line in printed.splitlines() if line.startswith("cable: ")]
    outcome, *words = answers[-1][1:] if answers else ["crashed"]
    if outcome == "connected":
        row.result, row.address = "connected", "".join(words)
    elif outcome == "failed":
        reason = REASONS.get(words[0], words[0])
        row.reason = f"probably {reason}" if "probably" in words else reason
    elif outcome == "refused":
        row.reason = REFUSALS.get(words[0], words[0])
    elif outcome == "unsaved":
        row.reason = "it joined, but could not write to its flash"
    else:
        row.reason = f"its firmware failed: {failed.strip().splitlines()[-1].split(':')[0] if failed.strip() else '?'}"


def _wait_for_connected(row: Row, cable: Cable) -> None:
    state = "nothing"
    for line in cable.console(START_PATIENCE_S):
        words = line.split()
        if len(words) == 5 and words[0] == "fsm":
            state = words[4]
        elif line.startswith("connected: address ") and state == "connected":
            row.address = words[2]
            return
    row.result, row.reason = "failed", f"it joined, but not again after its restart: {state}"


def provision_all(
    ports: Iterable[str],
    credentials: Credentials,
    finished: Callable[[Row], None],
    told: Callable[[str, str], None] = lambda port, text: None,
    at_once: int = AT_ONCE,
) -> list[Row]:
    """provision() for each port, so many at the same time. finished(row), told(port, text) are called in this thread.

    Ctrl-C stops those under way, which start again as they were, and is raised.
    """
    stopping = threading.Event()
    news: queue.Queue[tuple[str, str | Row | BaseException]] = queue.Queue()

    def work(port: str) -> None:
        try:
            row = provision(port, credentials, lambda text: news.put((port, text)), stopping.is_set)
            news.put((port, row))
        except BaseException as error:
            news.put((port, error))

    rows: list[Row] = []
    waiting = set(ports)
    with ThreadPoolExecutor(at_once) as workers:
        try:
            for port in sorted(waiting):
                workers.submit(work, port)
            while waiting:
                port, what = news.get()
                if isinstance(what, str):
                    told(port, what)
                    continue
                waiting.discard(port)
                if isinstance(what, Row):
                    rows.append(what)
                    finished(what)
                elif not isinstance(what, Stopped):
                    raise what
        except BaseException:
            stopping.set()
            workers.shutdown(wait=True, cancel_futures=True)
            raise
    return rows


class Report:
    """A CSV file with a line for each board, the newest of each; whole at any time. Boards of earlier runs stay in it.

    Two boards are the same if their id is; one that never told it is known by its port.
    """

    def __init__(self, path: str | Path) -> None:
        """OSError; CredentialsError if the file is another one."""
        self.path = Path(path)
        self.rows: dict[str, Row] = {}
        if self.path.exists() and self.path.stat().st_size:
            with self.path.open(newline="", encoding="utf-8") as file:
                try:
                    reader = csv.DictReader(file)
                    if reader.fieldnames != COLUMNS:
                        raise csv.Error
                    for found in reader:
                        row = Row(**{name: found[name] or "" for name in COLUMNS})
                        self.rows[row.id or row.port] = row
                except (csv.Error, UnicodeDecodeError):
                    raise CredentialsError(f"{path} is not a report of boards; choose another name") from None
        self._new = self.path.with_name(f"{self.path.name}.new")
        self._new.touch()  # better found out now than when the first board has its network
        self._new.unlink()

    def add(self, row: Row) -> None:
        self.rows.pop(row.port, None)  # when it did not answer
        self.rows[row.id or row.port] = replace(row)
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        for each in self.rows.values():
            writer.writerow({name: _harmless(value) for name, value in asdict(each).items()})
        self._new.write_text(out.getvalue(), encoding="utf-8", newline="")
        os.replace(self._new, self.path)


def _harmless(value: str) -> str:
    """A network's name that begins as a formula must not be one in a spreadsheet."""
    return f"'{value}" if value[:1] in ("=", "+", "-", "@", "\t", "\r") else value

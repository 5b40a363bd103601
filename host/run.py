"""`make run`: the virtual board for a person, with the portal's address, the transitions as they happen, and keys."""

import contextlib
import hashlib
import json
import os
import signal
import sys
import termios
import tty
from pathlib import Path

import segno
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel

from .board import Settings
from .board.board import Board
from .board.session import make_image
from .places import DEVICE
from .shown import transition

FOLDER = Path(".homeport")
FIRST_AIR = {
    "networks": [
        {"ssid": "Home", "key": "correct horse", "channel": 6, "rssi": -52, "join_ms": 1800, "ip": "192.168.1.50"},
        {"ssid": "Neighbour", "key": "not for you", "channel": 11, "rssi": -71},
        {"ssid": "Café", "security": "open", "channel": 1, "rssi": -80, "dhcp": False},
    ],
    "phones": 0,
}
KEYS = (
    "[b]r[/b] router off and on   [b]p[/b] power cut and back   [b]e[/b] erase the flash   [b]q[/b] quit\n"
    "[b]b[/b] press the button or let it go   [b]t[/b] tap the reset button (twice: portal)"
)
BUTTON = "0"  # the pin of the FLASH button, as in the air file


class Session:
    """One board, one terminal. The air file stays on disk: it may be edited while the board runs."""

    def __init__(self, settings, air_path):
        self.settings = settings
        self.air_path = air_path
        self.out = Console(highlight=False)
        self.board = None
        self.ended = False
        self._line = b""
        settings.console = self._printed

    def start(self):
        erase = self.settings.erase or firmware_changed(self.settings.flash)
        if erase and Path(self.settings.flash).exists() and not self.settings.erase:
            self.out.print("The firmware has changed since this flash image was made; a new one is made.")
        self.settings.erase = erase
        if erase or not Path(self.settings.flash).exists():
            with self.out.status("Installing the firmware on a new flash image with mpremote …"):
                make_image(self.settings, lambda text: None)
            note_firmware(self.settings.flash)
        self.board = Board(self.settings)
        self.board.power_on()
        self._greet()

    def _greet(self):
        s = self.settings
        port = "" if s.http_port == 80 else f":{s.http_port}"
        address = f"http://{s.address}{port}/"
        self.out.print(
            Panel(
                f"Portal, while it is open:  [b]{address}[/b]\n"
                f"Names: dig @{s.address} -p {s.dns_port} example.com      Serial port: mpremote connect {s.tty}\n"
                f"Networks in the air, edit as you like: {self.air_path}   ([b]Home[/b] has the password [b]"
                f"{FIRST_AIR['networks'][0]['key']}[/b])\n"
                + (KEYS if sys.stdin.isatty() else "Keys need a terminal; Ctrl-C ends."),
                title="A virtual ESP8266 with Homeport",
                expand=False,
            )
        )
        if self.out.is_terminal:
            segno.make_qr(address).terminal(compact=True, border=1)

    def _printed(self, data):
        *lines, self._line = (self._line + data).replace(b"\r\n", b"\n").split(b"\n")
        for line in lines:
            self._show(line.decode("utf-8", "replace"))

    def _show(self, line):
        if not self.out.is_terminal:
            print(line, flush=True)  # for a program: the console as it is
            return
        self.out.print(transition(line) or f"[dim]{escape(line)}[/dim]", soft_wrap=True)

    # Keys

    def pressed(self):
        key = os.read(sys.stdin.fileno(), 1)
        if key == b"r":
            self._switch_router()
        elif key == b"p":
            self.out.print("[b]Power cut[/b]; power on again.")
            self._power_cycle()
        elif key == b"e":
            self.out.print("[b]Flash erased[/b]; the board starts as new.")
            self._cut_power()
            self.ended, self.settings.erase = "erase", True
        elif key == b"b":
            self._press_button()
        elif key == b"t":
            self.out.print("[b]Reset[/b] by its button.")
            self.board.press_reset()
        elif key in (b"q", b"\x03", b"\x04", b""):
            self.ended = "quit"

    def _edited(self, part):
        """The air and what `part(air)` finds in it; None, and said, if the file is of no use."""
        try:
            air = json.loads(self.air_path.read_text())
            return air, part(air)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            self.out.print(f"[red]{escape(str(self.air_path))} cannot be read: {escape(str(error))}[/red]")
            return None

    def _press_button(self):
        found = self._edited(lambda air: air.setdefault("pins", {}).pop(BUTTON, None))
        if found:
            air, level = found
            if level is None:
                air["pins"][BUTTON] = 0
            write_air(self.air_path, air)
            hint = "let go after 5 s: portal; 10 s: erased" if level is None else ""
            self.out.print(f"The button is [b]{'pressed' if level is None else 'up'}[/b]. {hint}")

    def _switch_router(self):
        found = self._edited(lambda air: air["networks"][0])
        if not found:
            return
        air, router = found
        router["up"] = not router.get("up", True)
        write_air(self.air_path, air)
        name = escape(str(router.get("ssid", router.get("ssid_hex"))))
        self.out.print(f"The router [b]{name}[/b] is [b]{'on' if router['up'] else 'off'}[/b] now.")

    def _power_cycle(self):
        self._cut_power()
        self.board.power_on()

    def _cut_power(self):
        """What the board was about to say ends there; its next word begins a line."""
        self.board.power_cut()
        line, self._line = self._line, b""
        if line:
            self._show(line.decode("utf-8", "replace"))

    def run(self):
        """Until a key or a signal ends it. Returns "quit" or "erase"."""
        self.ended = False
        if sys.stdin.isatty():
            self.board.watch(sys.stdin.fileno(), self.pressed)
        self.board.run(until=lambda: self.ended)
        return self.ended


def write_air(path, air):
    """Replace the file at once, so that the board never reads half of it."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(air, indent=1, ensure_ascii=False) + "\n")
    os.replace(new, path)


def fingerprint(tree=DEVICE):
    digest = hashlib.sha256()
    for path in sorted(path for path in tree.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        digest.update(path.relative_to(tree).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def firmware_changed(flash):
    note = Path(f"{flash}.firmware")
    return Path(flash).exists() and (not note.exists() or note.read_text() != fingerprint())


def note_firmware(flash):
    Path(f"{flash}.firmware").write_text(fingerprint())


@contextlib.contextmanager
def single_keys():
    """The terminal gives each key at once and does not show it."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    tty.setcbreak(sys.stdin)
    try:
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def main(address="127.0.0.1", http_port=8080, dns_port=10053, clock=1.0, folder=FOLDER):
    """Run until `q`, Ctrl-C or SIGTERM. Files (flash image, air, serial port) are in `folder`."""

    def end(*_):
        raise SystemExit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    folder.mkdir(exist_ok=True)
    air_path = folder / "air.json"
    if not air_path.exists():
        write_air(air_path, FIRST_AIR)
    settings = Settings(
        flash=str(folder / "flash.bin"),
        air=str(air_path),
        tty=str(folder / "tty"),
        address=address,
        http_port=http_port,
        dns_port=dns_port,
        clock=clock,
    )
    session = Session(settings, air_path)
    with single_keys():
        while True:
            try:
                session.start()
                if session.run() == "quit":
                    return
            finally:
                if session.board:
                    session.board.close()

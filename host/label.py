"""What to stick on a board: its name, its access point, and QR codes for joining that and for the portal."""

import html
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import segno
from PIL import Image, ImageDraw, ImageFont
from segno import helpers

from .cable import Cable
from .link import BoardFault
from .ports import PortError

ADDRESS = "192.168.4.1"  # of the access point: the port's default, which the firmware leaves
DEVICE_NAME = re.compile(r"(?!-)[0-9A-Za-z-]{1,32}(?<!-)")  # as device/credentials.py has it
PASSWORD = re.compile(r"[ -~]{8,63}")  # as device/options.py has it
FORMATS = (".txt", ".svg", ".png")

# A label of 62 mm, the widest of the usual tape; all lengths in mm.
WIDTH_MM, MARGIN_MM, CODE_MM, TITLE_MM, TEXT_MM, SMALL_MM = 62.0, 3.0, 22.0, 4.6, 2.7, 2.2
QUIET_MODULES = 4  # the white edge that a QR code needs (ISO/IEC 18004)
DPI = 300
MM_PER_INCH = 25.4
LINE = 1.3  # distance of lines, in heights of letters
SPARE = 1.12  # other fonts than the one that is measured are wider

# The name is in the port once the firmware has made its machine; the file is none of the firmware's secrets: the
# owner wrote it.
READ = """
import homeport, network
homeport.machine()
try:
    with open("/homeport.json") as file:
        settings = file.read(2049)
except OSError:
    settings = ""
print(repr((network.hostname(), network.WLAN(network.AP_IF).ifconfig()[0], settings)))
"""


class LabelError(Exception):
    """There is no label for that; the text says why."""


@dataclass(frozen=True)
class Block:
    """One QR code and what stands beside it. shown: to be read sign by sign. uri: what the code says."""

    heading: str
    shown: str
    words: str
    uri: str


@dataclass(frozen=True)
class Label:
    """name: the device's, which is that of its access point. password: of the access point of a board that is set up,
    `access_point_password` of its settings; "" if none is chosen. LabelError for what no board takes."""

    name: str
    password: str = field(default="", repr=False)
    address: str = ADDRESS

    def __post_init__(self) -> None:
        if not DEVICE_NAME.fullmatch(self.name):
            raise LabelError(f"{self.name!r}: a name is 1 to 32 letters, digits and hyphens, none of these at the ends")
        if self.password and not PASSWORD.fullmatch(self.password):
            raise LabelError("access_point_password: it has 8 to 63 printable ASCII characters")

    def blocks(self) -> list[Block]:
        """What a board that is new asks for comes first: its access point is open until a network is saved."""
        words = "no password at first" if self.password else "no password at first, later that of your own Wi-Fi"
        first = Block("1. Join its Wi-Fi", self.name, words, wifi_uri(self.name))
        url = f"http://{self.address}/"
        portal = Block("2. Choose your Wi-Fi", url, "this page opens by itself on most phones", url)
        if not self.password:
            return [first, portal]
        words = "its password once it has been set up"
        return [first, Block("1b. Join it later", self.password, words, wifi_uri(self.name, self.password)), portal]

    def text(self) -> str:
        """For a printer of text. Dark is printed: on a dark terminal the codes are inverted."""
        parts = [self.name]
        for block in self.blocks():
            parts.append(f"{block.heading}\n   {block.shown}\n   ({block.words})\n\n{halves(block.uri)}")
        return "\n\n".join(parts) + "\n"

    def svg(self) -> str:
        body = []
        for element in self._layout():
            x, y, size, content = element.x, element.y, element.size, element.content
            if element.is_code:
                code = segno.make_qr(content, error="m")
                scale = size / code.symbol_size(border=QUIET_MODULES)[0]
                path = code.svg_inline(border=QUIET_MODULES, omitsize=False)
                body.append(f'<g transform="translate({x:g} {y:g}) scale({scale:.5f})">{path}</g>')
            else:
                weight = ' font-weight="bold"' if element.is_bold else ""
                shown = html.escape(content)
                drawn = f' textLength="{element.width:g}" lengthAdjust="spacingAndGlyphs"' if element.width else ""
                body.append(f'<text x="{x:g}" y="{y + size:g}" font-size="{size:g}"{weight}{drawn}>{shown}</text>')
        height = self._height()
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH_MM:g}mm" height="{height:g}mm"'
            f' viewBox="0 0 {WIDTH_MM:g} {height:g}" font-family="sans-serif" xml:space="preserve">'
            f'<rect width="{WIDTH_MM:g}" height="{height:g}" fill="#fff"/>{"".join(body)}</svg>\n'
        )

    def png(self) -> bytes:
        """Black and white, 300 dots an inch."""
        dots = DPI / MM_PER_INCH
        image = Image.new("1", (round(WIDTH_MM * dots), round(self._height() * dots)), 1)
        draw = ImageDraw.Draw(image)
        draw.fontmode = "1"
        for element in self._layout():
            x, y = round(element.x * dots), round(element.y * dots)
            if element.is_code:
                rows = list(segno.make_qr(element.content, error="m").matrix_iter(border=QUIET_MODULES))
                module = int(element.size * dots) // len(rows)  # whole dots: every module has the same size
                for row, cells in enumerate(rows):
                    for column, dark in enumerate(cells):
                        left, top = x + column * module, y + row * module
                        if dark:
                            draw.rectangle((left, top, left + module - 1, top + module - 1), fill=0)
            else:
                font = ImageFont.load_default(element.size * dots)
                width = 1 if element.is_bold else 0
                draw.text((x, y), element.content, fill=0, font=font, stroke_width=width)
        data = io.BytesIO()
        image.save(data, "PNG", dpi=(DPI, DPI))
        return data.getvalue()

    def _layout(self) -> Iterator["_Element"]:
        wide = WIDTH_MM - 2 * MARGIN_MM
        title = min(TITLE_MM, wide / _heights(self.name))
        yield _Element(MARGIN_MM, MARGIN_MM, title, self.name, is_bold=True, width=title * _heights(self.name))
        y = MARGIN_MM + TITLE_MM * LINE
        for block in self.blocks():
            yield _Element(MARGIN_MM, y, CODE_MM, block.uri, is_code=True)
            x = MARGIN_MM + CODE_MM + 1
            beside = y + TEXT_MM
            yield _Element(x, beside, TEXT_MM, block.heading, is_bold=True)
            beside += TEXT_MM * LINE * 1.2
            room = WIDTH_MM - MARGIN_MM - x
            for line in (*_lines(list(block.shown), "", room), *_lines(block.words.split(), " ", room)):
                yield _Element(x, beside, SMALL_MM, line)
                beside += SMALL_MM * LINE
            y += CODE_MM

    def _height(self) -> float:
        return 2 * MARGIN_MM + TITLE_MM * LINE + CODE_MM * len(self.blocks())


@dataclass(frozen=True)
class _Element:
    """size: the edge of a code or the height of letters; x, y: its upper left corner. width: of a text that has to have
    it in whatever font it is drawn, else 0. mm."""

    x: float
    y: float
    size: float
    content: str
    is_code: bool = False
    is_bold: bool = False
    width: float = 0


def _heights(text: str) -> float:
    """How wide a text is, in heights of its letters."""
    return SPARE * ImageFont.load_default(100).getlength(text) / 100


def _lines(pieces: list[str], between: str, room_mm: float) -> Iterator[str]:
    """The pieces in lines that have room. Those of a password are its signs: none is dropped where a line ends."""
    line = pieces[0]
    for piece in pieces[1:]:
        if _heights(line + between + piece) * SMALL_MM > room_mm:
            yield line
            line = piece
        else:
            line += between + piece
    yield line


def wifi_uri(name: str, password: str = "") -> str:
    """What a phone's camera understands as a Wi-Fi to join, with the signs escaped that have a meaning in it."""
    if password:
        return helpers.make_wifi_data(name, password, "WPA")
    return helpers.make_wifi_data(name, None, "nopass")


def halves(uri: str) -> str:
    """A QR code of half blocks, dark on light."""
    rows = [list(row) for row in segno.make_qr(uri, error="m").matrix_iter(border=2)]
    rows += [[0] * len(rows[0])] * (len(rows) % 2)
    signs = {(0, 0): " ", (1, 0): "▀", (0, 1): "▄", (1, 1): "█"}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join("".join(signs[pair] for pair in zip(*rows, strict=True)).rstrip() for rows in pairs)


def password_of(settings: str) -> str:
    """access_point_password of the text of a homeport.json; "" if it has none. LabelError."""
    try:
        found = json.loads(settings or "{}")
        password = found.get("access_point_password") or ""
    except (ValueError, AttributeError):
        raise LabelError("homeport.json is no JSON object") from None
    if not isinstance(password, str):
        raise LabelError("access_point_password: it is no text")
    return password


def from_board(port: str | Path) -> Label:
    """The label of the board at a port, which starts again afterwards. PortError, LabelError."""
    with Cable(port) as cable:
        try:
            name, address, settings = cable.ask(READ)
        except BoardFault as error:
            if "ImportError" in error.text:
                raise PortError(f"there is no Homeport on {port}: `homeport deploy` installs it") from None
            raise
        cable.reset()
    return Label(name, password_of(settings), address if address not in ("", "0.0.0.0") else ADDRESS)


def write(label: Label, path: str | Path) -> None:
    """As text, SVG or PNG, by the end of the file's name. LabelError, OSError."""
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise LabelError(f"{path}: its name has to end with {', '.join(FORMATS)}")
    if path.suffix.lower() == ".png":
        path.write_bytes(label.png())
    else:
        text = label.svg() if path.suffix.lower() == ".svg" else label.text()
        path.write_text(text, encoding="utf-8", newline="\n")

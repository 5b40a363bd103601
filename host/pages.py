"""The portal's pages, compiled: templates and texts in, two files a language out, which the board sends in pieces.

Templates (device/pages/*.html) are written in a part of mustache (https://mustache.github.io/mustache.5.html):
`{{name}}` is put in escaped, `{{{name}}}` as it is, `{{#word}}...{{/word}}` stays if the word holds and is repeated if
it is one of LISTS, `{{^word}}...{{/word}}` stays if it does not; `{{>file}}`, `{{_key}}` (a text of the language) and
`{{lang}}` are put in here and now. Lines are stripped and joined, by a space only between two words.

A compiled file starts with a line of page names and the places where they start. A page starts with a line of the
names that it uses, each with a space behind it. Records follow, integers little-endian: kind (1 byte), place of a name
in that line (2), size (2), then

* STATIC: `size` bytes to be sent; in the compressed file their check comes first, and they are compressed and end at a
  whole byte, except within a list.
* TEXT, RAW: nothing; the value of the name goes here, escaped or as it is.
* IF, UNLESS: the next `size` bytes, records, are skipped unless the name's value is true or false.
* EACH: `size` bytes, records, that are repeated for each item of the name's value.
* END of the page.

A check is the size uncompressed (2 bytes), the CRC-32, and x to the power of 8 times the size, modulo the polynomial
of the CRC, both in halves, the lower one first: what device/net/gzip.py needs to reckon on.
"""

import re
import struct
import tomllib
import zlib
from dataclasses import dataclass, field
from pathlib import Path

PAGES = ("setup", "status", "forget", "history")
LISTS = ("rows", "known", "fields", "attempts")
COMPRESSED = ".gz"
END, STATIC, TEXT, RAW, IF, UNLESS, EACH = range(7)

RECORD = struct.Struct("<BHH")
CHECK = struct.Struct("<HHHHH")
POLYNOMIAL = 0xEDB88320
INCLUDES_LIMIT = 20
TAG = re.compile(r"\{\{\{\s*(?P<raw>\w+)\s*\}\}\}|\{\{(?P<sigil>[#^/>!]?)\s*(?P<name>[^{}]*?)\s*\}\}")


class PageError(Exception):
    """A template or a language file is wrong; the text says which and why."""


@dataclass
class Section:
    """kind: IF, UNLESS or EACH; parts: bytes to be sent, (TEXT or RAW, name), or sections."""

    kind: int
    name: str
    parts: list = field(default_factory=list)


def compile_pages(folder):
    """{file name: bytes} of all languages of `folder`, compressed and not. PageError."""
    folder = Path(folder)
    files = {}
    for path in sorted((folder / "languages").glob("*.toml")):
        texts = read_language(path)
        trees = [parse(expand(folder, page, texts, path.stem), page) for page in PAGES]
        files[path.stem] = archive([encode(tree, False) for tree in trees])
        files[path.stem + COMPRESSED] = archive([encode(tree, True) for tree in trees])
    if not files:
        raise PageError(f"{folder}: no language")
    return files


def read_language(path):
    """{key: text}."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise PageError(f"{path}: {error}") from error


def expand(folder, page, texts, language):
    """A page's template with everything put in that is known now, as one line."""
    text = "{{>" + page + ".html}}"
    for _ in range(INCLUDES_LIMIT):
        changed = TAG.sub(lambda tag: _known(folder, page, texts, language, tag), text)
        if changed == text and "{{_" not in text:
            return text
        text = changed
    raise PageError(f"{page}.html: inclusions or texts that contain each other")


def _known(folder, page, texts, language, tag):
    sigil, name = tag["sigil"], tag["name"]
    if sigil == "!":
        return ""
    if sigil == ">":
        try:
            return joined((folder / name).read_text(encoding="utf-8"), name.endswith(".html"))
        except OSError as error:
            raise PageError(f"{page}.html: {error}") from error
    if not sigil and name == "lang":
        return language
    if not sigil and name and name.startswith("_"):
        if name[1:] not in texts:
            raise PageError(f"languages/{language}.toml: no text for {name[1:]}")
        return texts[name[1:]]
    return tag[0]


def joined(text, is_markup):
    """The lines of a template as one; style and script need no space between theirs."""
    lines = [line.strip() for line in text.splitlines()]
    line = ""
    for more in filter(None, lines):
        between_words = is_markup and line and line[-1] not in ">}" and more[0] not in "<{"
        line += (" " if between_words else "") + more
    return line


def parse(text, page):
    """The page's parts, see Section."""
    stack = [Section(END, "")]

    def add(part):
        parts = stack[-1].parts
        if isinstance(part, bytes) and parts and isinstance(parts[-1], bytes):
            parts[-1] += part
        elif part:
            parts.append(part)

    at = 0
    for tag in TAG.finditer(text):
        add(text[at : tag.start()].encode())
        at = tag.end()
        sigil, name = tag["sigil"], tag["raw"] or tag["name"]
        if not re.fullmatch(r"\w+", name):
            raise PageError(f"{page}.html: what is {tag[0]}?")
        if sigil == "/":
            section = stack.pop()
            if not stack or section.name != name:
                raise PageError(f"{page}.html: {tag[0]} closes nothing")
            add(section)
        elif sigil:
            kind = UNLESS if sigil == "^" else EACH if name in LISTS else IF
            if kind == EACH and any(section.kind == EACH for section in stack):
                raise PageError(f"{page}.html: a list within a list: {tag[0]}")
            stack.append(Section(kind, name))
        else:
            add((RAW if tag["raw"] else TEXT, name))
    add(text[at:].encode())
    if len(stack) > 1:
        raise PageError(f"{page}.html: {stack[-1].name} is not closed")
    return stack[0].parts


def encode(parts, compressed):
    """A compiled page."""
    names = bytearray()
    body = _records(parts, names, compressed, False)
    return names + b"\n" + body + RECORD.pack(END, 0, 0)


def _records(parts, names, compressed, in_list):
    out = b""
    for part in parts:
        if isinstance(part, bytes):
            if not compressed:
                out += RECORD.pack(STATIC, 0, len(part)) + part
            elif in_list:
                out += RECORD.pack(STATIC, 0, len(part)) + check(part) + part
            else:
                packed = deflate(part)
                out += RECORD.pack(STATIC, 0, len(packed)) + check(part) + packed
        elif isinstance(part, Section):
            body = _records(part.parts, names, compressed, in_list or part.kind == EACH)
            out += RECORD.pack(part.kind, _place(names, part.name), len(body)) + body
        else:
            out += RECORD.pack(part[0], _place(names, part[1]), 0)
    return out


def _place(names, name):
    """Where the name stands in the line of names, which it joins if it is not there yet."""
    word = b" " + name.encode() + b" "
    at = (b" " + names).find(word)
    if at < 0:
        at = len(names)
        names += word[1:]
    return at


def check(data):
    """What gzip.py on the board needs to continue a checksum over `data`."""
    crc = zlib.crc32(data)
    power = 1 << 31  # the polynomial 1, in the bit order of CRC-32
    for _ in range(8 * len(data)):
        power = power >> 1 ^ (POLYNOMIAL if power & 1 else 0)
    return CHECK.pack(len(data), crc & 0xFFFF, crc >> 16, power & 0xFFFF, power >> 16)


def deflate(data):
    """Deflate blocks that end at a whole byte and refer to nothing before them: the shortest that zlib finds."""
    found = []
    for strategy in (zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_FILTERED):
        for memory in range(1, 10):
            packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, memory, strategy)
            found.append(packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))
    return min(found, key=len)


def archive(pages):
    """One file of all pages."""
    size = 0
    while True:  # the places have a length of their own
        at, words = size, []
        for name, page in zip(PAGES, pages, strict=True):
            words.append(f"{name} {at}")
            at += len(page)
        line = " ".join(words).encode() + b"\n"
        if len(line) == size:
            return line + b"".join(pages)
        size = len(line)

"""Compiled pages are what the templates say, compressed or not, and gzip made on the board is gzip."""

import gzip
import io
import random
import subprocess
import sys
import zlib
from pathlib import Path

import chevron
import pytest
from homeport import pages as compiler
from hypothesis import given
from hypothesis import strategies as st

from device.net import connection, template
from device.net.gzip import HEADER, Gzip
from device.net.language import choose

ROOT = Path(__file__).parent.parent
MICROPYTHON = Path(sys.executable).parent / "micropython"


class Flash:
    """Compiled pages as the hardware opens them."""

    def __init__(self, files):
        self.files = files

    def page(self, name):
        return io.BytesIO(self.files[name])


class Wire:
    """A socket that takes what it is given."""

    def __init__(self):
        self.out = b""

    def write(self, data):
        self.out += bytes(data)
        return len(data)


def sent(open_page, parts):
    """What a connection sends of an answer's parts, the head left out."""
    client = connection.Connection(0)
    client.sock = Wire()
    client.request.version = 9
    client.make_ready()
    client.answer(open_page, 200, (), None, parts)
    for _ in range(1000):
        try:
            client.send()
        except EOFError:
            return client.sock.out
    raise AssertionError("it does not end")


def as_bytes(values):
    """With names as the board has them."""
    if isinstance(values, list):
        return lambda n: as_bytes(values[n]) if n < len(values) else None
    if isinstance(values, dict):
        return {name.encode(): as_bytes(value) for name, value in values.items()}
    return values


def rendered(files, page, values, language="en"):
    """The page as a client gets it that takes no compression, and as one that does."""
    flash, bodies = Flash(files), []
    for name, packer in ((language, None), (language + ".gz", Gzip(100))):
        length, plan = template.planned(flash.page(name), page.encode(), as_bytes(values), packer)
        body = sent(flash.page, [name, *plan])
        assert len(body) == length
        bodies.append(body)
    return bodies


def compiled(tmp_path, markup, texts='hello = "Hello"\n', **others):
    (tmp_path / "languages").mkdir()
    (tmp_path / "languages/en.toml").write_text(texts)
    for page in compiler.PAGES:
        (tmp_path / f"{page}.html").write_text(markup)
    for name, text in others.items():
        (tmp_path / name.replace("_", ".")).write_text(text)
    return compiler.compile_pages(tmp_path)


ROWS = [{"ssid": b"Home", "b4": True}, {"ssid": b'<&">', "b1": True}, {"ssid": b"\xff\xfe", "b4": True}] * 9
EVERYTHING = """<!doctype html>
<html lang={{lang}}><style>{{>look.css}}</style>
{{! nobody sees this }}
<p>{{_hello}} two
words {{{markup}}} and {{name}}</p>
{{#word}}<b>word {{#inner}}and inner{{/inner}}</b>{{/word}}
{{^word}}no word{{/word}}
<ul>{{#rows}}<li>{{ssid}}{{#b4}} strong{{/b4}}{{^b4}} weak{{/b4}}</li>{{/rows}}</ul>"""


@pytest.mark.parametrize("word", [True, False])
@pytest.mark.parametrize("rows", [ROWS, []])
def test_a_compiled_page_is_what_mustache_makes_of_its_template(tmp_path, word, rows):
    files = compiled(tmp_path, EVERYTHING, look_css="a {\n  color: red;\n}\n")
    values = {"word": word, "inner": word, "name": b"<i>", "markup": b"<hr>", "rows": rows}
    plain, packed = rendered(files, "status", values)
    expected = chevron.render(
        '<!doctype html><html lang=en><style>a {color: red;}</style><p>Hello two words <hr> and &lt;i&gt;</p>'
        "{{#word}}<b>word {{#inner}}and inner{{/inner}}</b>{{/word}}{{^word}}no word{{/word}}"
        "<ul>{{#rows}}<li>{{{ssid}}}{{#b4}} strong{{/b4}}{{^b4}} weak{{/b4}}</li>{{/rows}}</ul>",
        {**values, "rows": [{**row, "ssid": template.shown(row["ssid"]).decode()} for row in rows]},
    )
    assert plain.decode() == expected
    assert gzip.decompress(packed) == plain


NAMES = st.binary(max_size=32)
ITEMS = st.lists(st.fixed_dictionaries({"ssid": NAMES, "b4": st.booleans()}), max_size=40)


@given(items=ITEMS, name=NAMES, markup=st.binary(max_size=600), word=st.booleans())
def test_compressed_and_plain_pages_say_the_same_whatever_is_in_the_air(files, items, name, markup, word):
    values = {"rows": items, "name": name, "markup": markup, "word": word}
    plain, packed = rendered(files, "setup", values)
    assert gzip.decompress(packed) == plain


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return compiled(tmp_path_factory.mktemp("pages"), EVERYTHING, look_css="a{}")


@pytest.mark.parametrize("seed", range(50))
def test_any_mixture_of_parts_is_a_valid_gzip_stream(seed):
    chance = random.Random(seed)
    texts = [chance.randbytes(size) for size in (0, 1, 3, 4, 5, 100, 257, 258, 511, 700)]
    packer, stream, plain = Gzip(chance.randrange(1000)), bytearray(HEADER), b""
    for _ in range(chance.randrange(8)):
        if chance.random() < 0.4:
            data = chance.choice([b"", chance.randbytes(chance.randrange(4000)), b"text " * chance.randrange(5000)])
            packer.skip(compiler.CHECK.unpack(compiler.check(data)))
            stream += compiler.deflate(data)
            plain += data
        else:
            pieces = [chance.choice(texts) for _ in range(chance.randrange(10))]
            checks = [chance.choice([None, compiler.CHECK.unpack(compiler.check(piece))]) for piece in pieces]
            places = [1 + texts.index(piece) if check else 0 for piece, check in zip(pieces, checks, strict=True)]
            plan = []
            size = packer.encode(zip(pieces, checks, places, strict=True), plan)
            stream += b"".join(plan)
            assert size == sum(map(len, plan))
            plain += b"".join(pieces)
    stream += packer.finish()
    assert gzip.decompress(stream) == plain
    assert zlib.crc32(plain).to_bytes(4, "little") == stream[-8:-4]


def test_what_was_sent_before_takes_next_to_nothing():
    row = b"<li><label><input type=radio name=ssid></label>"
    piece = (row, compiler.CHECK.unpack(compiler.check(row)), 7)
    once, often = (Gzip(99).encode([piece] * count, []) for count in (1, 25))
    assert once < len(row) + 8
    assert often - once < 24 * 4


def test_kinds_of_records_are_the_same_on_both_sides():
    names = ("END", "STATIC", "TEXT", "RAW", "IF", "UNLESS", "EACH")
    assert [getattr(template, name) for name in names] == [getattr(compiler, name) for name in names]


@pytest.mark.parametrize(
    "markup, complaint",
    [
        ("{{#word}}", "word is not closed"),
        ("{{/word}}", "closes nothing"),
        ("{{#a}}{{#b}}{{/a}}{{/b}}", "closes nothing"),
        ("{{#rows}}{{#known}}{{/known}}{{/rows}}", "a list within a list"),
        ("{{>missing.css}}", "missing.css"),
        ("{{_missing}}", "no text for missing"),
        ("{{_circle}}", "contain each other"),
        ("{{two words}}", "what is"),
    ],
)
def test_a_wrong_template_is_refused_with_its_name_and_fault(tmp_path, markup, complaint):
    with pytest.raises(compiler.PageError, match=complaint):
        compiled(tmp_path, markup, 'circle = "{{_circle}}"\n')


def test_a_wrong_language_file_is_refused_with_its_name(tmp_path):
    with pytest.raises(compiler.PageError, match="en.toml"):
        compiled(tmp_path, "", "hello: no toml")


@pytest.mark.parametrize(
    "header, language",
    [
        (b"", b"en"),
        (b"de", b"de"),
        (b"de-CH, de;q=0.9, en;q=0.8", b"de"),
        (b"it,fr;q=0.7,de;q=0.8", b"de"),
        (b"DE-de", b"de"),
        (b"zh-Hans-CN", b"zh"),
        (b"*", b"en"),
        (b"de;q=0, fr;q=0.001", b"fr"),
        (b"de;q=0", b"en"),
        (b"fr ; q=1.0, de", b"fr"),
        (b"de;q=1_0,fr;q=x,es;q=-1,zh;q=0.1", b"de"),
        (b"fr;q=x,es;q=0.x,zh;q=0.1", b"zh"),
        (b"pt,,;;=,\xff\xfe,fr;q=0.", b"en"),
        (b"nl;q=0.9", b"en"),
        (b"de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7,fr;q=0.6,it;q", b"de"),  # cut: 64 bytes are kept
        (b"de.gz", b"en"),
        (b"fr.gz;q=0.9, es;q=0.1", b"es"),
    ],
)
def test_the_language_that_a_phone_prefers_is_chosen(header, language):
    assert choose(header, [b"de", b"de.gz", b"en", b"en.gz", b"es", b"es.gz", b"fr", b"zh"]) == language


@pytest.mark.parametrize(
    "header, language",
    [
        (b"pt-BR,pt;q=0.9", b"pt-BR"),
        (b"pt-br", b"pt-BR"),
        (b"pt-PT", b"pt"),
        (b"pt", b"pt"),
        (b"sr", b"sr-Latn"),  # of another country, or another script, rather than of another language
        (b"sr-Cyrl-RS, en", b"sr-Latn"),
        (b"p, s, -, pt-", b"pt"),
        (b"", b"en"),
    ],
)
def test_a_language_of_a_country_is_chosen_for_it_and_else_the_nearest(header, language):
    files = [b"en", b"en.gz", b"pt.gz", b"pt-BR.gz", b"pt", b"pt-BR", b"sr-Latn", b"sr-Latn.gz"]
    assert choose(header, files) == language
    assert choose(header, files[::-1]) == language


ON_THE_VM = """
import sys
sys.path.insert(0, {root!r})
from device.net import connection, template
from device.net.gzip import Gzip

class Wire:
    def write(self, data):
        print(bytes(data).hex(), end="")
        return len(data)

def page(name):
    return open({folder!r} + "/" + name, "rb")

items = eval(open({folder!r} + "/values").read())
values = {{b"rows": lambda n: items[n] if n < len(items) else None, b"name": items[0][b"ssid"], b"word": True}}
for name, packer in (("en", None), ("en.gz", Gzip(100))):
    with page(name) as file:
        length, plan = template.planned(file, b"setup", values, packer)
    client = connection.Connection(0)
    client.sock = Wire()
    client.request.version = 9
    client.make_ready()
    client.answer(page, 200, (), length, [name] + plan)
    try:
        while True:
            client.send()
    except EOFError:
        print()
"""


def test_the_board_s_interpreter_makes_the_same_pages(files, tmp_path):
    chance = random.Random(20)
    items = [{b"ssid": chance.randbytes(chance.randrange(33)), b"b4": chance.random() < 0.5} for _ in range(24)]
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "values").write_text(repr(items))
    program = tmp_path / "program.py"
    program.write_text(ON_THE_VM.format(root=str(ROOT), folder=str(tmp_path)))
    done = subprocess.run([MICROPYTHON, program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    theirs = [bytes.fromhex(line) for line in done.stdout.split()]
    texts = [{name.decode(): value for name, value in item.items()} for item in items]
    ours = rendered(files, "setup", {"rows": texts, "name": items[0][b"ssid"], "word": True})
    assert theirs == ours, done.stdout + done.stderr
    assert gzip.decompress(theirs[1]) == theirs[0]

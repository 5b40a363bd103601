"""Forms and text of strangers, against the standard library's own idea of them."""

import html
from itertools import product
from urllib.parse import parse_qsl, quote_from_bytes, quote_plus, unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from device.net.form import FIELDS_LIMIT, NAMES, HTTPError, fields, submitted, unquote
from device.net.text import escape, text
from host_tests.corpus.hostile import TEXT

unhurried = settings(deadline=None)  # a busy machine is no fault

# What text() must not let through: control characters, and what changes the direction of the text around it.
UNFIT = {*range(0x20), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)}
# Bytes at the borders of what a decoder of UTF-8 tells apart.
BORDERS = b"a\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xec\xed\xee\xef\xf0\xf4\xf5\xff"
near_utf8 = some.lists(some.sampled_from(BORDERS)).map(bytes)
any_bytes = some.binary() | near_utf8 | some.text().map(str.encode) | some.sampled_from(TEXT)


def refusal(function, *arguments):
    """The status with which an input is refused."""
    with pytest.raises(HTTPError) as refused:
        function(*arguments)
    return refused.value.args[0]


def as_displayed(data):
    """What Python's own decoder makes of the bytes, without the characters that are unfit."""
    return "".join("\ufffd" if ord(char) in UNFIT else char for char in data.decode("utf-8", "replace"))


@unhurried
@given(any_bytes)
def test_unquote_takes_back_what_quote_did(data):
    assert unquote(quote_from_bytes(data, safe="").encode()) == data


@unhurried
@given(
    some.lists(some.sampled_from([b"%", b"0", b"9", b"a", b"F", b"g", b"_", b"+", b" ", b"%4", b"%41"])).map(b"".join)
)
def test_unquote_agrees_with_the_standard_library_or_refuses_what_it_leaves(data):
    # The standard library leaves a bad escape as it is: then a percent sign remains that no %25 stands for.
    good = unquote_to_bytes(data)
    if good.count(b"%") > data.count(b"%25"):
        assert refusal(unquote, data) == 400
    else:
        assert unquote(data) == good


@pytest.mark.parametrize(
    "data", [b"%", b"a%", b"%4", b"%zz", b"%1_", b"%_1", b"%+1", b"% 1", b"%-1", b"%0x", b"%%41", b"%\xb9\xb9"]
)
def test_a_bad_escape_is_refused(data):
    assert refusal(unquote, data) == 400
    assert refusal(list, fields(data)) == 400
    assert refusal(list, fields(b"a=b&a=" + data)) == 400


def test_only_hex_digits_are_hex_digits():
    for byte in range(256):
        for data in (bytes([0x25, byte, 0x31]), bytes([0x25, 0x31, byte])):
            if byte in b"0123456789abcdefABCDEF":
                assert unquote(data) == unquote_to_bytes(data)
            else:
                assert refusal(unquote, data) == 400


@unhurried
@given(some.lists(some.tuples(any_bytes, any_bytes), max_size=FIELDS_LIMIT))
def test_the_fields_of_a_form_come_back_in_their_order(pairs):
    body = "&".join(quote_plus(name) + "=" + quote_plus(value) for name, value in pairs).encode()
    assert list(fields(body)) == pairs
    assert list(fields(bytearray(body + b"&x"), len(body))) == pairs


@unhurried
@given(some.lists(some.sampled_from([b"a", b"=", b"&", b"+", b"%41", b"%3D", b"%26"]), max_size=40).map(b"".join))
def test_odd_forms_are_read_as_the_standard_library_reads_them(body):
    wanted = parse_qsl(body.decode(), keep_blank_values=True)
    assert list(fields(body)) == [(name.encode(), value.encode()) for name, value in wanted]


def test_a_form_of_too_many_fields_is_refused_and_one_at_the_limit_is_not():
    assert FIELDS_LIMIT == 32
    body = b"&".join([b"a=b"] * FIELDS_LIMIT)
    assert len(list(fields(b"&&" + body + b"&&"))) == FIELDS_LIMIT
    assert refusal(list, fields(body + b"&a")) == 413


def setup_form(*pairs):
    return submitted("&".join(name + "=" + quote_plus(value) for name, value in pairs).encode())


@unhurried
@given(some.binary(max_size=32))
def test_a_name_is_understood_whether_it_was_picked_or_typed(name):
    for pairs in (
        [("ssid", name)],
        [("ssid", name), ("ssid", b"")],
        [("ssid", b""), ("ssid", name)],
        [("pick", name.hex().encode()), ("ssid", b"")],
        [("pick", name.hex().encode())],
        [("ssid", name), ("ssid", name)],  # picked, and typed as well
        [("pick", name.hex().encode()), ("ssid", name)],
    ):
        assert setup_form(*pairs) == ({b"ssid": name}, False)


@pytest.mark.parametrize(
    "pairs",
    [
        [("ssid", b"Home"), ("ssid", b"Cafe")],
        [("pick", b"486f6d65"), ("ssid", b"Cafe")],
        [("ssid", b"Cafe"), ("pick", b"486f6d65")],
        [("pick", b"486f6d65"), ("ssid", b"Home"), ("ssid", b"Cafe")],
        [("pick", b"486f6d65"), ("ssid", b""), ("ssid", b"Cafe")],
    ],
)
def test_of_two_names_the_typed_one_is_kept_and_it_is_said(pairs):
    assert setup_form(*pairs) == ({b"ssid": b"Cafe"}, True)


def test_names_differ_by_every_byte():
    assert setup_form(("ssid", b"Home"), ("ssid", b"Home "))[1]
    assert setup_form(("ssid", b"Home"), ("ssid", b"home"))[1]


def test_the_other_fields_of_a_form_come_as_they_are():
    form, _ = setup_form(("password", b" a&b "), ("f.server", b""), ("device", b"lamp"))
    assert form == {b"ssid": b"", b"password": b" a&b ", b"f.server": b"", b"device": b"lamp"}
    assert submitted(b"") == ({b"ssid": b""}, False)


@pytest.mark.parametrize(
    "body, status",
    [
        (b"ssid=a&ssid=a&ssid=a", 400),
        (b"ssid=&ssid=&ssid=", 400),
        (b"pick=41&pick=41", 400),
        (b"ssid=a&password=x&password=x", 400),
        (b"f.server=x&f.server=y", 400),
        (b"device=x&device=x", 400),
        (b"pick=4", 400),
        (b"pick=4G", 400),
        (b"pick=4A", 400),  # the page writes small letters
        (b"ssid=%zz", 400),
        (b"&".join(b"a%d" % n for n in range(1000)), 413),
        (b"&".join([b"ssid=a"] * 1000), 400),
    ],
)
def test_a_form_that_no_page_of_ours_sends_is_refused(body, status):
    assert refusal(submitted, body) == status


def test_what_nobody_reads_is_counted_and_takes_no_room():
    assert submitted(b"x=1&y&x=2&ssid=Home&" + b"z" * 900) == ({b"ssid": b"Home"}, False)
    assert refusal(submitted, b"&".join([b"x"] * 33)) == 413


@unhurried
@given(some.lists(some.sampled_from([b"ssid", b"pick", b"password", b"a"]), max_size=6), some.binary(max_size=4))
def test_no_form_gives_more_than_one_value_a_field(names, value):
    body = "&".join(name.decode() + "=" + quote_plus(value) for name in names).encode()
    counts = {name: names.count(name) for name in names}
    if any(count > (2 if name == b"ssid" else 1) for name, count in counts.items() if name in NAMES):
        assert refusal(submitted, body) == 400
    elif b"pick" not in names:
        form, two = submitted(body)
        kept = {name: value for name in names if name in NAMES}
        assert form == {b"ssid": b"", **kept} and not two


@unhurried
@given(any_bytes)
def test_text_is_what_a_strict_decoder_would_show(data):
    assert text(data).decode() == as_displayed(data)


@unhurried
@given(any_bytes)
def test_text_stays_as_it_is_when_it_is_fit(data):
    assert text(text(data)) == text(data)
    assert text(text(data)) == text(data)


def test_text_knows_every_character():
    for start in range(0, 0x110000, 0x400):
        if not 0xD800 <= start <= 0xDFFF:
            characters = "".join(map(chr, range(start, start + 0x400)))
            assert text(characters.encode()).decode() == as_displayed(characters.encode())


def test_text_knows_every_pair_of_bytes_and_longer_sequences_at_the_borders():
    sequences = list(product(range(256), repeat=2)) + list(product(BORDERS, repeat=3))
    sequences += [(lead, *rest) for lead in b"\xe0\xef\xf0\xf1\xf4\xf5" for rest in product(BORDERS, repeat=3)]
    data = b" ".join(map(bytes, sequences))
    assert text(data).decode() == as_displayed(data)


def test_surrogates_are_no_text():
    for code in (0xD800, 0xDBFF, 0xDC00, 0xDFFF):
        assert chr(code).encode("utf-8", "surrogatepass") not in text(chr(code).encode("utf-8", "surrogatepass"))


def test_only_what_is_special_in_html_is_escaped():
    data = bytes(range(0x20, 0x7F))
    assert escape(data).decode() == html.escape(data.decode()).replace("&#x27;", "&#39;")


@unhurried
@given(any_bytes)
def test_escaped_text_shows_itself_and_is_no_markup(data):
    shown = escape(text(data))
    assert html.unescape(shown.decode()) == text(data).decode()
    assert not set(shown) & set(b"<>\"'")

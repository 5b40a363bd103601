"""What the portal says beyond the form: why the board is offline, as it believes, and what happened before."""

import gzip
import importlib.machinery
import json
import re
import sys

import pytest

import device
from device.context import Network

from .fakes import Router
from .scene import HOME, Scene
from .test_languages import ENGLISH, FILES, read

TEXTS = {path.stem: read(path) for path in FILES}
OUTAGES = (b"router_rebooting", b"moved", b"password_changed")
KEY = HOME.key
NASTY = b"<script>alert(1)</script>&'\""
ENTRIES = [  # as history.entries() returns them
    (b"Home", b"connected", -52, 5, 1),
    (b"Home", b"link_lost", None, 119, 3),
    (NASTY, b"wrong_password", -80, 120, 1),
    (b"Caf\xc3\xa9", b"not_found", None, 7_199, 12),
    (b"\xff\xfe", b"no_ip", -91, 7_200, 1),
    (b"Attic", b"connect_failed", -70, 172_799, 1),
    (b"Attic", b"timeout", -70, 172_800, 2),
    (b"Shed", b"other", None, None, 1),
]


def words(text):
    """What a person reads of a piece of markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


def filled(language, key, **values):
    text = TEXTS[language][key]
    for name, value in values.items():
        text = text.replace("{{" + name + "}}", value)
    return words(text)


class Noted:
    """Stands in for device/history.py, however often the firmware lets go of it: it has noted these entries."""

    def __init__(self, entries):
        self._entries = entries

    def find_spec(self, name, path=None, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == "device.history" else None

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        module.entries = lambda context: self._entries
        module.note = module.note_failure = module.flush = lambda *_: None


@pytest.fixture
def noted(monkeypatch):
    """A function that has the board note entries."""

    def note(entries):
        monkeypatch.setattr(sys, "meta_path", [Noted(entries), *sys.meta_path])
        sys.modules.pop("device.history", None)

    yield note
    sys.modules.pop("device.history", None)
    vars(device).pop("history", None)


def ask(scene, path, language="en"):
    """The page as a phone shows it, compressed or not."""
    pages = []
    for coding in ("gzip", "identity"):
        fields = f"Accept-Language: {language}\r\nAccept-Encoding: {coding}\r\n".encode()
        answer = scene.phone.get(path, fields=fields)
        assert answer.status == 200
        pages.append(gzip.decompress(answer.body) if coding == "gzip" else answer.body)
    assert pages[0] == pages[1]
    return pages[0].decode()


def stranded(outage=None, saved=((b"Home", KEY),), routers=()):
    """A board in fallback that believes so."""
    scene = Scene(*routers, saved=saved, powered_on=False)
    scene.until("fallback", 400_000)
    scene.settle()
    scene.context.outage = outage
    return scene


# Outages


@pytest.mark.parametrize("language", TEXTS)
@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("path", [b"/", b"/status"])
def test_in_fallback_the_pages_say_what_the_board_believes_of_the_outage(outage, language, path):
    shown = words(ask(stranded(outage), path, language))
    for other in OUTAGES:
        assert (filled(language, other.decode(), home="Home") in shown) == (other == outage)


@pytest.mark.parametrize("path", [b"/", b"/status"])
def test_without_a_guess_nothing_is_said_of_an_outage(path):
    shown = words(ask(stranded(), path))
    assert not any(filled("en", other.decode(), home="Home") in shown for other in OUTAGES)


GUESSES = {"en": "probabl", "de": "ahrscheinlich", "fr": "probablement", "es": "robablemente", "zh": "很可能"}


@pytest.mark.parametrize("language", GUESSES)
@pytest.mark.parametrize("outage", OUTAGES)
def test_a_guess_is_worded_as_one(language, outage):
    assert GUESSES[language] in TEXTS[language][outage.decode()]


def test_a_router_that_restarts_is_that_of_the_network_that_worked_last():
    scene = stranded(b"router_rebooting", saved=((b"Home", KEY), (b"Attic", KEY)))
    assert filled("en", "router_rebooting", home="Home") in words(ask(scene, b"/"))


def test_a_new_password_is_that_of_a_saved_network_in_the_air():
    scene = stranded(b"password_changed", saved=((b"Home", KEY), (b"Attic", KEY)))
    scene.context.seen = [(b"Attic", -60, 6, "wpa2")]
    assert filled("en", "password_changed", home="Attic") in words(ask(scene, b"/"))
    scene.context.seen = []
    assert filled("en", "password_changed", home="Home") in words(ask(scene, b"/"))


def test_the_name_in_a_notice_is_escaped():
    page = ask(stranded(b"router_rebooting", saved=((NASTY, KEY),)), b"/")
    assert "&lt;script&gt;alert(1)" in page and "<script>alert" not in page


def test_what_was_wrong_with_a_form_is_not_mixed_with_a_notice_and_a_failed_attempt_may_stand_beside_it():
    scene = stranded(b"moved")
    moved = words(TEXTS["en"]["moved"])
    assert moved not in words(scene.submit(b"Home", b"short").body.decode())
    assert scene.submit(b"Attic", KEY).status == 303
    scene.until("connecting", 5_000)
    assert moved not in words(ask(scene, b"/")) and moved not in words(ask(scene, b"/status"))
    scene.until("fallback", 90_000)
    scene.settle()
    scene.context.outage = b"moved"
    shown = words(ask(scene, b"/"))
    assert moved in shown and filled("en", "failed", ssid="Attic") in shown
    assert moved not in words(ask(scene, b"/status"))  # it is about the attempt


def test_a_board_that_is_connected_speaks_of_no_outage():
    scene = Scene(HOME)
    scene.settle()
    scene.bring_online(HOME.ssid, KEY)
    scene.context.outage = b"moved"
    assert words(TEXTS["en"]["moved"]) not in words(ask(scene, b"/"))


@pytest.mark.parametrize("outage", [None, *OUTAGES])
def test_a_program_hears_of_the_outage(outage):
    told = json.loads(stranded(outage).phone.get(b"/api/status").body)
    assert told["outage"] == (outage.decode() if outage else None) and told["state"] == "fallback"


# A network with two keys


def twins():
    """A board whose newest key for Home is not proven yet."""
    scene = stranded(saved=((b"Home", KEY), (b"Attic", KEY)), routers=[Router(b"Home", b"another key")])
    scene.context.networks.insert(0, Network(b"Home", b"new horse"))
    return scene


def test_a_name_with_two_keys_stands_once_among_what_is_forgotten():
    page = ask(twins(), b"/forget")
    assert re.findall("<li><bdi>(.*?)</bdi>", page) == ["Home", "Attic"]


def test_a_name_with_two_keys_stands_once_among_the_networks():
    scene = twins()
    scene.context.seen = [(b"Home", -60, 6, "wpa2")]
    assert ask(scene, b"/").count('value="Home"') == 1
    assert [row["saved"] for row in json.loads(scene.phone.get(b"/api/networks").body)] == [True]


# What happened

LOOKS = {
    "en": [
        "Home Connected 5 s ago; signal -52 dBm",
        "Home Connection lost 119 s ago; 3 times",
        "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#39;&quot; Not let in: the password was probably wrong 2 min ago;"
        " signal -80 dBm",
        "Café Not in reach 119 min ago; 12 times",
        "\ufffd\ufffd The router gave no address 2 h ago; signal -91 dBm",
        "Attic The router refused the device 47 h ago; signal -70 dBm",
        "Attic No answer in time 2 days ago; 2 times; signal -70 dBm",
        "Shed No connection before the last start",
    ],
}


@pytest.mark.parametrize("language", LOOKS)
def test_the_page_of_what_happened_shows_every_attempt_newest_first_in_plain_words(language, noted):
    noted(ENTRIES)
    page = ask(stranded(), b"/history", language)
    assert [words(item) for item in re.findall("<li.*?</li>", page)] == LOOKS[language]
    assert page.count('class="note good"') == 1 and page.count('class="note bad"') == 7
    assert re.search(r"<html lang=en>", page) and page.rstrip().endswith("</main>")
    assert "<script" not in page  # nothing in it needs one


@pytest.mark.parametrize("language", TEXTS)
def test_in_every_language_an_attempt_has_its_outcome_and_when_it_was(language, noted):
    noted(ENTRIES)
    page = ask(stranded(), b"/history", language)
    items = [words(item) for item in re.findall("<li.*?</li>", page)]
    assert len(items) == len(ENTRIES) and f"lang={language}>" in page
    ages = [("ago_s", 5), ("ago_s", 119), ("ago_min", 2), ("ago_min", 119), ("ago_h", 2), ("ago_h", 47)]
    ages += [("ago_days", 2), ("before_start", 0)]
    for item, (_, reason, _, _, count), (age, number) in zip(items, ENTRIES, ages, strict=True):
        assert filled(language, "past_" + reason.decode()) in item
        assert filled(language, age, ago=str(number)) in item
        assert (filled(language, "past_often", count=str(count)) in item) == (count > 1)
    assert "{{" not in page


@pytest.mark.parametrize("language", TEXTS)
def test_where_nothing_happened_the_page_says_so(language, noted):
    noted([])
    page = ask(stranded(), b"/history", language)
    assert words(TEXTS[language]["history_none"]) in words(page) and "<li" not in page


def test_a_program_hears_what_happened_with_every_name_as_text(noted):
    scene = stranded()
    noted(ENTRIES)
    answer = scene.phone.get(b"/api/history")
    assert answer.status == 200 and answer.fields[b"content-type"] == b"application/json"
    told = json.loads(answer.body)
    assert told[0] == {"ssid": "Home", "reason": "connected", "rssi": -52, "ago": 5, "count": 1}
    assert [row["ssid"] for row in told] == [
        "Home", "Home", NASTY.decode(), "Café", "\ufffd\ufffd", "Attic", "Attic", "Shed",
    ]  # fmt: skip
    assert told[-1]["ago"] is None and len(told) == 8


@pytest.mark.parametrize("path", [b"/", b"/status"])
def test_a_link_leads_to_what_happened_where_something_did(path):
    scene = Scene(HOME)
    scene.settle()
    assert "/history" not in ask(scene, path)
    scene.context.history = b"noted"
    assert ask(scene, path).count("<a href=/history>" + ENGLISH["history"]) == 1


def test_the_link_is_there_after_a_restart_when_attempts_are_on_flash():
    scene = Scene(HOME)
    scene.hardware.flash.files["/history"] = b"from before"
    scene.settle()
    assert "<a href=/history>" in ask(scene, b"/")


def test_the_pages_of_what_happened_can_only_be_read(noted):
    noted([])
    scene = stranded()
    for path in (b"/history", b"/api/history"):
        answer = scene.phone.post(path, b"")
        assert answer.status == 405 and answer.fields[b"allow"] == b"GET, HEAD"


def test_what_a_board_went_through_stands_on_its_page_and_after_a_restart_as_from_before():
    scene = Scene(HOME)
    scene.settle()
    assert scene.submit(HOME.ssid, b"wrong horse").status == 303
    scene.until("connecting", 5_000)
    scene.until("portal", 90_000)
    scene.settle()
    items = [words(item) for item in re.findall("<li.*?</li>", ask(scene, b"/history"))]
    assert len(items) == 1
    assert items[0].startswith("Home " + ENGLISH["past_wrong_password"])
    assert re.search(r"\d+ (s|min) ago", items[0])
    told = json.loads(scene.phone.get(b"/api/history").body)
    assert [(row["ssid"], row["reason"], row["count"]) for row in told] == [("Home", "wrong_password", 1)]
    assert "<a href=/history>" in ask(scene, b"/")
    from device.history import flush

    flush(scene.context)  # as a board does that is about to restart
    scene = Scene(hardware=scene.hardware)
    while scene.context.portal is None:
        scene.run_for(1_000)
    assert scene.now < 1_000_000
    assert "<a href=/history>" in ask(scene, b"/")
    assert ENGLISH["before_start"] in words(ask(scene, b"/history"))
    assert json.loads(scene.phone.get(b"/api/history").body)[-1]["ago"] is None

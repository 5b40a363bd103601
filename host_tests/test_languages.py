"""The language files in device/pages/languages: complete, alike, and harmless where the templates put them."""

import re
import tomllib
from pathlib import Path

import pytest
from homeport.pages import PAGES as PAGE_NAMES

PAGES = Path(__file__).parent.parent / "device" / "pages"
FILES = sorted((PAGES / "languages").glob("*.toml"))
TEMPLATES = sorted(path for path in PAGES.iterdir() if path.is_file())
OWN_NAME = "_name"  # of the language itself; not shown yet by any page

MARKUP = ("<b>", "</b>", "<bdi>", "</bdi>")
# What phones and computers take for the Internet, or for a portal of the WISPr protocol, when it is in a page.
MISTAKABLE = ("success", "microsoft connect test", "microsoft ncsi", "networkmanager is online", "wispaccessgateway")
# What would load something from elsewhere or keep something on the phone.
ELSEWHERE = ("src=", "href=http", "href=//", "url(", "@import", "storage", "cookie", "<link", "<iframe")

TAG = re.compile(r"<[^>]*>")
VARIABLE = re.compile(r"\{\{\w+\}\}")
TEXT = re.compile(r"\{\{_(\w+)\}\}")
INCLUSION = re.compile(r"\{\{>([\w.]+)\}\}")


def read(path):
    return tomllib.loads(path.read_text(encoding="utf-8"))


ENGLISH = read(PAGES / "languages" / "en.toml")


def faults(texts, english):
    """What is wrong with the texts of a language, one string a fault."""
    found = [f"{key}: missing" for key in english.keys() - texts.keys()]
    found += [f"{key}: not in English" for key in texts.keys() - english.keys()]
    for key in english.keys() & texts.keys():
        text = texts[key]
        if not isinstance(text, str) or not text.strip():
            found.append(f"{key}: no text")
            continue
        if sorted(VARIABLE.findall(text)) != sorted(VARIABLE.findall(english[key])):
            found.append(f"{key}: other variables than in English")
        tags = TAG.findall(text)
        if any(tag not in MARKUP for tag in tags) or not balanced(tags):
            found.append(f"{key}: markup")
        # A text may stand between quotes, in an attribute or in the script.
        if re.search(r"[\"'`\\<>&\n{}]", VARIABLE.sub("", TAG.sub("", text))):
            found.append(f"{key}: a sign with a meaning in HTML or JavaScript")
        if text != text.strip() or "  " in text:
            found.append(f"{key}: spaces")
        if any(words in text.lower() for words in MISTAKABLE):
            found.append(f"{key}: may be mistaken for the Internet")
    return sorted(found)


def balanced(tags):
    opened = []
    for tag in tags:
        if tag[1] != "/":
            opened.append(tag)
        elif not opened or opened.pop()[1:] != tag[2:]:
            return False
    return not opened


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_language_says_all_that_english_says_and_nothing_that_could_do_harm(path):
    assert faults(read(path), ENGLISH) == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "missing"),
        (" ", "no text"),
        (3, "no text"),
        ("Hello", "other variables than in English"),
        ("Hello {{name}} {{name}}", "other variables than in English"),
        ("Hello <i>{{name}}</i>", "markup"),
        ("Hello <b onclick=x>{{name}}</b>", "markup"),
        ("Hello <b>{{name}}</bdi>", "markup"),
        ("Hello <b>{{name}}", "markup"),
        ('"Hello" {{name}}', "a sign with a meaning in HTML or JavaScript"),
        ("Hello {{name}} & all", "a sign with a meaning in HTML or JavaScript"),
        ("Hello {{#name}}", "a sign with a meaning in HTML or JavaScript"),
        ("Hello {{name}} ", "spaces"),
        ("Success, {{name}}", "may be mistaken for the Internet"),
    ],
)
def test_a_bad_text_is_found(text, fault):
    texts = {} if text is None else {"hello": text}
    assert f"hello: {fault}" in faults(texts, {"hello": "Hello {{name}}"})


def test_a_text_that_english_lacks_is_found():
    assert faults({"a": "A", "b": "B"}, {"a": "A"}) == ["b: not in English"]


def test_the_languages_of_the_first_release_are_there():
    assert {"de", "en", "es", "fr", "zh"} <= {path.stem for path in FILES}


def test_a_file_is_named_as_html_names_its_language_and_says_what_the_language_calls_itself():
    names = [read(path)[OWN_NAME] for path in FILES]
    assert all(re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", path.stem) for path in FILES)
    assert len(set(names)) == len(names)


def test_every_text_is_shown_by_a_template_and_every_text_shown_exists():
    shown = {key for path in TEMPLATES for key in TEXT.findall(path.read_text(encoding="utf-8"))}
    assert shown == ENGLISH.keys() - {OWN_NAME}


def test_every_template_is_a_page_or_part_of_one():
    included = {name for path in TEMPLATES for name in INCLUSION.findall(path.read_text(encoding="utf-8"))}
    assert {path.name for path in TEMPLATES} == included | {f"{page}.html" for page in PAGE_NAMES}


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_loads_nothing_from_elsewhere_keeps_nothing_and_cannot_be_mistaken_for_the_internet(path):
    text = path.read_text(encoding="utf-8").lower()
    assert [words for words in ELSEWHERE + MISTAKABLE if words in text] == []

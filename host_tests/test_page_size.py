"""The setup page stays small enough for a phone at the edge of the access point's reach, in every language."""

import gzip
from pathlib import Path

import pytest

from device.policy import SCAN_LIMIT

from .fakes import Router
from .scene import Scene

PAGE_LIMIT_BYTES = 4_096  # on the wire: head and body, compressed
LANGUAGES = sorted(path.stem for path in Path("device/pages/languages").glob("*.toml"))
# As a house with many neighbours sees them, in five languages.
NAMES = (
    "Home", "FRITZ!Box 7590 AB", "Vodafone-A1B2", "TP-Link_5F3C", "WLAN-482913", "Livebox-9F20", "SFR_41C8",
    "Bbox-77E0D2", "MOVISTAR_3A1F", "Orange-C0DE", "MagentaWLAN-X2", "Telekom_FON", "DIRECT-7b-HP OfficeJet",
    "eduroam", "B\u00fcro 2. Stock", "ASUS_88", "NETGEAR63", "Linksys00417", "Starlink", "HUAWEI-B311-22",
    "\u5c0f\u7c73\u5171\u4eabWiFi_52A1", "ChinaNet-uYtr", "G\u00e4ste", "iPhone von Lena",
)  # fmt: skip
AUTHMODES = (3, 4, 3, 6, 5, 0)
KEY = b"correct horse"


def street(count):
    """A board that sees so many networks, of every kind of security."""
    scene = Scene(
        *(
            Router(name.encode(), KEY if AUTHMODES[n % 6] else b"", -40 - 2 * n, auth=AUTHMODES[n % 6])
            for n, name in enumerate(NAMES[:count])
        )
    )
    scene.settle()
    return scene


def setup_page(scene, language):
    fields = b"Accept-Language: " + language.encode() + b"\r\nAccept-Encoding: gzip, deflate\r\n"
    return scene.phone.get(b"/", fields=fields)


def test_the_list_of_names_is_as_long_as_the_page_s():
    assert len(set(NAMES)) == SCAN_LIMIT


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_setup_page_with_as_many_networks_as_are_shown_is_small_on_the_wire(language):
    answer = setup_page(street(SCAN_LIMIT), language)
    text = gzip.decompress(answer.body).decode()
    assert f"lang={language}>" in text and text.count("<input type=radio") == SCAN_LIMIT
    assert len(answer.raw) <= PAGE_LIMIT_BYTES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("outage", [None, b"router_rebooting", b"moved", b"password_changed"])
def test_it_stays_small_when_it_tells_of_a_failure_and_an_outage_and_leads_to_saved_networks_and_the_past(
    language, outage
):
    scene = street(SCAN_LIMIT)
    scene.bring_online(b"Home", KEY)
    scene.submit(NAMES[2].encode(), b"wrong horse")
    scene.until("connecting", 5_000)
    scene.until("fallback", 60_000)
    scene.settle()
    scene.context.outage = outage
    scene.context.history = b"noted"
    answer = setup_page(scene, language)
    page = gzip.decompress(answer.body)
    assert b'class="note bad"' in page and (b"<p class=note>" in page) == bool(outage)
    assert b"href=/forget" in page and b"href=/history" in page
    assert len(answer.raw) <= PAGE_LIMIT_BYTES

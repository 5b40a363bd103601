"""Axe-core finds nothing on any page in any state, light or dark; and what axe cannot see: keys and what is said."""

import json
from pathlib import Path

import pytest

from .boards import bench_fixture, images_fixture  # noqa: F401
from .browsers import choose, write
from .conftest import unavailable

pytestmark = [pytest.mark.board, pytest.mark.browser]

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
HOME = {"ssid": "Home", "key": "correct horse", "join_ms": 300}
KINDS = ("open", "wpa2", "wpa_wpa2", "wpa3", "enterprise", "wep")
MANY = [{"ssid": f"Network {n}", "security": KINDS[n % 6], "rssi": -40 - 2 * n} for n in range(20)]
ODD = [{"ssid": "<b>\"'&"}, {"ssid_hex": "ff00fe41"}, HOME]
OPEN = "portal open"


@pytest.fixture(scope="module")
def axe():
    if not AXE.exists():
        unavailable("axe-core is not installed (host_tests/install_tools.sh fetches it with npm)")
    return AXE.read_text()


@pytest.fixture
def judged(phone, axe):
    """Judge the page that `phone` shows, in both colour schemes: no violation at all, however small."""

    def judge(expected):
        title = phone.title()
        for scheme in ("light", "dark"):
            phone.emulate_media(color_scheme=scheme)
            phone.evaluate(axe)
            found = phone.evaluate("axe.run({rules: {'target-size': {enabled: true}}})")
            wrong = [
                (each["impact"], each["id"], [node["html"][:120] for node in each["nodes"]])
                for each in found["violations"]
            ]
            assert wrong == [], f"{title}, {scheme}: {json.dumps(wrong, indent=1)}"
            assert len(found["passes"]) > 15
        assert expected in phone.content()

    return judge


def open_at(bench, page, networks, **options):
    board = bench.start(firmware=True, air={"networks": networks, "phones": 1}, **options)
    board.wait_for(OPEN)
    assert page.goto(f"http://127.0.0.1:{board.http_port}/").status == 200
    return board


def submit(page, ssid, password):
    choose(page.get_by_role("radio", name=ssid))
    write(page.locator("[name=password]"), password)
    page.keyboard.press("Enter")


def test_the_setup_page_with_no_network_with_many_and_with_an_error(bench, phone, judged):
    board = open_at(bench, phone, [])
    judged("/connect")
    board.set_air({"networks": [*MANY, *ODD], "phones": 1})
    phone.locator("[action='/scan'] button, button[form=scan]").press("Enter")
    phone.wait_for_function("document.querySelectorAll('[type=radio]').length > 20")
    judged("Network 19")
    submit(phone, "Home", "short")
    phone.get_by_role("alert").wait_for()
    judged("too short")


def test_the_status_page_while_trying_and_when_connected_and_the_question_before_forgetting(bench, phone, judged):
    board = open_at(bench, phone, [{**HOME, "join_ms": 4000}])
    submit(phone, "Home", "correct horse")
    phone.wait_for_url("**/status")
    judged("Trying to join")
    phone.get_by_role("status").get_by_text("192.168.1.50").wait_for()
    judged("192.168.1.50")
    phone.goto(f"http://127.0.0.1:{board.http_port}/forget")
    judged('name="confirm"')


def test_the_pages_after_a_failure(bench, phone, judged):
    board = open_at(bench, phone, [HOME], clock=10)
    submit(phone, "Home", "wrong horse")
    phone.get_by_role("alert").wait_for(timeout=30_000)
    judged("probably wrong")
    phone.goto(f"http://127.0.0.1:{board.http_port}/")
    judged("probably wrong")
    phone.goto(f"http://127.0.0.1:{board.http_port}/forget")
    judged("No network is saved")


FOCUSED = """() => {
    const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at)
    const marked = [at, at.closest('label')].some(e => e && getComputedStyle(e).outlineStyle != 'none')
    return {name: at.name || at.id || at.textContent.trim(), top: box.top + scrollY, tag: at.tagName, marked}
}"""


def test_keys_alone_reach_every_control_in_reading_order_and_one_sees_where_one_is(bench, phone):
    open_at(bench, phone, MANY)
    controls = phone.locator("input:not([type=radio]):not([type=hidden]), button, select, a[href]")
    visible = sum(control.is_visible() for control in controls.all())
    stops = []
    for _ in range(100):
        phone.keyboard.press("Tab")
        stop = phone.evaluate(FOCUSED)
        if stop["tag"] == "BODY":
            break
        stops.append(stop)
    assert len(stops) == visible + 1  # radio buttons are one stop
    assert [stop["top"] for stop in stops] == sorted(stop["top"] for stop in stops)
    assert [stop["name"] for stop in stops if not stop["marked"]] == []


def test_a_network_is_announced_with_its_name_its_strength_and_whether_it_can_be_joined(bench, phone):
    open_at(bench, phone, MANY[:6])
    names = phone.get_by_role("radio").evaluate_all("all => all.map(each => each.labels[0].innerText)")
    for number, words in enumerate(("open", "password", "password", "WPA3", "company", "password")):
        shown = phone.get_by_role("radio", name=f"Network {number}")
        assert shown.count() == 1 and shown.is_disabled() == (KINDS[number] in ("wpa3", "enterprise"))
        assert phone.get_by_role("radio", name=words).count() >= 1, names
    assert phone.get_by_role("radio", name="4/4").count() == 6

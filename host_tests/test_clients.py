"""Browsers and curl on a phone that reaches nothing but the board, which is its DNS server at the chip's address."""

import json
import os
import re

import pytest

from . import browsers
from .boards import bench_fixture, images_fixture  # noqa: F401
from .browsers import choose, write
from .conftest import need
from .namespaces import BOARD, Phone, until

pytestmark = [pytest.mark.board, pytest.mark.browser]

HOME = {"ssid": "Home", "key": "correct horse", "join_ms": 300}
CAFE = {"ssid": "Caf\u00e9", "security": "open", "rssi": -75}
LONG = [{"ssid": f"Network {n} " + "W" * 20} for n in range(24)]
PORTAL = f"http://{BOARD}/"
PROBE = "http://connectivitycheck.gstatic.com/generate_204"
AT_BOARD = {"address": BOARD, "http_port": 80, "dns_port": 53}


@pytest.fixture(scope="module")
def handset():
    made = Phone()
    made.join()
    yield made
    made.close()


@pytest.fixture(scope="module")
def driver(handset, tmp_path_factory):
    """Playwright on the phone, and with it every browser that it starts."""
    from playwright.sync_api import sync_playwright

    node = browsers.wrapper(tmp_path_factory.mktemp("node"), handset.phone)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PLAYWRIGHT_NODEJS_PATH", str(node))
        with sync_playwright() as playwright:
            yield playwright


@pytest.fixture
def portal(bench, handset):
    """Starts a board at the chip's address and returns it with its portal open."""

    def start(networks, **options):
        air = {"networks": networks, "phones": 1}
        board = bench.start(firmware=True, air=air, prefix=handset.board, **AT_BOARD, **options)
        board.wait_for("portal open")
        return board

    return start


def status(handset):
    return json.loads(handset.run("curl", "-s", "-m", "5", PORTAL + "api/status"))


# Every value of each with every browser; a colour scheme has no part in what a page does.
@pytest.mark.parametrize(
    "name, javascript, dark",
    [("chromium", True, False), ("chromium", False, True), ("firefox", True, True), ("firefox", False, False)],
)
def test_a_browser_is_led_to_the_portal_told_the_truth_of_a_wrong_password_and_then_connected(
    portal, handset, driver, name, javascript, dark
):
    board = portal([HOME, CAFE], clock=8)
    with browsers.page(driver, name, javascript, dark) as page:
        assert page.goto(PROBE).status == 200 and page.url == PORTAL
        assert is_dark(page) == dark
        choose(network(page, "Home"))
        write(page.locator("[name=password]"), "wrong horse")
        page.keyboard.press("Enter")
        page.get_by_role("alert").wait_for()
        assert page.url == PORTAL + "status" and "password" in page.get_by_role("alert").inner_text()
        assert status(handset)["reason"] == "wrong_password"
        page.locator("a[href='/']").press("Enter", no_wait_after=True)
        page.wait_for_url(PORTAL)
        assert network(page, "Home").is_checked()
        assert page.locator("[name=password]").input_value() == ""
        write(page.locator("[name=password]"), "correct horse")
        page.keyboard.press("Enter")
        page.get_by_role("status").get_by_text("192.168.1.50").wait_for()
        assert page.url == PORTAL + "status"
    board.wait_for("connecting got_ip connected")


def network(page, ssid):
    return page.get_by_role("radio", name=re.compile(rf"^\s*{ssid}"))


def is_dark(page):
    """Whether the writing is light."""
    colour = page.locator("body").evaluate("body => getComputedStyle(body).color")
    return min(map(int, re.findall(r"\d+", colour)[:3])) > 128


@pytest.mark.parametrize("name", ["chromium", "firefox"])
def test_on_the_smallest_phone_nothing_is_wider_than_the_screen(portal, driver, name):
    portal([*LONG, {"ssid": "\U0001f600" * 8}, {"ssid_hex": "ff" * 32}])
    with browsers.page(driver, name, size=browsers.SMALL) as page:
        for path, radios in (("", 24), ("status", 0), ("forget", 0)):
            assert page.goto(PORTAL + path).status == 200
            assert page.get_by_role("radio").count() == radios
            wide = page.locator("html").evaluate(
                "html => [...html.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > 320.5)"
                ".map(e => e.outerHTML.slice(0, 80)).concat(html.scrollWidth > 320 ? ['page'] : [])"
            )
            assert wide == []


def test_firefox_finds_out_by_itself_that_there_is_a_portal(portal, handset, tmp_path):
    portal([HOME])
    log = handset.start(
        *(need("firefox-esr"), "--headless", "--no-remote", "--profile", str(tmp_path), "about:blank"),
        env={**os.environ, "MOZ_LOG": "CaptivePortalService:4"},
    )
    until(lambda: "captive-portal-login" in log.read_text())  # what makes it offer the way to the portal


PROBES = (
    "http://captive.apple.com/hotspot-detect.html",
    "http://www.msftconnecttest.com/connecttest.txt",
    "http://detectportal.firefox.com/canonical.html",
    "http://connectivity-check.ubuntu.com/",
    "http://connectivitycheck.platform.hicloud.com/generate_204_0123",
    "http://anything.example:8080@some.example/?a=b#c",
)


def test_curl_gets_its_answer_with_every_habit_it_has(portal, handset):
    need("curl")
    portal([HOME])

    def curl(*words):
        return handset.run("curl", "-sS", "-m", "8", "-o", "/dev/null", *words, check=False)

    answer = ("-w", "%{http_code} %{redirect_url}")
    for url in PROBES:
        assert curl(*answer, url) == f"302 {PORTAL}", url
    for habit in (
        *(["--http1.0"], ["--http2"], ["--compressed"], ["--head"], ["--keepalive-time", "1"], ["--path-as-is"]),
        *(["--referer", "http://a.example/"], ["--range", "0-99"], ["--tr-encoding"], ["--tcp-fastopen"]),
        *(["-x", f"{BOARD}:80"], ["-A", "x" * 400], ["-e", ";auto"], ["-H", "Accept:"], ["-b", "a=" + "b" * 600]),
    ):
        assert curl(*habit, *answer, PROBES[0]) == f"302 {PORTAL}", habit
    page = ("-w", "%{http_code} %{content_type}", PORTAL)
    for habit in (["--http1.0"], ["--compressed"], ["--head"], ["--tr-encoding"]):
        assert curl(*habit, *page) == "200 text/html; charset=utf-8", habit
    posted = ("-w", "%{http_code} %{redirect_url}", "-d", "ssid=Home&password=short", PORTAL + "connect")
    for habit in (["--http1.0"], ["-H", "Expect: 100-continue"], ["--compressed"]):
        assert curl(*habit, *posted) == "422 ", habit


def test_what_the_board_does_not_have_is_refused_at_once(portal, handset):
    need("curl")
    portal([HOME])
    ask = ("curl", "-sS", "-m", "8", "-o", "/dev/null", "-w", " %{exitcode} %{time_total}")
    for words, codes in (
        (["https://example.com/"], [7]),  # no TLS: nobody listens
        (["-6", "http://example.com/"], [6, 7]),  # no IPv6: names have no such address
        (["http://www.google.com/gen_204"], [6]),  # no address at first, for phones that distrust private ones
        (["-p", "-x", f"{BOARD}:80", "http://example.com/"], [56]),  # no tunnels
    ):
        said, status, took = handset.run(*ask, *words, check=False).rsplit(" ", 2)
        assert int(status) in codes and float(took) < 1, said

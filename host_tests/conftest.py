"""What the tests share. A program that a test drives and this machine lacks skips the test, but fails it under CI."""

import gc
import os
import shutil

import pytest


@pytest.fixture(scope="session", autouse=True)
def no_collections():
    """The firmware collects often, for its small heap; on a host each walks everything that the tests have loaded.

    For the whole session: fixtures that outlive a test run the firmware, too.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "collect", lambda *_: 0)
        yield


UNDER_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


def unavailable(why):
    """Skip the test, for a reason of this machine; under CI, which has all that is needed, fail it."""
    pytest.fail(why) if UNDER_CI else pytest.skip(why)


def need(program):
    """The path of a program from Debian. Missing: the test is skipped, with the reason; under CI it fails."""
    path = shutil.which(program)
    if path is None:
        unavailable(f"{program} is not installed (host_tests/install_tools.sh installs it as root)")
    return path


@pytest.fixture(scope="module")
def driver():
    """Playwright. There can be one at a time, hence not for the whole session: test_clients.py has its own."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def chromium(driver):
    """Debian's headless Chromium, with no traffic of its own."""
    from . import browsers

    browser = browsers.chromium(driver)
    yield browser
    browser.close()


@pytest.fixture
def phone(chromium):
    """A page in a browser of a phone's size."""
    from . import browsers

    context = chromium.new_context(viewport=browsers.USUAL, device_scale_factor=2)
    page = context.new_page()
    page.set_default_timeout(browsers.TIMEOUT_MS)
    yield page
    context.close()

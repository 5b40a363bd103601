"""What the tests share. A program that a test drives and this machine lacks skips the test, but fails it under CI."""

import gc
import os
import shutil

import pytest


@pytest.fixture(autouse=True)
def no_collections(monkeypatch):
    """The firmware collects often, for its small heap; on a host each walks everything that the tests have loaded."""
    monkeypatch.setattr(gc, "collect", lambda *_: 0)


UNDER_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")


def need(program):
    """The path of a program from Debian. Missing: the test is skipped, with the reason; under CI it fails."""
    path = shutil.which(program)
    if path is None:
        message = f"{program} is not installed (host_tests/install_tools.sh installs it as root)"
        pytest.fail(message) if UNDER_CI else pytest.skip(message)
    return path


@pytest.fixture(scope="session")
def chromium():
    """Debian's headless Chromium, driven by playwright, with no traffic of its own."""
    from playwright.sync_api import sync_playwright

    path = need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
            ],
        )
        yield browser
        browser.close()


PHONE = {"viewport": {"width": 360, "height": 720}, "device_scale_factor": 2}


@pytest.fixture
def phone(chromium):
    """A page in a browser of a phone's size."""
    context = chromium.new_context(**PHONE)
    page = context.new_page()
    page.set_default_timeout(15_000)
    yield page
    context.close()

"""Debian's Chromium and Firefox at a phone's size, driven by playwright (Firefox by the standard WebDriver BiDi)."""

import contextlib
from pathlib import Path

import playwright

from .conftest import need

SMALL = {"width": 320, "height": 568}  # the smallest phone that is still in use
USUAL = {"width": 360, "height": 740}
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
TIMEOUT_MS = 15_000
NODE = Path(playwright.__file__).parent / "driver" / "node"


def chromium(driver):
    return driver.chromium.launch(executable_path=need("chromium"), args=QUIET)


def firefox(driver, javascript=True, dark=False, language="en-US"):
    """Settings, as Firefox has no commands for these."""
    settings = {
        "javascript.enabled": javascript,
        "layout.css.prefers-color-scheme.content-override": 0 if dark else 1,
        "intl.accept_languages": language,
        "ui.useOverlayScrollbars": 1,  # as phones have them
    }
    path = need("firefox-esr")
    return driver.firefox.launch(channel="moz-firefox", executable_path=path, firefox_user_prefs=settings)


@contextlib.contextmanager
def page(driver, name, javascript=True, dark=False, size=USUAL, language="en-US"):
    """An empty page in a browser of its own."""
    if name == "firefox":
        browser = firefox(driver, javascript, dark, language)
        context = browser.new_context(viewport=size, device_scale_factor=2)
    else:
        browser = chromium(driver)
        scheme = "dark" if dark else "light"
        context = browser.new_context(
            viewport=size, device_scale_factor=2, java_script_enabled=javascript, color_scheme=scheme, locale=language
        )
    try:
        made = context.new_page()
        made.set_default_timeout(TIMEOUT_MS)
        yield made
    finally:
        browser.close()


# By keyboard: it works in both, with and without JavaScript, where playwright's pointer needs promises of the page.


def choose(control):
    """Select the radio, tick the box."""
    control.focus()
    control.page.keyboard.press("Space")


def write(field, text):
    """Replace what is in a text field."""
    field.focus()
    field.page.keyboard.press("Control+A")
    field.page.keyboard.type(text)


def wrapper(folder, prefix):
    """A node for playwright (PLAYWRIGHT_NODEJS_PATH) that runs behind `prefix`, and so all browsers it starts."""
    path = Path(folder) / "node"
    path.write_text(f'#!/bin/sh\nexec {" ".join(prefix)} {NODE} "$@"\n')
    path.chmod(0o755)
    return path

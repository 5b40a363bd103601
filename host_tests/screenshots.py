"""Take the pictures in docs/screenshots (`make screenshots`): the pages of a virtual board on a phone's screen."""

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

from . import browsers
from .boards import Bench, Images
from .browsers import choose, write

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "docs" / "screenshots"
LANGUAGES = sorted(file.stem for file in (ROOT / "device" / "pages" / "languages").glob("*.toml"))
LANGUAGES.remove("en")  # which all the other pictures are in
BROWSERS = ("chromium", "firefox")
COLOURS = 32  # of a palette: small files, and writing stays smooth
CLOCK = 8
AIR = {
    "phones": 1,
    "networks": [
        {"ssid": "Home", "key": "correct horse", "rssi": -48, "join_ms": 300},
        {"ssid": "Caf\u00e9 Central", "security": "open", "rssi": -61},
        {"ssid": "Library", "security": "enterprise", "rssi": -67},
        {"ssid": "Workshop", "security": "wpa3", "rssi": -74},
        {"ssid": "FRITZ!Box 7530", "security": "wpa_wpa2", "rssi": -83},
    ],
}


def keep(page, name):
    """Write what the page shows, whole, as a PNG with a palette."""
    picture = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
    picture = picture.quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    path = FOLDER / f"{name}.png"
    picture.save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {picture.width} x {picture.height}  {path.stat().st_size} bytes")


def submit(page, password):
    choose(page.get_by_role("radio", name="Home"))
    write(page.locator("[name=password]"), password)
    page.keyboard.press("Enter")


def take(driver, bench):
    board = bench.start(firmware=True, air=AIR, clock=CLOCK)
    board.wait_for("portal open")
    root = f"http://127.0.0.1:{board.http_port}/"
    for language in LANGUAGES:
        with browsers.page(driver, "chromium", language=language) as page:
            page.goto(root)
            keep(page, f"setup-{language}")
    looks = [(name, dark, f"{name}-{'dark' if dark else 'light'}") for name in BROWSERS for dark in (False, True)]
    for name, dark, look in looks:
        with browsers.page(driver, name, dark=dark) as page:
            page.goto(root)
            keep(page, f"setup-{look}")
    for name, dark, look in looks:
        with browsers.page(driver, name, dark=dark) as page:
            page.goto(root)
            submit(page, "wrong horse")
            page.get_by_role("alert").wait_for()
            keep(page, f"failed-{look}")
    for name in BROWSERS:
        board = bench.start(firmware=True, air=AIR, clock=CLOCK)
        board.wait_for("portal open")
        with browsers.page(driver, name) as page:
            page.goto(f"http://127.0.0.1:{board.http_port}/")
            submit(page, "correct horse")
            page.get_by_role("status").get_by_text("192.168.1.50").wait_for()
            keep(page, f"connected-{name}")


def main():
    if not subprocess.run(["fc-list", ":lang=zh"], capture_output=True).stdout:
        sys.exit("no font with Chinese letters: apt-get install --no-install-recommends fonts-droid-fallback")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        bench = Bench(folder, Images(folder))
        try:
            take(driver, bench)
        finally:
            bench.close()


if __name__ == "__main__":
    main()

"""What the guides tell people to type and to wire is what the code takes."""

import json
import re
from pathlib import Path

from homeport.provision import REASONS, Credentials, read_credentials

from device import options

ROOT = Path(__file__).resolve().parent.parent


def page(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def rows(text, heading):
    """The cells of each row of the table whose head begins so."""
    table = text.split(f"\n| {heading}")[1].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_the_pins_of_the_wiring_are_those_that_the_settings_take():
    buttons, leds = set(), set()
    for _, numbers, button, led, _ in rows(page("quick-start.md"), "pin | GPIO"):
        for number in map(int, numbers.split(",")):
            buttons |= {number} if button.startswith("yes") else set()
            leds |= {number} if led.startswith("yes") else set()
    assert buttons == set(options.BUTTON_PINS) and leds == set(options.LED_PINS)


def test_the_defaults_of_the_wiring_are_those_of_the_settings():
    defaults = {}
    for _, number, *uses in (row[:4] for row in rows(page("quick-start.md"), "pin | GPIO")):
        for name, use in zip((b"button_pin", b"led_pin"), uses, strict=True):
            if "default" in use:
                defaults[name] = int(number)
    assert defaults == {name: options.OPTIONS[name][0] for name in (b"button_pin", b"led_pin")}


def test_the_settings_in_the_guides_are_taken():
    found = re.findall(r"^ +(\{\"\w+\".*\})$", page("quick-start.md"), re.MULTILINE)
    assert found
    for text in found:
        for key, value in json.loads(text).items():
            options.fitting(value, *options.OPTIONS[key.encode()][1:])  # ValueError if not


def test_the_example_of_credentials_is_read():
    text = re.search(r"```json\n(.*?)\n```", page("provisioning.md"), re.DOTALL)[1]
    inputs = {"mqtt_host": "broker", "mqtt_port": "1883", "led": "1"}
    assert read_credentials(text) == Credentials(b"Home", "correct horse", inputs)


def test_the_reasons_in_the_guide_are_those_of_the_report():
    told = page("provisioning.md")
    words = {"not_found": "the network is not there", "no_ip": "gives no address", "wrong_password": "wrong password"}
    for name, phrase in words.items():
        assert phrase in told and phrase.split()[-1] in REASONS[name]


def test_the_drawing_of_the_wiring_is_well_formed_and_names_the_default_pins():
    from xml.etree import ElementTree

    text = "".join(ElementTree.fromstring(page("wiring.svg")).itertext())
    assert "D3 (GPIO0) to G" in text and "GPIO2" in text

"""The squeezed firmware on the virtual board: installed by mpremote, set up through the portal, connected."""

import socket

import pytest
from homeport.board import Settings
from homeport.board.session import make_image
from homeport.squeeze import squeeze
from homeport.squeeze_program import OUTSIDE

from .boards import RunningBoard, free_port
from .test_squeeze import DEVICE

pytestmark = pytest.mark.board

HOME = {"ssid": "Home", "key": "correct horse", "security": "wpa2", "join_ms": 300}
FORM = b"ssid=Home&password=correct+horse"
SPEED = 4


def squeezed_tree(folder):
    """The tree that deployment makes .mpy files of; squeezing that again changes nothing."""
    files = {name: text.encode() for name, text in squeeze(DEVICE).sources.items()}
    for path in DEVICE.rglob("*.*"):
        name = path.relative_to(DEVICE).as_posix()
        if path.suffix != ".py" or name == OUTSIDE:
            files[name] = path.read_bytes()
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def request(target, body=None):
    method = b"GET" if body is None else b"POST"
    head = method + b" " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if body is None:
        return head + b"\r\n"
    return head + b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def test_the_squeezed_firmware_goes_from_its_portal_to_the_wifi(tmp_path):
    flash = tmp_path / "flash.bin"
    ports = {"http_port": free_port(), "dns_port": free_port(socket.SOCK_DGRAM)}
    settings = Settings(str(flash), seed=1, warn=lambda text: None, **ports)
    make_image(settings, lambda text: None, tree=squeezed_tree(tmp_path / "tree"))
    with RunningBoard(flash, {"networks": [HOME]}, clock=SPEED) as board:
        board.wait_for("portal open")
        page = board.http(request(b"/"))
        assert page.startswith(b"HTTP/1.1 200 ") and b"Home" in page
        assert b"Home" in board.http(request(b"/api/networks"))
        assert board.http(request(b"/no/such/page")).startswith(b"HTTP/1.1 302 ")
        assert board.http(request(b"/connect", FORM)).startswith(b"HTTP/1.1 303 ")
        board.wait_for(r"fsm \d+ connecting got_ip connected")
        assert not [line for line in board.lines if "Traceback" in line]

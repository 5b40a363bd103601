"""The real tree on the virtual board, with real clients: the whole story from an empty flash to a healed outage."""

import contextlib
import http.client
import json
import re
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

import dns.exception
import dns.message
import dns.query
import dns.rdatatype
import pytest
from homeport import model

from .boards import bench_fixture, images_fixture, mount, read_file, write_file  # noqa: F401
from .conftest import need

pytestmark = pytest.mark.board

HOME = {"ssid": "Home", "key": "correct horse", "bssid": "02:00:00:00:00:01", "channel": 6, "rssi": -52, "join_ms": 300}
CAFE = {"ssid": "Cafe", "security": "open", "rssi": -75, "channel": 6, "join_ms": 300}
AIR = {"networks": [HOME, CAFE]}
OPEN = "portal open"
STORE = "/credentials.0"


def without_router():
    return {"networks": [{**HOME, "up": False}, CAFE]}


def transitions(board):
    """What the console says, through the model: a trace that the table does not allow is an error here."""
    return [f"{step.state} {step.event} {step.next_state}" for step in model.replay(board.lines)]


def get(board, path="/", timeout=10):
    with urllib.request.urlopen(f"http://127.0.0.1:{board.http_port}{path}", timeout=timeout) as answer:
        return answer.read().decode()


def status(board):
    return json.loads(get(board, "/api/status"))


def submit(board, ssid, key):
    """(status code, body) of what the form would do, redirects not followed."""

    class Stay(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_):
            return None

    data = urllib.parse.urlencode({"ssid": ssid, "password": key}).encode()
    try:
        opener = urllib.request.build_opener(Stay)
        with opener.open(f"http://127.0.0.1:{board.http_port}/connect", data, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode()


def provisioned(bench, **options):
    """A board that was given Home and is connected."""
    board = bench.start(firmware=True, air=AIR, **options)
    board.wait_for(OPEN)
    assert submit(board, "Home", "correct horse")[0] == 303
    board.wait_for("connecting got_ip connected")
    return board


def test_from_an_empty_flash_to_connected_and_after_a_power_cut_by_itself(bench):
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)
    assert submit(board, "Home", "correct horse")[0] == 303
    board.wait_for("connecting got_ip connected")
    assert transitions(board) == [
        "boot credentials_missing portal",
        "portal credentials_submitted connecting",
        "connecting got_ip connected",
    ]
    assert status(board)["ip"] == "192.168.1.50"
    board.power_cut()
    board = bench.start(board.flash, air=AIR)
    board.wait_for("got_ip connected")
    assert transitions(board) == ["boot credentials_found try_saved", "try_saved got_ip connected"]
    with pytest.raises(OSError):  # the phone is away and no portal is open
        get(board, timeout=2)


def test_phones_that_were_told_hear_of_the_internet_until_the_access_point_goes_and_nothing_starts_again(bench):
    board = bench.start(firmware=True, air={**AIR, "phones": 1})
    board.wait_for(OPEN)
    get(board)
    assert submit(board, "Home", "correct horse")[0] == 303
    board.wait_for("connecting got_ip connected")
    get(board, "/status")
    for _ in range(20):
        probe = b"GET /generate_204 HTTP/1.1\r\nHost: connectivitycheck.gstatic.com\r\n\r\n"
        assert board.http(probe).startswith(b"HTTP/1.1 204 ")
    deadline = time.monotonic() + 20
    with pytest.raises((OSError, http.client.HTTPException)):  # it may go in the middle of a page
        while time.monotonic() < deadline:
            get(board, timeout=2)
    assert not [line for line in board.lines if "starting again" in line or "boot credentials_found" in line]


def test_a_wrong_password_ends_with_a_reason_on_the_page_and_an_intact_store(bench):
    board = provisioned(bench)
    before = read_file(board.flash, STORE)
    board.power_cut()
    board = bench.start(board.flash, air=without_router(), clock=40)
    board.wait_for("try_saved connect_failed fallback", 30)
    board.wait_for(OPEN)
    board.set_air(AIR)
    assert submit(board, "Home", "wrong horse")[0] == 303
    board.wait_for("connecting connect_failed_others_saved fallback")
    assert "probably wrong" in get(board, "/status")
    answer = status(board)
    assert (answer["state"], answer["reason"], answer["guess"]) == ("fallback", "wrong_password", True)
    assert read_file(board.flash, STORE) == before
    board.wait_for("fallback got_ip connected", 30)  # and the old credentials still work


def test_with_the_router_down_it_reaches_fallback_and_comes_back_by_itself(bench):
    board = provisioned(bench)
    board.power_cut()
    board = bench.start(board.flash, air=without_router(), clock=40)
    board.wait_for("try_saved connect_failed fallback", 30)
    board.wait_for(OPEN)
    assert "Forget saved networks" in get(board)
    board.set_air(AIR)
    board.wait_for("fallback got_ip connected", 30)
    board.set_air(without_router())
    board.wait_for("connected link_lost try_saved", 30)
    board.set_air(AIR)
    board.wait_for("try_saved got_ip connected", 30)


@pytest.mark.parametrize(
    "network, ssid, key, reason",
    [
        (HOME, "Home", "wrong horse", "wrong_password"),
        (HOME, "Nowhere", "correct horse", "not_found"),
        ({**HOME, "dhcp": False}, "Home", "correct horse", "no_ip"),
        ({**HOME, "security": "wpa3"}, "Home", "correct horse", None),
    ],
)
def test_every_failure_has_its_reason_and_saves_nothing(bench, network, ssid, key, reason):
    board = bench.start(firmware=True, air={"networks": [network]}, clock=20)
    board.wait_for(OPEN)
    assert submit(board, ssid, key)[0] == 303
    board.wait_for("connecting connect_failed portal", 30)
    found = status(board)["reason"]
    assert found == reason if reason else found in ("connect_failed", "wrong_password")
    assert read_file(board.flash, STORE) == b""


@pytest.mark.parametrize(
    "ssid, key",
    [
        ("caf\u00e9 \U0001f600", "p\u00e4ssw\u00f6rd+&=%"),
        ("n" * 32, "k" * 63),
        (" x ", " spaces "),
        ('<b>"\'&', "0" * 64),
    ],
)
def test_credentials_of_every_kind_are_joined_and_survive(bench, ssid, key):
    air = {"networks": [{"ssid": ssid, "key": key, "join_ms": 200}]}
    board = bench.start(firmware=True, air=air)
    board.wait_for(OPEN)
    assert json.loads(get(board, "/api/networks"))[0]["ssid"] == ssid
    assert submit(board, ssid, key)[0] == 303
    board.wait_for("connecting got_ip connected")
    board.power_cut()
    bench.start(board.flash, air=air).wait_for("try_saved got_ip connected")


def test_a_name_that_is_not_utf_8_can_be_picked(bench):
    board = bench.start(firmware=True, air={"networks": [{"ssid_hex": "ff00fe41", "key": "correct horse"}]})
    board.wait_for(OPEN)
    page = get(board)
    assert 'value="ff00fe41"' in page
    board.stop()


def test_invalid_input_is_422_with_the_reason_and_what_was_typed(bench):
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)
    code, page = submit(board, "My Netw\u00f6rk", "short")
    assert code == 422 and "too short" in page and "My Netw\u00f6rk" in page and "short\"" not in page


def test_a_board_with_a_static_address_joins_where_no_address_is_given(bench):
    addresses = ["192.168.1.77", "255.255.255.0", "192.168.1.1", "1.1.1.1"]
    board = provisioned(bench)
    board.power_cut()
    write_file(board.flash, "homeport.json", json.dumps({"static_address": addresses}).encode())
    board = bench.start(board.flash, air={"networks": [{**HOME, "dhcp": False}]}, clock=5)
    board.wait_for("connected: address 192.168.1.77")


def test_forgetting_asks_first_and_then_leaves_no_secret_on_the_flash(bench):
    board = provisioned(bench)
    url = f"http://127.0.0.1:{board.http_port}/forget"
    with urllib.request.urlopen(urllib.request.Request(url, data=b"", method="POST"), timeout=10) as answer:
        assert b"Forget them all" in answer.read()
    with urllib.request.urlopen(urllib.request.Request(url, data=b"confirm=yes"), timeout=10):
        pass
    board.wait_for("connected credentials_forgotten portal")
    board.power_cut()
    fs = mount(board.flash)
    for name in ("credentials.0", "credentials.1"):
        with fs.open(name, "rb") as file:
            assert b"horse" not in file.read()
    bench.start(board.flash, air=AIR).wait_for("boot credentials_missing portal")


def test_no_password_is_ever_on_the_console(bench):
    board = provisioned(bench)
    board.power_cut()
    again = bench.start(board.flash, air=AIR)
    again.wait_for("got_ip connected")
    assert "horse" not in "\n".join(board.lines + again.lines)


# Real clients


def test_dig_gets_the_boards_address_and_nothing_for_other_types(bench):
    dig = need("dig")
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)

    def ask(*words):
        command = [dig, "@127.0.0.1", "-p", str(board.dns_port), "+tries=1", "+time=3", *words]
        return subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout

    assert ask("+short", "example.com").strip() == "127.0.0.1"
    assert ask("+short", "+noedns", "Any.Name.At.All").strip() == "127.0.0.1"
    negative = ask("example.com", "AAAA")
    assert "NOERROR" in negative and "ANSWER: 0" in negative and "EDNS: version: 0" in negative
    assert "NXDOMAIN" in ask("use-application-dns.net")


def test_many_datagrams_in_a_row_and_hostile_ones_leave_the_name_server_working(bench):
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)
    query = dns.message.make_query("example.com", dns.rdatatype.A)
    wire = query.to_wire()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        for length in range(len(wire)):
            client.sendto(wire[:length], ("127.0.0.1", board.dns_port))
        client.sendto(b"\xff" * 1400, ("127.0.0.1", board.dns_port))
    for _ in range(50):
        for attempt in range(4):  # its queue holds four datagrams: a client asks again, as resolvers do
            try:
                answer = dns.query.udp(query, "127.0.0.1", port=board.dns_port, timeout=1)
                break
            except dns.exception.Timeout:
                assert attempt < 3
        assert [str(item) for item in answer.answer[0]] == ["127.0.0.1"]


def test_curl_is_redirected_from_foreign_hosts_and_gets_the_page_from_the_own_one(bench):
    curl = need("curl")
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)

    def run(*words):
        return subprocess.run([curl, "-s", "-m", "10", *words], capture_output=True, text=True, timeout=20).stdout

    root = f"http://127.0.0.1:{board.http_port}/"
    probe = f"connectivitycheck.gstatic.com:{board.http_port}"
    to_board = ("--connect-to", f"::127.0.0.1:{board.http_port}", f"http://{probe}/generate_204")
    assert run("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", *to_board) == f"302 {root}"
    assert "<form" in run("-L", *to_board)
    assert run("-o", "/dev/null", "-w", "%{http_code}", "--http2-prior-knowledge", root) in ("505", "400", "000")
    assert run("-o", "/dev/null", "-w", "%{http_code}", "-X", "DELETE", root) == "405"
    assert "<form" in run("--limit-rate", "2000", root)


def test_half_requests_resets_and_silent_clients_leave_the_portal_serving(bench):
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)
    page = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{board.http_port}\r\n\r\n".encode()
    silent = [socket.create_connection(("127.0.0.1", board.http_port), 5) for _ in range(3)]
    for data in (b"", b"G", page[:20], b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\n\n", b"\0" * 600):
        with socket.create_connection(("127.0.0.1", board.http_port), 5) as client:
            client.sendall(data)
    for take in (0, 1, 600):
        client = socket.create_connection(("127.0.0.1", board.http_port), 5)
        client.sendall(page)
        if take:
            with contextlib.suppress(ConnectionResetError):  # as the chip does with what its queue cannot hold
                client.recv(take)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()  # a reset in mid-reply
    assert "<form" in get(board, timeout=20)
    for client in silent:
        client.close()
    assert b" 431 " in board.http(page[:-2] + b"X-Long: y\r\n" * 2000 + b"\r\n", 20).split(b"\r\n")[0]
    assert b" 413 " in board.http(b"POST /connect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5000\r\n\r\n")[:20]
    assert "<form" in get(board, timeout=20)


def test_a_browser_takes_the_board_from_the_portal_to_connected(bench, phone):
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)
    phone.goto(f"http://127.0.0.1:{board.http_port}/")
    rows = phone.locator("label:has([type=radio]) bdi").all_inner_texts()
    assert [row.split("\n")[0] for row in rows] == ["Home", "Cafe"]
    phone.get_by_label("Home").check()
    phone.locator("#password").fill("correct horse")
    phone.get_by_role("button", name="Connect").click()
    phone.wait_for_url("**/status")
    phone.get_by_text("is connected to").wait_for(timeout=20_000)
    assert "192.168.1.50" in phone.locator("main").inner_text()
    board.wait_for("connecting got_ip connected")


def test_a_browser_without_javascript_sees_why_it_failed_and_can_try_again(bench, chromium):
    board = bench.start(firmware=True, air=AIR, clock=10)
    board.wait_for(OPEN)
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{board.http_port}/")
    page.get_by_label("Another one, by name").fill("Home")
    page.locator("#password").fill("wrong horse")
    page.get_by_role("button", name="Connect").click()
    page.get_by_text("probably wrong").wait_for(timeout=30_000)
    page.get_by_role("link", name="Try again").click()
    assert page.get_by_label("Home").is_checked() and page.locator("#password").input_value() == ""
    page.locator("#password").fill("correct horse")
    page.get_by_role("button", name="Connect").click()
    page.get_by_text("is connected to").wait_for(timeout=30_000)
    context.close()


# The tools of the trade


def test_mpremote_gets_in_while_the_portal_serves_and_a_reset_brings_the_portal_back(bench):
    board = bench.start(firmware=True, air=AIR)
    board.wait_for(OPEN)
    listing = board.mpremote("fs", "ls", ":/lib/homeport")
    assert "connected.mpy" in listing and ".py\n" not in listing
    shown = board.mpremote("resume", "exec", "import homeport; print(type(homeport.machine))")
    assert "function" in shown
    count = len(board.lines)
    board.mpremote("reset")
    board.wait_for(OPEN, start=count)


def test_a_fault_in_the_owners_program_is_shown_and_the_board_starts_again(bench):
    board = provisioned(bench)
    board.power_cut()
    from .boards import write_file

    write_file(board.flash, "app.py", b"print('owner runs')\n\ndef step():\n    1 // 0\n")
    board = bench.start(board.flash, air=AIR, clock=10)
    board.wait_for("owner runs")
    board.wait_for("ZeroDivisionError")
    board.wait_for("starting again")
    board.wait_for("owner runs", start=len(board.lines))


def test_the_owners_program_runs_beside_the_machine_once_connected(bench):
    board = provisioned(bench)
    board.power_cut()
    from .boards import write_file

    program = (
        b"import network\nprint('owner at', network.WLAN(0).ifconfig()[0])\nturns = 0\n\n"
        b"def step():\n    global turns\n    turns += 1\n    if turns == 5:\n        print('five turns')\n"
    )
    write_file(board.flash, "app.py", program)
    board = bench.start(board.flash, air=AIR)
    board.wait_for("owner at 192.168.1.50")
    board.wait_for("five turns")


def test_power_on_to_connected_takes_less_than_half_a_second_beyond_the_join(bench):
    board = provisioned(bench)
    board.power_cut()
    start = time.monotonic()
    board = bench.start(board.flash, air=AIR)
    uptime_ms = int(board.wait_for(r"fsm (\d+) try_saved got_ip connected")[1])
    print("board's clock:", uptime_ms - HOME["join_ms"], "ms; with the start of the simulation:",
          round(1000 * (time.monotonic() - start)) - HOME["join_ms"], "ms")  # fmt: skip
    assert uptime_ms - HOME["join_ms"] < 500


def test_the_uptime_in_the_trace_never_goes_back(bench):
    board = provisioned(bench)
    times = [int(found[1]) for line in board.lines if (found := re.match(r"fsm (\d+) ", line))]
    assert times == sorted(times) and len(times) == 3

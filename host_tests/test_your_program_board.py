"""The programs of docs/examples that docs/your-program.md explains, on the virtual board: squeezed as deployed."""

import contextlib
import json
import re
import time
import urllib.parse
from pathlib import Path

import pytest

from .boards import bench_fixture, credentials, images_fixture  # noqa: F401

pytestmark = pytest.mark.board

EXAMPLES = Path(__file__).resolve().parent.parent / "docs" / "examples"
HOME = {"ssid": "Home", "key": "correct horse", "join_ms": 300}
AIR = {"networks": [HOME]}
OFFLINE = {"networks": [{**HOME, "up": False}]}
INPUTS = json.dumps({"fields": [{"name": "server", "label": "Server", "type": "text"}], "watchdog": False}).encode()
LOST_S = 20  # a link counts as lost after five seconds


def start(bench, name, example, files=(), air=AIR, **options):
    program = (EXAMPLES / example).read_bytes()
    return bench.start(bench.image(firmware=True, files=[(name, program), *files]), air, **options)


def submit(board, **form):
    """A phone submits the form and reads that it worked."""
    board.wait_for("portal open")
    body = urllib.parse.urlencode({"ssid": "Home", "password": "correct horse", **form}).encode()
    head = b"POST /connect HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    answer = board.http(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    assert answer.startswith(b"HTTP/1.1 303 "), answer
    board.wait_for(r"fsm \d+ connecting got_ip connected")
    deadline = time.monotonic() + LOST_S
    answer = b""
    while not answer.startswith(b"HTTP/1.1 200 "):  # a page asks again while there is no memory for an answer
        assert time.monotonic() < deadline, answer
        with contextlib.suppress(OSError):
            answer = board.http(b"GET /status HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")


def test_a_blocking_program_goes_on_when_the_board_is_connected_and_reads_what_was_entered(bench):
    board = start(bench, "main.py", "blocking.py", [("homeport.json", INPUTS)], clock=5)
    submit(board, **{"f.server": "broker.local"})
    assert not [line for line in board.lines if "online" in line], "it has gone on while the phone was still there"
    board.wait_for(r"online as \d+\.\d+\.\d+\.\d+")
    board.wait_for("the server is broker.local")
    board.set_air(OFFLINE)
    board.wait_for(r"fsm \d+ connected link_lost try_saved", LOST_S)
    board.set_air(AIR)
    board.wait_for(r"fsm \d+ try_saved got_ip connected", LOST_S)
    board.wait_for("uptime", start=len(board.lines))


def test_a_program_with_a_loop_of_its_own_works_without_a_link_and_with_one(bench):
    board = start(bench, "main.py", "stepped.py", credentials(), OFFLINE, clock=5)
    board.wait_for("measured and kept")
    board.set_air(AIR)
    board.wait_for("^online", LOST_S)
    board.wait_for("measured and sent")
    board.set_air(OFFLINE)
    board.wait_for("offline", LOST_S)
    board.wait_for("measured and kept", start=len(board.lines))


def test_tasks_run_beside_the_machine_and_know_when_it_is_online(bench):
    board = start(bench, "main.py", "tasks.py", credentials(), clock=5)
    board.wait_for("measured")
    board.set_air(OFFLINE)
    board.wait_for("from connected to try_saved", LOST_S)
    measured = board.lines.count("measured")
    for _ in range(3):
        board.wait_for("blink", start=len(board.lines))
    assert board.lines.count("measured") <= measured + 1
    board.set_air(AIR)
    board.wait_for("from try_saved to connected", LOST_S)
    board.wait_for("measured", start=len(board.lines))


def test_one_task_without_a_machine_of_the_programs_own_brings_the_board_online(bench):
    program = (
        b"import asyncio\nimport homeport\n\nasync def main():\n    asyncio.create_task(homeport.keep_online())\n"
        b"    while True:\n        await asyncio.sleep(1)\n        print('state', homeport.running.state)\n\n"
        b"asyncio.run(main())\n"
    )
    flash = bench.image(firmware=True, files=[("main.py", program), *credentials()])
    board = bench.start(flash, AIR, clock=5)
    board.wait_for("state connected")
    assert board.wait_for(r"fsm \d+ try_saved got_ip connected")


def test_a_program_opens_the_portal_and_reads_what_was_entered_there(bench):
    files = [("homeport.json", INPUTS), *credentials({b"server": b"old.local"})]
    board = start(bench, "app.py", "on_demand.py", files, clock=5)
    board.wait_for(re.escape("settings {'server': 'old.local'}"))
    board.set_air({**AIR, "pins": {"14": 0}})
    board.wait_for(r"fsm \d+ connected portal_requested fallback")
    board.set_air(AIR)
    board.wait_for("now fallback")
    start_at = len(board.lines)
    submit(board, **{"f.server": "new.local"})
    board.wait_for(re.escape("settings {'server': 'new.local'}"), start=start_at)
    assert not [line for line in board.lines if "Traceback" in line]

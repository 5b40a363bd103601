"""Replays the rows of dns.json and http.json to a board at the chip's own address and ports, as phones there would.

python -m host_tests.outside IMAGE SEED SECONDS runs in a network namespace of its own and prints, as JSON, how
much was asked and what was wrong. Every request is sent whole; byte by byte, and cut in two at each place, as many as
fit into SECONDS each, in an order that the seed gives.
"""

import json
import random
import re
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from . import check
from .boards import RunningBoard
from .corpus import load

BOARD = "192.168.4.1"
AIR = {"networks": [{"ssid": "Home", "key": "correct horse", "join_ms": 300}], "phones": 1}
REPLY_LIMIT_S = 3
SILENCE_S = 0.1  # no reply within it is none
AGAIN_AFTER_S = 0.9  # of a probe that did not like the first answer
PAUSE_S = 0.002  # between two pieces: longer than the board takes to read one
BYTES_PAUSE_S = 0.0002
PROBES_AT_ONCE = 4  # of a phone that looks for a portal
RELEASE_S = 6  # of the time in which probes get their success: enough is left for a slow machine
SUBNET_HOSTS = 250


class Phone:
    """A client with an address of its own: what one does tells the board nothing of another."""

    _lock = threading.Lock()
    _made = 0

    def __init__(self):
        with Phone._lock:
            Phone._made += 1
            self.address = f"192.168.4.{2 + Phone._made % SUBNET_HOSTS}"

    def socket(self, kind, port, timeout_s):
        phone = socket.socket(socket.AF_INET, kind)
        phone.settimeout(timeout_s)
        phone.bind((self.address, 0))
        phone.connect((BOARD, port))
        return phone

    def ask(self, row):
        """The reply to a row's datagram, b"" if there is none."""
        with self.socket(socket.SOCK_DGRAM, 53, REPLY_LIMIT_S if row["reply"] == "must" else SILENCE_S) as phone:
            phone.send(bytes.fromhex(row["query"]))
            try:
                return phone.recv(2000)
            except TimeoutError:
                return b""

    def send(self, pieces, pause_s=PAUSE_S):
        """(all bytes of the answer to a request in pieces, milliseconds from its last piece to the end)."""
        answer = b""
        with self.socket(socket.SOCK_STREAM, 80, REPLY_LIMIT_S) as phone:
            phone.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number, piece in enumerate(pieces):
                if number:
                    time.sleep(pause_s)
                phone.sendall(piece)
            start = time.monotonic()
            ended = None
            while data := phone.recv(4096):
                answer += data
                if ended is None and is_whole(answer, pieces[0]):
                    ended = time.monotonic()
                    phone.shutdown(socket.SHUT_WR)  # a browser has no more to say then
            return answer, ((ended or time.monotonic()) - start) * 1000


def is_whole(answer, request):
    """Has all arrived that the answer's head promises?"""
    head, end, body = answer.partition(b"\r\n\r\n")
    if end and head.startswith(b"HTTP/1.1 1"):
        return is_whole(body, request)
    length = re.search(rb"Content-Length: (\d+)", head)
    return bool(end and length) and (len(body) >= int(length[1]) or request.startswith(b"HEAD"))


class Replay:
    """asked: how much of each kind; wrong: what was not answered as it should be, with the reasons."""

    def __init__(self):
        self.asked = {}
        self.wrong = []

    def note(self, kind, row, problems, *details):
        self.asked[kind] = self.asked.get(kind, 0) + 1
        if problems:
            self.wrong.append([row["name"], kind, *details, *problems])

    def names(self, rows):
        for row in rows:
            if row["phase"] == "A":
                self.note("names", row, check.dns_problems(row, Phone().ask(row)))

    def names_asked_again(self, rows):
        """Of a phone whose probe's name was answered, but that sends no HTTP and asks again."""
        phone = Phone()
        probe = next(row for row in rows if row["name"] == "android-01")
        self.note("names", probe, check.dns_problems(probe, phone.ask(probe)))
        time.sleep(AGAIN_AFTER_S)
        again = sorted((row for row in rows if row["phase"] == "B"), key=lambda row: row["name"] != "android-02")
        for row in again:
            self.note("names again", row, check.dns_problems(row, phone.ask(row)))

    def pages(self, kind, jobs, pause_s=PAUSE_S, limit_s=60, clients=1):
        """jobs: pairs of a row and the places where its request is cut; as many as there is time for."""
        end = time.monotonic() + limit_s
        with ThreadPoolExecutor(clients) as pool:
            problems = pool.map(lambda job: None if time.monotonic() > end else page_problems(*job, pause_s), jobs)
            for (row, cuts), found in zip(jobs, problems, strict=True):
                if found is not None:
                    self.note(kind, row, found, cuts if len(cuts) < 2 else "all")


def page_problems(row, cuts, pause_s):
    data = row["request"].encode("latin-1")
    edges = [0, *cuts, len(data)]
    pieces = [data[start:end] for start, end in zip(edges, edges[1:], strict=False)]
    try:
        return check.http_problems(row, *Phone().send(pieces, pause_s))
    except OSError as error:
        return [repr(error)]


def whole(rows):
    return [(row, []) for row in rows]


def bytewise(rows, chance):
    return chance.sample([(row, list(range(1, len(row["request"])))) for row in rows], len(rows))


def splits(rows, chance):
    every = [(row, [at]) for row in rows for at in range(1, len(row["request"]))]
    return chance.sample(every, len(every))


def replay(board, seed, seconds):
    """All phases on a board whose portal is open: the found faults and how much was asked."""
    found = Replay()
    chance = random.Random(seed)
    names, requests = load("dns.json"), load("http.json")
    found.names(names)
    found.names_asked_again(names)
    for phase in ("captive", "success"):
        rows = [row for row in requests if row.get("phase", "captive") == phase]
        if phase == "success":
            seconds = RELEASE_S / 3
            try:
                provision(board)
            except OSError as error:
                raise AssertionError("\n".join(board.lines)) from error
        found.pages(phase, whole(rows))
        probes = [row for row in rows if row["status"] in ([302], [204])]
        found.pages(phase + ", at once", whole(probes), clients=PROBES_AT_ONCE)
        found.pages(phase + ", byte by byte", bytewise(rows, chance), BYTES_PAUSE_S, seconds)
        found.pages(phase + ", split", splits(rows, chance), PAUSE_S, seconds)
    return {"asked": found.asked, "wrong": found.wrong}


def provision(board):
    """A person submits, waits, and reads the result."""
    form = b"ssid=Home&password=correct+horse"
    head = b"POST /connect HTTP/1.1\r\nHost: 192.168.4.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    answer, _ = Phone().send([head + b"Content-Length: %d\r\n\r\n" % len(form) + form])
    assert answer.startswith(b"HTTP/1.1 303 "), (answer, board.lines)
    board.wait_for("got_ip connected")
    answer, _ = Phone().send([b"GET /status HTTP/1.1\r\nHost: 192.168.4.1\r\n\r\n"])
    assert answer.startswith(b"HTTP/1.1 200 "), answer


def main(image, seed, seconds):
    # The whole subnet is this machine then, every phone of it.
    for words in ("link set lo up", f"addr add {BOARD}/24 dev lo"):
        subprocess.run(["ip", *words.split()], check=True)
    with RunningBoard(image, AIR, address=BOARD, http_port=80, dns_port=53) as board:
        board.wait_for("portal open")
        found = replay(board, int(seed), float(seconds))
        found["faults"] = [line for line in board.lines if "Error" in line]
        print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Every client that looks for a portal finds one here, and is content once a person was told of the success."""

import pytest

from .boards import bench_fixture, images_fixture  # noqa: F401
from .corpus import load
from .fakes import Router
from .scene import Scene
from .test_outside import HOME, OPEN, request, submit
from .verdicts import MODELS, NONE, ONLINE, PORTAL, PROBES, verdict, verdicts

TABLE = load("verdicts.json")
KEY = b"correct horse"
PAGE = b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n<a href=/>Sign in</a>"


def wrong(ask, expected):
    found = list(verdicts(ask))
    assert {client for client, _, _ in found} == set(MODELS)
    return [row for row in found if row[2] != expected]


# The models themselves


def test_the_table_is_whole():
    assert len(TABLE) == 22 and set(PROBES) == set(MODELS) and len(MODELS) == 10


@pytest.mark.parametrize("row", TABLE, ids=[row["name"] for row in TABLE])
def test_a_model_judges_an_answer_as_its_client_does(row):
    judged = [verdict(client, row["answer"].encode("latin-1")) for client in MODELS]
    assert judged == row["verdicts"].split()


@pytest.mark.parametrize(
    "raw",
    [b"", b"HTTP/1.1", PAGE[:30], PAGE[:-1], PAGE.replace(b"21", b"22"), PAGE.replace(b"21", b"-1"),
     b"<html>" + PAGE, PAGE.replace(b"Content-Length:", b"Content-Length :"), b"HTTP/1.1 100 Continue\r\n\r\n"],
)  # fmt: skip
def test_an_answer_that_is_cut_or_malformed_is_no_answer(raw):
    assert {verdict(client, raw) for client in MODELS} == {NONE}


def test_an_interim_answer_and_what_follows_the_body_change_nothing():
    for client in MODELS:
        assert verdict(client, b"HTTP/1.1 100 Continue\r\n\r\n" + PAGE + b"more") == verdict(client, PAGE) == PORTAL


@pytest.mark.parametrize("field", [b"X-NetworkManager-Status: online", b"X-ConnMan-Status: online"])
def test_a_field_alone_can_tell_a_client_that_it_is_online(field):
    page = PAGE.replace(b"\r\n", b"\r\n" + field + b"\r\n", 1)
    told = {client for client in MODELS if verdict(client, page) == ONLINE}
    assert told == ({"connman"} if b"ConnMan" in field else {"networkmanager", "networkmanager_ubuntu"})


# What this firmware answers


def test_every_client_finds_the_portal():
    scene = Scene(Router(b"Home", KEY))
    scene.settle()
    assert wrong(lambda request: scene.phone.request(request).raw, PORTAL) == []


def test_every_client_finds_the_portal_while_the_board_tries_and_after_it_failed():
    scene = Scene(Router(b"Home", KEY))
    scene.hardware.access_point.phones = 1
    scene.settle()
    scene.submit(b"Home", b"wrong horse")
    assert wrong(lambda request: scene.phone.request(request).raw, PORTAL) == []
    scene.until("connecting", 5_000)
    assert wrong(lambda request: scene.phone.request(request).raw, PORTAL) == []
    scene.until("portal", 60_000)
    assert scene.phone.get(b"/status").status == 200
    assert wrong(lambda request: scene.phone.request(request).raw, PORTAL) == []


def test_every_client_is_online_once_the_success_was_told_and_not_before():
    scene = Scene(Router(b"Home", KEY))
    scene.hardware.access_point.phones = 1
    scene.settle()
    assert scene.submit(b"Home", KEY).status == 303
    scene.until("connected", 10_000)
    scene.settle()
    assert wrong(lambda request: scene.phone.request(request).raw, PORTAL) == []
    assert scene.phone.get(b"/status").status == 200
    scene.settle()
    assert wrong(lambda request: scene.phone.request(request).raw, ONLINE) == []


@pytest.mark.board
def test_every_client_finds_the_portal_of_a_board_and_is_online_after_its_success(bench):
    board = bench.start(firmware=True, air={"networks": [HOME], "phones": 1})
    board.wait_for(OPEN)
    assert wrong(board.http, PORTAL) == []
    assert submit(board, "Home", "correct horse") == 303
    board.wait_for("connecting got_ip connected")
    assert wrong(board.http, PORTAL) == []
    assert b"200 OK" in board.http(request(b"/status"))
    assert wrong(board.http, ONLINE) == []

"""Homeport as a task of asyncio and beside app.py, on fakes; test_your_program_board.py runs the examples."""

import asyncio

import pytest

from device import online

from .fakes import FakeHardware, Router
from .running import Running
from .scene import Scene

CONNECT_LIMIT_MS = 30_000


class Fed:
    """A watchdog that counts."""

    count = 0

    def feed(self):
        self.count += 1


class Reset(Exception):
    pass


@pytest.fixture
def task(monkeypatch):
    """(a board that is connected, its task: a generator whose every next() is one turn)."""
    home = (b"Home", b"correct horse")
    scene = Scene(hardware=FakeHardware([Router(*home)]), saved=[home])
    scene.until("connected", CONNECT_LIMIT_MS)
    waited = []

    def sleep_ms(ms):
        waited.append(ms)
        yield

    monkeypatch.setattr(asyncio, "sleep_ms", sleep_ms, raising=False)
    monkeypatch.setattr(scene.hardware, "reset", lambda: (_ for _ in ()).throw(Reset))
    scene.waited = waited
    return scene, online.keep_online(scene.machine)


def test_a_task_lets_others_run_after_every_turn_and_feeds_an_armed_watchdog(task):
    scene, turns = task
    scene.context.idle_ms = 20
    next(turns)
    assert scene.context.idle_ms == 0  # a turn waits for nobody: the other tasks do
    scene.context.watchdog = Fed()
    for _ in range(10):
        next(turns)
    assert scene.context.watchdog.count == 10 and scene.waited == [online.TURN_MS] * 11


def test_a_task_that_has_no_memory_for_its_turn_starts_the_board_again(task, monkeypatch, capsys):
    scene, turns = task
    next(turns)

    def step():
        raise MemoryError("memory allocation failed, allocating 4096 bytes")

    monkeypatch.setattr(scene.machine, "step", step)
    with pytest.raises(Reset):
        next(turns)
    assert "starting again, for there is no memory beside the program" in capsys.readouterr().out


def test_a_task_raises_what_else_goes_wrong(task, monkeypatch):
    scene, turns = task

    def step():
        raise OSError(5)

    monkeypatch.setattr(scene.machine, "step", step)
    with pytest.raises(OSError):
        next(turns)


def test_a_program_that_waited_for_a_portal_starts_with_all_memory_after_a_restart(monkeypatch, capsys):
    first = []
    board = Running(monkeypatch, lambda board: first or first.append((len(board.starts), board.context.state)))
    board.router.up = False
    board.at(400, lambda: setattr(board.router, "up", True))  # the portal opens after 300 s
    board.run(900_000)
    assert first == [(2, "connected")] and len(board.starts) == 2
    assert capsys.readouterr().out.count("to leave all memory to the program") == 1


def test_an_access_point_that_always_stays_restarts_nothing_for_the_program(monkeypatch):
    board = Running(monkeypatch, settings=b'{"access_point": "always"}')
    board.run(600_000)
    assert board.steps and board.context.portal and len(board.starts) == 1

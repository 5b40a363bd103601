"""The watchdog: armed last, fed at every turn, no obstacle to Ctrl-C and mpremote."""

import sys

import pytest

import device
from device import guard, policy, store
from device.context import Network

from .fakes import SOFTWARE_WATCHDOG, FakeConsole, Router
from .running import KEY, Running
from .test_crashes import SECOND

ARMED_AFTER_S = policy.STABLE_AFTER_MS // SECOND


def armed(board):
    return board.context.watchdog is not None


def once_armed(function):
    """A step() that does it as soon as the watchdog is armed, once a test."""
    done = []

    def step(board):
        if armed(board) and not done:
            done.append(True)
            function(board)

    return step


def test_it_is_armed_when_the_board_was_connected_for_a_minute_and_not_before(monkeypatch):
    board = Running(monkeypatch)
    seen = []
    board.at(ARMED_AFTER_S, lambda: seen.append(armed(board)))
    board.at(ARMED_AFTER_S + 10, lambda: seen.append(armed(board)))
    board.run((ARMED_AFTER_S + 20) * SECOND)
    assert seen == [False, True] and len(board.starts) == 1


def test_it_stays_unarmed_if_the_settings_say_so(monkeypatch):
    board = Running(monkeypatch, settings=b'{"watchdog": false}').run(600 * SECOND)
    assert not armed(board) and len(board.starts) == 1


def test_it_stays_unarmed_while_an_access_point_is_open(monkeypatch):
    board = Running(monkeypatch, settings=b'{"access_point": "always"}').run(600 * SECOND)
    assert board.steps and board.context.portal and not armed(board)


def test_a_board_that_works_is_never_bitten_through_outages_either(monkeypatch):
    board = Running(monkeypatch)
    board.at(300, lambda: setattr(board.router, "up", False))
    board.at(340, lambda: setattr(board.router, "up", True))
    board.run(1800 * SECOND)
    assert armed(board) and len(board.starts) == 1 and board.context.state == "connected"


def test_an_outage_that_needs_the_portal_restarts_the_board_into_it(monkeypatch):
    board = Running(monkeypatch)
    board.at(300, lambda: setattr(board.router, "up", False))
    board.run(600 * SECOND)
    assert board.context.state == "fallback" and board.context.portal and not armed(board)
    assert len(board.starts) == 2 and board.hardware.reset_cause == 4
    assert not board.hardware.access_point.is_open, "nobody has asked for it at the board"


def test_a_longer_outage_restarts_the_board_once_so_that_it_can_look_around(monkeypatch):
    """Another saved network may be there; and the time until the portal opens goes on, it does not begin anew."""
    for ms, state in (((300 + 5 + 90 - 10) * SECOND, "try_saved"), ((300 + 5 + 90 + 35) * SECOND, "fallback")):
        board = Running(monkeypatch)
        board.at(300, lambda board=board: setattr(board.router, "up", False))
        board.run(ms)
        assert len(board.starts) == 2 and board.context.state == state and not armed(board)
        assert board.hardware.station.calls.count("scan") > 0


def test_without_an_access_point_an_outage_ends_it_as_well_so_that_another_saved_network_is_found(monkeypatch):
    settings = b'{"access_point": "never", "outage_allowance_s": 20}'  # sooner than it starts again by itself
    board = Running(monkeypatch, settings=settings)
    office = Router(b"Office", b"battery staple", up=False)
    board.hardware.routers.append(office)
    saved = [Network(b"Home", KEY), Network(b"Office", b"battery staple")]
    for network in saved:
        network.proven = network.sighted = True
    assert store.save(board.hardware, saved, print)
    board.at(300, lambda: (setattr(board.router, "up", False), setattr(office, "up", True)))
    board.run(420 * SECOND)
    assert board.context.state == "connected" and board.context.joined.ssid == b"Office"
    assert not board.hardware.access_point.on


def test_a_program_that_hangs_is_ended_by_it(monkeypatch):
    def hang(board):
        board.hardware.sleep_ms(10 * SECOND)

    board = Running(monkeypatch, once_armed(hang)).run(300 * SECOND)
    assert len(board.starts) == 2 and board.hardware.reset_cause == SOFTWARE_WATCHDOG
    assert board.context.state == "connected" and board.steps > 1000, "and runs again"


def test_a_long_step_that_feeds_it_is_left_alone(monkeypatch):
    def work(board):
        for _ in range(20):
            board.hardware.sleep_ms(SECOND)
            device.feed()

    board = Running(monkeypatch, once_armed(work)).run(300 * SECOND)
    assert len(board.starts) == 1 and armed(board)


def test_feeding_an_unarmed_one_does_nothing(monkeypatch):
    monkeypatch.setattr(device, "running", None)
    device.feed()


def test_an_import_of_the_program_that_never_ends_is_not_bitten(monkeypatch):
    board = Running(monkeypatch)
    real = __import__

    def never_ends(name, *arguments):
        if name != "app":
            return real(name, *arguments)
        while True:
            board.hardware.sleep_ms(5 * SECOND)

    monkeypatch.setattr("builtins.__import__", never_ends)
    board.run(3600 * SECOND)
    assert len(board.starts) == 1 and not armed(board)


def test_the_pause_after_a_crash_is_not_cut_short_by_it(monkeypatch):
    def crash_when_armed(board):
        causes.add(board.hardware.reset_cause)
        if armed(board):
            raise ValueError

    causes = set()
    board = Running(monkeypatch, crash_when_armed).run(900 * SECOND)
    assert causes == {0, 4}, "no start was by the watchdog"
    pauses = [after - before for before, after in zip(board.starts, board.starts[1:], strict=False)]
    assert pauses[3] - pauses[0] >= 7 * SECOND and pauses[-1] > pauses[3]


# Ctrl-C


def interrupted(monkeypatch, typed=b"", step=once_armed):
    def interrupt(board):
        raise KeyboardInterrupt

    board = Running(monkeypatch, step(interrupt))
    board.console.type(typed)
    return board.run(300 * SECOND)


def test_ctrl_c_leads_to_the_prompt_at_once_while_it_is_unarmed(monkeypatch):
    board = interrupted(monkeypatch, step=lambda function: function)
    assert board.prompt and len(board.starts) == 1 and board.hardware.resets == 0


def test_ctrl_c_while_it_is_armed_leads_to_the_prompt_over_a_reset(monkeypatch):
    board = interrupted(monkeypatch)
    assert board.prompt and len(board.starts) == 2 and board.hardware.reset_cause == 4
    assert board.hardware.os.typed == b"", "a person types"
    board.prompt, board.step = False, None
    board.hardware.restart(4)
    board.run(60 * SECOND)
    assert board.steps > 1, "the next start is an ordinary one"


def test_a_tool_that_has_typed_ctrl_a_behind_finds_it_typed_again(monkeypatch):
    board = interrupted(monkeypatch, b"\r\r\1")
    assert board.prompt and len(board.starts) == 2 and board.hardware.os.typed == b"\1"


def test_a_port_that_does_not_take_it_leads_to_the_prompt_all_the_same(monkeypatch):
    def refuse(*_):
        raise OSError(22)

    monkeypatch.setattr("host_tests.fakes.FakeOs.dupterm", refuse)
    board = interrupted(monkeypatch, b"\1")
    assert board.prompt and len(board.starts) == 2


@pytest.mark.parametrize("module", ["guard", "seldom"])
def test_ctrl_c_without_memory_for_the_way_there_leads_to_a_prompt_that_takes_the_next(monkeypatch, module):
    real = __import__

    def interrupt(board):
        def refusing(name, *words):
            if name == module:
                raise MemoryError
            return real(name, *words)

        monkeypatch.setattr("builtins.__import__", refusing)
        raise KeyboardInterrupt

    board = Running(monkeypatch, interrupt)
    assert board.run(300 * SECOND).prompt and len(board.starts) == 1
    board.console.type(b"\3")
    assert board.console.interrupts


def test_ctrl_c_has_clients_of_pages_ask_again(monkeypatch):
    class Pages:
        closed = False

        def close(self):
            self.closed = True

    pages = Pages()

    def interrupt(board):
        device.running.pages = pages
        raise KeyboardInterrupt

    assert Running(monkeypatch, interrupt).run(300 * SECOND).prompt and pages.closed


def test_what_is_typed_on_and_on_does_not_keep_the_board_listening(monkeypatch):
    class Stuck(FakeConsole):
        def read(self, count):
            return b"x"

    board = Running(monkeypatch)
    stuck = Stuck()
    stuck.type(b"x")
    monkeypatch.setattr(sys, "stdin", stuck)
    assert not guard.is_tool(board.hardware)

"""The commands of the virtual board, which needs Linux: its loop, its terminals and its VM are made for that."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from .board import DEFAULT_HEAP_BYTES, AirError, BoardError, PowerLost, Settings
from .spoken import EXIT_USAGE, fail, note

DEFAULT_FLASH = Path(".homeport/flash.bin")
EXIT_POWER_LOST = 3
HttpPort = Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine for the board's port 80.")]
DnsPort = Annotated[int, typer.Option(min=1, max=65535, help="Port on this machine for the board's port 53.")]


def register(app: typer.Typer) -> None:
    app.command()(board)
    app.command()(run)


def board(
    flash: Annotated[Path, typer.Option(help="Flash image; made and deployed to when missing.")] = DEFAULT_FLASH,
    erase: Annotated[bool, typer.Option("--erase", help="Start from an empty image.")] = False,
    air: Annotated[Path | None, typer.Option(help="The radio environment, JSON; read again when it changes.")] = None,
    address: Annotated[str, typer.Option(help="Address of the access point on this machine.")] = "127.0.0.1",
    http_port: HttpPort = 8080,
    dns_port: DnsPort = 10053,
    tty: Annotated[Path | None, typer.Option(help="Symlink to make: the board's serial port, for mpremote.")] = None,
    rom: Annotated[Path | None, typer.Option(help="Partition of the ROMFS variant: a file, made when missing.")] = None,
    clock: Annotated[float, typer.Option(min=0.001, max=1e6, help="Board time runs so many times as fast.")] = 1.0,
    cut_after: Annotated[int | None, typer.Option(min=1, help="Lose power at the N-th flash write or erase.")] = None,
    heap: Annotated[int, typer.Option(min=DEFAULT_HEAP_BYTES // 2, help="Heap of the VM.")] = DEFAULT_HEAP_BYTES,
    seed: Annotated[int | None, typer.Option(help="Seed of whatever is random.")] = None,
) -> None:
    """Run the firmware on a virtual ESP8266: its console is here, Ctrl-C switches it off."""
    from .board.session import run_board

    settings = Settings(
        flash=str(flash),
        erase=erase,
        air=str(air) if air else None,
        address=address,
        http_port=http_port,
        dns_port=dns_port,
        tty=str(tty) if tty else None,
        rom=str(rom) if rom else None,
        clock=clock,
        cut_after=cut_after,
        heap=heap,
        seed=seed,
        console=_to_stdout,
    )
    with _errors():
        run_board(settings, note)


def run(
    address: Annotated[str, typer.Option(help="Address of the access point on this machine.")] = "127.0.0.1",
    http_port: HttpPort = 8080,
    dns_port: DnsPort = 10053,
    clock: Annotated[float, typer.Option(min=0.001, max=1e6, help="Board time runs so many times as fast.")] = 1.0,
) -> None:
    """Try Homeport: a virtual board with its portal's address, its transitions as they happen, and keys to press."""
    from .run import main

    with _errors():
        main(address, http_port, dns_port, clock)


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    from .deploy import DeployError
    from .ports import PortError

    try:
        yield
    except (BoardError, AirError, DeployError, PortError) as error:
        fail(str(error), EXIT_USAGE)
    except PowerLost:
        fail("power lost in the middle of a flash operation (--cut-after)", EXIT_POWER_LOST)


def _to_stdout(data: bytes) -> None:
    try:
        while data:
            data = data[os.write(1, data) :]
    except BrokenPipeError:
        os.kill(os.getpid(), signal.SIGTERM)  # nobody reads any more: end as when told to
    except BlockingIOError:
        pass

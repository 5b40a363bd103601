"""The `homeport` command."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from . import cli_boards
from .cli_boards import Port
from .spoken import EXIT_USAGE, described, errors, fail, note

FlashMode = Literal["keep", "qio", "qout", "dio", "dout"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Wi-Fi provisioning for the ESP8266.",
)
cli_boards.register(app)
if sys.platform == "linux":
    from . import cli_virtual

    cli_virtual.register(app)


@app.command()
def model(
    write: Annotated[Path | None, typer.Option(help="Put the diagram between the marks in this file instead.")] = None,
) -> None:
    """Print the state machine as a Mermaid diagram."""
    from .model import ModelError, mermaid
    from .model import write as write_page

    if write is None:
        print(mermaid())
        return
    try:
        write_page(write)
    except (OSError, ModelError) as error:
        fail(described(error), EXIT_USAGE)


@app.command()
def flash(
    image: Annotated[Path, typer.Argument(help="MicroPython for the ESP8266, a .bin file.")],
    port: Port = None,
    erase: Annotated[bool, typer.Option("--erase", help="Erase all first, with what is saved.")] = False,
    baud: Annotated[int, typer.Option(min=9600, max=4_000_000, help="Speed of the cable.")] = 460_800,
    flash_mode: Annotated[FlashMode, typer.Option(help="Wiring of the flash; dio if it does not start.")] = "keep",
) -> None:
    """Write MicroPython onto a board: a file that you have. Chip, image and size of the flash are checked before."""
    from .commands import flash
    from .shown import Shown

    with errors():
        raise SystemExit(flash(Shown(), image, port, erase, baud, flash_mode))


@app.command()
def deploy(
    port: Port = None,
    main: Annotated[bool, typer.Option("--main", help="Replace a main.py that is your own.")] = False,
    restart: Annotated[bool, typer.Option(help="Start the board afterwards and follow it to its first state.")] = True,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Name the files that were left alone, too.")] = False,
) -> None:
    """Compile the firmware and copy to a board what it does not have; what is saved there stays."""
    from .commands import deploy
    from .shown import Shown

    with errors():
        raise SystemExit(deploy(Shown(), port, main, restart, verbose))


@app.command()
def monitor(
    port: Port = None,
    reset: Annotated[bool, typer.Option("--reset", help="Start the board again first.")] = False,
) -> None:
    """Show a board's console: states in their colours, tracebacks that lead to the sources. Ctrl-C leaves."""
    from .commands import monitor

    with errors():
        monitor(port, reset, note)


@app.command()
def doctor(
    port: Port = None,
    restart: Annotated[bool, typer.Option(help="Start the board again afterwards, and see how that goes.")] = True,
) -> None:
    """Say what is on a board, what is wrong with it and what to do next. Secrets are not shown."""
    from .commands import doctor
    from .shown import Shown

    with errors():
        raise SystemExit(doctor(Shown(), port, restart))

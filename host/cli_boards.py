"""The commands that make something of boards: labels, credentials for many of them, packages and images to install."""

import getpass
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .spoken import EXIT_FAILED, errors, note

if TYPE_CHECKING:
    from .provision import Credentials

FROM_INPUT = "-"

Port = Annotated[
    str | None,
    typer.Option(
        "--port", "-p", "--tty", envvar="HOMEPORT_PORT", help="The board's serial port; by default the only one on USB."
    ),
]
Ports = Annotated[
    list[str] | None,
    typer.Option(
        "--port",
        "-p",
        "--tty",
        envvar="HOMEPORT_PORT",
        help="A board's serial port; several times for several; default: all on USB.",
    ),
]


def register(app: typer.Typer) -> None:
    app.command()(label)
    app.command()(provision)
    app.command()(romfs)
    app.command()(package)


def label(
    context: typer.Context,
    port: Port = None,
    name: Annotated[str | None, typer.Option(help="The device's name, in place of asking a board.")] = None,
    settings: Annotated[Path | None, typer.Option(help="homeport.json of a board that is not asked.")] = None,
    out: Annotated[
        list[Path] | None, typer.Option(help="Write it there: .txt, .svg or .png; several times for several.")
    ] = None,
) -> None:
    """Make a label to stick on a board: name, access point, QR codes for joining that and for the portal."""
    from . import label
    from .ports import the_port

    with errors(label.LabelError, OSError, UnicodeDecodeError):
        if name is None:
            if settings:
                raise label.LabelError("--settings goes with --name: a board that is asked has settings of its own")
            made = label.from_board(the_port(port))
        else:
            source = context.get_parameter_source("port")
            if source and source.name == "COMMANDLINE":  # not from the environment
                raise label.LabelError("--name and --port: with a name no board is asked")
            text = settings.read_text(encoding="utf-8") if settings else ""
            made = label.Label(name, label.password_of(text))
        for path in out or ():
            label.write(made, path)
            note(f"{path}: the label of {made.name}")
        if not out:
            print(made.text(), end="")


def provision(
    port: Ports = None,
    credentials: Annotated[
        str | None, typer.Option(help='JSON file with "ssid" and "password", or - for standard input; else it asks.')
    ] = None,
    report: Annotated[Path, typer.Option(help="CSV file, a line for each board; earlier boards stay in it.")] = Path(
        "boards.csv"
    ),
    at_once: Annotated[int, typer.Option(min=1, max=64, help="So many boards at the same time.")] = 16,
) -> None:
    """Give boards a network over their cables, all that are plugged in at once, and wait until they are connected."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from . import provision as work
    from .ports import the_ports

    out = Console(file=sys.stdout, highlight=False, soft_wrap=True)
    with errors(work.CredentialsError, OSError, UnicodeDecodeError):
        ports = the_ports(port or ())
        written = work.Report(report)
        given = _credentials(credentials)
        columns = (
            SpinnerColumn(),
            TextColumn("{task.fields[port]}"),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
            tasks = {each: progress.add_task("waits", port=each) for each in ports}

            def finished(row: work.Row) -> None:
                written.add(row)
                progress.remove_task(tasks[row.port])
                who = f"{row.port} {row.name}".strip()
                what = row.address if row.result == "connected" else row.reason
                colour = "green" if row.result == "connected" else "red"
                out.print(f"{escape(who)}: [{colour}]{row.result}[/] {escape(what)}")

            def told(port: str, text: str) -> None:
                progress.update(tasks[port], description=text)

            rows = work.provision_all(ports, given, finished, told, at_once)
    done = sum(row.result == "connected" for row in rows)
    note(f"{done} of {len(rows)} boards connected; {report} tells of each")
    if done < len(rows):
        raise SystemExit(EXIT_FAILED)


def romfs(
    image: Annotated[Path, typer.Argument(help="Where to write the image.")] = Path("homeport.romfs"),
    port: Annotated[
        str | None, typer.Option("--port", "-p", "--tty", help="Write it to the board there, too, and start that.")
    ] = None,
) -> None:
    """Make an image for MicroPython's ROMFS variant, where code runs in place and leaves the heap to your program."""
    from . import romfs as work
    from .shown import Shown

    with errors(OSError, failed=(work.RomfsError,)):
        size = work.make_image(image)
        note(f"{image}: {size} bytes of {work.ROM_BYTES}")
        if port is None:
            return
        shown = Shown()
        written, said = 0, []

        def told(line: str) -> None:
            """mpremote has a line for each block."""
            nonlocal written
            if step := work.STEP.fullmatch(line.strip()):
                shown.copied(str(image), int(step[1]) - written)
                written = int(step[1])
            elif line.strip():
                said.append(line)

        shown.copying(size)
        try:
            work.deploy_image(port, image, told=told)
        finally:
            shown.finished()
        for line in said:  # of a failure it is in the error
            shown.say(line)


def package(
    folder: Annotated[Path, typer.Argument(help="The folder to make; one that is a package is replaced.")],
    listing: Annotated[
        Path | None, typer.Option(help="Write a second package.json there, which leads to that folder.")
    ] = None,
) -> None:
    """Make the folder that mpremote mip install takes, on this machine or from a repository or a server."""
    from . import package as work

    with errors(work.PackageError, OSError):
        names = work.make_package(folder)
        if listing:
            prefix = Path(os.path.relpath(folder, listing.parent)).as_posix() + "/"
            listing.write_text(work.listing(names, prefix), encoding="utf-8")
        note(f"{folder}: {len(names)} files; mpremote mip install {listing or folder / work.LISTING}")


def _credentials(path: str | None) -> "Credentials":
    """From the file, from standard input, or as a person types them: never from the command line."""
    from . import provision as work

    if path is None:
        if not sys.stdin.isatty():
            raise work.CredentialsError("there is nobody to ask: name a file with --credentials")
        ssid = typer.prompt("Network", err=True)
        password = getpass.getpass("Password (empty if it has none): ")  # no echo before it has asked
        return work.Credentials(ssid.encode(), password)
    try:
        if path == FROM_INPUT:
            return work.read_credentials(sys.stdin.read(work.FILE_LIMIT_BYTES))
        if os.name == "posix" and Path(path).stat().st_mode & 0o044:
            note(f"{path}: others on this machine can read it (chmod 600 {path})")
        with open(path, encoding="utf-8") as file:
            return work.read_credentials(file.read(work.FILE_LIMIT_BYTES))
    except work.CredentialsError as error:
        raise work.CredentialsError(f"{path}: {error}") from None

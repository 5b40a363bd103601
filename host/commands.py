"""What `homeport deploy`, `monitor` and `doctor` do, and how they tell it. Each returns an exit status."""

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console as Terminal
from rich.markup import escape
from rich.table import Table

from . import installed, ports
from .deploy import Deployed, install, wanted
from .doctor import doctor as examine
from .follow import follow
from .link import Link
from .monitor import Console
from .monitor import monitor as watch
from .places import DEVICE
from .shown import Shown
from .traces import Traces

OK, FAILED = 0, 1
HINT_START = "  `homeport monitor --reset` shows what it says, `homeport doctor` looks for the cause"


def deploy(
    shown: Shown,
    named: str | None = None,
    replace_main: bool = False,
    restart: bool = True,
    verbose: bool = False,
    tree: Path = DEVICE,
) -> int:
    """Have the board run `tree`; 1 if it is there and did not start."""
    began = time.monotonic()
    port = ports.the_port(named)
    try:
        shown.doing("Compiling the firmware")
        files = wanted(tree)
        with Link(port) as link:
            done = install(link, files, shown, replace_main)
            _tell(shown, port, done, verbose, time.monotonic() - began)
            if not restart:
                return OK
            link.reset()
            return _started(shown, link, done, tree)
    finally:
        shown.finished()


def flash(
    shown: Shown,
    path: Path,
    named: str | None = None,
    erase: bool = False,
    baud: int = 460_800,
    flash_mode: str = "keep",
) -> int:
    """Write a MicroPython image onto a board."""
    from .flash import flash as write
    from .flash import read_image

    image = read_image(path)
    if not image.version:
        shown.say(f"{path}: MicroPython's version is not to be found in it; going on all the same")
    port = ports.the_port(named)
    shown.say(f"{port}: writing MicroPython {image.release}" + (" and erasing all that is saved" if erase else ""))
    size_bytes = write(port, image, shown, erase, baud, flash_mode)
    shown.say(f"{port}: MicroPython {image.release} is written and verified; the flash has {size_bytes >> 20} MB.")
    shown.say("  Next: `homeport deploy`")
    return OK


def _tell(shown: Shown, port: str, done: Deployed, verbose: bool, seconds: float) -> None:
    def names(paths: list[str]) -> str:
        return " ".join(path.removeprefix(installed.LIB + "/") for path in paths)

    if done.resumed:
        shown.say(f"already there, from a run before: {names(done.resumed)}")
    if done.copied:
        shown.say(f"copied: {names(done.copied)}")
    if done.removed:
        shown.say(f"removed: {names(done.removed)}")
    if verbose and done.skipped:
        shown.say(f"unchanged: {names(done.skipped)}")
    shown.say(
        f"{port}: {len(done.copied)} files copied ({done.copied_bytes} bytes), {len(done.skipped)} unchanged, "
        f"{len(done.removed)} removed, in {seconds:.1f} s; firmware {done.fingerprint}"
    )
    if done.shadow:
        shown.say(f"But `import homeport` takes {done.shadow}; {installed.how_to_unshadow(done.shadow)}")
    if done.main_kept:
        shown.say(
            "main.py on the board is your own and stays"
            + ("." if done.main_calls else "; nothing in it starts Homeport: see README.md.")
            + " `homeport deploy --main` replaces it."
        )


def _started(shown: Shown, link: Link, done: Deployed, tree: Path) -> int:
    console = Console(shown.out, Traces(tree))
    start = follow(link, console.show)
    if start.state:
        return OK
    if done.main_kept and not start.fault:
        return OK  # it may have other things to do first
    shown.say("The firmware crashed at its start." if start.fault else "The firmware did not say that it started.")
    shown.say(HINT_START)
    return FAILED


def monitor(named: str | None, reset: bool, note: Callable[[str], None]) -> None:
    """Until Ctrl-C."""
    try:
        watch(ports.the_port(named), Terminal(highlight=False), note, reset)
    except KeyboardInterrupt:
        note("the board goes on")


def doctor(shown: Shown, named: str | None = None, restart: bool = True, tree: Path = DEVICE) -> int:
    """1 if something is wrong."""
    report = examine(ports.the_port(named), shown, tree, restart)
    table = Table.grid(padding=(0, 2))
    for what, text, problem in report.rows:
        mark = "[red]![/]" if problem else "[green]·[/]"
        table.add_row(mark, f"[b]{what}[/]", escape(text))
    if shown.out.is_terminal:
        shown.out.print(table)
    else:
        for what, text, problem in report.rows:
            shown.out.file.write(f"{'!' if problem else ' '} {what:<12} {text}\n")
    count = report.problems
    shown.say("nothing is wrong" if not count else f"{count} problem{'s' if count > 1 else ''}, marked with !")
    return FAILED if count else OK

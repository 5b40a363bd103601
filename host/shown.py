"""What the commands put on a person's terminal: progress, transitions in their colours. Programs get plain lines."""

import re

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from .deploy import Silent

TRANSITION = re.compile(r"fsm (\d+) (\w+) (\w+) (\w+)$")
COLOURS = {
    "boot": "white",
    "try_saved": "yellow",
    "portal": "magenta",
    "connecting": "yellow",
    "connected": "green",
    "fallback": "red",
}
UNREADABLE = "\N{REPLACEMENT CHARACTER}"
NOISE_PERCENT = 30


def readable(data: bytes) -> str:
    """A line of the board's console as text that cannot do anything to a terminal."""
    text = data.decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() or letter == "\t" else UNREADABLE for letter in text)


def is_noise(text: str) -> bool:
    """True of what the chip's boot ROM says at another speed than the console's."""
    return text.count(UNREADABLE) * 100 > len(text) * NOISE_PERCENT


def transition(line: str) -> str | None:
    """A line of the trace as rich's markup; None of another line."""
    found = TRANSITION.search(line)
    if not found:
        return None
    uptime_ms, state, event, target = found.groups()
    before, after = COLOURS.get(state, "white"), COLOURS.get(target, "white")
    return f"[dim]{int(uptime_ms) / 1000:9.1f} s[/dim]  [{before}]{state:<10}[/] {event:<28}→ [b {after}]{target}[/]"


class Shown(Silent):
    """Work on a rich Console: bars on a terminal, else only what is said."""

    def __init__(self, out: Console | None = None) -> None:
        self.out = out or Console(highlight=False)
        self._progress: Progress | None = None
        self._bar = False

    def doing(self, text: str) -> None:
        if self._progress is None or self._bar:
            self.finished()
            self._task = self._begin(SpinnerColumn(), TextColumn("{task.description}")).add_task("", total=None)
            self._bar = False
        if self._progress:
            self._progress.update(self._task, description=escape(text), refresh=True)

    def copying(self, total_bytes: int) -> None:
        self.finished()
        progress = self._begin(
            TextColumn("{task.description}"), BarColumn(), DownloadColumn(binary_units=True), TimeRemainingColumn()
        )
        self._bar = True
        self._task = progress.add_task("Copying", total=total_bytes)

    def copied(self, path: str, count: int) -> None:
        if self._progress:
            self._progress.update(self._task, advance=count, description=escape(path.rsplit("/", 1)[-1]))

    def finished(self) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def say(self, text: str) -> None:
        self.out.print(escape(text), soft_wrap=True)

    def _begin(self, *columns: ProgressColumn) -> Progress:
        self._progress = Progress(*columns, console=self.out, transient=True, disable=not self.out.is_terminal)
        self._progress.start()
        return self._progress

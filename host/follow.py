"""The start of a board, as its console tells it: until the first state, or until it is clear that none will come."""

from collections.abc import Callable
from dataclasses import dataclass, field

from .link import Link
from .shown import TRANSITION, readable

START_S = 30  # a board on a slow flash that removes what an old firmware has left
SETTLE_S = 0.5  # what the first state says of settings comes right behind its line
PROMPT, BANNER = ">>>", 'Type "help()"'
AGAIN = "homeport: starting again"  # what it says after a crash


@dataclass
class Start:
    """lines: what was said, text. state: the first one, or None. fault: the last line of a traceback, or None."""

    lines: list = field(default_factory=list)
    state: str | None = None
    fault: str | None = None


def follow(
    link: Link, show: Callable[[bytes], None] = lambda data: None, start_s: float = START_S, settle_s: float = SETTLE_S
) -> Start:
    """Start of a board that was just reset. show(data): each line, bytes, as it comes."""
    start, tracing = Start(), False
    for data in link.lines(until_s=start_s):
        if data is None:
            continue
        show(data)
        line = readable(data)
        start.lines.append(line)
        if found := TRANSITION.search(line):
            start.state = found[4]
            break
        if line.startswith("Traceback"):
            tracing = True
        elif tracing and not line.startswith(" "):
            start.fault, tracing = line, False
        if line.startswith((PROMPT, AGAIN)) or BANNER in line:
            return start
    for data in link.lines(quiet_s=settle_s) if start.state else ():
        if data is not None:
            show(data)
            start.lines.append(readable(data))
    return start

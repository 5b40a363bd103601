"""What the commands say beside their output, on standard error, so that a pipe gets the output alone, and how they
end."""

import contextlib
import sys
from collections.abc import Iterator
from typing import NoReturn

EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


def note(text: str) -> None:
    print(f"homeport: {text}", file=sys.stderr, flush=True)


def fail(text: str, status: int) -> NoReturn:
    note(text)
    raise SystemExit(status)


@contextlib.contextmanager
def errors(*usage: type[Exception], failed: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Around a command: what can go wrong with boards, and Ctrl-C, as words and an exit status. usage: exceptions
    that mean that it was called in a way that cannot work; failed: others that mean that it did not."""
    from .deploy import DeployError
    from .ports import Interrupted, PortError

    unable: tuple[type[Exception], ...] = (PortError, DeployError, *failed)
    try:
        yield
    except Interrupted as error:
        fail(str(error), EXIT_INTERRUPTED)
    except unable as error:
        fail(str(error), EXIT_FAILED)
    except BrokenPipeError:
        raise  # nobody reads any more: typer ends quietly
    except usage as error:
        fail(described(error), EXIT_USAGE)
    except OSError as error:
        fail(described(error), EXIT_FAILED)
    except KeyboardInterrupt:
        fail("interrupted; run it again to finish", EXIT_INTERRUPTED)


def described(error: Exception) -> str:
    """What a person can make of an exception: of an OSError the file and what is wrong with it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error)

"""What a Ctrl-C meant. Mostly that somebody wants to the prompt; but the type of a packet of Improv Wi-Fi is that byte
too, and the port's interrupt takes it out of the bytes around it. In memory for that moment only."""

import io
import sys

from .improv_packets import HEADER
from .overlay import forget

TYPE_MS = 10
LOOK_MS = 10  # a client sends its packet in one go
LOOK_LIMIT_BYTES = 256  # the port keeps 255
BLANKS = b"\r\n"


def interrupted(hardware, context, board, step=False):
    """Raises KeyboardInterrupt for the prompt, unless a client of Improv Wi-Fi has spoken: then `board` goes on, with
    a session.

    hardware: None for the board's. context, board: None if there is none. step: of the owner's program; None while it
    is not there. It may just be imported, which begins anew then: without a session, for nobody would listen.
    """
    forget("interrupt")
    if hardware is None:
        from .hardware import Hardware as hardware
    waiting = b""
    left = board.step if board else b""
    if left is None:  # a session has ended with a Ctrl-C, and what follows is the prompt's
        del board.step
    else:
        hardware.kbd_intr(-1)  # the rest of what is being sent is to be read, whatever it is
        hang_up(context)
        if isinstance(left, bytes) and left:  # it has ended with what had come
            waiting = left
            del board.step
        waiting += waits(hardware)
        start = waiting.rfind(HEADER)
        if start >= 0 and board:
            try:
                if step is None and context.settled:
                    hardware.kbd_intr(3)  # the client asks again
                else:
                    begin(board, waiting[start:])
            except Exception as error:  # of memory, most likely; a client asks again
                sys.print_exception(error)
                hardware.reset()
            return
    try:
        if waiting.strip(BLANKS):
            type_again(hardware, waiting)
        hardware.kbd_intr(3)
        from .guard import leave

        leave(hardware, context)
    except MemoryError:
        hardware.kbd_intr(3)  # at the prompt, too, it has to be possible to stop something
    raise KeyboardInterrupt


def type_again(hardware, data):
    """What somebody had typed: the port takes the input of its prompt from a stream as well."""
    try:
        hardware.os.dupterm(io.BytesIO(data))
        hardware.os.dupterm_notify(None)
        hardware.sleep_ms(TYPE_MS)
    except (OSError, ValueError, AttributeError):
        pass  # it has to be typed once more


def hang_up(context):
    """Give back what pages take, the portal's and the owner's: who is at the console comes first. Clients of the latter
    have to ask again."""
    try:
        if context:
            if context.pages:
                context.pages.close()
            context.rest()
    except MemoryError:
        pass  # perhaps there is enough


def waits(hardware):
    """What was typed and not read."""
    poll = hardware.poll()
    poll.register(sys.stdin, hardware.POLLIN)
    data = bytearray()
    while len(data) < LOOK_LIMIT_BYTES and poll.poll(LOOK_MS):
        data += sys.stdin.buffer.read(1)
    return bytes(data)


def begin(board, data):
    """Have the machine go on, with a session that has received `data`."""
    context = board.context
    if board.state is None:  # it was on its way there
        from .moves import enter

        enter(board, context.state)
        context.rest()
    board.step()  # what the session before has left to it, see Session._stepped()
    from .improv import Session

    Session(board, data)

"""The first packet of a session: what is missing of it put back. restored() is a pure function on bytes."""

from . import policy
from .improv_packets import COMMAND, DATA_AT, HEADER, LENGTH_AT, SETTINGS, command, credentials

LAST = 7  # the command with the highest number
SWALLOWED = 3  # Ctrl-C, which a console's interrupt takes out of what arrives
LOST_LIMIT = 64  # combinations of the six numbers in a command that can be that: lengths, its own, the sum


def repair(session, now):
    """Obey the first packet, or what the interrupt has left of it."""
    found = restored(session.data)
    if found is None and now - session.heard_at < policy.IMPROV_PACKET_MS:
        return
    session.damaged = False
    data, session.data = session.data, bytearray()
    if found is not None:
        session.obey(command(found[0]))
        session.receive(data[found[1] :])
        return
    session.obey(None)
    if bytes((SWALLOWED,)) in data:
        session.leave()


def restored(data):
    """(packet, how many bytes of `data` it was) of a command whose every Ctrl-C was swallowed; None if it is not whole
    yet, or if there is more than one that it can have been.

    Its type always is among what was lost; lengths, command and sum may be. What is in a name or a key is not.
    """
    found = None
    for lost in range(LOST_LIMIT):
        made = rebuilt(data, lost)
        what = command(made[0]) if made else None
        if what and what[0] <= LAST and (what[0] != SETTINGS or credentials(what[1])):
            if found is None:
                found = made
            elif found[0] != made[0]:
                return None
    return found


def rebuilt(data, lost):
    """(packet, bytes used) if the bits of `lost` tell what was; None if `data` is no such packet, or ends before it."""
    made = bytearray(HEADER)
    made.append(COMMAND)
    used = len(HEADER)
    places = {LENGTH_AT: 1, LENGTH_AT + 1: 2, LENGTH_AT + 2: 4}  # what can be lost, and its bit
    end = DATA_AT + 2
    while len(made) <= end:
        here = len(made)
        if lost & places.get(here, 0):
            byte = SWALLOWED
        elif used < len(data):
            byte = data[used]
            used += 1
        else:
            return None
        made.append(byte)
        if here == LENGTH_AT:
            end = DATA_AT + byte
            places[end] = 32
        elif here == DATA_AT + 1 and byte != made[LENGTH_AT] - 2:
            return None
        elif here == DATA_AT + 2 and made[DATA_AT] == SETTINGS and end > here + 1:
            places[here + 1 + byte] = places.get(here + 1 + byte, 16)
        if here == DATA_AT and byte == SETTINGS and end > DATA_AT + 2:
            places[DATA_AT + 2] = 8
    return bytes(made), used

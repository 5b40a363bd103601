"""Who may join the access point of a board on which something is saved: nobody, who knows a key, or everybody."""

from . import policy
from .options import option
from .overlay import forget


def afterwards(context):
    """(key, roams) for the state `connected`. key: of the access point after the farewell, see access(), when there may
    be no room to ask; roams: True if a better signal is to be looked for."""
    roams = option(context.hardware, None, b"roam_below_dbm") is not None
    key = access(context)[0]
    forget("access options")
    context.rest()
    return key, roams


def access(context, since=None):
    """(key, when that changes) of the access point that is due now, for Context.open_portal().

    since: when the board began to ask for help, None if it does not. key: None if the access point stays closed, empty
    for an open one. The time is the clock's, or None.
    """
    now = context.clock.now()
    hardware = context.hardware
    if since is not None and now < context.open_until:
        return b"", context.open_until
    mode = option(hardware, None, b"access_point")
    change_at = None
    if mode == b"temporary" and since is not None:
        change_at = since + option(hardware, None, b"access_point_minutes")
        if now >= change_at:
            if not context.radio.phones():
                return None, None
            change_at = now + policy.PHONE_GONE_AFTER_MS
    elif mode != b"always" and (mode == b"never" or since is None):
        return None, None
    from .credentials import access_point_key

    return option(hardware, None, b"access_point_password") or access_point_key(context.networks), change_at

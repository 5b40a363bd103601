"""What a client of Improv Wi-Fi asks for, done and answered. In memory for that moment only."""

import sys

from . import policy
from .improv import PROVISIONED, READY
from .improv_packets import ERROR, RESULT, STATE, credentials, result
from .overlay import PACKAGE

NONE, INVALID, UNKNOWN, UNABLE, OTHER = 0, 1, 2, 3, 255  # errors
SETTINGS, CURRENT, INFO, SCAN, HOSTNAME, NAME, NETWORK = 1, 2, 3, 4, 5, 6, 7  # commands
ONLINE, OFFLINE = b"3", b"2"  # flags: there is Wi-Fi, and it is connected or not
VERSION = "/" + PACKAGE + "/version"
VERSION_LIMIT_BYTES = 32


def obey(session, order):
    """order: (number, data) of a command, None for one that was not to be understood."""
    if order is None:
        error(session, INVALID)
        return
    number, data = order
    error(session, NONE)
    context = session.context
    if number == SETTINGS:
        connect(session, credentials(data))
    elif data or not CURRENT <= number <= NETWORK:
        error(session, UNKNOWN)  # that would set a name, or a newer client knows more
    elif number == CURRENT:
        session.told = None
        session.tell()
        if session.told == PROVISIONED:
            answer(session, CURRENT, addresses(context))
    elif number == INFO:
        answer(session, INFO, [b"Homeport", version(session.hardware), b"ESP8266", context.name.encode()])
    elif number == SCAN:
        scan(session)
    elif number == NETWORK:
        answer(session, NETWORK, [ONLINE] + addresses(context) if session.state() == PROVISIONED else [OFFLINE])
    else:
        answer(session, number, [context.name.encode()])


def connect(session, pair):
    """As a form does that a person has sent to the portal."""
    context = session.context
    if pair is None:
        error(session, INVALID)
        return
    if context.submitted or context.state == "connecting":
        error(session, OTHER)
        return
    if context.portal is None:
        from .owner import inputs

        context.fields = inputs(session.hardware, context.report)
        del inputs
        context.rest()
    from .net.actions import connect

    refused = connect(context, {b"ssid": pair[0]}, pair[1], False)
    if context.portal is None:
        context.fields = ()
    if context.submitted:
        session.attempt = context.attempt
    else:
        print("improv: refused", refused[2])
        error(session, UNABLE)


def tell_outcome(session):
    """What has become of the attempt, which has just ended."""
    attempt, session.attempt = session.attempt, None
    if attempt.outcome == "connected":
        attempt.told_at = session.context.clock.now()
        session.told = PROVISIONED
        session.send(STATE, bytes((PROVISIONED,)))
        answer(session, SETTINGS, addresses(session.context))
    else:
        session.told = READY
        session.send(STATE, bytes((READY,)))
        error(session, UNABLE if attempt.outcome == "failed" else OTHER)  # or somebody had everything erased


def scan(session):
    """Look around if that is possible; the networks are told when it is done."""
    context = session.context
    session.scan_by = now = context.clock.now()
    if context.watchdog is not None or now < session.next_scan:
        return
    session.next_scan = now + policy.IMPROV_SCAN_MS
    if context.state in ("portal", "fallback"):  # they know when they can
        context.scan_wanted = True
        session.scan_by = session.next_scan
    elif context.state == "connected":
        from .net.scan import scan

        scan(context)


def tell_networks(session):
    """What is known of the air; an empty answer is the end."""
    session.scan_by = None
    for ssid, rssi, _, security in session.context.seen:
        answer(session, SCAN, [ssid, b"%d" % rssi, b"NO" if security == "open" else b"YES"])
    answer(session, SCAN, [])


def addresses(context):
    radio = context.radio
    return [b"http://" + radio.address(radio.station).encode() + b"/"]


def version(hardware):
    """Of this firmware, from the file beside it; empty if there is none."""
    for folder in sys.path:
        try:
            with hardware.open(folder + VERSION, "rb") as file:
                return file.read(VERSION_LIMIT_BYTES).strip()
        except OSError:
            pass
    return b""


def answer(session, number, texts):
    session.send(RESULT, result(number, texts))


def error(session, number):
    session.send(ERROR, bytes((number,)))

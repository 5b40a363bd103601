"""What a Context does seldom: the methods of that class which are in memory for their moment only, or while the portal
is open, when there may be no room to read them again."""

import gc
import sys

from . import policy
from .overlay import PACKAGE, forget

RESERVE_PERCENT = 53  # of the heap stays free while the portal serves, if dropping code can do it: 20 000 bytes

# What is in memory while somebody asks for something only; the second while pages are made.
ON_DEMAND = (
    "net.respond net.http net.form net.portal net.actions net.api net.scan net.station credentials slots options"
    " fields entries owner net.view net.answer net.release access outage history"
)
RENDERING = "net.lists net.past net.rows net.fieldset net.template net.gzip net.text"


class Seldom:
    """Of one context."""

    def __init__(self, context):
        self._context = context

    def begin(self, hardware, report):
        """Find out what is saved and how the board is to be called. hardware: None for the board's."""
        from .clock import Clock
        from .net.radio import Radio
        from .options import check
        from .slots import load

        context = self._context
        sys.modules[PACKAGE].running = context
        if hardware:
            context.hardware = hardware
        hardware = context.hardware
        context.report = report
        context.idle_ms = 0
        context.clock = Clock(hardware.ticks_ms, hardware.sleep_ms)
        context.radio = Radio(hardware.station, hardware.access_point, report)
        context.networks, values = load(hardware, report)[:2]  # the last proven first
        context.name = hardware.name_itself(values.get(b"device"))
        context.just_powered_on = hardware.powered_on
        check(hardware, report)
        self.rest()

    @property
    def hardware(self):
        """The board's."""
        from .hardware import Hardware

        return Hardware

    # The portal. Its pages are on demand: the context is what the server knows of them.

    def open_portal(self, key=b""):
        """Raise the access point, protected if there is a key, and serve the portal on it; retried if refused."""
        self._context.portal_key = key
        self._context.portal_due_at = 0

    def open_due(self):
        """Do what is due at portal_due_at."""
        context = self._context
        if context.scan_wanted and context.joined:  # without a link the states look for that themselves
            from .net.scan import scan

            scan(context)
        context.portal_due_at = context.clock.now() + policy.PORTAL_RETRY_MS
        from .net.opening import opened

        if opened(context, context.portal_key):
            context.portal_due_at = None
        forget("net.opening")

    def close_portal(self):
        """Close its sockets, then the access point."""
        context = self._context
        if context.portal is not None:
            from .net.opening import shut

            shut(context)
            forget("net.opening")
        closed = context.radio.lower()
        if not closed or context.portal_due_at is not None:  # the default takes no room
            context.portal_key = None
            context.portal_due_at = None if closed else 0  # it has to be closed all the same

    def rest(self):
        """Nobody has asked for a while, or memory is short: the pages' code leaves it."""
        forget(ON_DEMAND)
        portal = self._context.portal
        if portal:
            portal.rest()
        if not self._context.rendering:
            forget(RENDERING)
            if portal is None:
                forget("seldom")


def make_room(names):
    """forget(names) if memory is short; where there is plenty, code stays for the next request."""
    gc.collect()
    try:
        free = gc.mem_free()
        short = free * 100 < RESERVE_PERCENT * (free + gc.mem_alloc())
    except AttributeError:
        short = True  # CPython does not tell; forgetting always puts every reload to the test
    if short:
        forget(names)

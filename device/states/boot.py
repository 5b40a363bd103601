"""boot: put memory and radio into a known state, look for credentials."""

import gc

# A collection whenever that part of what is free now has been allocated, 2 000 bytes. With a quarter of the heap, as
# the port has it (ports/esp8266/modules/_boot.py), there is so much garbage between what stays that in the end there
# are gaps, but no room (docs/memory.md).
GARBAGE_SHARE = 18


class State:
    LED = 0b0000000000000001

    def __init__(self, context):
        self._context = context
        collect_often()
        # The SDK restores the last mode by itself and may already beacon an old access point (micropython#3607).
        context.close_portal()
        from ..options import option

        address = option(context.hardware, None, b"static_address")
        if address and context.radio.switch(context.radio.station, True):
            context.radio.attempt(context.radio.station.ifconfig, address)  # until the next reset
        if not context.networks:
            from ..net.imported import imported

            context.networks = imported(context)

    def step(self):
        context = self._context
        if not context.networks:
            return "credentials_missing"
        if context.portal_requested:
            return "portal_requested"
        return "credentials_found"

    def close(self):
        pass


def collect_often():
    try:
        gc.threshold(gc.mem_free() // GARBAGE_SHARE)
    except AttributeError:
        pass  # CPython's are counts of objects

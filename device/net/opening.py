"""Opens and closes the portal: the access point, and the server on it. In memory for that moment only."""

from ..overlay import forget

OPEN = 0
WPA2 = 3


def opened(context, key):
    """True if the portal is open now, on an access point with that key; what was refused is reported.

    key: 8-63 bytes for WPA2, empty for an open one; None: True if the access point is closed.
    """
    if key is None:
        return context.radio.lower()
    if context.watchdog is not None:
        from ..marks import restart

        restart(context)  # a page may take longer than it waits
    if not raised(context.radio, context.name, key):
        if context.portal is not None:
            shut(context)
        return False
    if context.portal is None:
        from .server import Server

        address = context.radio.address(context.radio.access_point)
        if not address:
            return False
        if context.pages:
            context.pages.close()
        try:
            context.portal = Server(context, address)
        except OSError as error:
            context.report("portal: cannot listen: " + repr(error))
            return False
        from ..owner import inputs

        context.fields = inputs(context.hardware, context.report)
        print("portal open: join", context.name, "then browse to http://" + address + "/")
        forget("owner options fields entries slots net.text")
    return True


def raised(radio, name, key):
    """True if the access point is up under that name; the port may refuse it."""
    up = radio.switch(radio.access_point, True)
    if up and radio.raised != (name, key):
        # All in one call: the port keeps the stored security otherwise.
        up = radio.attempt(radio.access_point.config, ssid=name, security=WPA2 if key else OPEN, key=key)
        radio.raised = (name, key) if up else None
    if not up:
        radio.lower()  # it may still be open to strangers, as it was before
    return up


def shut(context):
    """Close the portal's sockets."""
    context.portal.close()
    context.portal = None
    context.fields = ()
    if context.attempt and context.saved:
        context.attempt.values = None
    context.rest()
    forget("net.server net.clients net.connection net.phases net.dns")

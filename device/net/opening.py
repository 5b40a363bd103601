"""Opens the portal, once its access point is up."""

from .server import Server


def opened(context):
    """The server that listens; None if a socket was refused."""
    address = context.radio.access_point.ifconfig()[0]
    try:
        server = Server(context, address)
    except OSError as error:
        context.report("portal: cannot listen: " + repr(error))
        return None
    from ..owner import inputs

    context.fields = inputs(context.hardware, context.report)
    print("portal open: join", context.name, "then browse to http://" + address + "/")
    return server

"""portal: nothing is saved. An open access point asks a person for a network."""

from ..overlay import forget


class State:
    def __init__(self, context):
        from ..net.scan import scan
        from ..net.station import leave

        self._context = context
        if not context.seen:
            scan(context)  # before phones join: a scan makes them lose frames
        leave(context.radio)
        forget("net.station")
        context.open_portal()

    def step(self):
        context = self._context
        if context.submitted:
            return "credentials_submitted"
        if context.scan_wanted:
            from ..net.scan import scan

            scan(context)

    def close(self):
        pass  # the portal stays open for whoever waits for the result

"""portal: nothing is saved. An open access point asks a person for a network."""


class State:
    LED = 0b0000000000000101

    def __init__(self, context):
        from ..net.scan import scan

        self._context = context
        context.forgotten = context.portal_requested = False
        if not context.seen:
            scan(context)  # before phones join: a scan makes them lose frames
        context.radio.leave()
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

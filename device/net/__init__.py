"""The network side: radio, server, and pure functions on bytes for DNS, HTTP and forms."""


class HTTPError(Exception):
    """A request that must be refused; args[0] is the status to send."""

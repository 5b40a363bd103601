"""The network side: radio, server, and pure functions on bytes for DNS, HTTP and forms."""

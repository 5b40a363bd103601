"""The network that the SDK remembers from the time before Homeport: a board that was online stays online."""

from ..context import Network
from ..overlay import forget
from .station import NAME_LIMIT_BYTES


def imported(context):
    """[Network] if nothing was ever saved here and the SDK has a network, else [].

    The port does not tell the key: the network can be joined as long as the SDK is given no other one, and it is not
    saved. A person's first success replaces it.
    """
    forget("net.imported")
    files = context.hardware.files("/")
    radio = context.radio
    ssid = radio.ask("", radio.station.config, "ssid").encode()[:NAME_LIMIT_BYTES]
    if not ssid or [name for name in files if name.startswith("credentials.")]:
        return []
    network = Network(ssid, b"")
    network.imported = network.sighted = True
    radio.target = (ssid, b"", b"")  # so that it is joined without being given to the SDK again
    context.report("store: nothing is saved; the chip remembers a network: it is tried")
    return [network]

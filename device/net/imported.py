"""The network that the SDK remembers from the time before Homeport: a board that was online stays online."""

from ..context import Network
from ..overlay import forget
from ..slots import SLOTS
from .station import NAME_LIMIT_BYTES

NO_SUCH_FILE = 2  # ENOENT


def imported(context):
    """[Network] if nothing was ever saved here and the SDK has a network, else [].

    The port does not tell the key: the network can be joined as long as the SDK is given no other one, and it is not
    saved. A person's first success replaces it.
    """
    forget("net.imported slots")
    radio = context.radio
    ssid = radio.ask("", radio.station.config, "ssid").encode()[:NAME_LIMIT_BYTES]
    if not ssid or was_saved(context.hardware):
        return []
    network = Network(ssid, b"")
    network.imported = network.sighted = True
    radio.target = (ssid, b"", b"")  # so that it is joined without being given to the SDK again
    context.report("store: nothing is saved; the chip remembers a network: it is tried")
    return [network]


def was_saved(hardware):
    """True if there is a file of the store, whatever is in it. A list of all files may be too long for the memory."""
    for slot in SLOTS:
        try:
            with hardware.open(slot, "rb"):
                return True
        except OSError as error:
            if error.args[:1] != (NO_SUCH_FILE,):
                return True
    return False


def never_again(hardware):
    """A person's first attempt begins: should power be cut, what the SDK remembers then is not from before Homeport."""
    forget("net.imported slots")
    if not was_saved(hardware):
        try:
            with hardware.open(SLOTS[0], "wb"):
                pass  # an empty one holds nothing
        except OSError:
            pass  # if nothing can be written, nothing can be saved either, and the page will say so

"""One file a state. load() imports the wanted one only, so that its code costs heap when it is first needed."""


def load(name):
    """The class of the state called `name`."""
    if name == "boot":
        from .boot import Boot as State
    elif name == "try_saved":
        from .try_saved import TrySaved as State
    elif name == "portal":
        from .portal import Portal as State
    elif name == "connecting":
        from .connecting import Connecting as State
    elif name == "connected":
        from .connected import Connected as State
    else:
        from .fallback import Fallback as State
    return State

"""Code that is in memory only while it is needed.

A module imported inside a function is read from flash at its first use. forget() lets it go: once nothing uses it any
more, its code is collected, and the next import reads it again. The chip's heap holds a third of this firmware.
"""

import gc
import sys

PACKAGE = __name__[: __name__.rfind(".")]


def forget(names):
    """Let go of modules of this package, named from its root with spaces between, as in "slots net.text"."""
    start = 0
    while start < len(names):  # split() would need room for all of them, and there may be none
        end = names.find(" ", start)
        if end < 0:
            end = len(names)
        name = PACKAGE + "." + names[start:end]
        start = end + 1
        if name in sys.modules:
            del sys.modules[name]
            dot = name.rfind(".")
            delattr(sys.modules[name[:dot]], name[dot + 1 :])
    gc.collect()

from random import getrandbits, seed  # noqa: F401

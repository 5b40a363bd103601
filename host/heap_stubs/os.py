"""The VM's own os, with what it lacks: chance. Always the same, so that a measurement repeats."""

from os import listdir, remove, rename, stat  # noqa: F401, what the firmware names


def urandom(count):
    return bytes(count)

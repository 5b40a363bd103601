"""The firmware's view of gc while it is measured: the real collector may run between its steps only (host/heap.py)."""


def collect():
    return 0


# Memory is always short here, so that what is counted is what a board keeps when it has to.


def mem_alloc():
    return 37952


def mem_free():
    return 0


def threshold(size=-1):
    return -1

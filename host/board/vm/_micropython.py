# micropython of the chip.
from micropython import (  # noqa: F401
    RingIO,
    const,
    heap_lock,
    heap_unlock,
    kbd_intr,
    mem_info,
    opt_level,
    qstr_info,
    schedule,
    stack_use,
)


def alloc_emergency_exception_buf(size):
    pass  # the VM makes its exceptions without one

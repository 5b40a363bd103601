# sys of the chip.
from collections import namedtuple as _namedtuple
from sys import (  # noqa: F401
    argv,
    byteorder,
    exit,
    maxsize,
    modules,
    path,
    print_exception,
    stderr,
    stdin,
    stdout,
    version_info,  # noqa: F401
)

platform = "esp8266"
version = "3.4.0; MicroPython v1.28.0 (virtual board)"
# .mpy files of version 6.3 for the chip's core; the low byte is the version of the bytecode.
implementation = _namedtuple("implementation", ("name", "version", "_machine", "_mpy", "_build"))(
    "micropython", (1, 28, 0, ""), "ESP module with ESP8266", 0x2706, "ESP8266_GENERIC"
)

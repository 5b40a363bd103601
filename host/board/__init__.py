"""The virtual ESP8266: real MicroPython VM, real LittleFS, real sockets; simulated radio, pins and resets."""

from .air import AirError
from .board import Board, BoardError
from .flash import PowerLost
from .settings import DEFAULT_HEAP_BYTES, Settings

__all__ = ["DEFAULT_HEAP_BYTES", "AirError", "Board", "BoardError", "PowerLost", "Settings"]

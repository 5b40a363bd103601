"""The virtual ESP8266: real MicroPython VM, real LittleFS, real sockets; simulated radio, pins and resets."""

from .air import AirError
from .board import Board, BoardError, Settings
from .flash import PowerLost

__all__ = ["AirError", "Board", "BoardError", "PowerLost", "Settings"]

"""The virtual ESP8266: real MicroPython VM, real LittleFS, real sockets; simulated radio, pins and resets.

The process is the hardware, the VM its child on a pseudo-terminal; SIGKILL is a power cut. One loop (board.py) serves
the VM's calls (rpc.py, hardware.py), its console (console.py, tty.py) and the sockets (lwip.py). radio.py and wlan.py
know nothing of either and are tested alone. vm/ is what the firmware sees instead of the VM's own modules.

What differs from a chip, as far as is known:
* words have 64 bits; integers do not become objects at 31; the C stack is larger; methods of built-in types that the
  port leaves out exist (a check of device/ finds their use)
* the connection after the fifth waits in the machine's queue; on the chip its SYN is ignored until it is sent again
* a station that searches does not disturb the access point, but for scans and moves of the channel
* a socket that is dropped without close() stays open; on the chip the collector closes it
* phones get no DHCP lease: the access point is an address of this machine, and so is the station: what listens can be
  reached there while the access point is up or the station has an address
* no Timer, Pin.irq, UART, SPI, I2C, PWM, ADC, memory access; dupterm types what its stream has and drops it
* files have the machine's date; what is typed is kept until it is read, of which the chip keeps 255 bytes
* a connection keeps the boundaries of the sender's segments only as far as the machine does
"""

from .air import AirError
from .board import Board, BoardError
from .flash import PowerLost
from .settings import DEFAULT_HEAP_BYTES, Settings

__all__ = ["DEFAULT_HEAP_BYTES", "AirError", "Board", "BoardError", "PowerLost", "Settings"]

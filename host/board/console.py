"""Between the VM's terminal and the people at the board: Ctrl-C, the mode of the REPL, what is not to be seen."""

CTRL_B, CTRL_C = 2, 3
RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"
FRIENDLY_PROMPT = b">>> "
BANNER = b'MicroPython v1.28.0 (virtual board); ESP module with ESP8266\r\nType "help()" for more information.\r\n'
SOFT_REBOOT = b"MPY: soft reboot\r\n"


class Console:
    """Pure: bytes in, bytes out."""

    def __init__(self):
        self.restart()
        self.raw = False

    def restart(self):
        """The VM is started anew; the REPL keeps its mode, as over a soft reset of the chip."""
        self._hidden = None
        self._wanted = b""
        self._tail = b""

    def at_prompt(self):
        """The firmware has ended: hide the VM's own banner. Returns what to type into the VM."""
        self._hidden = b""
        self._wanted = RAW_PROMPT if self.raw else FRIENDLY_PROMPT
        return b"\x01" if self.raw else b""

    def from_vm(self, data):
        """What of the VM's output is to be seen."""
        if self._hidden is not None:
            self._hidden += data
            start = self._hidden.find(self._wanted)
            if start < 0:
                return b""
            data, self._hidden = self._hidden[start:], None
            if not self.raw:
                data = BANNER + data
        if RAW_PROMPT in self._tail + data:
            self.raw = True
        self._tail = (self._tail + data)[-len(RAW_PROMPT) + 1 :]
        return data

    def from_user(self, data, executing):
        """(bytes for the VM, number of interrupts). `executing()`: a program runs that Ctrl-C interrupts."""
        if CTRL_C in data and executing():
            return data.replace(b"\x03", b""), 1
        if self.raw and CTRL_B in data:
            self.raw = False
        return data, 0

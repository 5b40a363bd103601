"""The serial loader in an ESP8266's ROM, and esptool's stub, as far as their published protocol goes: what `homeport
flash` is tested with. It is a fake: what a real chip does besides is not shown by it.

https://docs.espressif.com/projects/esptool/en/latest/esp8266/advanced-topics/serial-protocol.html
"""

import hashlib
import os
import select
import struct
import tempfile
import threading
import zlib

from homeport.board.process import raw

ESP8266_MAGIC, ESP32_MAGIC = 0xFFF0C101, 0x00F01D83
MAGIC_REGISTER = 0x40001000
SPI = 0x60000200
SPI_COMMAND, SPI_USER2, SPI_DATA = SPI, SPI + 0x24, SPI + 0x40
READ_ID, READ_PARAMETERS = 0x9F, 0x5A
PARAMETERS = 0x50444653  # "SFDP"
UNSUPPORTED = b"\x01\x05"
DONE = b"\0\0"
OTHER_CHIPS_SPI = {SPI: 0, 0x3FF42000: 0}
WRITTEN_MAX = 4 << 20

FLASH_BEGIN, FLASH_DATA, FLASH_END, MEM_BEGIN, MEM_END, MEM_DATA, SYNC, WRITE_REG, READ_REG = range(2, 11)
SET_PARAMETERS, ATTACH, BAUD = 0x0B, 0x0D, 0x0F
DEFLATE_BEGIN, DEFLATE_DATA, DEFLATE_END, MD5, SECURITY = 0x10, 0x11, 0x12, 0x13, 0x14
ERASE_ALL = 0xD0
OF_THE_STUB = {SET_PARAMETERS, ATTACH, BAUD, DEFLATE_BEGIN, DEFLATE_DATA, DEFLATE_END, MD5, ERASE_ALL, 0xD1}


class RomLoader:
    """A chip that waits in its loader at `port`. flash: what is on it; commands: the codes that it was sent.

    `vanish_at`: with the block of that number it is unplugged. `damage`: one bit of what is written goes wrong.
    """

    def __init__(self, flash_bytes=4 << 20, magic=ESP8266_MAGIC, vanish_at=None, damage=False, deaf=False):
        self.flash = bytearray(os.urandom(1)) * flash_bytes
        self.commands = []
        self._registers = {MAGIC_REGISTER: magic}
        self._id = 0xE0 | 0x40 << 8 | (flash_bytes.bit_length() - 1) << 16
        self._vanish_at, self._damage, self._deaf = vanish_at, damage, deaf
        self._stub = False
        self._blocks = 0
        self._master, self._slave = os.openpty()
        raw(self._slave)
        # A name of its own, which goes when it is unplugged: the terminal's number is given to the next one at once,
        # and who still looks for this chip would talk to somebody's board.
        self._folder = tempfile.TemporaryDirectory()
        self.port = os.path.join(self._folder.name, "tty")
        os.symlink(os.ttyname(self._slave), self.port)
        self._stop_read, self._stop_write = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.write(self._stop_write, b".")
        self._thread.join()
        for fd in (self._stop_read, self._stop_write):
            os.close(fd)
        self._folder.cleanup()

    def _run(self):
        packet, escaped = None, False
        try:
            while True:
                if self._stop_read in select.select([self._master, self._stop_read], [], [])[0]:
                    return
                for byte in os.read(self._master, 65536):
                    if byte == 0xC0:
                        if packet and not self._deaf:
                            self._handle(bytes(packet))
                        packet = bytearray() if not packet else None
                    elif packet is not None:
                        if escaped:
                            byte, escaped = {0xDC: 0xC0, 0xDD: 0xDB}[byte], False
                        elif byte == 0xDB:
                            escaped = True
                            continue
                        packet.append(byte)
        except _Unplugged:
            pass
        finally:
            os.unlink(self.port)
            os.close(self._master)
            os.close(self._slave)

    def _handle(self, packet):
        _, code, size, checksum = struct.unpack("<BBHI", packet[:8])
        data = packet[8:]
        assert size == len(data), "the length in the packet's head is another one"
        self.commands.append(code)
        words = struct.unpack(f"<{min(len(data), 24) // 4}I", data[: min(len(data), 24) // 4 * 4])
        if code == SYNC:
            for _ in range(8):
                self._answer(code, value=0 if self._stub else 1)
        elif code == READ_REG:
            self._answer(code, value=self._registers.get(words[0], 0))
        elif code == WRITE_REG:
            self._write_register(words[0], words[1])
            self._answer(code)
        elif code == SECURITY or code in OF_THE_STUB and not self._stub:
            self._answer(code, UNSUPPORTED)
        elif code == MEM_END:
            self._answer(code)
            self._stub = words[1] != 0
            self._send(b"OHAI")
        elif code in (FLASH_BEGIN, DEFLATE_BEGIN):
            self._at, self._inflate = words[3], zlib.decompressobj() if code == DEFLATE_BEGIN else None
            self._answer(code)
        elif code in (FLASH_DATA, DEFLATE_DATA):
            self._write(code, data[16:], checksum)
        elif code == MD5:
            self._answer(code, hashlib.md5(self.flash[words[0] : words[0] + words[1]]).digest() + DONE)
        else:
            if code == ERASE_ALL:
                self.flash[:] = b"\xff" * len(self.flash)
            self._answer(code)

    def _write(self, code, data, checksum):
        self._blocks += 1
        if self._blocks == self._vanish_at:
            raise _Unplugged
        found = 0xEF
        for byte in data:
            found ^= byte
        assert found == checksum, "the checksum of a block is wrong"
        if code == DEFLATE_DATA:
            data = self._inflate.decompress(data)
        if self._damage and data:
            data = bytes([data[0] ^ 1]) + data[1:]
        self.flash[self._at : self._at + len(data)] = data
        self._at += len(data)
        self._answer(code)

    def _write_register(self, address, value):
        if address == SPI_COMMAND:  # the command has been done before anybody can ask
            command = self._registers.get(SPI_USER2, 0) & 0xFF
            self._registers[SPI_DATA] = {READ_ID: self._id, READ_PARAMETERS: PARAMETERS}.get(command, 0)
        else:
            self._registers[address] = value

    def _answer(self, code, data=DONE, value=0):
        self._send(struct.pack("<BBHI", 1, code, len(data), value) + data)

    def _send(self, packet):
        packet = packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        os.write(self._master, b"\xc0" + packet + b"\xc0")


class _Unplugged(Exception):
    pass


def image(version=b"1.28.0", size=600_000, chip="esp8266"):
    """A file as MicroPython's build makes it: header, one segment with its checksum, then code that stays in flash."""
    segment = bytes(range(256)) * 4
    checksum = 0xEF
    for byte in segment:
        checksum ^= byte
    extended = struct.pack("<B3xHBHH4xB", 0xEE, 0, 0, 0, 0, 1) if chip == "esp32" else b""
    data = struct.pack("<BBBBI", 0xE9, 1, 0, 0x40, 0x40100000) + extended
    data += struct.pack("<II", 0x40100000, len(segment)) + segment
    data += bytes(15 - len(data) % 16) + bytes([checksum])
    text = b"MicroPython v" + version + b" on 2026-04-06; ESP module with ESP8266" if version else b""
    code = text.rjust(5000, b"\0") + b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(size // 32))
    return data.ljust(0x10000, b"\xff") + code[: size - 0x10000]

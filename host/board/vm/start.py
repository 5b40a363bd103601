# What the chip does from reset to the REPL: hardware modules, _boot, boot.py, main.py (ports/esp8266/main.c).
import builtins
import gc
import io
import random as vm_random
import sys

import _rpc
import _time
import vfs

_execfile = builtins.execfile
_SUBSTITUTES = (
    "time", "select", "socket", "network", "machine", "esp", "os", "sys", "vfs", "math", "random", "binascii",
    "hashlib", "micropython",
)  # fmt: skip
_REFUSED = ("cmath", "_thread", "termios", "argparse", "ffi", "start")
_GONE = ("compile", "execfile", "complex", "NotImplemented")
BLOCK_BYTES = 4096


class Flash:
    """Block device of the file system: reads the image itself, lets the hardware write and erase."""

    def __init__(self, fd, blocks):
        self._file = open(fd, "rb")
        self._blocks = blocks

    def readblocks(self, n, buf, off=0):
        self._file.seek(n * BLOCK_BYTES + off)
        self._file.readinto(buf)

    def writeblocks(self, n, buf, off=None):
        if off is None:
            _rpc.call(3, n)
            off = 0
        view = memoryview(buf)
        for i in range(0, len(buf), _rpc.MAX_BYTES):
            _rpc.call(2, n * BLOCK_BYTES + off + i, 0, view[i : i + _rpc.MAX_BYTES])

    def ioctl(self, op, arg):
        if op == 4:
            return self._blocks
        if op == 5:
            return BLOCK_BYTES
        if op == 6:
            _rpc.call(3, arg)
            return 0


class Missing:
    """Stands for a built-in name that the chip does not have."""

    def __init__(self, name):
        self._name = name

    def __call__(self, *args, **kw):
        raise NameError("name '" + self._name + "' isn't defined")

    def __repr__(self):
        self()


def _guard_imports():
    real = builtins.__import__

    def guarded(name, *args):
        if name.split(".")[0] in _REFUSED and (len(args) < 4 or not args[3]):
            raise ImportError("no module named '" + name + "'")
        return real(name, *args)

    builtins.__import__ = guarded


def _guard_builtins():
    for name in _GONE:
        setattr(builtins, name, Missing(name))
    real = builtins.pow

    def pow(x, y):
        return real(x, y)

    builtins.pow = pow


def _substitute():
    for name in _SUBSTITUTES:
        module = __import__("_" + name)
        module.__name__ = name
        sys.modules[name] = module
    sys.modules["lwip"] = sys.modules["socket"]
    sys.modules["_asyncio"] = __import__("_tasks")
    for name in ("start", "_rpc", "_tasks") + tuple("_" + name for name in _SUBSTITUTES):
        del sys.modules[name]


def _mount(flash):
    """As the port's _boot.py and inisetup.py."""
    vfs.umount("/")
    sys.path[:] = ["", ".frozen", "/lib", "/"]
    try:
        vfs.mount(vfs.VfsLfs2(flash), "/")
    except OSError:
        first = bytearray(BLOCK_BYTES)
        flash.readblocks(0, first)
        if any(byte != 255 for byte in first):
            while True:
                print("The file system at sector 256 looks corrupt: restore a copy of it, or erase the flash.")
                _time.sleep(3)
        print("Performing initial setup")
        vfs.VfsLfs2.mkfs(flash)
        vfs.mount(vfs.VfsLfs2(flash), "/")
        with open("boot.py", "w") as file:
            file.write("# Run on every start, before main.py.\nimport gc\ngc.collect()\n")


def _run(name):
    """True unless it ended with an exception. SystemExit only ends the file."""
    try:
        with open(name):
            pass
    except OSError:
        return True
    try:
        _execfile(name, sys.modules["__main__"].__dict__)
    except SystemExit:
        pass
    except BaseException as error:
        text = io.StringIO()
        sys.print_exception(error, text)
        for line in text.getvalue().split("\n")[:-1]:
            if '"vm/' not in line and '"<stdin>"' not in line:
                print(line)
        return False
    return True


def _mount_rom(address, size):
    """As the port of the variant does (ports/esp8266/vfs_rom_ioctl.c, extmod/vfs.c)."""
    import uctypes

    rom = uctypes.bytearray_at(address, size)

    def rom_ioctl(op, segment=0, offset=0, data=b""):
        if op == 1:
            return 1
        if segment:
            return -22
        if op == 2:
            return rom
        if op == 3:  # erase; here "offset" is how much
            for at in range(0, offset, BLOCK_BYTES):
                rom[at : at + BLOCK_BYTES] = b"\xff" * BLOCK_BYTES
            return 4
        if op == 4:
            rom[offset : offset + len(data)] = data
            return 0
        return 0 if op == 5 else -22

    sys.modules["vfs"].rom_ioctl = rom_ioctl
    try:
        vfs.mount(vfs.VfsRom(rom), "/rom")
    except OSError:
        return  # nothing was written to it yet
    sys.path[2:2] = ["/rom", "/rom/lib"]


def run(channel, flash_fd, jumps=False, rom_address=0, rom_bytes=0):
    _rpc.open_channel(channel)
    if jumps:
        _time.jump()
    start = _rpc.system("start")
    _time._reset_us, _time._rate, _time._rtc_us, seed, blocks, with_main = start
    flash = Flash(flash_fd, blocks)
    sys.modules["__main__"] = __import__("__main__")
    _substitute()
    vm_random.seed(seed)
    _mount(flash)
    if rom_bytes:
        _mount_rom(rom_address, rom_bytes)
    _guard_builtins()
    _guard_imports()
    gc.collect()
    gc.threshold(gc.mem_free() // 4)  # as _boot.py, but for what the simulation itself keeps
    _rpc.system("ready", gc.mem_alloc())
    try:
        if _run("boot.py") and with_main:
            _run("main.py")
        gc.collect()
    except KeyboardInterrupt:
        pass  # it came just between the files
    _rpc.system("prompt")

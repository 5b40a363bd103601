"""A board and a phone on one machine, each in a network of its own, with a cable where the radio would be.

The board has 192.168.4.1 with the ports of the chip; the phone is 192.168.4.2, and the board is all it can reach: no
name, no packet leaves for anywhere else. The phone has /etc, /usr, /var and /run of its own too (what is written there
is gone with it), so that programs can be unpacked and configured that this machine should not have.
"""

import subprocess
import threading
import time
from pathlib import Path

from .conftest import unavailable

BOARD = "192.168.4.1"
ARCHIVES = Path(__file__).parent.parent / ".venv" / "debian"  # fetched by install_tools.sh
START_S = 60
READY = "ready"

# The last command waits for the end of its input: with the test, everything in here ends.
NETWORK = f"ip link set lo up; echo {READY}; exec cat"
PHONE = f"""
mount --make-rprivate /
mount -t tmpfs tmpfs /mnt
for folder in usr etc var; do
    mkdir /mnt/$folder /mnt/$folder.work
    mount -t overlay -o lowerdir=/$folder,upperdir=/mnt/$folder,workdir=/mnt/$folder.work overlay /$folder
done
mount -t tmpfs tmpfs /run
mount -t sysfs -o ro sysfs /sys
for archive; do dpkg-deb --fsys-tarfile "$archive" | tar -x --keep-directory-symlink -C /; done
rm -f /etc/resolv.conf
echo nameserver {BOARD} > /etc/resolv.conf
echo hosts: files dns > /etc/nsswitch.conf
{NETWORK}
"""


def until(holds, timeout=20):
    """Wait until `holds()` is true; the test fails if it never is."""
    deadline = time.monotonic() + timeout
    while not (found := holds()):
        assert time.monotonic() < deadline, f"not within {timeout} s"
        time.sleep(0.05)
    return found


class Phone:
    """`board` and `phone`: what to put before a command to run it there. `packages`: unpack the fetched ones."""

    def __init__(self, packages=False):
        archives = sorted(ARCHIVES.glob("*.deb")) if packages else ()
        if packages and not (ARCHIVES / "complete").exists():
            unavailable("network-manager and systemd-resolved were not fetched (host_tests/install_tools.sh, as root)")
        self._held = []
        net = self._hold("--net", "sh", "-ec", NETWORK)
        own = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")
        self.pid = self._hold(*own, "sh", "-ec", PHONE, "sh", *archives)
        self.board = ("nsenter", f"--net=/proc/{net}/ns/net")
        processes = f"--pid=/proc/{self.pid}/ns/pid_for_children"
        self.phone = ("nsenter", "--target", str(self.pid), "--net", "--mount", processes)
        for words in (
            f"link add ap0 type veth peer name wlan0 netns {self.pid}",
            f"addr add {BOARD}/24 dev ap0",
            "link set ap0 up",
        ):
            subprocess.run([*self.board, "ip", *words.split()], check=True)

    def join(self):
        """Do what a phone's DHCP client would: an address, and the board as the router."""
        for words in ("addr add 192.168.4.2/24 dev wlan0", "link set wlan0 up", f"route add default via {BOARD}"):
            self.run("ip", *words.split())

    def run(self, *words, check=True, timeout=20):
        """Standard output and error of a command on the phone, in one text."""
        done = subprocess.run(
            [*self.phone, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=timeout
        )
        assert not check or done.returncode == 0, f"{words}: {done.stdout}"
        return done.stdout

    def start(self, *words, env=None):
        """A program that runs on the phone until the phone is gone; its lines are in the file that is returned."""
        log = self.file(f"/run/{Path(words[0]).name}.log")
        with log.open("wb") as output:
            subprocess.Popen([*self.phone, *words], stdout=output, stderr=subprocess.STDOUT, env=env)
        return log

    def file(self, path):
        """Where a file of the phone is seen from outside."""
        return Path(f"/proc/{self.pid}/root{path}")

    def close(self):
        for process in reversed(self._held):
            process.stdin.close()
            process.kill()
            process.wait()
            process.stdout.close()

    def _hold(self, *words):
        """Process number of something that keeps new namespaces alive."""
        process = subprocess.Popen(
            ["unshare", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self._held.append(process)
        guard = threading.Timer(START_S, process.kill)
        guard.start()
        said = []
        while (line := process.stdout.readline()) and line.strip() != READY:
            said.append(line)
        guard.cancel()
        if not line:
            self.close()
            unavailable("no namespaces (they need root): " + ("".join(said).strip() or f"not ready after {START_S} s"))
        return process.pid

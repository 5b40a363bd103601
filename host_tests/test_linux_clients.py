"""NetworkManager and systemd-resolved, the real programs, on a PC whose only network is the board's.

They are not installed on this machine: Debian's packages are unpacked in a namespace (see namespaces.py), and run
there with a D-Bus of their own.
"""

import pytest

from .boards import bench_fixture, images_fixture  # noqa: F401
from .namespaces import BOARD, Phone, until
from .test_clients import AT_BOARD, HOME, PORTAL

pytestmark = pytest.mark.board

DBUS = """<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
<allow send_type="method_call"/></policy></busconfig>"""
NETWORK_MANAGER = """[main]
plugins=keyfile
auth-polkit=false
no-auto-default=*
dns={dns}
[connectivity]
uri={uri}
response={response}
interval=3
"""
WIFI = f"""[connection]
id=board
type=ethernet
interface-name=wlan0
[ipv4]
method=manual
address1=192.168.4.2/24,{BOARD}
dns={BOARD}
[ipv6]
method=disabled
"""
RESOLVED = "[Resolve]\nFallbackDNS=\nLLMNR=no\nMulticastDNS=no\n"
USER = "systemd-resolve:x:{0}:{0}::/:/usr/sbin/nologin\n"
GROUP = "systemd-resolve:x:{0}:\n"
RESOLVE_ID = 64995

# As distributions ship them: Debian with GNOME, Ubuntu, Fedora (the last two with systemd-resolved).
DISTRIBUTIONS = {
    "debian": ("default", "http://nmcheck.gnome.org/check_network_status.txt", "NetworkManager is online"),
    "ubuntu": ("systemd-resolved", "http://connectivity-check.ubuntu.com/", ""),
    "fedora": ("systemd-resolved", "http://fedoraproject.org/static/hotspot.txt", "OK"),
}


class PC(Phone):
    """A phone with what GNOME and KDE ask whether there is a portal."""

    def __init__(self):
        super().__init__(packages=True)
        try:
            self.put("/run/dbus/system.conf", DBUS)
            self.start("dbus-daemon", "--config-file=/run/dbus/system.conf", "--nofork")
            until(self.file("/run/dbus/system_bus_socket").exists)
        except BaseException:
            self.close()
            raise

    def put(self, path, text, mode=0o644):
        file = self.file(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def resolved(self):
        """Start systemd-resolved as everybody's resolver; returns its log."""
        for path, line in (("/etc/passwd", USER), ("/etc/group", GROUP)):
            others = [kept for kept in self.file(path).read_text().splitlines(True) if "systemd-resolve:" not in kept]
            self.put(path, "".join([*others, line.format(RESOLVE_ID)]))
        self.put("/etc/systemd/resolved.conf", RESOLVED)
        self.put("/etc/resolv.conf", "nameserver 127.0.0.53\n")
        self.run("install", "-d", "-o", str(RESOLVE_ID), "-g", str(RESOLVE_ID), "/run/systemd/resolve")
        log = self.start("/usr/lib/systemd/systemd-resolved", env={"SYSTEMD_LOG_LEVEL": "debug"})
        until(lambda: "Link" in self.run("resolvectl", "status", check=False))
        return log

    def network_manager(self, dns, uri, response):
        """Start NetworkManager, which joins the board's network."""
        for folder in ("/etc/NetworkManager", "/usr/lib/NetworkManager/conf.d"):
            self.run("rm", "-rf", folder)
        self.put("/etc/NetworkManager/NetworkManager.conf", NETWORK_MANAGER.format(**locals()))
        self.put("/etc/NetworkManager/system-connections/board.nmconnection", WIFI, 0o600)
        self.start("/usr/sbin/NetworkManager", "--no-daemon")

    def connectivity(self):
        """What NetworkManager finds now: unknown, none, portal, limited or full."""
        return self.run("nmcli", "networking", "connectivity", "check", check=False).strip()


@pytest.fixture
def pc():
    made = PC()
    yield made
    made.close()


@pytest.fixture
def board(bench, pc):
    made = bench.start(firmware=True, air={"networks": [HOME], "phones": 1}, prefix=pc.board, **AT_BOARD)
    made.wait_for("portal open")
    return made


@pytest.mark.parametrize("dns, uri, response", DISTRIBUTIONS.values(), ids=DISTRIBUTIONS)
def test_network_manager_says_portal_until_the_result_was_seen_and_then_full(board, pc, dns, uri, response):
    if dns == "systemd-resolved":
        pc.resolved()
    pc.network_manager(dns, uri, response)
    until(lambda: pc.connectivity() == "portal")
    pc.run("curl", "-sf", "-d", "ssid=Home&password=correct horse", PORTAL + "connect")
    board.wait_for("connecting got_ip connected")
    assert pc.connectivity() == "portal"
    assert "192.168.1.50" in pc.run("curl", "-sf", PORTAL + "status")
    until(lambda: pc.connectivity() == "full")


def test_systemd_resolved_finds_every_name_at_the_board_and_trusts_it_with_all_features(board, pc):
    log = pc.resolved()
    pc.join()
    pc.run("resolvectl", "dns", "wlan0", BOARD)
    pc.run("resolvectl", "domain", "wlan0", "~.")

    def query(*words):
        return pc.run("resolvectl", "--legend=no", "query", *words, check=False).strip()

    for name in ("example.com", "a.b.c.d.example", "captive.apple.com", "xn--bcher-kva.example"):
        assert query(name).startswith(f"{name}: {BOARD}"), name
    for words in (["-t", "AAAA", "example.com"], ["-t", "HTTPS", "example.com"], ["192.0.2.1"]):
        assert "does not have any RR of" in query(*words), words
    for name in ("use-application-dns.net", "mask.icloud.com"):
        assert query(name).endswith("not found"), name
    for number in range(20):  # and through its stub, as programs ask
        assert BOARD in pc.run("getent", "ahostsv4", f"host-{number}.example"), number
    text = log.read_text()
    assert "Verified we get a response at feature level UDP+EDNS0" in text
    assert "degraded feature set" not in text and "Timeout" not in text

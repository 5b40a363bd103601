"""Identifiers that lie in the flash of a stock ESP8266 build: using one as a name costs no heap.

chip_names.py has the modules that are listed in full. Here is what it leaves open and this firmware meets, read from
MicroPython 1.28: extmod/modnetwork.c and ports/esp8266/network_wlan.c, extmod/modlwip.c, extmod/modselect.c,
py/objexcept.c, py/stream.c, and the attributes of properties, slices and exceptions.
"""

import keyword

from .chip_names import BUILTINS, METHODS, MODULES


def _names(text):
    return frozenset(text.split())


NETWORK = _names(
    """
    WLAN STA_IF AP_IF STAT_IDLE STAT_CONNECTING STAT_WRONG_PASSWORD STAT_NO_AP_FOUND STAT_CONNECT_FAIL STAT_GOT_IP
    MODE_11B MODE_11G MODE_11N AUTH_OPEN AUTH_WEP AUTH_WPA_PSK AUTH_WPA2_PSK AUTH_WPA_WPA2_PSK
    active authmode bssid channel config connect country dhcp dhcp_hostname disconnect essid hidden hostname ifconfig
    ipconfig isconnected key mac password phy_mode pm protocol reconnects rssi scan security ssid stations status
    txpower
    """
)
SOCKET = _names(
    """
    AF_INET AF_INET6 IPPROTO_IP IPPROTO_TCP IP_ADD_MEMBERSHIP SOCK_DGRAM SOCK_RAW SOCK_STREAM SOL_SOCKET SO_REUSEADDR
    accept bind close connect getaddrinfo listen makefile read readinto readline recv recvfrom send sendall sendto
    setblocking setsockopt settimeout socket write
    """
)
POLLER = _names("ipoll modify poll register unregister")
STREAM = _names("close flush ioctl read readinto readline readlines seek tell write")
ATTRIBUTES = _names("args deleter errno getter setter start step stop value")
ERRORS = _names("EACCES EADDRINUSE EAGAIN EALREADY EBADF EEXIST EINPROGRESS EINVAL EIO EISDIR ENOENT ENOMEM ETIMEDOUT")
# Of frozen modules and of the compiler: not for renaming to, but nothing is gained by renaming them.
OTHERS = _names("self const viper native")

ROM = (
    BUILTINS
    | METHODS
    | NETWORK
    | SOCKET
    | POLLER
    | STREAM
    | ATTRIBUTES
    | ERRORS
    | OTHERS
    | frozenset(MODULES)
    | frozenset(keyword.kwlist)
).union(*(names for names in MODULES.values() if names))

# What C code looks for by name in an object that Python code gives it: streams, file systems, block devices.
_LOOKED_UP = STREAM | _names(
    "chdir getcwd ilistdir mkdir mount open readblocks remove rename rmdir stat statvfs umount writeblocks"
)
# A name with a meaning for the compiler.
_COMPILER = _names("super print open const native viper self") | frozenset(keyword.kwlist)

# Names to rename to: in every build of the interpreter, above all in the one that heap is measured with.
POOL = tuple(
    sorted(
        (METHODS | BUILTINS | MODULES["math"] | MODULES["time"] | MODULES["sys"] | MODULES["struct"] | MODULES["json"])
        - _LOOKED_UP
        - _COMPILER
        - {name for name in BUILTINS if name[0] == "_"},
        key=lambda name: (name in BUILTINS, len(name), name),
    )
)

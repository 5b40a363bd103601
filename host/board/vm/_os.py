# os of the chip: only the file system on the flash.
from collections import namedtuple as _namedtuple
from os import (  # noqa: F401
    VfsFat,
    VfsLfs2,
    chdir,
    getcwd,
    ilistdir,
    listdir,
    mkdir,
    mount,
    remove,
    rename,
    rmdir,
    sep,
    stat,
    statvfs,
    umount,
    unlink,
)

import _rpc

_RELEASE = "v1.28.0 (virtual board)"


def urandom(n):
    return _rpc.ask("urandom", n)


def uname():
    names = _namedtuple("uname", ("sysname", "nodename", "release", "version", "machine"))
    return names("esp8266", "esp8266", "2.2.0-dev(virtual)", _RELEASE, "ESP module with ESP8266")


_typist = None


def dupterm(stream, index=0):
    """Of a stream in the console's place: what it has when dupterm_notify() is called is typed, then it is dropped."""
    global _typist
    if index:
        raise ValueError("the virtual board has no second os.dupterm")
    _typist = stream


def dupterm_notify(*args):
    global _typist
    if _typist is not None:
        _rpc.ask("type", _typist.read())
        _typist = None
        print("dupterm: EOF received, deactivating")

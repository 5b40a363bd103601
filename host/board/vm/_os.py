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


def dupterm(*args):
    if args and args[0] is not None:
        raise NotImplementedError("the virtual board has no os.dupterm")


def dupterm_notify(*args):
    pass

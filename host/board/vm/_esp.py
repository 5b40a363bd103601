# esp of the chip.
import _rpc

SLEEP_NONE = 0
SLEEP_LIGHT = 1
SLEEP_MODEM = 2


def osdebug(*args):
    pass


def sleep_type(*args):
    return None if args else SLEEP_MODEM


def flash_id():
    return 0x1640E0


def flash_size():
    return 4194304


def flash_user_start():
    return 0x100000


def freemem():
    return 32000


def check_fw():
    return True


def deepsleep(us=0, *args):
    _rpc.ask("deepsleep", us // 1000)

# The VM's end of the channel to the hardware; see rpc.py beside this folder for the frames.
import builtins
from struct import calcsize, pack, pack_into, unpack_from

_REQUEST = "<BBHii"
_REPLY = "<BBHi"
_HEAD = calcsize(_REQUEST)
_MARK = b"\xffhomeport\xfe"
MAX_BYTES = 2048

_TIMES = "<qq"

_out = bytearray(_HEAD + MAX_BYTES)
_view = memoryview(_out)
_head = bytearray(calcsize(_REPLY))
_file = None
_number = 0
times = None  # of a clock that jumps: [board time in µs, until when nothing happens by itself], see _time.jump()
_busy = False  # a call was begun and not ended: an exception came in between
payload = None  # of the last reply


def open_channel(fd):
    global _file
    _file = open(fd, "r+b")


def carry_times():
    """From now on requests say what time it is, and replies say that and how far the VM may go on by itself."""
    global _HEAD, _head, _out, _view, times
    _HEAD += 8
    _head = bytearray(len(_head) + 16)
    _out = bytearray(_HEAD + MAX_BYTES)
    _view = memoryview(_out)
    times = [0, 0]


def call(op, a=0, b=0, data=None, into=None):
    """The reply's value; its payload goes into the buffer `into` or else to `payload`."""
    global _busy, _number, payload
    n = len(data) if data else 0
    if n > MAX_BYTES:
        raise OSError(12)
    if _busy:
        _synchronise()
    _busy = True
    _number = (_number + 1) & 255
    pack_into(_REQUEST, _out, 0, op, _number, n, a, b)
    if times:
        pack_into("<q", _out, _HEAD - 8, times[0])
    if n:
        _out[_HEAD : _HEAD + n] = data
    _file.write(_view[: _HEAD + n])
    _file.readinto(_head)
    status, _, n, value = unpack_from(_REPLY, _head, 0)
    if times:
        times[0], times[1] = unpack_from(_TIMES, _head, 8)
    payload = None
    if n:
        if into is not None and status == 0:
            _file.readinto(into, n)
        else:
            payload = _file.read(n)
    _busy = False
    if status:
        _raise(status, value)
    return value


def _raise(status, value):
    global payload
    if status == 1:
        raise OSError(value)
    if status == 3:
        raise KeyboardInterrupt
    name, args = _load(payload, 0)[0]
    payload = None
    raise getattr(builtins, name)(*args)


def _synchronise():
    global _number
    _number = (_number + 1) & 255
    pack_into(_REQUEST, _out, 0, 1, _number, 0, _number * 65537 + 12345, 0)
    mark = _MARK + bytes(_out[4:8])
    _file.write(_view[:_HEAD])
    tail = b""
    while tail != mark:
        tail = (tail + _file.read(1))[-len(mark) :]


def ask(name, *args, **kw):
    """Call a method of the simulated hardware by its name."""
    return _ask(0, name, args, kw)


def system(name, *args):
    """Likewise, but no Ctrl-C comes in between."""
    return _ask(19, name, args, {})


def _ask(op, name, args, kw):
    out = bytearray()
    _dump((name, args, kw), out)
    call(op, 0, 0, out)
    return None if payload is None else _load(payload, 0)[0]


def _dump(v, out):
    if v is None or v is True or v is False:
        out.extend(b"N" if v is None else b"T" if v else b"F")
    elif isinstance(v, int):
        out.extend(b"i" + pack("<q", v))
    elif isinstance(v, float):
        out.extend(b"f" + pack("<d", v))
    elif isinstance(v, str):
        v = v.encode()
        out.extend(b"s" + pack("<H", len(v)) + v)
    elif isinstance(v, (bytes, bytearray, memoryview)):
        out.extend(b"b" + pack("<H", len(v)) + bytes(v))
    elif isinstance(v, (tuple, list)):
        out.extend((b"t" if isinstance(v, tuple) else b"l") + pack("<H", len(v)))
        for item in v:
            _dump(item, out)
    elif isinstance(v, dict):
        out.extend(b"d" + pack("<H", 2 * len(v)))
        for k in v:
            _dump(k, out)
            _dump(v[k], out)
    else:
        raise TypeError("unsupported argument: " + repr(v))


def _load(data, at):
    kind = data[at]
    at += 1
    if kind == 78:
        return None, at
    if kind == 84 or kind == 70:
        return kind == 84, at
    if kind == 105:
        return unpack_from("<q", data, at)[0], at + 8
    if kind == 102:
        return unpack_from("<d", data, at)[0], at + 8
    n = unpack_from("<H", data, at)[0]
    at += 2
    if kind == 98:
        return data[at : at + n], at + n
    if kind == 115:
        return str(data[at : at + n], "utf-8"), at + n
    items = []
    for _ in range(n):
        item, at = _load(data, at)
        items.append(item)
    if kind == 100:
        return dict(zip(items[::2], items[1::2])), at  # noqa: B905
    return (tuple(items) if kind == 116 else items), at

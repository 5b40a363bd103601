# select of the chip: poll() and ipoll(). One call to the hardware waits for everything.
import sys as _sys

import _rpc

POLLIN = 1
POLLOUT = 4
POLLERR = 8
POLLHUP = 16

_CONSOLE = 255
_CLOSED = 254


class poll:
    def __init__(self):
        self._list = []  # [object, mask]

    def _find(self, obj):
        for item in self._list:
            if item[0] is obj:
                return item

    def register(self, obj, mask=POLLIN | POLLOUT):
        if not hasattr(obj, "_handle") and obj is not _sys.stdin and obj is not _sys.stdin.buffer:
            raise OSError(22)
        item = self._find(obj)
        if item:
            item[1] = mask
        else:
            self._list.append([obj, mask])

    def modify(self, obj, mask):
        item = self._find(obj)
        if not item:
            raise OSError(2)
        item[1] = mask

    def unregister(self, obj):
        item = self._find(obj)
        if item:
            self._list.remove(item)

    def ipoll(self, timeout=-1, flags=0):
        wanted = bytearray()
        for obj, mask in self._list:
            wanted.append(getattr(obj, "_handle", _CONSOLE))
            wanted.append(mask)
        if _rpc.call(15, -1 if timeout is None else timeout, 0, wanted):
            # The objects are taken before the first is handed out: the loop's body may unregister some.
            found = _rpc.payload
            items = [(self._list[found[i]], found[i + 1]) for i in range(0, len(found), 2)]
            for item, events in items:
                if flags:
                    item[1] = 0  # one-shot
                yield item[0], events

    def poll(self, timeout=-1):
        return list(self.ipoll(timeout))

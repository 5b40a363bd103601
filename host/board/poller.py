"""One epoll for everything that the board waits for."""

import select


class Poller:
    """Callbacks get the epoll events. Watching again replaces mask and callback; mask 0 pauses."""

    def __init__(self):
        self._epoll = select.epoll()
        self._watched = {}

    def watch(self, source, mask, callback):
        fd = source if isinstance(source, int) else source.fileno()
        known = self._watched.get(fd)
        if not mask:
            if known:
                self.unwatch(fd)
        elif not known:
            self._epoll.register(fd, mask)
            self._watched[fd] = mask, callback
        else:
            if known[0] != mask:
                self._epoll.modify(fd, mask)
            self._watched[fd] = mask, callback

    def unwatch(self, source):
        fd = source if isinstance(source, int) else source.fileno()
        if self._watched.pop(fd, None):
            self._epoll.unregister(fd)

    def wait(self, seconds=None):
        """True if there was anything."""
        found = self._epoll.poll(-1 if seconds is None else max(0, seconds))
        for fd, events in found:
            watched = self._watched.get(fd)  # an earlier callback may have closed it
            if watched:
                watched[1](events)
        return bool(found)

    def close(self):
        self._epoll.close()

"""Which names get no address, client by client, so that Androids which distrust a private address open the portal, too.

Android asks for two hosts, one over HTTP, one over HTTPS. In phase A the HTTPS one is withheld: Samsung then sees two
different answers, and believes the private one. Others, by a setting of their maker, give up on a private address of
the HTTP host without asking it anything. They ask for its name once more after a second; in phase B it is withheld, and
they turn to a third host, whose address they do not check. Whoever has sent HTTP needs no phase B, and its sign-in
page may itself be at that host.

Read from NetworkMonitor of AOSP and its Samsung counterpart, not seen on a phone; reports that fit it:
https://github.com/metachris/micropython-captiveportal/issues/3

A client's stay ends a minute after its last step: the first answer, phase B, its last HTTP. Then it starts anew, as
a phone has to that left and comes back.
"""

from .dns import PHASE_A, PHASE_B

CLIENTS_LIMIT = 8  # more than the access point takes; beyond that the one that came first is forgotten
ASKED_AGAIN_MS = 800  # the next check comes after a second; sooner are doubles of one question and repeated datagrams
STAY_MS = 60_000


class Phases:
    """Times are of the board's clock. Addresses are the port's texts. Only a client's first answer allocates."""

    def __init__(self):
        self._clients = []  # [address, time of the last step, withheld names, HTTP seen]

    def withheld(self, address, now):
        """The list of names, as of dns.py, that have no address for this client."""
        client = self._find(address, now)
        return client[2] if client else PHASE_A

    def give(self, address, now):
        """May the HTTP host's address be given? If not, phase B begins."""
        client = self._find(address, now)
        if client is None:
            if len(self._clients) == CLIENTS_LIMIT:
                del self._clients[0]
            self._clients.append([address, now, PHASE_A, False])
        elif not client[3] and now - client[1] >= ASKED_AGAIN_MS:
            client[1] = now
            client[2] = PHASE_B
            return False
        return True

    def heard(self, address, now):
        """The client has sent HTTP."""
        client = self._find(address, now)
        if client:
            client[1] = now
            client[2] = PHASE_A
            client[3] = True

    def _find(self, address, now):
        for client in self._clients:
            if client[0] == address:
                if now - client[1] < STAY_MS:
                    return client
                self._clients.remove(client)
                break

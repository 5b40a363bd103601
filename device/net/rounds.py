"""Rounds over the saved networks: which of them are tried, by which access point, in what order."""

from .. import policy
from .join import Join
from .station import is_joining


class Rounds:
    """begin() a round or one join, then step() until it says how that ended. kept: of the rounds before, see kept()."""

    def __init__(self, context, kept=None):
        self._context = context
        self._join = None
        self._trial = None  # (place in the list, BSSID to pin, BSSID that is meant) of that join
        self._queue = []  # the trials that are left of this round, the next one last
        # How many rounds there were; place, and (place, BSSID that was meant) -> how often that failed; name -> how
        # often it was there and refused; names of those that were refused too often to be chance.
        self._count, self._failures, self._refusals, self._refused = kept or (0, {}, {}, ())
        self._names = ()  # of saved networks' access points that the last scan has shown, one for each

    def kept(self):
        """What the next rounds need to know, for who does not keep this object in memory."""
        return self._count, self._failures, self._refusals, self._refused

    def begin_first(self):
        """One join without a scan: the SDK's own attempt at a saved network is left alone, else the last proven one."""
        context = self._context
        radio = context.radio
        radio.switch(radio.station, True)
        names = [network.ssid for network in context.networks]
        for place, network in enumerate(context.networks):
            # Of two keys for one name only the one that we gave it can be told to be the SDK's.
            known = radio.target[:2] == (network.ssid, network.key) if radio.target else names.count(network.ssid) == 1
            if known and is_joining(radio, network.ssid):
                self._trial = (place, network.bssid, network.bssid)
                self._join = Join(radio, context.clock, network, policy.SDK_JOIN_TIMEOUT_MS, True)
                return
        self._start((0, context.networks[0].bssid, context.networks[0].bssid))

    def begin_better(self, trial):
        """One join by an access point that a scan showed to be stronger; until it lets the board in, the last try."""
        self._context.radio.spurned += (trial[2],)
        self._start(trial)

    def begin(self, looks):
        """A round. looks: a scan says who is there; else the network that the SDK knows is tried blindly."""
        context = self._context
        self._count += 1
        sightings = []
        if looks:
            from .scan import scan

            sightings = scan(context)
            self._names = [row[0] for row in sightings]
            from ..options import option  # not before the scan, which needs the room

            preferred = option(context.hardware, None, b"preferred")
            del option
            self._queue = order(context.networks, sightings, self._failures, preferred)
            # Each change of network writes flash: those that no scan shows and those that failed have their turn ever
            # more rarely.
            known = self._known()
            promising = [trial for trial in self._queue if self._is_promising(trial[0])]
            if self._count & self._count - 1 == 0 or self._count % policy.RARE_ROUNDS == 0:
                best = [] if promising else self._queue[-1:]  # the last one, for that is tried in between
                self._queue = best + unseen(context.networks, sightings) + self._queue[: len(self._queue) - len(best)]
            else:
                self._queue = [trial for trial in self._queue if trial[0] == known or trial in promising]
        if not self._queue:
            self._queue = [(self._known(), b"", b"")]
        self._judge()

    def step(self):
        """None while a round goes on, "got_ip" (context.joined is the network), or "done" when all were tried."""
        if self._join is None:
            if not self._queue:
                return "done"
            self._start(self._queue.pop())
            return None
        outcome = self._join.step()
        if outcome == "got_ip":
            network = self._join.network
            network.bssid = self._trial[1]
            self._context.joined = network
            if self._trial[2] in self._context.radio.spurned:
                self._context.radio.spurned = ()
            return outcome
        if outcome == "unsuccessful":
            self._failed()
        return None

    def has_failed(self):
        """True if a network that may be there did not let the board in."""
        return bool(self._failures)

    def _is_promising(self, place):
        return self._failures.get(place, 0) < policy.FAILURES_LIMIT

    def _known(self):
        """The place of the network that the SDK was given last."""
        target = self._context.radio.target or (None, None)
        for place, network in enumerate(self._context.networks):
            if (network.ssid, network.key) == target[:2]:
                return place
        return 0

    def _start(self, trial):
        context = self._context
        self._trial = trial
        self._join = Join(context.radio, context.clock, context.networks[trial[0]], bssid=trial[1])

    def _failed(self):
        join, self._join = self._join, None
        join.close()
        context = self._context
        ssid = join.network.ssid
        place, _, meant = self._trial
        if join.reason.encode() != b"not_found":
            for key in (place, (place, meant)):
                self._failures[key] = self._failures.get(key, 0) + 1
        if join.reason == "wrong_password":
            self._refusals[ssid] = self._refusals.get(ssid, 0) + 1
            keys = [network.ssid for network in context.networks].count(ssid)  # of which each has its chances
            if self._refusals[ssid] >= policy.REFUSALS_LIMIT * keys * max(self._names.count(ssid), 1):
                self._refused += (ssid,)
        self._judge()
        from ..history import note_failure

        note_failure(context, ssid, join.reason.encode())

    def _judge(self):
        from ..outage import classify

        context = self._context
        context.outage = classify(context.networks, context.seen, self._refused, context.just_powered_on)


def order(networks, sightings, failures, preferred=()):
    """The trials of a round, (place, BSSID to pin or empty, BSSID that is meant), the next one last.

    sightings: (ssid, rssi, bssid) of saved networks, strongest first. The owner's order comes first, then the signal
    with some credit for the last proven one (WLED). Of several access points of one name the strongest is meant
    that has not failed twice (ESPHome).
    """
    ranked = []
    for place, network in enumerate(networks):
        heard = [row for row in sightings if row[0] == network.ssid]
        if not heard:
            failures.pop(place, None)  # should it come back, it may let us in
            continue
        network.sighted = True
        for best in heard:
            if failures.get((place, best[2]), 0) < policy.BSSID_FAILURES_LIMIT:
                break
        else:  # all have had their turns: once more from the start
            for best in reversed(heard):
                failures[(place, best[2])] = 0
        # Pinned is nothing but what the SDK would not choose by itself, and never a network whose key only the SDK has.
        pinned = b"" if network.imported or best is heard[0] and best[2] != network.bssid else best[2]
        wish = preferred.index(network.ssid) if network.ssid in preferred else len(preferred)
        rank = (-wish, network.priority, best[1] + (0 if place else policy.FIRST_CREDIT_DB), -place)
        ranked.append((rank, (place, pinned, best[2])))
    ranked.sort(key=lambda pair: pair[0])
    return [trial for _, trial in ranked]


def unseen(networks, sightings):
    """Trials of networks that the scan has not shown: they may be hidden, since lately perhaps, or it went wrong. First
    those that no scan has ever shown."""
    shown = [row[0] for row in sightings]
    trials = [(place, b"", b"") for place, other in enumerate(networks) if other.ssid not in shown]
    trials.sort(key=lambda trial: (not networks[trial[0]].sighted, -trial[0]))
    return trials

"""What has to hold whatever happens: the invariants of the storms (storms.py), each with a name and its figures.

The judge looks at the board after each of its turns. It knows the air, the flash and what people did from the fakes;
of the firmware it reads context.state, networks, portal and saved, nothing else.
"""

from device import policy
from device.slots import load

from .fakes import NEVER, WEAK_DBM

SLACK_MS = 15_000  # for slow joins, coarse turns, a search of the SDK that has to end first
SCAN_LIMIT_MS = 10_000  # the slowest scan of the fakes
LOOK_AROUND_MS = 400  # what lasts for seconds need not be looked at more often
TURN_LIMIT_MS = 100  # of a step, without its scans
TURNS_WITHOUT_TIME_LIMIT = 1_000
PRESS_SLACK_MS = 3_500  # a press is seen at the next turn, and a turn may have a scan
# An open portal's farewell: a person submitted while nothing was secret, and the last page has yet to be read. Each
# further attempt begins with two joins and ends in a farewell of its own.
FAREWELL_WINDOW_MS = policy.FAREWELL_LIMIT_MS + SLACK_MS
ATTEMPT_MS = policy.ANSWER_GRACE_MS + policy.JOIN_ATTEMPTS_LIMIT * policy.JOIN_TIMEOUT_MS + FAREWELL_WINDOW_MS


def round_ms(networks, rest_ms):
    """One round over the saved networks: a pause before it, a scan, and each of them up to its limit."""
    return rest_ms + SCAN_LIMIT_MS + networks * policy.JOIN_TIMEOUT_MS


PAUSE_MS = policy.PAUSE_LIMIT_MS * (100 + policy.JITTER_PERCENT) // 100  # at most, between two rounds of try_saved


def silence_ms(networks, powered_on):
    """How long a configured board may be neither connected nor reachable: the longest allowance for a router that
    boots as well, or that its neighbours show to restart, and the round that is going on when it is over."""
    allowance = policy.POWER_ON_ALLOWANCE_MS if powered_on else policy.REBOOTING_ALLOWANCE_MS
    return allowance + policy.SDK_JOIN_TIMEOUT_MS + round_ms(networks, PAUSE_MS) + SLACK_MS


def reunion_ms(networks, twins):
    """How long a saved network that a scan shows may be there before the board has joined it: it came just after its
    turn, so the rest of that round passes and the next one. twins: of so many access points of one name each has
    BSSID_FAILURES_LIMIT rounds before the strongest has its turn again."""
    rounds = 2 + (twins - 1) * policy.BSSID_FAILURES_LIMIT
    rest_ms = max(PAUSE_MS, policy.RETRY_INTERVAL_MS)
    return policy.SDK_JOIN_TIMEOUT_MS + rounds * round_ms(networks, rest_ms) + SLACK_MS


class Violation(AssertionError):
    """An invariant does not hold. `invariant`: its name; at_ms: when it was seen."""

    def __init__(self, invariant, text, at_ms):
        super().__init__(f"{invariant} at {at_ms} ms: {text}")
        self.invariant = invariant
        self.at_ms = at_ms


class Judge:
    """look() after each turn. started(), gesture(), flash_fails() and forgetting() tell it what it cannot see."""

    def __init__(self, hardware):
        self._hardware = hardware
        self._unsaved = {}  # ssid: key of what held for as long while flash refused it; a restart forgets it
        self.known = {}  # ssid: key of what held for STABLE_AFTER_MS and was on flash then
        self.remembered = None  # (ssid, key) that only the chip has, until a person submits or erases something
        self._flash_failed_at = -NEVER
        self._gesture_until = -NEVER
        self._refused_ms = 0  # how long one of several was there before and did not let the board in
        self._joinable_ms = 0  # how long a saved network has been there, weighed by how hard it is looked for
        self._last_look = self._looked_around_at = 0
        self._state = None
        self._entered_at = 0
        self._outage_at = 0  # since when there has been neither a link nor a portal
        self._linkless_at = None
        self._open_since = None
        self._attempts_ms = 0
        self._held = None
        self._held_since = 0
        self._seen_operations = -1
        self._still = 0
        self._pressed_at = None  # the button
        self._joined_by_itself = None
        self._portal_expected_by = None
        self._in_state_since = 0
        self.access_point = "fallback"  # the setting
        self.access_point_minutes = 10
        self.context = None

    # What happens to the board

    def started(self, context, by_itself=False):
        """The firmware starts on this context, at first or anew. by_itself: it wanted to, and forgets no gesture."""
        now = self._hardware.time.elapsed
        if self._is_erased_by_hand(now):
            self.forgetting()
        self.context = context
        self._outage_at = self._entered_at = self._last_look = self._looked_around_at = now
        self._state = None
        self._linkless_at = self._held = self._open_since = None
        self._pressed_at = None  # it has to be seen high first
        self._joined_by_itself = self._hardware.station.target  # the port does not tell with which key
        self._joinable_ms = self._refused_ms = 0
        self._unsaved = {}
        self._seen_operations = -1
        self.long_allowance = self._hardware.powered_on
        if not by_itself:
            self._gesture_until = -NEVER
            self._portal_expected_by = None
        elif now < self._gesture_until:
            # RTC memory does not tell how much of the ten minutes is left: they begin anew.
            self._gesture_until = now + policy.GESTURE_WINDOW_MS + SLACK_MS

    @property
    def troubled(self):
        """Does a part of the radio, or lwIP, refuse something now? A scan is none: nothing may depend on it."""
        hardware = self._hardware
        refused = hardware.station.failing
        return bool(hardware.refuse_sockets or hardware.access_point.failing or refused and set(refused) - {"scan"})

    def gesture(self, certain=True):
        """A person at the board has asked for the portal; not certain: has perhaps."""
        now = self._hardware.time.elapsed
        self._gesture_until = now + policy.GESTURE_WINDOW_MS + SLACK_MS
        if certain and not self.troubled and self._hardware.station.scan_ms < policy.LOOKS_APART_MS:
            self._portal_expected_by = now + SLACK_MS

    def gesture_is_lost(self):
        """A fault of the firmware has started it anew in between."""
        self._gesture_until = -NEVER
        self._portal_expected_by = None

    def button(self, level):
        now = self._hardware.time.elapsed
        if not level:
            self._pressed_at = now if self._pressed_at is None else self._pressed_at
        elif self._pressed_at is not None:
            held_ms, self._pressed_at = now - self._pressed_at, None
            if held_ms >= policy.PORTAL_PRESS_MS - PRESS_SLACK_MS:
                certain = policy.PORTAL_PRESS_MS + PRESS_SLACK_MS < held_ms < policy.ERASE_PRESS_MS - PRESS_SLACK_MS
                self.gesture(certain)

    def _is_erased_by_hand(self, now):
        return self._pressed_at is not None and now - self._pressed_at >= policy.ERASE_PRESS_MS - PRESS_SLACK_MS

    def flash_fails(self):
        self._flash_failed_at = self._hardware.time.elapsed

    def forgetting(self):
        """A person had everything erased; the flash may be in the middle of it."""
        self.known = {}
        self._held = self.remembered = None

    # What has to hold

    def _violated(self, invariant, text):
        raise Violation(invariant, text, self._hardware.time.elapsed)

    def look(self, idle_ms, scans):
        """After a turn that was to wait idle_ms and in which scan() was called so many times."""
        hardware, context = self._hardware, self.context
        now = hardware.time.elapsed
        passed = now - self._last_look
        self._last_look = now
        state, before = context.state, self._state
        if state != before:
            self._enter(state, now)
        self._look_at_time(passed, idle_ms, scans)
        station = hardware.station
        if station.overlaps and {"disconnect", "status", "active"} & set(station.failing):
            station.overlaps.clear()  # it could not be ended, or nobody could tell
        if station.overlaps:
            self._violated("one thing at a time", station.overlaps[0] + " while the station was busy")
        if self.remembered and station.target[:2] != self.remembered and not self._is_erased_by_hand(now):
            self._violated("what only the chip knows is kept", f"it was given {station.target}")
        link = station.is_linked
        if state == "connected":
            self._look_at_the_link(link, now)
        if hardware.flash.operations != self._seen_operations:
            self._seen_operations = hardware.flash.operations
            self._look_at_the_flash()
        if state != "connected":
            self._held = None
        elif link:
            self._look_at_what_held(now)
        if now - self._looked_around_at >= LOOK_AROUND_MS or state != before:
            passed = now - self._looked_around_at
            self._looked_around_at = now
            self._look_at_the_access_point(now)
            self._look_for_a_way(state, link, now, passed)
        if context.portal is None and hardware.sockets:
            if not all([sock.closed for sock in hardware.sockets]):
                self._violated("sockets are closed", "the portal is, and a socket is open")
            hardware.sockets = []

    def _enter(self, state, now):
        if self._state == "try_saved":
            self.long_allowance = False
        if state == "connecting":
            self._attempts_ms += ATTEMPT_MS
        if state == "portal" and self._is_erased_by_hand(now):
            self.forgetting()  # even if the flash refused: it goes with the next write
        self._state = state
        self._entered_at = self._in_state_since = now

    def _look_at_time(self, passed, idle_ms, scans):
        if passed:
            self._still = 0
            if passed > idle_ms + TURN_LIMIT_MS + scans * self._hardware.station.scan_ms:
                self._violated("a turn is short", f"it took {passed} ms")
        else:
            self._still += 1
            if self._still > TURNS_WITHOUT_TIME_LIMIT:
                self._violated("time passes", f"{self._still} turns without")

    def _look_at_the_link(self, link, now):
        if link or self.troubled:
            self._linkless_at = None
        elif self._linkless_at is None:
            self._linkless_at = now
        elif now - self._linkless_at > policy.LINK_LOST_AFTER_MS + 2 * SLACK_MS:
            self._violated("connected means connected", f"no link for {now - self._linkless_at} ms")

    def _look_at_the_flash(self):
        """What was proven is on flash, until it is replaced, forgotten, or one too many."""
        stored = self._stored()
        for ssid in self.known:
            if self._is_replaced(ssid) and self._held in stored:
                self.known[ssid] = self._held[1]
            if (ssid, self._unsaved.get(ssid)) in stored:
                self.known[ssid] = self._unsaved.pop(ssid)
        gone = [ssid for ssid, key in self.known.items() if (ssid, key) not in stored]
        if gone and self._is_erased_by_hand(self._last_look):
            self.forgetting()
            return
        if gone and len(self.known) - len(gone) < policy.NETWORKS_LIMIT:
            self._violated("what was proven is kept", f"{gone[0]!r} is not on flash any more: {stored}")
        for ssid in gone:
            del self.known[ssid]  # one more than fit was proven

    def _is_replaced(self, ssid):
        """Has another key for it just held for as long as it takes?"""
        if self._held is None or self._held_since is None or self._held[0] != ssid or self._held[1] == self.known[ssid]:
            return False
        return self._last_look - self._held_since >= policy.STABLE_AFTER_MS - LOOK_AROUND_MS

    def _stored(self):
        complaints = []
        networks = load(self._hardware, complaints.append)[0]
        return [(network.ssid, network.key) for network in networks]

    def _look_at_what_held(self, now):
        target = self._hardware.station.target
        if self._hardware.flash.refuses:
            self._flash_failed_at = now
        if target != self._held:
            self._held, self._held_since = target, now
            return
        if self._held_since is None or now - self._held_since < policy.STABLE_AFTER_MS + SLACK_MS:
            return
        if any([getattr(network, "imported", False) for network in self.context.networks]):
            return  # the SDK joined what nobody has told the firmware
        if target in self._stored():
            self._held_since = None
            self.known[target[0]] = target[1]
        elif self._flash_failed_at >= self._held_since - ATTEMPT_MS:
            self._unsaved[target[0]] = target[1]  # it may take the older key's place as soon as flash lets it
        elif target != self._joined_by_itself:
            self._violated("what was proven is kept", f"{target[0]!r} held for a minute and is not on flash")

    def _look_at_the_access_point(self, now):
        """Nobody's network shows a stranger into a board that knows a secret."""
        access_point = self._hardware.access_point
        if not (access_point.on and access_point.settings.get("security") == 0) or self.troubled:
            self._open_since = None
            self._attempts_ms = 0
            return
        if not any([network.key for network in self.context.networks]):
            self._open_since = None
            return
        if self._open_since is None:
            self._open_since = now
        if now >= self._gesture_until and now - self._open_since > FAREWELL_WINDOW_MS + self._attempts_ms:
            self._violated("no open access point", "a secret is saved and strangers may join")

    def is_reachable(self):
        """Could a phone that joins the access point have the page?"""
        hardware, portal = self._hardware, self.context.portal
        return hardware.access_point.on and portal is not None and not hardware.listener.closed

    def _look_for_a_way(self, state, link, now, passed):
        context = self.context
        networks = context.networks
        if self.troubled or state == "connected":
            self._outage_at = self._entered_at = now
            self._joinable_ms = self._refused_ms = 0
            if self.troubled:
                if self._portal_expected_by is not None:
                    self._portal_expected_by = now + SLACK_MS
                return
        if link:
            return
        count = len(networks)
        reachable = self.is_reachable()
        if self._portal_expected_by is not None:
            if reachable or not networks:
                self._portal_expected_by = None
            elif now > self._portal_expected_by:
                self._violated("a gesture opens the portal", f"it is closed in {state}")
        if not self._has_to_be_reachable(state, now):
            self._outage_at = self._entered_at = now
        elif state in ("boot", "try_saved"):
            if now - self._outage_at > silence_ms(count, self.long_allowance):
                self._violated("never stranded", f"neither link nor portal for {now - self._outage_at} ms")
        elif state != "connected":
            if reachable:
                self._outage_at = self._entered_at = now
            elif now - self._entered_at > policy.PORTAL_RETRY_MS + SLACK_MS:
                self._violated("never stranded", f"no portal {now - self._entered_at} ms after entering {state}")
        if state == "connecting" or now < self._gesture_until or not self._is_joinable(networks):
            self._joinable_ms = 0
            if count > 1 and self._is_shown(networks):
                self._refused_ms += passed  # of several those that refuse have their turn ever more rarely
            return
        if self._hardware.access_point.phones and state not in ("boot", "try_saved"):
            # With a phone on the portal it is looked for less often.
            usual = round_ms(count, policy.RETRY_INTERVAL_MS)
            passed = passed * usual // round_ms(count, policy.RETRY_INTERVAL_WITH_PHONE_MS)
        self._joinable_ms += passed
        if self._joinable_ms > reunion_ms(count, self._twins(networks)) + self._refused_ms:
            self._violated("never forgetful", f"a saved network was there for {self._joinable_ms} ms")

    def _has_to_be_reachable(self, state, now):
        """Do the settings want an access point in an outage?"""
        if self.access_point == "temporary" and state == "fallback":
            return now - self._in_state_since < self.access_point_minutes * 60_000 - SLACK_MS
        return self.access_point != "never" or state == "portal"

    def _twins(self, networks):
        """Of how many access points is the name that most have?"""
        names = [router.ssid for router in self._hardware.routers if router.up]
        return max([1] + [names.count(network.ssid) for network in networks])

    def _is_shown(self, networks):
        names = [network.ssid for network in networks]
        return any([router.up and router.ssid in names for router in self._hardware.routers])

    def _is_joinable(self, networks):
        """Does a scan show a saved network, and does its strongest access point let us in?"""
        station = self._hardware.station
        if station.scanned is not None or "scan" in station.failing:
            return False
        for network in networks:
            best = None
            for router in self._hardware.routers:
                if router.up and router.ssid == network.ssid and (best is None or router.rssi > best.rssi):
                    best = router
            key = self.remembered[1] if network.imported and self.remembered else network.key
            if best and best.dhcp and best.rssi >= WEAK_DBM and not best.hidden and best.lets_in(key):
                return True
        return False

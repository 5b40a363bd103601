"""When to try, wait, give up, open and close: every number of the firmware's behaviour, with its origin.

Times are milliseconds of the board's clock. A number without a named origin is a synthesis of several projects'
practice.
"""

# Joining
JOIN_TIMEOUT_MS = 20_000  # one attempt on one network; ESPHome and Tasmota use 15-20 s
SDK_JOIN_TIMEOUT_MS = 12_000  # the SDK joins by itself at power-up: let it finish before touching it
SEARCH_CYCLE_MS = 4_000  # the SDK searches in cycles of about 2.9 s; longer without NO_AP_FOUND means found
NOT_FOUND_AFTER_MS = 9_000  # three searches that found no such network
NO_ADDRESS_AFTER_MS = 5_000  # associated this long at the end of an attempt, yet no address
LINK_POLL_MS = 50  # the SDK shows WRONG_PASSWORD or NO_AP_FOUND for moments only: look often
JOIN_ATTEMPTS_LIMIT = 2  # per network and round, and per submission

# How long a configured board stays silent before it opens its access point
POWER_ON_ALLOWANCE_MS = 300_000  # the router is booting, too (EnergyMe; 90 s proved too short in ESPTimeCast#97)
OUTAGE_ALLOWANCE_MS = 90_000  # warm boot or lost link (ESPHome)
REBOOTING_ALLOWANCE_MS = 180_000  # the router is gone, its neighbours are not: most are back after one to three minutes
MOVED_ALLOWANCE_MS = 45_000  # strangers only: two scans that agree
BLIND_MS = 45_000  # with an armed watchdog, before the board starts again to look around: most outages are shorter
RELAPSE_ALLOWANCE_MS = 20_000  # a link lost again before it was stable, the allowance used up: one more join
REFUSALS_LIMIT = 2  # a network that is there refused so often: its password has changed, waiting is of no use
PORTAL_RETRY_MS = 5_000  # an access point or a socket was refused: try again
PAUSE_MS = 500  # before the second round over the saved networks, doubled before each further one
PAUSE_LIMIT_MS = 30_000
JITTER_PERCENT = 25  # so that all boards of a house do not come back to their router at once
BSSID_FAILURES_LIMIT = 2  # then another access point of that name has its turn (ESPHome)
FIRST_CREDIT_DB = 10  # the last proven network is preferred although it is a little weaker (WLED)

# Behind the portal
RETRY_INTERVAL_MS = 30_000  # ESPHome
RETRY_INTERVAL_WITH_PHONE_MS = 300_000  # a search makes the access point unusable for a phone (WLED, comitup)
# Each change of network writes flash. So networks that no scan shows, which may be hidden, and those that are there
# but fail are tried in the 1st, 2nd, 4th, 8th ... round, and in every so many: every one to two hours.
RARE_ROUNDS = 120
FAILURES_LIMIT = 4  # of a network that is there, then its turns become rare

# A person's attempt
ANSWER_GRACE_MS = 1_500  # the answer leaves before the channel moves (ESP-IDF 1 s, WiFiManager 2 s)

# Connected
LINK_LOST_AFTER_MS = 5_000
STABLE_AFTER_MS = 60_000  # then the network is proven
SAVE_AGAIN_MS = 300_000  # flash refused to keep it: try again while it is known
ROAM_INTERVAL_MS = 300_000  # between two looks at the signal, if the settings ask for any
ROAM_GAIN_DB = 10  # what another access point must have ahead
FAREWELL_AFTER_RESULT_MS = 10_000  # the result was fetched: time to read it (NodeMCU)
FAREWELL_MS = 60_000  # nobody fetched it and no phone is there (tonyp7, ESPurna)
FAREWELL_LIMIT_MS = 300_000
PHONE_GONE_AFTER_MS = 20_000  # a channel change drops phones for seconds: that is not leaving

# A person at the board
GESTURE_WINDOW_MS = 600_000  # how long an access point is open after a gesture although something is saved
PORTAL_PRESS_MS = 5_000  # the button held that long, then let go (WLED)
ERASE_PRESS_MS = 10_000  # WLED
PRESS_LIMIT_MS = 30_000  # nobody holds a button that long: something else pulls the pin low
LOOKS_APART_MS = 3_000  # a scan takes two
DOUBLE_RESET_MS = 5_000

# Improv Wi-Fi over the cable
IMPROV_SESSION_MS = 60_000  # without a packet: the client has gone; ESP Web Tools asks again within seconds
IMPROV_PACKET_MS = 300  # a packet that stops half way; the longest takes 25 ms at 115 200 baud
IMPROV_SCAN_MS = 10_000  # how long a client waits for a scan that cannot be made now, and how long one is news

# Crashes
CRASH_PAUSE_LIMIT_MS = 300_000  # 1, 2, 4, ... seconds after each
CRASHES_WITHIN_MS = 120_000  # five of them within that time: the owner's program is left out

# Limits
NETWORKS_LIMIT = 5
SCAN_LIMIT = 24  # strongest names kept; 20 cost about 1.7 KB of heap

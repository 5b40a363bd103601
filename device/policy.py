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
PORTAL_RETRY_MS = 5_000  # an access point or a socket was refused: try again
ROUND_PAUSE_MS = 2_000  # between two rounds over the saved networks

# Behind the portal
RETRY_INTERVAL_MS = 30_000  # ESPHome
RETRY_INTERVAL_WITH_PHONE_MS = 300_000  # a search makes the access point unusable for a phone (WLED, comitup)

# A person's attempt
ANSWER_GRACE_MS = 1_500  # the answer leaves before the channel moves (ESP-IDF 1 s, WiFiManager 2 s)

# Connected
LINK_LOST_AFTER_MS = 5_000
STABLE_AFTER_MS = 60_000
FAREWELL_AFTER_RESULT_MS = 10_000  # the result was fetched: time to read it (NodeMCU)
FAREWELL_MS = 60_000  # nobody fetched it and no phone is there (tonyp7, ESPurna)
FAREWELL_LIMIT_MS = 300_000
PHONE_GONE_AFTER_MS = 20_000  # a channel change drops phones for seconds: that is not leaving

# Limits
NETWORKS_LIMIT = 5
SCAN_LIMIT = 24  # strongest names kept; 20 cost about 1.7 KB of heap

"""The transition table: the whole behaviour of the board on one page.

Each row reads as a sentence: in this state, after this event, go to that state. The engine, the host model,
the diagram and the tests all read these rows; nothing moves the machine but a row.
"""

INITIAL = "boot"

TRANSITIONS = (
    ("boot", "credentials_found", "try_saved"),
    ("boot", "credentials_missing", "portal"),
    ("boot", "portal_requested", "fallback"),
    ("try_saved", "got_ip", "connected"),
    ("try_saved", "connect_failed", "fallback"),
    ("try_saved", "portal_requested", "fallback"),
    ("try_saved", "credentials_submitted", "connecting"),
    ("try_saved", "credentials_forgotten", "portal"),
    ("portal", "credentials_submitted", "connecting"),
    ("connecting", "got_ip", "connected"),
    ("connecting", "connect_failed", "portal"),
    ("connecting", "connect_failed_others_saved", "fallback"),
    ("connecting", "credentials_forgotten", "portal"),
    ("connected", "link_lost", "try_saved"),
    ("connected", "better_signal_found", "try_saved"),
    ("connected", "portal_requested", "fallback"),
    ("connected", "credentials_submitted", "connecting"),
    ("connected", "credentials_forgotten", "portal"),
    ("fallback", "got_ip", "connected"),
    ("fallback", "credentials_submitted", "connecting"),
    ("fallback", "credentials_forgotten", "portal"),
)

"""A person's try to join a network; context.attempt is the last one. In memory from the first one on."""


class Attempt:
    """A try and its outcome, kept for a phone that comes back later.

    values: {name: value}, bytes, to be saved with the network; None when they are and the portal is closed. warnings:
    words for what may not have been meant, see credentials.py.
    """

    def __init__(self, number, network, values, warnings):
        self.number = number
        self.network = network
        self.values = values
        self.warnings = warnings
        self.outcome = "trying"  # then "connected" or "failed"
        self.reason = None  # of a failure, see net/join.py
        self.guess = False
        self.told_at = None  # when a phone had fetched the outcome

"""boot: put both interfaces into a known mode and look for credentials."""


class State:
    def __init__(self, context):
        self._context = context
        # The SDK restores the last mode by itself and may already beacon an old access point (micropython#3607).
        context.radio.close_access_point()

    def step(self):
        if self._context.networks:
            return "credentials_found"
        return "credentials_missing"

    def close(self):
        pass

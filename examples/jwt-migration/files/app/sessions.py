"""Sessions in memory: gone at a restart, and not shared between two processes."""
import secrets


class Sessions:
    def __init__(self):
        self._names = {}

    def begin(self, name):
        session = secrets.token_hex(16)
        self._names[session] = name
        return session

    def name(self, session):
        return self._names.get(session)

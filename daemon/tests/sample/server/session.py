"""Sessions that expire when nobody uses them."""

import secrets
import time


class SessionStore:
    """Holds login sessions in memory."""

    def __init__(self, lifetime_seconds):
        self.lifetime_seconds = lifetime_seconds
        self._sessions = {}

    def create(self, user):
        """Start a session and return its secret token."""
        token = secrets.token_urlsafe(32)
        self._sessions[token] = (user, time.monotonic())
        return token

    def evict_expired(self):
        """Forget sessions that were idle for longer than their lifetime."""
        oldest = time.monotonic() - self.lifetime_seconds
        self._sessions = {
            token: (user, used) for token, (user, used) in self._sessions.items() if used >= oldest
        }

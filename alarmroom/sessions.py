"""Database sessions that look up only well-formed session keys."""

import re

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

# The keys that django.contrib.sessions makes.
_KEY = re.compile("[a-z0-9]{32}")


class SessionStore(DatabaseSessionStore):
    """Django's session store, but it refuses a malformed key without a query.

    A cookie may hold anything. PostgreSQL, for example, raises an error for a NUL in a parameter,
    so such a cookie would get a 500.
    """

    def _validate_session_key(self, key: object) -> bool:
        return isinstance(key, str) and bool(_KEY.fullmatch(key))

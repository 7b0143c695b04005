"""Sessions in the database, which is asked for none but such as it may hold."""

import re

from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

# As django.contrib.sessions makes them.
_KEY = re.compile("[a-z0-9]{32}")


class SessionStore(DatabaseSessionStore):
    """Django's own, for keys that can be some: a cookie may say anything.

    PostgreSQL takes no NUL in a question, and so answers 500 to whoever sends one.
    """

    def _validate_session_key(self, key: object) -> bool:
        return isinstance(key, str) and bool(_KEY.fullmatch(key))

"""Database sessions: only well-formed keys are looked up, and each says whose it is."""

from __future__ import annotations

import re
from typing import Any

from django.apps import apps
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessionStore

# The keys that django.contrib.sessions makes.
_KEY = re.compile("[a-z0-9]{32}")


class SessionStore(DatabaseSessionStore):
    """Django's session store, with a model of our own (alarmroom/desk/models/session.py).

    It refuses a malformed key without a query. A cookie may hold anything. PostgreSQL, for
    example, raises an error for a NUL in a parameter, so such a cookie would get a 500.
    """

    def _validate_session_key(self, key: object) -> bool:
        return isinstance(key, str) and bool(_KEY.fullmatch(key))

    @classmethod
    def get_model_class(cls) -> Any:
        return apps.get_model("desk", "Session")

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        session: Any = super().create_model_instance(data)
        session.account = account_in(data)
        return session


def account_in(data: dict[str, Any]) -> int | None:
    """Return the key of the account that is signed in in a session with this data."""
    try:
        return int(data[SESSION_KEY])
    except (KeyError, TypeError, ValueError):
        return None

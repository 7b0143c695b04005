"""The sessions of the desk: Django's, with the account as a column.

So their owner can see them and end them (alarmroom/desk/signing_in/sessions.py).
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models


class Session(AbstractBaseSession):
    """A session of one browser. `account` is the key of who is signed in, if somebody is."""

    account = models.BigIntegerField(null=True, db_index=True)

    secret_fields = ("session_key", "session_data")

    class Meta(AbstractBaseSession.Meta):
        default_permissions = ()

    @classmethod
    def get_session_store_class(cls) -> Any:
        return import_module(settings.SESSION_ENGINE).SessionStore

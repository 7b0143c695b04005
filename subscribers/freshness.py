"""Drops every kept page when a free resource changes: the sign-up box on each page lists them.

It is a signal because the admin also deletes in bulk and edits positions in its list.
"""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from alarmroom import kept
from subscribers.models import Resource


@receiver([post_save, post_delete], sender=Resource)
def resources_changed(**_: Any) -> None:
    kept.drop("resources")

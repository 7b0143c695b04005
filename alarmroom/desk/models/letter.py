"""Mails that the desk owes to accounts: rows first, so that none is lost and none waits for."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone


class LetterQuerySet(models.QuerySet["Letter"]):
    def due(self) -> Self:
        """Those that should be sent now, and that no worker has leased."""
        return self.filter(state=Letter.State.QUEUED, due_at__lte=timezone.now())


class Letter(models.Model):
    """A mail to somebody of the desk; alarmroom/desk/letters.py sends it, with retries."""

    class State(models.TextChoices):
        QUEUED = "queued", "queued"
        SENT = "sent", "sent"
        FAILED = "failed", "failed"
        SKIPPED = "skipped", "skipped"

    to = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    # What it is about: the same letter is owed only once.
    key = models.CharField(max_length=100, unique=True)
    # What the templates email/desk_note.* show.
    context: models.JSONField[Any, Any] = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    made_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True, default="")

    objects = LetterQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["due_at"], name="letter_due", condition=models.Q(state="queued")),
        ]

    def __str__(self) -> str:
        return f"{self.key}, {self.state}"

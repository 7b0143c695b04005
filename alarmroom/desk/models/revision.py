"""Revisions: an object of the desk as it was at each deliberate save, publish and restore."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

LONGEST_NOTE = 300  # characters


class RevisionQuerySet(models.QuerySet["Revision"]):
    def of(self, thing: models.Model) -> Self:
        """The revisions of an object."""
        return self.filter(
            content_type=ContentType.objects.get_for_model(thing), object_id=thing.pk
        )

    def newest_first(self) -> Self:
        return self.order_by("-at", "-pk")


class Revision(models.Model):
    """The whole of an object at one moment: its fields, its topics, its rows (see content.py)."""

    class Kind(models.TextChoices):
        SAVED = "saved", "Saved"
        SCHEDULED = "scheduled", "Scheduled"
        PUBLISHED = "published", "Published"
        UPDATED = "updated", "Updated"
        CORRECTED = "corrected", "Corrected"
        WITHDRAWN = "withdrawn", "Withdrawn"
        RESTORED = "restored", "Restored"
        # Not saved on the desk: as the object was found when its first revision was made.
        FOUND = "found", "As it was before"

    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=9, choices=Kind, default=Kind.SAVED)
    note = models.CharField(max_length=LONGEST_NOTE, blank=True, default="")
    content: models.JSONField[Any, Any] = models.JSONField()
    # Changes of what readers see that wait for "Update article". At most one revision of an
    # object waits: the newest.
    waits = models.BooleanField(default=False)
    # The key of the form by which the object was made: the same form, sent again from the
    # browser's history, changes that object and makes no second one.
    form_key = models.CharField(max_length=40, blank=True, default="")

    objects = RevisionQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["content_type", "object_id", "-at", "-id"], name="revision_newest"
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "object_id"],
                condition=models.Q(waits=True),
                name="revision_one_waits",
            ),
            models.UniqueConstraint(
                fields=["form_key"], condition=~models.Q(form_key=""), name="revision_form_key_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {timezone.localtime(self.at):%Y-%m-%d %H:%M}"

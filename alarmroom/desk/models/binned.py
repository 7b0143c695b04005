"""The bin: what was deleted on the desk, and can be restored."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

KEPT = timedelta(days=30)


class BinnedQuerySet(models.QuerySet["Binned"]):
    def of(self, model: type[models.Model], object_id: Any) -> Self:
        """What is in the bin of one object: one row or none."""
        return self.filter(
            content_type=ContentType.objects.get_for_model(model), object_id=object_id
        )

    def outdated(self, now: datetime | None = None) -> Self:
        """What has been in the bin for so long that it is deleted for ever, the oldest first."""
        return self.filter(at__lte=(now or timezone.now()) - KEPT).order_by("at", "pk")

    def for_listing(self) -> Self:
        """Newest first, without the long rows."""
        return self.select_related("by", "content_type").defer("rows").order_by("-at", "-pk")


class Binned(models.Model):
    """An object that was moved to the bin, with everything that was deleted with it.

    Its rows have left their tables, so no query and no constraint of the site sees them. They
    keep their primary keys: no other row gets these, so revisions fit again after a restore.
    """

    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField()
    title = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Whose it was, of an object that has an owner: who may not see all sees their own.
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # The same for all that was moved by one click: one click undoes it.
    act = models.UUIDField(default=uuid.uuid4, db_index=True)
    # The object, and then what was deleted with it, in an order in which it can be stored again:
    # {"model", "pk", "fields", "names": of what it refers to}.
    rows: models.JSONField[Any, Any] = models.JSONField()
    # What referred to it and stayed, as a cover does: {"model", "pk", "field"}.
    referrers: models.JSONField[Any, Any] = models.JSONField(default=list)
    # What went with it, in sentences: {"named", "plain", "about": the label of a model}.
    along: models.JSONField[Any, Any] = models.JSONField(default=list)

    objects = BinnedQuerySet.as_manager()

    class Meta:
        verbose_name = "binned object"
        default_permissions = ()
        permissions = [("empty_bin", "Can delete for ever what is in the bin")]
        indexes = [models.Index(fields=["-at", "-id"], name="binned_newest")]
        constraints = [
            models.UniqueConstraint(fields=["content_type", "object_id"], name="binned_once")
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def until(self) -> datetime:
        """When it is deleted for ever."""
        return self.at + KEPT

"""Working copies: what somebody has typed into a form and not saved yet."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models

NEW = 0  # The object_id of a copy of something that was never saved.


class WorkingCopyQuerySet(models.QuerySet["WorkingCopy"]):
    def of(self, model: type[models.Model], object_id: int) -> Self:
        """The copies of one object; with NEW, those of forms for a new one."""
        return self.filter(
            content_type=ContentType.objects.get_for_model(model), object_id=object_id
        )

    def open(self) -> Self:
        """The copies that were neither saved nor set aside."""
        return self.filter(settled_at=None, set_aside_at=None)


class WorkingCopy(models.Model):
    """A whole form as it stands in one tab of one person, stored while they type.

    It never changes the object. Saving settles it; a person may also set it aside, and it is
    kept for 30 days then.
    """

    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField(default=NEW)
    # Null when the account is gone: the words stay.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    # Made by the browser for each time that it loads the form.
    tab = models.CharField(max_length=40)
    # Of each change in a tab, rising: a request that arrives late changes nothing.
    number = models.PositiveBigIntegerField(default=0)
    # [name, value] of each field, in order, as the form sends them. What is in it is anything.
    data: models.JSONField[Any, Any] = models.JSONField(default=list)
    # The signed content on which the form was based (alarmroom/desk/content.py).
    base = models.TextField(blank=True, default="")
    made_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    set_aside_at = models.DateTimeField(null=True, blank=True)
    settled_at = models.DateTimeField(null=True, blank=True)
    # Of a copy of something new: the object that was made of it.
    saved_as = models.PositiveBigIntegerField(null=True, blank=True)

    objects = WorkingCopyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "working copies"
        indexes = [
            models.Index(fields=["by", "-changed_at"], name="working_copy_newest"),
            models.Index(fields=["settled_at"], name="working_copy_settled"),
            models.Index(fields=["set_aside_at"], name="working_copy_set_aside"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["content_type", "object_id", "by", "tab"], name="working_copy_of_one_tab"
            )
        ]

    def __str__(self) -> str:
        return f"{self.content_type} {self.object_id or 'new'}, {self.by}, {self.tab}"

"""The log of the desk: who did what that readers see, or that cannot be undone."""

from __future__ import annotations

from typing import Any, NoReturn, Self

from django.db import models
from django.utils import timezone

LONGEST_NAME = 150  # characters
LONGEST_LABEL = 200
LONGEST_DETAIL = 500


class NeverChanged(Exception):
    """Somebody tried to change or delete what was logged."""


class ActQuerySet(models.QuerySet["Act"]):
    def update(self, **kwargs: Any) -> NoReturn:
        raise NeverChanged

    def delete(self) -> NoReturn:
        raise NeverChanged

    def newest_first(self) -> Self:
        return self.order_by("-pk")


class Act(models.Model):
    """One line of the log. It is never changed and never deleted, by the database's own word.

    So nothing here refers to another row: the name stays when the account goes, and the title
    when the article goes.
    """

    class Kind(models.TextChoices):
        PUBLISHED = "published", "Published"
        UPDATED = "updated", "Updated"
        SCHEDULED = "scheduled", "Scheduled"
        UNSCHEDULED = "unscheduled", "Ended the schedule"
        CORRECTED = "corrected", "Corrected"
        WITHDRAWN = "withdrawn", "Withdrew"
        OVERRODE = "overrode", "Overrode checks"
        SHARED = "shared", "Made a link to a draft"
        UNSHARED = "unshared", "Revoked a link to a draft"
        SENT = "sent", "Sent"
        PAUSED = "paused", "Paused"
        RESUMED = "resumed", "Resumed"
        CANCELLED = "cancelled", "Cancelled"
        EXPORTED = "exported", "Exported"
        IMPORTED = "imported", "Imported"
        BINNED = "binned", "Moved to the bin"
        RESTORED = "restored", "Restored from the bin"
        DELETED = "deleted", "Deleted for ever"
        SIGNED_IN = "signed_in", "Signed in"
        FAILED = "failed", "Failed to sign in"
        LOCKED = "locked", "Was locked out"
        FACTOR_SET = "factor_set", "Set up a second factor"
        FACTOR_REMOVED = "factor_removed", "Removed a second factor"
        RECOVERY_CODES = "recovery_codes", "Made new recovery codes"
        PASSWORD = "password", "Changed a password"
        SESSIONS = "sessions", "Ended sessions"
        ROLE_GIVEN = "role_given", "Gave a role"
        ROLE_TAKEN = "role_taken", "Took a role"
        SETTINGS = "settings", "Changed a setting"

    at = models.DateTimeField(default=timezone.now, editable=False)
    kind = models.CharField(max_length=20, choices=Kind)
    # The key of the account, without a constraint; None for what the site did by itself.
    account = models.BigIntegerField(null=True)
    name = models.CharField(max_length=LONGEST_NAME, blank=True)
    # What it was done to: the label of its model ("posts.post"), its key, and how it was called.
    model = models.CharField(max_length=100, blank=True)
    object_id = models.CharField(max_length=40, blank=True)
    label = models.CharField(max_length=LONGEST_LABEL, blank=True)
    detail = models.CharField(max_length=LONGEST_DETAIL, blank=True)

    objects = ActQuerySet.as_manager()

    class Meta:
        verbose_name = "line of the log"
        default_permissions = ()
        permissions = [("read_log", "Can read who did what")]
        indexes = [
            models.Index(fields=["account", "-id"], name="act_by_account"),
            models.Index(fields=["kind", "-id"], name="act_by_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.name or 'The site'}: {self.get_kind_display()} {self.label}".strip()

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise NeverChanged
        super().save(*args, **{**kwargs, "force_insert": True})

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NeverChanged

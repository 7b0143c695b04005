"""Links that show an article's draft to somebody who has no account."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from alarmroom.desk.binnable import GoesAlong
from posts.models.article import Post
from posts.models.fields import PlainCharField

# A flood of requests writes no more than once in this time, and never past this number.
COUNT_EVERY = dt.timedelta(seconds=1)
MOST_COUNTED = 99_999
# So that a list of them can be read, and a lost account hands out only so many.
MOST_OPEN = 20


class DraftLinkQuerySet(models.QuerySet["DraftLink"]):
    def open(self, now: dt.datetime | None = None) -> Self:
        """Those that still show something: not revoked, not expired, their maker's account open."""
        return self.filter(
            revoked_at=None, expires_at__gt=now or timezone.now(), made_by__is_active=True
        )

    def of_token(self, token: str) -> Self:
        return self.filter(digest=digest_of(token))


class DraftLink(GoesAlong):
    """A link to one article's newest saved text, until it expires or is revoked.

    The token is in no row, only its SHA-256: who reads the database can open no draft. It goes to
    the bin with its article, and leads nowhere meanwhile.
    """

    post = models.ForeignKey(Post, models.CASCADE, related_name="draft_links")
    digest = models.CharField(max_length=64, unique=True)
    # Null when the account is gone: the link is closed then, and the list still tells of it.
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    for_whom = PlainCharField(max_length=80, blank=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    opened = models.PositiveIntegerField(default=0)
    last_opened_at = models.DateTimeField(null=True)

    objects = DraftLinkQuerySet.as_manager()

    secret_fields = ("digest",)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="draft_link_expires", condition=Q(expires_at__gt=F("made_at"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.post_id}, until {self.expires_at:%Y-%m-%d %H:%M}"

    @property
    def is_expired(self) -> bool:
        return self.expires_at <= timezone.now()

    @property
    def is_open(self) -> bool:
        return (
            self.revoked_at is None
            and not self.is_expired
            and self.made_by is not None
            and self.made_by.is_active
        )

    def revoke(self) -> bool:
        """Close it for good. Return whether that changed anything."""
        rows = DraftLink.objects.filter(pk=self.pk, revoked_at=None)
        return bool(rows.update(revoked_at=timezone.now()))

    def count(self) -> None:
        """Count that it was opened. Requests at the same moment may count as one."""
        now = timezone.now()
        DraftLink.objects.filter(
            Q(last_opened_at=None) | Q(last_opened_at__lte=now - COUNT_EVERY),
            pk=self.pk,
            opened__lt=MOST_COUNTED,
        ).update(opened=F("opened") + 1, last_opened_at=now)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

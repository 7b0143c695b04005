"""Reviews: an article that somebody submitted, and what was decided about it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from posts.models.article import Post
from posts.models.fields import PlainTextField

if TYPE_CHECKING:
    from datetime import datetime

LONGEST_NOTE = 2_000  # characters


class ReviewQuerySet(models.QuerySet["Review"]):
    def open(self) -> Self:
        """Those about which nobody has decided."""
        return self.filter(verdict="")

    def newest_first(self) -> Self:
        return self.order_by("-submitted_at", "-pk")


class Review(models.Model):
    """A request to look at an article before it is published; at most one of an article is open.

    It changes nothing of the article: whoever may publish decides that by publishing.
    """

    class Verdict(models.TextChoices):
        OPEN = "", "In review"
        APPROVED = "approved", "Approved"
        CHANGES = "changes", "Changes asked for"
        TAKEN_BACK = "taken_back", "Taken back"
        PUBLISHED = "published", "Published"

    post = models.ForeignKey(Post, models.CASCADE, related_name="reviews")
    submitted_at = models.DateTimeField(default=timezone.now)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+"
    )
    note = PlainTextField(blank=True, default="", longest=LONGEST_NOTE)
    wished_for = models.DateField(
        null=True, blank=True, help_text="The day on which the writer would like it published."
    )
    verdict = models.CharField(max_length=10, choices=Verdict, default="", blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    answer = PlainTextField(blank=True, default="", longest=LONGEST_NOTE)

    objects = ReviewQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["post"], condition=models.Q(verdict=""), name="review_one_is_open"
            ),
            models.CheckConstraint(
                condition=models.Q(verdict="", decided_at=None)
                | (~models.Q(verdict="") & models.Q(decided_at__isnull=False)),
                name="review_decided_at_its_verdict",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_verdict_display()}, {self.post_id}"

    @property
    def is_open(self) -> bool:
        return not self.verdict

    @property
    def wished_at(self) -> datetime | None:
        """The end of the day that is wished for, in the site's time zone."""
        if self.wished_for is None:
            return None
        return timezone.make_aware(dt.datetime.combine(self.wished_for, dt.time(23, 59)))

    @property
    def last_word(self) -> datetime:
        return self.decided_at or self.submitted_at

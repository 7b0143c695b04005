"""Corrections: what an article said wrongly, told to its readers with the date."""

from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from alarmroom.desk.binnable import GoesAlong
from posts.models.article import Post
from posts.models.fields import PlainTextField

LONGEST_CORRECTION = 600  # characters
LONGEST_KEY = 32
MOST_CORRECTIONS = 50  # of one article: its page and each feed show all of them


class CorrectionQuerySet(models.QuerySet["Correction"]):
    def shown(self) -> Self:
        """Those that readers of a published article see, in the order of their dates."""
        return self.filter(taken_back_at=None).order_by("at", "pk")


class Correction(GoesAlong):
    """A notice that an article was wrong, and what is right. It goes to the bin with its article.

    One that was a slip is taken back: readers no longer see it, and the desk still does.
    """

    post = models.ForeignKey(Post, models.CASCADE, related_name="corrections")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    text = PlainTextField(longest=LONGEST_CORRECTION)
    taken_back_at = models.DateTimeField(null=True, blank=True)
    # Of the form that was shown: sent twice, it makes one correction.
    key = models.CharField(max_length=LONGEST_KEY)

    objects = CorrectionQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["post", "key"], name="correction_form_once"),
            models.CheckConstraint(name="correction_says_what", condition=~models.Q(text="")),
        ]

    def __str__(self) -> str:
        return self.text[:60]

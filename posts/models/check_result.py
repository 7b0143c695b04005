"""What the checks found in an article when they last looked."""

from __future__ import annotations

from typing import Self

from django.db import models

from posts.models.article import Post


class CheckResultQuerySet(models.QuerySet["CheckResult"]):
    def failing(self) -> Self:
        """Those of published articles in which something has to be fixed, the worst first."""
        return self.filter(
            errors__gt=0, post__in=Post.objects.published().order_by().values("pk")
        ).order_by("-errors", "post")


class CheckResult(models.Model):
    """How many errors and warnings the checks found in an article, and the first error.

    posts/checks/weekly.py writes it.
    """

    # Not kept in the bin: an article that is published again is checked again.
    made_again = True

    post = models.OneToOneField(Post, models.CASCADE, related_name="check_result")
    checked_at = models.DateTimeField(db_index=True)
    errors = models.PositiveIntegerField(default=0)
    warnings = models.PositiveIntegerField(default=0)
    first = models.TextField(blank=True, default="", help_text="The first error, in a sentence.")

    objects = CheckResultQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.post_id}: {self.errors} to fix, {self.warnings} to look at"

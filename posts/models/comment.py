"""Comments of the desk on an article, each on one of its paragraphs or on the whole."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from posts.models.article import Post
from posts.models.fields import PlainCharField, PlainTextField

LONGEST_COMMENT = 2_000  # characters
LONGEST_QUOTE = 300


class CommentQuerySet(models.QuerySet["Comment"]):
    def threads(self) -> Self:
        """The first comments; each may have answers."""
        return self.filter(thread=None)

    def open(self) -> Self:
        """What is not resolved; an answer counts as its thread."""
        return self.filter(resolved_at=None).exclude(thread__resolved_at__isnull=False)

    def naming(self, user: Any) -> Self:
        """What names an account and is not resolved, the newest first; with its article.

        Ask posts.models.access.may_see() of each article before it is shown.
        """
        return (
            self.open()
            .filter(named=user.pk)
            .select_related("post", "by")
            .defer("post__body", "post__body_served")
            .order_by("-at", "-pk")
        )


class Comment(models.Model):
    """What somebody says about a paragraph, or an answer to that. Plain text; never for readers.

    It keeps the beginning of its paragraph and where that stood, so that it finds the paragraph
    again after changes, and can say what it was about when the paragraph is gone.
    """

    post = models.ForeignKey(Post, models.CASCADE, related_name="comments")
    thread = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="answers"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    text = PlainTextField(longest=LONGEST_COMMENT)
    quote = PlainCharField(max_length=LONGEST_QUOTE, blank=True, default="")
    place = models.PositiveIntegerField(null=True, blank=True)
    named = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="+", blank=True)
    resolved_at = models.DateTimeField(null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects = CommentQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return self.text[:60]

"""What is sent of an issue, frozen at its start."""

from __future__ import annotations

import hashlib

from django.db import models, transaction
from django.utils import timezone

from newsletter.models.issue import Issue
from posts.models.body import images_in
from posts.models.picture_use import note_uses


class Content(models.Model):
    """The rendered issue, frozen when it was started. Exactly these bytes are sent.

    `mime` is the finished message, with a token in each place that differs between recipients
    (see newsletter/mail/rendering.py); `sha256` is its hash in hex.
    """

    issue = models.OneToOneField(Issue, models.CASCADE, related_name="content")
    mime = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    web_html = models.TextField(help_text="The web edition: no personal links.")
    text = models.TextField()
    frozen_at = models.DateTimeField(default=timezone.now)
    pictures_noted = models.BooleanField(
        default=False,
        editable=False,
        db_index=True,
        help_text="Whether rows say which pictures it shows (posts/models/picture_use.py).",
    )

    def __str__(self) -> str:
        return f"{self.issue}, frozen"

    @classmethod
    def note_pictures(cls, limit: int = 20) -> int:
        """Store which pictures contents show that have no rows of it yet; return how many.

        For the tick. It may run at any time, and twice: what is frozen never changes.
        """
        due = list(cls.objects.filter(pictures_noted=False).order_by("pk").values("pk")[:limit])
        for row in due:
            with transaction.atomic():
                found = cls.objects.select_for_update(of=("self",)).defer("mime", "text")
                content = found.select_related("issue").filter(**row).first()
                if content is None:
                    continue
                note_uses(content.issue, images_in(content.web_html).values())
                cls.objects.filter(pk=content.pk).update(pictures_noted=True)
        return len(due)

    @property
    def is_intact(self) -> bool:
        """Whether the bytes are still those that were frozen."""
        return hashlib.sha256(self.mime).hexdigest() == self.sha256

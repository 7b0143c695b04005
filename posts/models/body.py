"""What has a text from the editor, and beside it what readers get of that.

What the editor wrote stays in `body`, clean and small. Beside it stands `body_served`: the
same text after the steps of posts/text/body.py. `served_of` says of which body, and by which
VERSION of the steps. So a body that came in past `save()` is noticed: it is finished anew at
each reading, until serve_due() (posts/finishing.py) has stored it.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.dispatch import Signal
from django.utils.safestring import SafeString, mark_safe

from posts.models.image import Image
from posts.text import html
from posts.text.body import Served, fingerprint, finish, pictures_of

# Sent with the `pk` when a finished body is stored by update(), for which Django sends no signal.
served_body_changes = Signal()

# A database takes so many values in one query, and not many more.
_AT_ONCE = 1_000


def images_in(body: str) -> dict[str, Image]:
    """Return our own pictures of a body, by the name of their file; a query for a thousand."""
    names = sorted(pictures_of(body))
    found: dict[str, Image] = {}
    for start in range(0, len(names), _AT_ONCE):
        for image in Image.objects.filter(file__in=names[start : start + _AT_ONCE]):
            found[str(image.file.name)] = image
    return found


def serve(body: str) -> Served:
    """Return a clean body as readers get it. One query, if there are pictures in it."""
    return finish(body, images_in(body))


class WithBodyQuerySet[Thing: models.Model](models.QuerySet[Thing]):
    def update(self, **kwargs: Any) -> int:
        # What is stored of the old body counts no more, and serve_due() is told.
        if "body" in kwargs:
            kwargs.setdefault("served_of", "")
        return super().update(**kwargs)


class WithBody(models.Model):
    """Something with a text from the editor, and beside it what readers get of that."""

    body: models.TextField[Any, Any]
    body_served = models.TextField(default="", blank=True, editable=False)
    served_of = models.CharField(
        max_length=40, default="", blank=True, editable=False, db_index=True
    )

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        saved = "body" not in self.get_deferred_fields() if fields is None else "body" in fields
        if saved:
            self.body = html.clean(self.body)
            if self.served_of != fingerprint(self.body):
                served = serve(self.body)
                self.body_served, self.served_of = served.html, served.made_of
                if fields is not None:
                    kwargs["update_fields"] = {*fields, "body_served", "served_of"}
        super().save(*args, **kwargs)

    @classmethod
    def read_from(cls, body: str) -> dict[str, Any]:
        """Return what other fields say of a body, such as how long it takes to read."""
        return {}

    @property
    def body_html(self) -> SafeString:
        """The body as readers get it: as stored, or made now if that is of another body."""
        if self.served_of == fingerprint(self.body):
            return mark_safe(self.body_served)  # noqa: S308  (made of a clean body)
        return mark_safe(serve(html.clean(self.body)).html)  # noqa: S308  (cleaned here)

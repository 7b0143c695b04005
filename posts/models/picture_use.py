"""Which texts show which picture of the library, so that nothing has to read every text for that.

The rows of an article or page are written with its finished text: by its own save(), or, where
its body came in past that, by serve_due() (posts/finishing.py). So a text whose `served_of` is of
the present VERSION has its rows; the others are searched by `body`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

from posts.models.image import Image


class PictureUse(models.Model):
    """A text shows a picture. Covers and photos are keys of their own, and have no row here."""

    # Not kept in the bin: a text that comes back writes its rows again.
    made_again = True

    image = models.ForeignKey(Image, models.CASCADE, related_name="uses", db_index=False)
    content_type = models.ForeignKey(ContentType, models.CASCADE, related_name="+")
    object_id = models.PositiveBigIntegerField()
    thing = GenericForeignKey()

    class Meta:
        constraints = [
            # It also serves as the index by picture.
            models.UniqueConstraint(
                fields=["image", "content_type", "object_id"], name="picture_use_once"
            )
        ]
        indexes = [models.Index(fields=["content_type", "object_id"], name="picture_use_of_text")]

    def __str__(self) -> str:
        return f"{self.image_id} in {self.content_type_id}/{self.object_id}"


def note_uses(thing: models.Model, images: Iterable[Image]) -> None:
    """Store which pictures a text shows. Within the transaction that locks or saves the text."""
    kind = ContentType.objects.get_for_model(thing)
    rows = PictureUse.objects.filter(content_type=kind, object_id=thing.pk)
    shown = {image.pk for image in images}
    stored = set(rows.values_list("image_id", flat=True))
    if gone := stored - shown:
        rows.filter(image__in=gone).delete()
    if new := shown - stored:
        # Whoever moves one of them to the bin at the same time waits, or has done it already.
        there = Image.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=new)
        PictureUse.objects.bulk_create(
            (
                PictureUse(image_id=pk, content_type=kind, object_id=thing.pk)
                for pk in there.order_by("pk").values_list("pk", flat=True)
            ),
            ignore_conflicts=True,
        )


def users_of(image: Image, model: type[models.Model]) -> models.QuerySet[Any]:
    """Return the keys of the objects of a model whose text shows a picture, by the rows."""
    kind = ContentType.objects.get_for_model(model)
    return PictureUse.objects.filter(image=image, content_type=kind).values("object_id")

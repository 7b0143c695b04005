"""What has a text from the editor, and beside it what readers get of that.

What the editor wrote stays in `body`, clean and small. Beside it stands `body_served`: the
same text after the steps of posts/text/body.py. `served_of` says of which body, and by which
VERSION of the steps. So a body that came in past `save()` is noticed: it is finished anew at
each reading, until serve_due() (posts/finishing.py) has stored it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.contenttypes.fields import GenericRelation
from django.db import models, transaction
from django.dispatch import Signal
from django.utils.safestring import SafeString, mark_safe

from posts.models.image import CAME_BACK, NAMED_IN, FormerFile, Image
from posts.models.own_links import addresses_of
from posts.models.picture_use import PictureUse, note_uses, users_of
from posts.text import html
from posts.text.body import VERSIONS, Served, fingerprint, finish, pictures_of
from posts.text.own_links import goals_in

# Sent with the `pk` when a finished body is stored by update(), for which Django sends no signal.
served_body_changes = Signal()

# A database takes so many values in one query, and not many more.
_AT_ONCE = 1_000


def images_in(body: str) -> dict[str, Image]:
    """Return our own pictures of a body, by the name of the file that the body shows.

    A query for a thousand, and one more for those that have another file by now.
    """
    names = sorted(pictures_of(body))
    found: dict[str, Image] = {}
    for start in range(0, len(names), _AT_ONCE):
        for image in Image.objects.filter(file__in=names[start : start + _AT_ONCE]):
            found[str(image.file.name)] = image
    others = [name for name in names if name not in found]
    for start in range(0, len(others), _AT_ONCE):
        former = FormerFile.objects.filter(name__in=others[start : start + _AT_ONCE])
        found |= {each.name: each.image for each in former.select_related("image")}
    return found


def serve(body: str) -> Served:
    """Return a clean body as readers get it.

    One query if there are pictures in it, and one or two if it links to articles and pages by
    their numbers.
    """
    return finish(body, images_in(body), addresses_of(goals_in(body)))


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
    picture_uses = GenericRelation(PictureUse)  # Deletes them with the text.

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        fields = kwargs.get("update_fields")
        saved = "body" not in self.get_deferred_fields() if fields is None else "body" in fields
        images = None
        if saved:
            self.body = html.clean(self.body)
            if self.served_of != fingerprint(self.body):
                served = serve(self.body)
                images = served.images
                self.body_served, self.served_of = served.html, served.made_of
                if fields is not None:
                    kwargs["update_fields"] = {*fields, "body_served", "served_of"}
            elif self._state.adding:
                images = images_in(self.body)  # It comes back from the bin.
        is_new = self._state.adding
        # Together, so that of two saves at once the rows are of the text that stays.
        with transaction.atomic(savepoint=False):
            super().save(*args, **kwargs)
            if images or (images is not None and not is_new):
                note_uses(self, images.values())

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


def _texts() -> Iterable[Any]:
    for model in WithBody.__subclasses__():
        texts: Any = model._default_manager
        yield texts.defer("body", "body_served")


def _naming(image: Image) -> models.Q:
    """The condition of a body that names a picture; the database reads every text for it.

    A file's name is made of its hash, so no text contains it by chance.
    """
    named = models.Q()
    for name in image.file_names():
        named |= models.Q(body__contains=name)
    return named


def texts_with(image: Image) -> list[WithBody]:
    """Return the texts that show a picture, without the text itself.

    By their rows. Those that are not finished yet, mostly none, are searched.
    """
    found: list[WithBody] = []
    for texts in _texts():
        due = texts.exclude(served_of__startswith=VERSIONS).filter(_naming(image))
        found += dict.fromkeys([*texts.filter(pk__in=users_of(image, texts.model)), *due])
    return found


def is_named(image: Image) -> bool:
    """Return whether a text names a picture that the library does not have, as in the bin."""
    return any(texts.filter(_naming(image)).exists() for texts in _texts())


def finish_again(image: Image) -> list[WithBody]:
    """Let every text that shows a picture be finished anew; return them."""
    found = texts_with(image)
    for text in found:
        # By Django's update(): the model's own would drop pages that stay as they are.
        models.QuerySet(type(text)).filter(pk=text.pk).update(served_of="")
    return found


def find_again(image: Image) -> None:
    """Let texts that name a picture, which comes back from the bin, be finished anew."""
    for texts in _texts():
        models.QuerySet(texts.model).filter(_naming(image)).update(served_of="")


CAME_BACK.append(find_again)
NAMED_IN.append(is_named)

"""The finished body: what readers get of a text, made once when it is saved.

What the editor wrote stays in `body`, clean and small. Beside it stands `body_served`: the
same text after the steps below. `served_of` says of which body, and by which VERSION of the
steps, so a body that came in past `save()` is noticed: it is served correctly at once, made
anew at each reading, and the next `serve_due()` stores it.
"""

from __future__ import annotations

import hashlib
import logging
import re
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from django.apps import apps
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.dispatch import Signal
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from PIL import Image as Pillow

from posts.models.image import Image
from posts.pictures import element as pictures
from posts.pictures import places
from posts.pictures.renditions import RECIPE, small_copy
from posts.text import html
from posts.text.structure import linked, structured

logger = logging.getLogger(__name__)

# Sent with the `pk` by serve_due(), which writes by update(): Django sends no signal for that.
served_body_changes = Signal()

# To be raised whenever a step makes something else of the same body.
VERSION = 6
_VERSIONS = f"{VERSION}.{RECIPE}:"

# A database takes so many values in one query, and not many more.
_AT_ONCE = 1_000
_OF_THE_BODY = frozenset({"body", "body_served", "served_of"})

# As nh3 writes them: lower case, double quotes, no bare angle bracket in an attribute.
_ATTRIBUTES = r'(?: [a-z-]+="[^"]*")'
_PICTURES = re.compile(rf"<(figure)({_ATTRIBUTES}*)>|<(/figure)>|<img({_ATTRIBUTES}+)>")
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
# So many pictures of a text come in several copies: each is as long as a page of text then.
MOST_PICTURES = 500


@dataclass(frozen=True)
class Served:
    """A finished body, and what it was made of: empty while a picture waits for its copies."""

    html: str
    made_of: str


def fingerprint(body: str) -> str:
    """Return what `served_of` says of a body that these steps finished."""
    return f"{_VERSIONS}{hashlib.sha256(body.encode()).hexdigest()[:32]}"


def serve(body: str) -> Served:
    """Return a clean body as readers get it. One query, if there are pictures in it."""
    images = images_in(body)
    finished = with_pictures(structured(body), images)
    waits = any(
        image.renditions_due_at and image.renditions.get("recipe") != RECIPE
        for image in images.values()
    )
    return Served(finished, "" if waits else fingerprint(body))


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


def serve_due(seconds: float = 5) -> int:
    """Finish the bodies that are not of today's making; return how many were stored.

    Those are: written past `save()`, of an older VERSION, or with a picture that was waiting
    for its copies. Each is cleaned first, and what was cleaned is stored with what was made of
    it. Goes on for so many seconds at most. Safe at any time, and twice.
    """
    stored = 0
    until = time.monotonic() + seconds
    for model in apps.get_app_config("posts").get_models():
        if not issubclass(model, WithBody):
            continue
        things: Any = model._default_manager
        due = things.exclude(served_of__startswith=_VERSIONS).order_by()
        for pk in list(due.values_list("pk", flat=True)):
            if time.monotonic() > until:
                break
            read = model.read_from("").keys()
            thing = things.filter(pk=pk).only("body", "body_served", "served_of", *read).first()
            if thing is None:
                continue
            body = html.clean(thing.body)
            served = serve(body)
            made = {
                "body": body,
                "body_served": served.html,
                "served_of": served.made_of,
                **model.read_from(body),
            }
            changed = {name: made[name] for name in made if made[name] != getattr(thing, name)}
            if changed:
                stored += _store(things, pk, thing.body, changed)
    return stored


def _store(things: Any, pk: int, read: str, changed: dict[str, Any]) -> int:
    """Store what was made of a body if that is still the one that was read; return how many."""
    finished = {name: value for name, value in changed.items() if name in _OF_THE_BODY}
    others = {name: value for name, value in changed.items() if name not in _OF_THE_BODY}
    with transaction.atomic():
        # Compared here, and not by a filter: the field would clean what it compares with, and
        # never find a text that is not clean.
        row = things.filter(pk=pk).select_for_update().values_list("body", flat=True).first()
        if row != read:
            return 0  # An editor has saved another one since.
        # Not by its own update(), for which a new body is one that is not finished yet.
        if finished:
            models.QuerySet(things.model).filter(pk=pk).update(**finished)
        # By its own, for more pages show these.
        if others:
            things.filter(pk=pk).update(**others)
        served_body_changes.send(things.model, pk=pk)
    return 1


# Pictures


def images_in(body: str) -> dict[str, Image]:
    """Return our own pictures of a body, by the name of their file; a query for a thousand."""
    if "<img " not in body:
        return {}
    attributes = (match[4] for match in _PICTURES.finditer(body) if match[4])
    files = {_file_name(dict(_ATTRIBUTE.findall(each))) for each in attributes}
    names = sorted(files - {""})
    images = apps.get_model("posts", "Image")._default_manager
    found: dict[str, Image] = {}
    for start in range(0, len(names), _AT_ONCE):
        for image in images.filter(file__in=names[start : start + _AT_ONCE]):
            found[str(image.file.name)] = image
    return found


def _file_name(attributes: dict[str, str]) -> str:
    """Return the file that an `<img>` of ours shows, relative to the media; else empty."""
    address = attributes.get("src", "").removeprefix(settings.SITE_URL)
    media = default_storage.url("")
    return unquote(urlsplit(address.removeprefix(media)).path) if address.startswith(media) else ""


def with_pictures(body: str, images: dict[str, Image]) -> str:
    """Return the body with our pictures in every width, and all of them lazy and measured.

    A picture of another site is not measured; our policy lets no browser load it.
    """
    wide = False
    count = 0
    measured: dict[str, str] = {}

    def replaced(match: re.Match[str]) -> str:
        nonlocal wide, count
        if match[1] or match[3]:
            wide = "wide" in dict(_ATTRIBUTE.findall(match[2] or "")).get("class", "").split()
            return match[0]
        attributes = dict(_ATTRIBUTE.findall(match[4]))
        name = _file_name(attributes)
        image = images.get(name)
        count += 1
        if image is None or count > MOST_PICTURES:
            # Not in the library: an import may have put the file there by itself.
            if match[4] not in measured:
                measured[match[4]] = _measured(match[4], name)
            return f"<img{measured[match[4]]}{pictures.WHEN_NEAR}>"
        width, height = _display_size(image.width, image.height, attributes)
        return pictures.markup(
            image,
            places.WIDE if wide else places.COLUMN,
            # Escaped by nh3 already, in the one way that `markup` escapes.
            alt=attributes.get("alt", ""),
            escaped=True,
            width=width,
            height=height,
        )

    return _PICTURES.sub(replaced, body)


def alone(body: str, images: dict[str, Image], *, width: int) -> str:
    """Return a clean body for programs that have neither our style sheet nor our scripts.

    With its footnotes, and with one copy of each picture, about `width` (px) wide at most.
    """

    def replaced(match: re.Match[str]) -> str:
        attributes = dict(_ATTRIBUTE.findall(match[4] or ""))
        image = images.get(_file_name(attributes))
        if image is None:
            return match[0]
        copy = small_copy(image, width)
        shown = min(copy.width, _display_size(image.width, image.height, attributes)[0])
        return (
            f'<img src="{escape(copy.url)}" alt="{attributes.get("alt", "")}" width="{shown}"'
            f' height="{max(1, round(shown * image.height / image.width))}">'
        )

    return _PICTURES.sub(replaced, linked(body))


def _measured(attributes: str, name: str) -> str:
    """Return the attributes of an `<img>` with its width and height, if we have its file."""
    given = dict(_ATTRIBUTE.findall(attributes))
    if not name or given.keys() >= {"width", "height"}:
        return attributes
    try:
        with default_storage.open(name) as file, Pillow.open(file) as picture:
            width, height = _display_size(*picture.size, given)
    # Pillow's decoders answer broken files with whatever they stumbled over.
    except Exception:
        logger.warning("The file of a picture in a text cannot be read: %s", name)
        return attributes
    others = "".join(
        f' {key}="{value}"' for key, value in given.items() if key not in {"width", "height"}
    )
    return f'{others} width="{width}" height="{height}"'


def _display_size(own_width: int, own_height: int, attributes: dict[str, str]) -> tuple[int, int]:
    """Return how large a picture stands in the text (px): as the editor pulled it, or whole."""
    width, height = (int(attributes.get(side, 0) or 0) for side in ("width", "height"))
    if not width:
        width = round(height * own_width / own_height) if height else own_width
    return max(1, width), max(1, round(width * own_height / own_width))

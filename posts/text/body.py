"""The steps that make the served body from a clean one: anchors, footnotes, boxes, pictures.

They read no database: the caller passes the images. posts/models/body.py says when they run,
and where the result is stored.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.html import escape
from PIL import Image as Pillow

from posts.pictures import element as pictures
from posts.pictures import places
from posts.pictures.renditions import RECIPE, small_copy
from posts.text.own_links import Goal, goals_in, with_addresses
from posts.text.structure import with_anchors_and_notes, with_structure

if TYPE_CHECKING:
    from posts.models.image import Image

logger = logging.getLogger(__name__)

# To be raised whenever a step gives another result for the same body, or what is stored with it
# is something else (posts/models/picture_use.py).
VERSION = 11
VERSIONS = f"{VERSION}.{RECIPE}:"

# As nh3 writes them: lower case, double quotes, no bare angle bracket in an attribute.
_ATTRIBUTES = r'(?: [a-z-]+="[^"]*")'
_PICTURES = re.compile(rf"<(figure)({_ATTRIBUTES}*)>|<(/figure)>|<img({_ATTRIBUTES}+)>")
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
# So many pictures of a text get a list of their copies, which takes as much HTML as a page of text.
MOST_PICTURES = 500


@dataclass(frozen=True)
class Served:
    """A finished body, the fingerprint of its source, and the pictures that it shows, by file.

    `made_of` is empty while a picture has no copies yet, so that the body is finished again.
    """

    html: str
    made_of: str
    images: dict[str, Image] = field(default_factory=dict, compare=False)


def fingerprint(body: str) -> str:
    """Return the value of `served_of` for a body that these steps have finished."""
    return f"{VERSIONS}{hashlib.sha256(body.encode()).hexdigest()[:32]}"


def pictures_of(body: str) -> set[str]:
    """Return the uploaded files that a body shows, as paths relative to MEDIA_ROOT."""
    if "<img " not in body:
        return set()
    attributes = (match[4] for match in _PICTURES.finditer(body) if match[4])
    return {_file_name(dict(_ATTRIBUTE.findall(each))) for each in attributes} - {""}


def _file_name(attributes: dict[str, str]) -> str:
    """Return the uploaded file that an `<img>` shows, relative to MEDIA_ROOT; or ""."""
    address = attributes.get("src", "").removeprefix(settings.SITE_URL)
    media = default_storage.url("")
    return unquote(urlsplit(address.removeprefix(media)).path) if address.startswith(media) else ""


def finish(
    body: str, images: dict[str, Image], addresses: Mapping[Goal, str] | None = None
) -> Served:
    """Return a clean body as readers get it; `images` are those of pictures_of(), by file.

    `addresses` are those of goals_in(). While one has none, readers see the words of its links,
    and the body is finished again until it has one.
    """
    goals, addresses = goals_in(body), addresses or {}
    linked = with_addresses(body, addresses, goals=goals)
    finished = with_pictures(with_structure(linked), images)
    waits = not goals <= addresses.keys() or any(
        image.renditions_due_at and image.renditions.get("recipe") != RECIPE
        for image in images.values()
    )
    return Served(finished, "" if waits else fingerprint(body), images)


def with_pictures(body: str, images: dict[str, Image]) -> str:
    """Return the body with each of our pictures as all of its copies, lazy, with its size.

    A picture of another site gets no size; our policy lets no browser load it.
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


def standalone(
    body: str,
    images: dict[str, Image],
    *,
    width: int,
    addresses: Mapping[Goal, str] | None = None,
) -> str:
    """Return a clean body for programs that have neither our style sheet nor our scripts.

    With its footnotes, and with one copy of each picture, about `width` (px) wide at most.
    """

    def replaced(match: re.Match[str]) -> str:
        attributes = dict(_ATTRIBUTE.findall(match[4] or ""))
        image = images.get(_file_name(attributes))
        if image is None:
            return match[0]
        copy = small_copy(image, width)
        shown_width = min(copy.width, _display_size(image.width, image.height, attributes)[0])
        return (
            f'<img src="{escape(copy.url)}" alt="{attributes.get("alt", "")}" width="{shown_width}"'
            f' height="{max(1, round(shown_width * image.height / image.width))}">'
        )

    linked = with_addresses(body, addresses or {}, goals=goals_in(body))
    return _PICTURES.sub(replaced, with_anchors_and_notes(linked))


def _measured(attributes: str, name: str) -> str:
    """Return the attributes of an `<img>` with its width and height, if we have its file."""
    values = dict(_ATTRIBUTE.findall(attributes))
    if not name or values.keys() >= {"width", "height"}:
        return attributes
    try:
        with default_storage.open(name) as file, Pillow.open(file) as picture:
            width, height = _display_size(*picture.size, values)
    # Pillow's decoders raise many kinds of errors for a broken file.
    except Exception:
        logger.warning("The file of a picture in a text cannot be read: %s", name)
        return attributes
    others = "".join(
        f' {key}="{value}"' for key, value in values.items() if key not in {"width", "height"}
    )
    return f'{others} width="{width}" height="{height}"'


def _display_size(own_width: int, own_height: int, attributes: dict[str, str]) -> tuple[int, int]:
    """Return a picture's size in the text (px): as set in the editor, or its own."""
    width, height = (int(attributes.get(side, 0) or 0) for side in ("width", "height"))
    if not width:
        width = round(height * own_width / own_height) if height else own_width
    return max(1, width), max(1, round(width * own_height / own_width))

"""The steps that make a finished body of a clean one: anchors, footnotes, boxes, pictures.

They are pure: whoever calls them brings the images. posts/models/body.py says when they run,
and where the result is stored.
"""

from __future__ import annotations

import hashlib
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.files.storage import default_storage
from django.utils.html import escape
from PIL import Image as Pillow

from posts.pictures import element as pictures
from posts.pictures import places
from posts.pictures.renditions import RECIPE, small_copy
from posts.text.structure import linked, structured

if TYPE_CHECKING:
    from posts.models.image import Image

logger = logging.getLogger(__name__)

# To be raised whenever a step makes something else of the same body.
VERSION = 7
VERSIONS = f"{VERSION}.{RECIPE}:"

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
    return f"{VERSIONS}{hashlib.sha256(body.encode()).hexdigest()[:32]}"


def pictures_of(body: str) -> set[str]:
    """Return the files of our own that a body shows, relative to the media."""
    if "<img " not in body:
        return set()
    attributes = (match[4] for match in _PICTURES.finditer(body) if match[4])
    return {_file_name(dict(_ATTRIBUTE.findall(each))) for each in attributes} - {""}


def _file_name(attributes: dict[str, str]) -> str:
    """Return the file that an `<img>` of ours shows, relative to the media; else empty."""
    address = attributes.get("src", "").removeprefix(settings.SITE_URL)
    media = default_storage.url("")
    return unquote(urlsplit(address.removeprefix(media)).path) if address.startswith(media) else ""


def finish(body: str, images: dict[str, Image]) -> Served:
    """Return a clean body as readers get it; `images` are those of pictures_of(), by file."""
    finished = with_pictures(structured(body), images)
    waits = any(
        image.renditions_due_at and image.renditions.get("recipe") != RECIPE
        for image in images.values()
    )
    return Served(finished, "" if waits else fingerprint(body))


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

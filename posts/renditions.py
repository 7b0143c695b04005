"""Smaller copies of pictures: mail and lists need no 2,400 pixels.

A copy is made when it is first asked for and kept beside the pictures, under a name made
of the picture's hash and the width, so it is made once and its address never changes.
"""

import io
from dataclasses import dataclass

from django.core.files.base import ContentFile
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from posts.models import Image


class PictureMissing(Exception):
    """The picture's file is gone from the storage, or cannot be read."""


@dataclass(frozen=True)
class Rendition:
    """A copy of a picture: a JPEG, or the picture itself where that is small enough."""

    url: str
    width: int
    height: int


def rendition(image: Image, width: int) -> Rendition:
    """Return a copy of the picture that is at most `width` pixels wide.

    Raises PictureMissing.
    """
    stored, original = image.file, str(image.file.name)
    if image.width <= width and original.lower().endswith((".jpg", ".jpeg", ".png")):
        return Rendition(stored.url, image.width, image.height)
    scaled = min(width, image.width)
    height = max(1, round(image.height * scaled / image.width))
    name = f"renditions/{image.sha256[:24]}-{scaled}.jpg"
    if not stored.storage.exists(name):
        try:
            with stored.storage.open(original) as file, Pillow.open(file) as picture:
                copy = _flat(picture).resize((scaled, height), Pillow.Resampling.LANCZOS)
        except (OSError, UnidentifiedImageError, Pillow.DecompressionBombError) as error:
            raise PictureMissing(original) from error
        out = io.BytesIO()
        copy.save(out, "JPEG", quality=82, optimize=True, progressive=True)
        stored.storage.save(name, ContentFile(out.getvalue()))
    return Rendition(stored.storage.url(name), scaled, height)


def _flat(picture: Pillow.Image) -> Pillow.Image:
    """Return the picture in RGB; what is see-through becomes white, as on paper."""
    if picture.mode not in {"RGBA", "LA", "PA"} and "transparency" not in picture.info:
        return picture.convert("RGB")
    see_through = picture.convert("RGBA")
    flat = Pillow.new("RGB", see_through.size, "white")
    flat.paste(see_through, mask=see_through.getchannel("A"))
    return flat

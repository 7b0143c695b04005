"""Smaller copies of pictures, so that a browser need not fetch 2,400 pixels for a thumbnail.

An image's own row says which copies are stored (`Image.renditions`), so a page needs no
further query and no look at a file:

    {"recipe": 1, "widths": [160, 320], "avif": [900, 2400], "webp": [...], "jpg": [...]}

The lists are the sizes of the files in bytes. A file is named after the picture's hash, the
recipe and the width, so an address always means the same bytes. Until the copies are made,
pages show the picture itself. posts/copying.py makes them.
"""

from __future__ import annotations

import io
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from PIL import Image as Pillow
from PIL import ImageOps

from alarmroom.images import flatten, upright

if TYPE_CHECKING:
    from posts.models.image import Image

# Raise this when widths or qualities change: the copies then get new addresses.
RECIPE = 2
# 750 is for phones: 360 to 375 px with two dots each, or 412 px with 1.75.
WIDTHS = (160, 320, 480, 750, 1200, 1600)  # px
# The smallest files first. JPEG and PNG have no type here: every browser and program reads them.
FORMATS = {"avif": "image/avif", "webp": "image/webp", "jpg": "", "png": ""}


class PictureMissing(Exception):
    """The picture's file is gone from the storage, or cannot be read."""


@dataclass(frozen=True)
class Rendition:
    """A copy of a picture: a JPEG, or the picture itself where that is small enough."""

    url: str
    width: int
    height: int


# What pages show: made in the background


def stem(image: Image, recipe: int) -> str:
    """Return how the names of an image's copies begin, relative to the media."""
    return stem_of(image.sha256, recipe)


def stem_of(sha256: str, recipe: int) -> str:
    """Return the same for a picture of this hash."""
    return f"renditions/{recipe}/{sha256[:24]}"


def widths_of(width: int) -> list[int]:
    """Return the widths that a picture of this width is copied in: never wider than it is."""
    widest = min(width, WIDTHS[-1])
    # A copy that is hardly narrower than the picture is not worth storing.
    return [each for each in WIDTHS if each * 1.15 < widest] + [widest]


def decoded(image: Image) -> Pillow.Image:
    """Return an image's pixels, in sRGB, upright, without metadata. Raises PictureMissing."""
    return decoded_file(image.file.storage, str(image.file.name))


def decoded_file(storage: Storage, name: str) -> Pillow.Image:
    """Return the pixels of a stored picture, likewise. Raises PictureMissing."""
    try:
        with storage.open(name) as file, Pillow.open(file) as picture:
            if picture.width * picture.height > settings.IMAGE_MAX_PIXELS:
                raise PictureMissing(name)
            return upright(picture)
    # On a broken file, Pillow's decoders raise many kinds of exceptions.
    except Exception as error:
        raise PictureMissing(name) from error


def put(storage: Storage, name: str, content: bytes) -> None:
    """Store a file under exactly this name, in one step, and replace an older one.

    Raises OSError; then nothing is stored.
    """
    try:
        target = Path(storage.path(name))
    except NotImplementedError:
        # An object store has no partly written files.
        if not storage.exists(name):
            storage.save(name, ContentFile(content))
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        temporary.write_bytes(content)
        if settings.FILE_UPLOAD_PERMISSIONS is not None:
            temporary.chmod(settings.FILE_UPLOAD_PERMISSIONS)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


# What mails show: a JPEG, made when it is first asked for


def rendition(image: Image, width: int, shape: float = 0) -> Rendition:
    """Return a JPEG of the picture that is at most `width` pixels wide, for a mail.

    With a `shape` (width by height), its sides are cut to it around the focal point. Raises
    PictureMissing.
    """
    stored, original = image.file, str(image.file.name)
    if shape and abs(image.width / image.height - shape) > 0.01 * shape:
        return _cut(image, width, shape)
    if image.width <= width and original.lower().endswith((".jpg", ".jpeg", ".png")):
        return Rendition(stored.url, image.width, image.height)
    scaled = min(width, image.width)
    height = max(1, round(image.height * scaled / image.width))
    name = f"renditions/{image.sha256[:24]}-{scaled}.jpg"
    if not stored.storage.exists(name):
        copy = flatten(decoded(image)).resize((scaled, height), Pillow.Resampling.LANCZOS)
        _put_jpeg(stored.storage, name, copy)
    return Rendition(stored.storage.url(name), scaled, height)


def _cut(image: Image, width: int, shape: float) -> Rendition:
    width = max(1, min(width, image.width, int(image.height * shape)))
    size = width, max(1, round(width / shape))
    # The focal point is part of the name: an address always means the same bytes.
    point = f"{image.focal_x}-{image.focal_y}"
    name = f"renditions/{image.sha256[:24]}-{size[0]}x{size[1]}-{point}.jpg"
    storage = image.file.storage
    if not storage.exists(name):
        at = (image.focal_x / 100, image.focal_y / 100)
        whole = flatten(decoded(image))
        _put_jpeg(storage, name, ImageOps.fit(whole, size, Pillow.Resampling.LANCZOS, centering=at))
    return Rendition(storage.url(name), *size)


def _put_jpeg(storage: Storage, name: str, picture: Pillow.Image) -> None:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82, optimize=True, progressive=True)
    put(storage, name, out.getvalue())


def delete_copies(storage: Storage, sha256: str, record: dict[str, Any]) -> None:
    """Delete every stored copy of a picture: those that its record lists, and those of mails."""
    names = [
        f"{stem_of(sha256, record['recipe'])}-{width}.{kind}"
        for width in record.get("widths", ())
        for kind in FORMATS
    ]
    folder, begins = "renditions", f"{sha256[:24]}-"
    with suppress(FileNotFoundError, NotImplementedError):
        names += [
            f"{folder}/{name}" for name in storage.listdir(folder)[1] if name.startswith(begins)
        ]
    for name in names:
        storage.delete(name)


def small_copy(image: Image, width: int) -> Rendition:
    """Return the stored copy for a place of this width on the desk, or else the picture."""
    record = image.renditions
    if not record:
        return Rendition(image.file.url, image.width, image.height)
    kind = "jpg" if "jpg" in record else "png"
    fitting = next((w for w in record["widths"] if w >= width), record["widths"][-1])
    url = image.file.storage.url(f"{stem(image, record['recipe'])}-{fitting}.{kind}")
    return Rendition(url, fitting, max(1, round(image.height * fitting / image.width)))

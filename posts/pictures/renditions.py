"""Smaller copies of pictures, so that a browser need not fetch 2,400 pixels for a thumbnail.

An image's own row says which copies are stored (`Image.renditions`), so a page needs no
further query and no look at a file:

    {"recipe": 1, "widths": [160, 320], "avif": [900, 2400], "webp": [...], "jpg": [...]}

The lists are the sizes of the files in bytes. A file is named after the picture's hash, the
recipe and the width, so an address always means the same bytes. Until the copies are made,
pages show the picture itself.

`make()` claims the row by moving `renditions_due_at` a minute into the future, renews that
claim while it works, and stores the record only if the claim still stands. So one of two
workers does the work; a worker that dies leaves a row that is due again a minute later; and
where the disk is full, the work is tried again later.
"""

from __future__ import annotations

import io
import logging
import os
import secrets
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from django.utils import timezone
from PIL import Image as Pillow

from alarmroom.images import copies, flatten, upright
from posts.models.image import Image

logger = logging.getLogger(__name__)

# Raise this when widths or qualities change: the copies then get new addresses.
RECIPE = 2
# 750 is for phones: 360 to 375 px with two dots each, or 412 px with 1.75.
WIDTHS = (160, 320, 480, 750, 1200, 1600)  # px
# The smallest files first. JPEG and PNG have no type here: every browser and program reads them.
FORMATS = {"avif": "image/avif", "webp": "image/webp", "jpg": "", "png": ""}

# A claim is renewed while its worker lives; encoding one copy takes seconds on a slow machine.
LEASE = timedelta(minutes=1)
RENEW_AFTER = 10  # seconds
RETRY = timedelta(minutes=30)
# How long the tick waits for the worker that was told of a picture before it tells one again.
PATIENCE = timedelta(minutes=1)


class PictureMissing(Exception):
    """The picture's file is gone from the storage, or cannot be read."""


class ClaimLost(Exception):
    """The claim ran out, and another worker has the picture, or nobody any more."""


class Claim:
    """A worker's claim on the row of an image that is due.

    It is the value of `renditions_due_at`: each write asks that the row still has it.
    """

    def __init__(self, image: Image) -> None:
        self.rows = Image.objects.filter(pk=image.pk)
        self.until = image.renditions_due_at
        self.renewed_at = time.monotonic()

    def take(self) -> bool:
        """Claim the row, or claim it for longer; return whether it was ours to claim."""
        until = timezone.now() + LEASE
        if not self.end(renditions_due_at=until):
            return False
        self.until, self.renewed_at = until, time.monotonic()
        return True

    def renew(self) -> None:
        """Claim the row for longer, every few seconds at most. Raises ClaimLost."""
        if time.monotonic() - self.renewed_at >= RENEW_AFTER and not self.take():
            raise ClaimLost

    def end(self, **fields: Any) -> bool:
        """Write these fields if the claim still stands; return whether it did."""
        return bool(self.rows.filter(renditions_due_at=self.until).update(**fields))


@dataclass(frozen=True)
class Rendition:
    """A copy of a picture: a JPEG, or the picture itself where that is small enough."""

    url: str
    width: int
    height: int


# What pages show: made in the background


def stem(image: Image, recipe: int) -> str:
    """Return how the names of an image's copies begin, relative to the media."""
    return f"renditions/{recipe}/{image.sha256[:24]}"


def widths_of(width: int) -> list[int]:
    """Return the widths that a picture of this width is copied in: never wider than it is."""
    widest = min(width, WIDTHS[-1])
    # A copy that is hardly narrower than the picture is not worth storing.
    return [each for each in WIDTHS if each * 1.15 < widest] + [widest]


def make(image_pk: int) -> bool:
    """Make the copies of an image that is due; return whether they are stored now.

    It may be called twice, and by two workers at once. If the disk is full or the process dies,
    the image stays due. A picture that cannot be read gets no copies.
    """
    image = Image.objects.renditions_due().filter(pk=image_pk).first()
    if image is None:
        return False
    claim = Claim(image)
    if not claim.take():
        return False
    try:
        record = _store_copies(image, claim)
    except ClaimLost:
        logger.warning("Another worker makes the copies of picture %s now", image_pk)
        return False
    except PictureMissing:
        logger.warning("The file of picture %s cannot be read: %s", image_pk, image.file.name)
        record = {}
    except OSError:
        logger.exception("The copies of picture %s could not be stored; later again", image_pk)
        claim.end(renditions_due_at=timezone.now() + RETRY)
        return False
    except BaseException as error:
        # A worker that is told to stop gives its claim back; anything else would fail again.
        wait = RETRY if isinstance(error, Exception) else timedelta(0)
        claim.end(renditions_due_at=timezone.now() + wait)
        raise
    return claim.end(renditions=record, renditions_due_at=None) and bool(record)


def _store_copies(image: Image, claim: Claim) -> dict[str, Any]:
    """Store every copy and return the record. Raises PictureMissing, OSError, ClaimLost."""
    picture = _decoded(image)
    storage = image.file.storage
    record: dict[str, Any] = {"recipe": RECIPE, "widths": widths_of(picture.width)}
    for width, kind, content in copies(picture, record["widths"]):
        put(storage, f"{stem(image, RECIPE)}-{width}.{kind}", content)
        record.setdefault(kind, []).append(len(content))
        claim.renew()
    # WebP and AVIF of flat graphics can be larger than PNG; then they are not offered.
    fallback = record.get("jpg") or record["png"]
    for kind, rival in (("webp", fallback), ("avif", record.get("webp", fallback))):
        if sum(record.get(kind, ())) >= sum(rival):
            record.pop(kind, None)
    return record


def _decoded(image: Image) -> Pillow.Image:
    """Return an image's pixels, in sRGB, upright, without metadata. Raises PictureMissing."""
    name = str(image.file.name)
    try:
        with image.file.storage.open(name) as file, Pillow.open(file) as picture:
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


def rendition(image: Image, width: int) -> Rendition:
    """Return a JPEG of the picture that is at most `width` pixels wide, for a mail.

    Raises PictureMissing.
    """
    stored, original = image.file, str(image.file.name)
    if image.width <= width and original.lower().endswith((".jpg", ".jpeg", ".png")):
        return Rendition(stored.url, image.width, image.height)
    scaled = min(width, image.width)
    height = max(1, round(image.height * scaled / image.width))
    name = f"renditions/{image.sha256[:24]}-{scaled}.jpg"
    if not stored.storage.exists(name):
        copy = flatten(_decoded(image)).resize((scaled, height), Pillow.Resampling.LANCZOS)
        out = io.BytesIO()
        copy.save(out, "JPEG", quality=82, optimize=True, progressive=True)
        put(stored.storage, name, out.getvalue())
    return Rendition(stored.storage.url(name), scaled, height)


def small_copy(image: Image, width: int) -> Rendition:
    """Return the stored copy for a place of this width on the desk, or else the picture."""
    record = image.renditions
    if not record:
        return Rendition(image.file.url, image.width, image.height)
    kind = "jpg" if "jpg" in record else "png"
    fitting = next((w for w in record["widths"] if w >= width), record["widths"][-1])
    url = image.file.storage.url(f"{stem(image, record['recipe'])}-{fitting}.{kind}")
    return Rendition(url, fitting, max(1, round(image.height * fitting / image.width)))

"""Making the smaller copies of pictures, in the background.

`make()` claims the row by moving `renditions_due_at` a minute into the future, renews that
claim while it works, and stores the record only if the claim still stands. So one of two
workers does the work; a worker that dies leaves a row that is due again a minute later; and
where the disk is full, the work is tried again later.
"""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import Any

from django.utils import timezone

from alarmroom.images import copies
from posts.models.image import Image
from posts.pictures.renditions import RECIPE, PictureMissing, decoded, put, stem, widths_of

logger = logging.getLogger(__name__)

# A claim is renewed while its worker lives; encoding one copy takes seconds on a slow machine.
LEASE = timedelta(minutes=1)
RENEW_AFTER = 10  # seconds
RETRY = timedelta(minutes=30)
# How long the tick waits before it wakes a worker again for the same picture.
PATIENCE = timedelta(minutes=1)


class ClaimLost(Exception):
    """The claim ran out or was released; another worker may have the picture now."""


class Claim:
    """A worker's claim on the row of an image that is due.

    It is the value of `renditions_due_at`: each write asks that the row still has it.
    """

    def __init__(self, image: Image) -> None:
        self.rows = Image.objects.filter(pk=image.pk)
        self.until = image.renditions_due_at
        self.renewed_at = time.monotonic()

    def take(self) -> bool:
        """Claim the row, or extend the claim; return False if another worker has it."""
        until = timezone.now() + LEASE
        if not self.end(renditions_due_at=until):
            return False
        self.until, self.renewed_at = until, time.monotonic()
        return True

    def renew(self) -> None:
        """Extend the claim, every few seconds at most. Raises ClaimLost."""
        if time.monotonic() - self.renewed_at >= RENEW_AFTER and not self.take():
            raise ClaimLost

    def end(self, **fields: Any) -> bool:
        """Write these fields if the claim still stands; return whether it did."""
        return bool(self.rows.filter(renditions_due_at=self.until).update(**fields))


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
        # A worker that is being stopped releases its claim. Other errors would happen again.
        wait = RETRY if isinstance(error, Exception) else timedelta(0)
        claim.end(renditions_due_at=timezone.now() + wait)
        raise
    return claim.end(renditions=record, renditions_due_at=None) and bool(record)


def _store_copies(image: Image, claim: Claim) -> dict[str, Any]:
    """Store every copy and return the record. Raises PictureMissing, OSError, ClaimLost."""
    picture = decoded(image)
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

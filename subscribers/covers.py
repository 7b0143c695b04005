"""Small copies of a resource's cover: it stands 5rem wide, in a box on every public page."""

from __future__ import annotations

import logging
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile
from django.db.models.fields.files import ImageFieldFile
from PIL import Image as Pillow

from alarmroom.images import copies, upright

WIDTHS = (80, 160, 240)  # px: for screens of one, two and three dots
# The best first; the last ones, without a type, are for every browser.
FORMATS = {"avif": "image/avif", "webp": "image/webp", "jpg": "", "png": ""}

logger = logging.getLogger(__name__)


def copies_of(cover: ImageFieldFile) -> dict[str, Any]:
    """Store a cover's copies and return where: `{"of": its name, "avif": [a name for each], …}`.

    Of a cover that cannot be read, or stored, there are none; pages then show the whole.
    """
    name = cover.name or ""
    found: dict[str, Any] = {"of": name}
    if not name:
        return {}
    stem = PurePosixPath(name).with_suffix("")
    try:
        with cover.storage.open(name) as file, Pillow.open(file) as opened:
            picture = upright(opened)
        widths = sorted({min(width, picture.width) for width in WIDTHS})
        for width, kind, content in copies(picture, widths):
            stored = cover.storage.save(f"{stem}-{width}.{kind}", ContentFile(content))
            found.setdefault(kind, []).append(stored)
    # Pillow's decoders answer broken files with whatever they stumbled over.
    except Exception:
        logger.exception("The cover %s has no smaller copies", name)
        return {"of": name}
    return found


def sources(cover: ImageFieldFile, copies: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the type and the `srcset` of each format that a cover is stored in, the best first.

    The last one has no type. None where there are no copies.
    """
    return [
        (
            mime,
            ", ".join(
                f"{cover.storage.url(name)} {dots}x" for dots, name in enumerate(copies[kind], 1)
            ),
        )
        for kind, mime in FORMATS.items()
        if kind in copies
    ]

"""Copies of a resource's cover.

The sign-up box shows the covers 5rem wide, on every public page; the sign-up page shows them large.
"""

from __future__ import annotations

import logging
from pathlib import PurePosixPath
from typing import Any

from django.core.files.base import ContentFile
from django.db.models.fields.files import ImageFieldFile
from PIL import Image as Pillow

from alarmroom.images import copies, upright

WIDTHS = (80, 160, 240)  # px: for screens of 1x, 2x and 3x density
# Up to 26rem, for screens of 1x and 2x density.
LARGE_WIDTHS = (420, 840)
LARGE = "large"
# File extension -> MIME type, the smallest files first. Without a type: for every browser.
FORMATS = {"avif": "image/avif", "webp": "image/webp", "jpg": "", "png": ""}

logger = logging.getLogger(__name__)


def copies_of(cover: ImageFieldFile) -> dict[str, Any]:
    """Store a cover's copies and return their names: `{"of": the cover's, "avif": [names], …}`.

    Under LARGE are those of LARGE_WIDTHS: `{"avif": [names], …}`.
    A cover that cannot be read or stored gets no copies. Pages then show the cover itself.
    """
    name = cover.name or ""
    if not name:
        return {}
    found = _stored(cover, WIDTHS, LARGE_WIDTHS)
    return {"of": name, **found[0], LARGE: found[1]} if found else {"of": name}


def large_copies_of(cover: ImageFieldFile) -> dict[str, list[str]]:
    """Store the large copies alone, of a cover whose small ones are there; `{"avif": [names], …}`.

    Empty if it cannot be read or stored.
    """
    found = _stored(cover, LARGE_WIDTHS)
    return found[0] if found else {}


def _stored(cover: ImageFieldFile, *sizes: tuple[int, ...]) -> list[dict[str, list[str]]]:
    """Store the copies of each of these sizes; return their names, or nothing."""
    name = cover.name or ""
    stem = PurePosixPath(name).with_suffix("")
    found: list[dict[str, list[str]]] = [{} for _ in sizes]
    try:
        with cover.storage.open(name) as file, Pillow.open(file) as opened:
            picture = upright(opened)
        for made, wanted in zip(found, sizes, strict=True):
            widths = sorted({min(width, picture.width) for width in wanted})
            for width, kind, content in copies(picture, widths):
                stored = cover.storage.save(f"{stem}-{width}.{kind}", ContentFile(content))
                made.setdefault(kind, []).append(stored)
    # Pillow's decoders raise many kinds of exceptions for a broken file.
    except Exception:
        logger.exception("The cover %s has no smaller copies", name)
        return []
    return found


def names_of(copies: dict[str, Any]) -> list[str]:
    """Return the names of all copies of a cover."""
    sizes = (copies, copies.get(LARGE, {}))
    return [name for size in sizes for kind in FORMATS for name in size.get(kind, ())]


def sources(cover: ImageFieldFile, copies: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the MIME type and the `srcset` of each format that a cover is stored in.

    In the order of FORMATS; the last one has no type. Empty if there are no copies.
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


def first_url(cover: ImageFieldFile, copies: dict[str, Any]) -> str:
    """Return the smallest copy that every browser can show, or else the whole cover."""
    names = copies.get("jpg") or copies.get("png")
    return str(cover.storage.url(names[0]) if names else cover.url)


def mail_url(cover: ImageFieldFile, copies: dict[str, Any]) -> str:
    """Return the widest copy for a mail, or else the whole cover; "" where no program shows it."""
    if names := copies.get("jpg") or copies.get("png"):
        return str(cover.storage.url(names[-1]))
    shown = PurePosixPath(cover.name or "").suffix.lower() in {".jpg", ".jpeg", ".png", ".gif"}
    return str(cover.url) if shown else ""

"""Pictures in the text, and the cover."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

from django.conf import settings

from posts.checks.finding import ERROR, WARNING, Finding, Place
from posts.checks.known import Known
from posts.checks.manuscript import Manuscript, Picture

SMALLEST_COVER = 1200  # px
_ENDINGS = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff")
# What cameras, phones and programs call their files: a word of theirs, then numbers only.
_OF_A_CAMERA = re.compile(
    r"(?:img|dsc[nf]?|pxl|mvimg|dji|gopr|image|photo|picture|pic|scan|untitled|unnamed"
    r"|screen[ _-]?shot|screenshot|whatsapp image)(?:[ _.:()-]|[0-9]|at|am|pm|copy){0,60}"
)
_CAMERA_NUMBER = re.compile(r"(?:p|dsc|img|[a-z]{3}[_-]?)[0-9]{4,17}")


def is_file_name(alt: str) -> bool:
    """Whether an alternative text is only what a camera or a program called the file."""
    alt = " ".join(alt.split()).lower()[:200]
    if alt.endswith(_ENDINGS) and " " not in alt:
        return True
    return bool(_OF_A_CAMERA.fullmatch(alt) or _CAMERA_NUMBER.fullmatch(alt))


def name_of(picture: Picture) -> str:
    try:
        return unquote(urlsplit(picture.source).path).rsplit("/", 1)[-1]
    except ValueError:
        return picture.source


def is_elsewhere(source: str) -> bool:
    try:
        host = urlsplit(source).netloc
    except ValueError:
        return True
    ours = (settings.SITE_URL + "/", settings.MEDIA_URL)
    return bool(host) and not source.startswith(ours)


def picture_elsewhere(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    """Our content policy lets no browser load a picture of another website."""
    for picture in manuscript.text.pictures:
        if is_elsewhere(picture.source):
            yield Finding(
                "picture-elsewhere",
                ERROR,
                f"The picture “{name_of(picture)}” lies on another website, where our readers’ "
                "browsers will not fetch it.",
                picture.block.place(picture=picture.source),
                "Save it to your computer, upload it here and remove the other one.",
            )


def picture_alt(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    for picture in manuscript.text.pictures:
        if not picture.alt.strip():
            if picture.is_decorative:
                continue
            message, hint = "has no alternative text.", "Double-click it and say what it shows"
        elif is_file_name(picture.alt):
            message = f"has the name of a file as its alternative text: “{picture.alt.strip()}”."
            hint = "Double-click it and say what it shows"
        else:
            continue
        yield Finding(
            "picture-alt",
            ERROR,
            f"The picture “{name_of(picture)}” {message}",
            picture.block.place(picture=picture.source),
            f"{hint}, for readers who cannot see it.",
            action="Go to the picture",
        )


def picture_errors(body: str) -> list[Finding]:
    """Return what keeps readers from getting the pictures of a clean body. No query."""
    manuscript = Manuscript(body=body)
    return [*picture_elsewhere(manuscript, Known()), *picture_alt(manuscript, Known())]


def cover_alt(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    if not manuscript.cover:
        return
    place = Place("cover_alt")
    hint = "Say what the cover shows, for readers who cannot see it."
    if not manuscript.cover_alt.strip():
        yield Finding(
            "cover-alt",
            ERROR,
            "The cover has no alternative text.",
            place,
            hint,
            action="Write it",
            may_be_overridden=False,
        )
    elif is_file_name(manuscript.cover_alt):
        yield Finding(
            "cover-alt",
            ERROR,
            f"The cover’s alternative text is the name of a file: “{manuscript.cover_alt}”.",
            place,
            hint,
            action="Write it",
        )


def cover(manuscript: Manuscript, known: Known) -> Iterator[Finding]:
    """Whether there is a cover, large enough for wide screens and shared links, with a credit."""
    if not manuscript.cover:
        yield Finding(
            "cover-missing",
            WARNING,
            "The article has no cover.",
            Place("cover"),
            "Lists, the newsletter and shared links show one.",
            action="Choose one",
        )
        return
    width = known.cover_width
    if width is not None and width < SMALLEST_COVER:
        yield Finding(
            "cover-small",
            WARNING,
            f"The cover is {width:,} pixels wide.",
            Place("cover"),
            f"It looks sharp on a wide screen from {SMALLEST_COVER:,} pixels on.",
            action="Choose another",
        )
    if not manuscript.cover_credit.strip():
        yield Finding(
            "cover-credit",
            WARNING,
            "The cover has no credit.",
            Place("cover_credit"),
            "Say who made the picture.",
            action="Write it",
        )

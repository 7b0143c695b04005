"""The HTML of a picture: `<picture>` with the copies that are stored.

It is made from the image's own row, without a query and without a look at a file.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from posts.pictures.renditions import FORMATS, stem

if TYPE_CHECKING:
    from posts.models.image import Image
    from posts.pictures.places import Place

# How a browser fetches the picture that is visible without scrolling, and how the others.
AT_ONCE = ' fetchpriority="high"'
NOT_FIRST = ' decoding="async" fetchpriority="low"'
WHEN_NEAR = ' loading="lazy" decoding="async"'
_LEADING = re.compile(
    r"\A(\s*(?:<(?:figure|p)(?: [^>]*)?>\s*)?(?:<picture>(?:<source [^>]*>)*)?<img [^>]*?)"
    + WHEN_NEAR
)


def first_at_once(body: str) -> SafeString:
    """Return a served body in which the picture that it begins with, if any, loads at once.

    For a text that has no other picture above it.
    """
    return mark_safe(_LEADING.sub(rf"\1{AT_ONCE}", body))  # noqa: S308  (a finished body)


def one_at_once(html: str) -> SafeString:
    """Return a served text in which the first picture, wherever it is, loads at once."""
    return mark_safe(html.replace(WHEN_NEAR, AT_ONCE, 1))  # noqa: S308  (a finished text)


def markup(
    image: Image,
    place: Place,
    *,
    alt: str = "",
    css: str = "",
    first: bool = False,
    eager: bool = False,
    width: int = 0,
    height: int = 0,
    escaped: bool = False,
) -> SafeString:
    """Return the HTML of a picture. Until its copies are made, it is the picture itself.

    `place` says how wide it is on the page, and so which copies are offered. `first` is for the
    picture that is visible without scrolling: it is fetched before everything else. `eager` is
    for one that is fetched without scrolling, but after that one. `width` and `height` (px) are
    passed if they are not the picture's own. `escaped` says that `alt` is escaped already.
    """
    tall = "tall" if place.limits(image) else ""
    css = " ".join(filter(None, (css, tall, image.focus if place.cuts else "")))
    common = (
        f' width="{width or image.width}" height="{height or image.height}"'
        f' alt="{alt if escaped else escape(alt)}"'
        + (f"{AT_ONCE if first else NOT_FIRST if eager else WHEN_NEAR}>")
    )
    start = f'<img class="{escape(css)}"' if css else "<img"
    record = image.renditions
    if not record:
        return mark_safe(f'{start} src="{escape(image.file.url)}"{common}')  # noqa: S308  (each part is escaped)
    sizes, up_to = place.fit(image, width)
    shown = [w for w in record["widths"] if w <= up_to] or record["widths"][:1]
    address = _address(stem(image, record["recipe"]))
    several = len(shown) > 1
    by_width = f'" sizes="{sizes}"' if several else '"'
    html = "<picture>"
    for kind, mime in FORMATS.items():
        if kind not in record:
            continue
        if several:
            srcset = ", ".join([f"{address}-{w}.{kind} {w}w" for w in shown])
        else:
            srcset = f"{address}-{shown[0]}.{kind}"
        if mime:
            html += f'<source type="{mime}" srcset="{srcset}{by_width}>'
        else:
            html += f'{start} src="{address}-{shown[-1]}.{kind}"'
            html += f' srcset="{srcset}{by_width}{common}' if several else common
    return mark_safe(html + "</picture>")  # noqa: S308  (each part is escaped above)


@lru_cache(maxsize=10_000)
def _address(name: str) -> str:
    """Return the address of a stored file, escaped. It never changes, so it is cached."""
    return escape(default_storage.url(name))

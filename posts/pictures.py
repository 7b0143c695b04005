"""How a picture stands in a page: `<picture>` with every copy that is stored.

A string out of the image's own row: no file is looked at, and no query made.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from posts.renditions import FORMATS, stem

if TYPE_CHECKING:
    from posts.library import Image
    from posts.places import Place

# How the one picture is fetched that is seen without scrolling, and how all others are.
AT_ONCE = ' fetchpriority="high"'
NOT_FIRST = ' decoding="async" fetchpriority="low"'
WHEN_NEAR = ' loading="lazy" decoding="async"'
_LEADING = re.compile(
    r"\A(\s*(?:<(?:figure|p)(?: [^>]*)?>\s*)?(?:<picture>(?:<source [^>]*>)*)?<img [^>]*?)"
    + WHEN_NEAR
)


def first_at_once(body: str) -> SafeString:
    """Return a finished body whose picture, if it begins with one, does not wait for scrolling.

    For a text above which no other picture stands.
    """
    return mark_safe(_LEADING.sub(rf"\1{AT_ONCE}", body))  # noqa: S308  (a finished body)


def one_at_once(html: str) -> SafeString:
    """Return a finished text whose first picture, wherever it stands, waits for no scrolling."""
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
    """Return the HTML of a picture; of the picture itself, until its copies are made.

    The `place` says how wide it stands on the page, and which copies it never needs there.
    `first` is for the one that is seen without scrolling, and is fetched before all others;
    `eager` does not wait for scrolling either, but for that one.
    `width` and `height` (px) are given where they are not the picture's own. `escaped` says
    that `alt` is.
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
    """Return the address of a stored file, escaped. It is the same for as long as it is stored."""
    return escape(default_storage.url(name))

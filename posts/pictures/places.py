"""How wide pictures are in each place of a page: the `sizes` by which a browser picks a copy.

A browser picks before it has the style sheet. So the widths of static/css/ are repeated here;
tests/browser/test_sizes.py checks that they agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from posts.pictures.renditions import WIDTHS

if TYPE_CHECKING:
    from posts.models.image import Image

# A picture whose width is less than this share of its height would be higher than the screen. On
# screens of TALL_REM or wider, it is limited to TALL_VH of the screen's height (components.css).
TALL = 0.83
TALL_VH, TALL_REM = 80, 44
# A picture in a text that is even narrower than this is something to read, such as a long list.
# It is not limited, because it would be too small to read.
LONG = 0.45
# About the width of the text (`--measure` depends on the typeface).
COLUMN_PIXELS = 656


class Width(NamedTuple):
    """How wide a place is on screens of `above` rem or more: `length` in rem or vw.

    `shape` is its width divided by its height, if it shows only a part of the picture.
    """

    above: float
    length: float
    unit: str
    shape: float = 0


class Fit(NamedTuple):
    """The `sizes` of a picture in a place, and the widest copy that is useful there (px)."""

    sizes: str
    up_to: int


@dataclass(frozen=True, eq=False)
class Place:
    """A place for pictures, with its widths; those of the widest screens come first."""

    widths: tuple[Width, ...]
    tall: tuple[float, float] = (0, 0)
    """Between which shapes a picture is limited to the height of the screen."""
    cuts: bool = True
    """Whether it may show only a part of a picture, and so needs the focal point."""

    def fit(self, image: Image, width: int = 0) -> Fit:
        """Return the fit of an image; `width` (px) is the one that the editor set, if any."""
        return _fit(self, _shape(image), width)

    def limits(self, image: Image) -> bool:
        """Return whether the picture is limited to the height of the screen here."""
        return _is_tall(self, _shape(image))


def _shape(image: Image) -> float:
    return round(image.width / image.height, 2)


def _is_tall(place: Place, shape: float) -> bool:
    return place.tall[0] <= shape < place.tall[1]


@lru_cache(maxsize=2_000)
def _fit(place: Place, shape: float, width: int) -> Fit:
    entries, widest, next_above = [], 0.0, 0.0
    for above, own, unit, cut in place.widths:
        # If the sides of a picture are cut off, the whole of it is wider than the place.
        length = own * max(1, shape / cut) if cut else own
        size = f"{round(length, 1):g}{unit}"
        if _is_tall(place, shape) and above >= TALL_REM:
            # Browsers without min() skip this entry and use the last one.
            size = f"min({round(TALL_VH * shape, 1):g}vh, {size})"
        entries.append(f"(min-width: {above:g}rem) {size}" if above else size)
        widest = max(widest, length * 16 if unit == "rem" else length / 100 * next_above * 16)
        next_above = above
    if 0 < width < COLUMN_PIXELS:
        # Narrower than the text, unless the figure is a wide one.
        entries = [*entries[:-2], f"(min-width: {width + 40}px) {width}px", entries[-1]]
    # Enough for screens with two dots per pixel; 3 percent less is not visible.
    enough = [each for each in WIDTHS if each * 1.03 >= 2 * widest]
    return Fit(", ".join(entries), enough[0] if enough else WIDTHS[-1])


# From lists.css and layout.css: one of three in a row; on a phone small, beside a title.
CARD = Place(
    (
        Width(76, 22.7, "rem", 16 / 9),
        Width(48, 29.5, "vw", 16 / 9),
        Width(32.6, 9, "rem", 4 / 3),
        Width(22, 27, "vw", 4 / 3),
        Width(0, 6, "rem", 4 / 3),
    )
)
# The front page's first story, as wide as two cards, and those beside or below it.
LEAD = Place(
    (
        Width(76, 47.4, "rem", 16 / 9),
        Width(64, 62, "vw", 16 / 9),
        Width(48, 93, "vw", 16 / 9),
        Width(0, 91, "vw", 16 / 9),
    )
)
SECOND = Place(
    (
        *(Width(76, 22.7, "rem", 16 / 9), Width(64, 29.5, "vw", 16 / 9)),
        *(Width(48, 45, "vw", 16 / 9), Width(0, 91, "vw", 16 / 9)),
    )
)
AUTHOR = Place((Width(56.25, 9, "rem", 1), Width(37.5, 16, "vw", 1), Width(0, 6, "rem", 1)))
# From article.css. The byline's portrait is a little smaller, and uses the same copy.
PORTRAIT = Place((Width(0, 4, "rem", 1),))
COVER = Place(
    (
        *(Width(76, 53.5, "rem"), Width(64, 70, "vw")),
        *(Width(48, 93, "vw"), Width(0, 100, "vw")),
    ),
    tall=(0, TALL),
)
# From weekly.css: the cover in the picture of a mail.
SAMPLE = Place(
    (
        *(Width(64, 17.2, "rem", 16 / 9), Width(40, 84, "vw", 16 / 9)),
        *(Width(26, 79, "vw", 16 / 9), Width(0, 73, "vw", 16 / 9)),
    )
)
# From search.css: beside what a search found.
SMALL = Place((Width(42, 8, "rem", 3 / 2), Width(0, 5, "rem", 3 / 2)))
# From archive.css: above the last article of a topic.
TOPIC = Place(
    (
        *(Width(76, 22.7, "rem", 16 / 9), Width(64, 29, "vw", 16 / 9)),
        *(Width(42, 45, "vw", 16 / 9), Width(32.6, 9, "rem", 4 / 3)),
        *(Width(22, 27, "vw", 4 / 3), Width(0, 6, "rem", 4 / 3)),
    )
)
# From prose.css.
COLUMN = Place((Width(44, 39.5, "rem"), Width(0, 92, "vw")), tall=(LONG, TALL), cuts=False)
WIDE = Place(
    (Width(76, 53.5, "rem"), Width(64, 70, "vw"), Width(48, 93, "vw"), *COLUMN.widths),
    tall=COLUMN.tall,
    cuts=False,
)

# By the names that templates use: {% picture image "author" %}.
BY_NAME = {
    "author": AUTHOR,
    "column": COLUMN,
    "cover": COVER,
    "lead": LEAD,
    "portrait": PORTRAIT,
    "small": SMALL,
    "topic": TOPIC,
}

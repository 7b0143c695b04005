"""Where pictures stand on the pages, and how wide: what browsers choose a copy by.

A browser chooses before it knows the style sheet, so each place says here what the sheets will
do (static/css/); tests/browser/test_sizes.py holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from posts.renditions import WIDTHS

if TYPE_CHECKING:
    from posts.library import Image

# A picture narrower than this for its height would be higher than a screen. At a desk, of TALL_REM
# or wider, it is shown whole in TALL_VH of the height (components.css).
TALL = 0.83
TALL_VH, TALL_REM = 80, 44
# In a text, what is even narrower than a phone's screen is no photograph, but something to be read
# from top to bottom, and would be too small to read.
LONG = 0.45
# How wide the text is set, near enough (`--measure` goes by the typeface).
COLUMN_PIXELS = 656


class Width(NamedTuple):
    """How wide a place is where the screen has `above` rem or more: `length` rem or vw.

    `shape` is its width by its height where it shows only a part of the picture.
    """

    above: float
    length: float
    unit: str
    shape: float = 0


class Fit(NamedTuple):
    """What a picture in a place is offered as: its `sizes`, and the widest copy it can need."""

    sizes: str
    up_to: int


@dataclass(frozen=True, eq=False)
class Place:
    """A place for pictures: its widths, on the widest screens first."""

    widths: tuple[Width, ...]
    tall: tuple[float, float] = (0, 0)
    """Between which shapes a picture is limited by the height of the screen."""
    cuts: bool = True
    """Whether it may show a part of a picture only, and so asks for the focal point."""

    def fit(self, image: Image, width: int = 0) -> Fit:
        """Return what to offer of an image here; `width` (px) is what the editor pulled it to."""
        return _fit(self, _shape(image), width)

    def limits(self, image: Image) -> bool:
        """Return whether the picture would be higher here than a screen, and so is limited."""
        return _is_tall(self, _shape(image))


def _shape(image: Image) -> float:
    return round(image.width / image.height, 2)


def _is_tall(place: Place, shape: float) -> bool:
    return place.tall[0] <= shape < place.tall[1]


@lru_cache(maxsize=2_000)
def _fit(place: Place, shape: float, width: int) -> Fit:
    entries, widest, next_above = [], 0.0, 0.0
    for above, own, unit, cut in place.widths:
        # A picture that is wider than the part that is shown of it needs more pixels than that.
        length = own * max(1, shape / cut) if cut else own
        size = f"{round(length, 1):g}{unit}"
        if _is_tall(place, shape) and above >= TALL_REM:
            # Browsers that know no min() go on to the last entry.
            size = f"min({round(TALL_VH * shape, 1):g}vh, {size})"
        entries.append(f"(min-width: {above:g}rem) {size}" if above else size)
        widest = max(widest, length * 16 if unit == "rem" else length / 100 * next_above * 16)
        next_above = above
    if 0 < width < COLUMN_PIXELS:
        # Narrower than the text, unless the figure is a wide one.
        entries = [*entries[:-2], f"(min-width: {width + 40}px) {width}px", entries[-1]]
    # For screens of two dots; nobody sees a thirtieth less.
    enough = [each for each in WIDTHS if each * 1.03 >= 2 * widest]
    return Fit(", ".join(entries), enough[0] if enough else WIDTHS[-1])


# lists.css and layout.css; alone in a row, a card's picture is about as wide as in a row of three.
CARD = Place(
    (
        Width(68, 20.2, "rem", 3 / 2),
        Width(48, 30, "vw", 3 / 2),
        Width(32.6, 9, "rem", 4 / 3),
        Width(22, 28, "vw", 4 / 3),
        Width(0, 6, "rem", 4 / 3),
    )
)
# One of two cards that share a row.
HALF = Place((Width(68, 31, "rem", 3 / 2), Width(48, 45, "vw", 3 / 2), *CARD.widths[2:]))
LEAD = Place(
    (Width(68, 36.1, "rem", 3 / 2), Width(56, 53, "vw", 3 / 2), Width(0, 92, "vw", 16 / 9))
)
AUTHOR = Place((Width(56.25, 9, "rem", 1), Width(37.5, 16, "vw", 1), Width(0, 6, "rem", 1)))
# article.css: the byline's portrait is a little smaller than the other one, and takes its copy.
PORTRAIT = Place((Width(0, 4, "rem", 1),))
COVER = Place((Width(68, 64, "rem"), Width(48, 93, "vw"), Width(0, 100, "vw")), tall=(0, TALL))
# prose.css
COLUMN = Place((Width(44, 41, "rem"), Width(0, 92, "vw")), tall=(LONG, TALL), cuts=False)
WIDE = Place(
    (Width(60, 56, "rem"), Width(48, 93, "vw"), *COLUMN.widths), tall=COLUMN.tall, cuts=False
)

# As templates name them: {% picture image "author" %}.
BY_NAME = {"author": AUTHOR, "column": COLUMN, "cover": COVER, "lead": LEAD, "portrait": PORTRAIT}

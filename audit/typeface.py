"""`python -m audit.typeface`: make static/font/heading.woff2 anew, the typeface of our headings.

It is Charis SIL Bold (posts/share/, as SIL publishes it) with the letters that headings need, and
nothing of what a browser can do without. Nothing else of the project needs fonttools, so it is no
dependency; in any environment of its own:

    pip install fonttools==4.68.0 brotli
    python -m audit.typeface

The licence (OFL 1.1) reserves the names "Charis" and "SIL" for what SIL publishes, so the subset is
called otherwise. static/font/OFL.txt goes with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "posts" / "share" / "CharisSIL-Bold.ttf"
SUBSET = ROOT / "static" / "font" / "heading.woff2"
NAME = "Alarm Room Heading"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
ACCENTED = "Éáàâäçéèêëíñóôöúü"
# What a title has besides; the rest (braces, brackets, tildes) comes from the system's serif.
MARKS = " !\"#$%&'()*+,-./:;?@\u00a0–—‘’“”…·"
# Charis has 2,048 units to the em. Headings of at most 48 px need fewer, whose numbers are shorter.
UNITS = 500
# Of the table of names: the copyright and the address of the licence are kept.
KEPT_NAMES = (0, 14)


def make() -> int:
    """Write the subset; return its bytes."""
    from fontTools import subset
    from fontTools.ttLib import TTFont
    from fontTools.ttLib.scaleUpem import scale_upem

    options = subset.Options()
    options.flavor = "woff2"
    options.hinting = False
    options.layout_features = []
    options.name_IDs = [*KEPT_NAMES, 1, 2, 3, 4, 6]
    options.notdef_outline = False
    options.recommended_glyphs = False
    options.drop_tables += [
        "Silf",
        "Sill",
        "Feat",
        "Glat",
        "Gloc",
        "DSIG",
        "meta",
        "GSUB",
        "GPOS",
        "GDEF",
        "gasp",
    ]
    font: Any = TTFont(SOURCE)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=LETTERS + ACCENTED + MARKS)
    subsetter.subset(font)
    scale_upem(font, UNITS)
    for record in list(font["name"].names):
        named = {
            1: NAME,
            2: "Bold",
            3: f"{NAME} Bold",
            4: f"{NAME} Bold",
            6: "AlarmRoomHeading-Bold",
        }
        if record.nameID in named:
            record.string = named[record.nameID]
    font["OS/2"].achVendID = "NONE"
    subset.save_font(font, SUBSET, options)
    return SUBSET.stat().st_size


if __name__ == "__main__":
    print(f"{SUBSET.relative_to(ROOT)}: {make():,} bytes")

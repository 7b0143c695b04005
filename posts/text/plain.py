"""Makes plain text of HTML. Everything in this project that needs it calls this module."""

from __future__ import annotations

import re

from alarmroom.characters import without_controls
from posts.text.markup import BLOCKS, CELLS, Kind, decoded, tokens

# White space as HTML defines it. A no-break space is not, for it keeps words together.
_SPACE = re.compile(r"[ \t\n\f\r]+")
_SPACES = re.compile(" {2,}")


def text_of(html: str) -> str:
    """Return the text of HTML, a line for each block, and no empty ones.

    Where any block or line ends, a line of the text ends. The cells of a table row are in one
    line, with spaces between. Inline elements do not separate words. Lines of `<pre>` stay.
    Scripts and styles are left out. Time grows with the length alone.
    """
    pieces: list[str] = []
    in_pre = 0
    for kind, text, _ in tokens(html):
        if kind is Kind.TEXT:
            words = without_controls(decoded(text), separator="\n" if in_pre else " ")
            pieces.append(words if in_pre else _SPACE.sub(" ", words))
        elif text in CELLS:
            pieces.append(" ")
        elif text in BLOCKS or text == "br":
            pieces.append("\n")
            if text == "pre":
                in_pre = max(0, in_pre + (1 if kind is Kind.START else -1))
    lines = (_SPACES.sub(" ", line).strip() for line in "".join(pieces).split("\n"))
    return "\n".join(line for line in lines if line)


def line_of(html: str) -> str:
    """Return the text of HTML in one line: for labels, names and descriptions."""
    return " ".join(text_of(html).split())

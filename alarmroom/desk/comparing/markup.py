"""HTML as a flat sequence of tags and texts. Joined, the pieces give the input again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum, auto
from typing import NamedTuple

SPACE = " \t\n\f\r"  # White space as HTML defines it: a no-break space is not.
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}
    | {"track", "wbr"}
)
# These hold blocks and no words of their own: white space in them is never seen.
FRAMES = frozenset(
    {"dl", "figure", "ol", "table", "tbody", "tfoot", "thead", "tr", "ul", "colgroup"}
)
BLOCKS = FRAMES | frozenset(
    {"address", "article", "aside", "blockquote", "caption", "center", "dd", "details", "div"}
    | {"dt", "fieldset", "figcaption", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6"}
    | {"header", "hr", "li", "main", "nav", "p", "pre", "section", "summary", "td", "th"}
)

# All quantifiers are possessive, and a tag or comment that does not end takes in the rest of the
# text, as in a browser: no character is looked at more than a few times.
_PIECE = re.compile(
    r"(?P<text>[^<]++)"
    r"|(?P<other><!--.*?(?:-->|\Z)|<[!?][^>]*+(?:>|\Z))"
    r"|<(?P<end>/?)(?P<name>[a-zA-Z][^ \t\n\f\r/>]*+)(?:"
    r"[ \t\n\f\r/]*+[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+"
    r"(?:[ \t\n\f\r]*+=[ \t\n\f\r]*+"
    r"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^ \t\n\f\r>]*+))?+"""
    r")*+[ \t\n\f\r/]*+(?P<closed>>|\Z)"
    r"|<",
    re.DOTALL,
)


class Kind(Enum):
    TEXT = auto()
    START = auto()
    END = auto()
    OTHER = auto()
    """A comment or a declaration."""


class Piece(NamedTuple):
    kind: Kind
    raw: str
    name: str
    """Of a tag, in lower case."""
    at: int


def pieces(html: str) -> Iterator[Piece]:
    """Yield what HTML consists of. A tag that does not end is text, and so is a lone `<`."""
    for found in _PIECE.finditer(html):
        name = found["name"]
        if name is not None and found["closed"]:
            kind = Kind.END if found["end"] else Kind.START
            yield Piece(kind, found[0], name.lower(), found.start())
        elif found["other"] is not None:
            yield Piece(Kind.OTHER, found[0], "", found.start())
        else:
            yield Piece(Kind.TEXT, found[0], "", found.start())

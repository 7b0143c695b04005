"""Reads any HTML as a browser reads it, in one pass: tags, text and entities (HTML 13.2.5).

The time that it takes grows with the length of the HTML alone.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from enum import Enum, auto
from html import unescape
from typing import NamedTuple

# Their content is not HTML, and is not shown as text.
RAW = frozenset(
    {"script", "style", "title", "textarea", "xmp", "iframe", "noembed", "noframes"}
)  # fmt: skip
# These are removed with their content.
DROPPED = RAW | {"xml", "template", "noscript", "object", "svg", "math", "select"}
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}
    | {"track", "wbr"}
)
CELLS = frozenset({"td", "th"})
SECTIONS = frozenset({"thead", "tbody", "tfoot"})
TABLE_PARTS = CELLS | SECTIONS | {"tr", "caption"}
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# Where one of these begins or ends, a line ends.
BLOCKS = (
    HEADINGS
    | TABLE_PARTS
    | {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog"}
    | {"dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header"}
    | {"hgroup", "hr", "html", "legend", "li", "listing", "main", "menu", "nav", "ol", "optgroup"}
    | {"option", "p", "pre", "search", "section", "summary", "table", "ul"}
)

_MARKUP = re.compile(r"<(?:[a-zA-Z!?]|/.)", re.DOTALL)
SPACE = r"[ \t\n\f\r]*+"
# All quantifiers are possessive, and a tag that does not end takes in the rest of the document,
# as in a browser: no character is looked at more than twice.
_TAG = re.compile(
    r"<(/?)([a-zA-Z][^ \t\n\f\r/>]*+)((?:"
    r"[ \t\n\f\r/]*+[^ \t\n\f\r/>][^ \t\n\f\r/>=]*+"
    rf"(?:{SPACE}={SPACE}"
    r"""(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z)|[^ \t\n\f\r>]*+))?+"""
    r")*+)[ \t\n\f\r/]*+(?:>|\Z)"
)
_COMMENT_END = re.compile("--!?>")
_RAW_END = {name: re.compile(rf"</{name}(?=[ \t\n\f\r/>])", re.IGNORECASE) for name in RAW}

# More digits than a character has; Python refuses to read numbers of some thousand digits.
LONG_NUMBER = re.compile("&#[xX]?[0-9a-fA-F]{9,}+;?")


def decoded(text: str) -> str:
    """Return a text of HTML with its entities as the characters they stand for."""
    return unescape(LONG_NUMBER.sub("\ufffd", text)) if "&" in text else text


class Kind(Enum):
    TEXT = auto()
    START = auto()
    END = auto()


class Token(NamedTuple):
    """A piece of HTML: a text as it is written, or the name of a tag in lower case."""

    kind: Kind
    text: str
    attributes: str = ""


def tokens(html: str, *, named: Collection[str] = ()) -> Iterator[Token]:
    """Yield the tags and texts of HTML; comments, and elements that hold no HTML, are left out.

    Of the latter, the tags of those that are `named` are not.
    """
    at = 0
    while found := _MARKUP.search(html, at):
        start = found.start()
        if start > at:
            yield Token(Kind.TEXT, html[at:start])
        if tag := _TAG.match(html, start):
            at = tag.end()
            name = tag[2].lower()
            if tag[1]:
                yield Token(Kind.END, name)
            elif name in RAW:
                if name in named:
                    yield Token(Kind.START, name, tag[3])
                end = _RAW_END[name].search(html, at)
                at = end.start() if end else len(html)
                if name in named and not end:
                    yield Token(Kind.END, name)
            else:
                yield Token(Kind.START, name, tag[3])
        elif html.startswith("<!--", start):
            end = _COMMENT_END.search(html, start + 2)
            at = end.end() if end else len(html)
        else:
            at = html.find(">", start + 2) + 1 or len(html)
    if at < len(html):
        yield Token(Kind.TEXT, html[at:])

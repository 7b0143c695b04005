"""A body as its top-level blocks, and what a block says."""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from typing import NamedTuple

from alarmroom.desk.comparing.markup import BLOCKS, SPACE, VOID, Kind, pieces

HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
LONGEST_NUMBER = 8  # digits of a character reference; Python refuses very long numbers.

_SPACES = re.compile(r"[ \t\n\f\r]+")
_TAG_OF_BLOCK = re.compile(
    rf" ?(</?(?:{'|'.join(sorted(BLOCKS))})(?=[ />])[^<>]*+>) ?", re.IGNORECASE
)
_LONG_NUMBER = re.compile("&#[xX]?[0-9a-fA-F]{9,}+;?")
_ALT = re.compile(r' alt="([^"]*)"')


def split(html: str) -> list[str]:
    """Return the top-level blocks; joined, they give the input again.

    Words and inline elements that stand loose between blocks are a block too. White space
    belongs to the block before it, and at the beginning to the first one.
    """
    found: list[str] = []
    begin = 0
    current = ""  # What stands since `begin`: nothing yet, "loose" words or a "whole" element.
    around = _Open()
    for kind, raw, name, at in pieces(html):
        if around.names:
            if kind is Kind.START and name not in VOID:
                around.open(name)
            elif kind is Kind.END:
                around.close(name)
            continue
        if kind is Kind.END or (kind is Kind.TEXT and not raw.strip(SPACE)):
            continue
        is_block = kind is Kind.START and name in BLOCKS
        if kind is Kind.TEXT:
            at += len(raw) - len(raw.lstrip(SPACE))
        if current and (is_block or current == "whole"):
            found.append(html[begin:at])
            begin = at
        current = "whole" if is_block else "loose"
        if kind is Kind.START and name not in VOID:
            around.open(name)
    if begin < len(html):
        found.append(html[begin:])
    return found


class _Open:
    """The elements that are open; an end tag closes all that were opened within its element."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.counts: Counter[str] = Counter()

    def open(self, name: str) -> None:
        self.names.append(name)
        self.counts[name] += 1

    def close(self, name: str) -> None:
        if self.counts[name]:
            while True:
                last = self.names.pop()
                self.counts[last] -= 1
                if last == name:
                    break


class Element(NamedTuple):
    """A block that is one element, in its parts; joined, they give the block again."""

    before: str
    """White space, and so is `after`."""
    opening: str
    inner: str
    closing: str
    """Empty for `<hr>`, and where the text does not close it."""
    after: str
    name: str


def element(block: str) -> Element | None:
    """Return a block's parts, or None for loose words."""
    begin = len(block) - len(block.lstrip(SPACE))
    end = len(block.rstrip(SPACE))
    first = next(pieces(block[begin:end]), None)
    if first is None or first.kind is not Kind.START or first.name not in BLOCKS:
        return None
    opened = begin + len(first.raw)
    closed = block.rfind("</", opened, end)
    if closed < 0 or block[closed + 2 : end].rstrip(SPACE + ">").lower() != first.name:
        closed = end
    return Element(
        block[:begin],
        first.raw,
        block[opened:closed],
        block[closed:end],
        block[end:],
        first.name,
    )


def name_of(block: str) -> str:
    """Return the name of a block's element, such as "p"; "" for loose words."""
    found = element(block)
    return found.name if found else ""


def holds_blocks(html: str) -> bool:
    """Whether there is a block in this HTML."""
    return any(piece.kind is Kind.START and piece.name in BLOCKS for piece in pieces(html))


def key(html: str) -> str:
    """Return the HTML without white space that nobody sees: equal for blocks that read the same."""
    if "<pre" in html or "<PRE" in html:
        return html.strip(SPACE)
    return _TAG_OF_BLOCK.sub(r"\1", _SPACES.sub(" ", html)).strip(SPACE)


def words_of(html: str) -> list[str]:
    """Return the words of HTML, as plain text that is not escaped; of a picture, its alt text."""
    texts: list[str] = []
    for kind, raw, name, _ in pieces(html):
        if kind is Kind.TEXT:
            texts.append(raw)
        elif name == "img":
            alt = _ALT.search(raw)
            texts.append(f" {alt[1]} " if alt else " ")
        elif name in BLOCKS or name == "br":
            texts.append(" ")
    text = "".join(texts)
    return unescape(_LONG_NUMBER.sub("\ufffd", text)).split() if "&" in text else text.split()


def first_words(html: str, most: int = 6, longest: int = 60) -> str:
    """Return the first words of HTML, in one line that is not escaped, for a label."""
    words = words_of(html)
    text = " ".join(words[:most])
    cut = len(words) > most or len(text) > longest
    return text[:longest].rstrip(" ,;:–—-") + "…" if cut else text

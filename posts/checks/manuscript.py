"""An article as its form has it, saved or not: what the rules look at."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from functools import cached_property

from posts.checks.finding import Place
from posts.text.markup import VOID, Kind, decoded, tokens

# Where the words of a body stand. static/js/desk/text-places.js counts the same elements.
BLOCKS = frozenset({"p", "li", "td", "th", "pre", "figcaption", "caption", "h2", "h3", "h4"})
HEADINGS = ("h2", "h3", "h4")
_CALLED = {
    "p": "Paragraph",
    "li": "List item",
    "td": "Table cell",
    "th": "Table cell",
    "pre": "Block of code",
    "figcaption": "Caption",
    "caption": "Caption",
    "h2": "Heading",
    "h3": "Heading",
    "h4": "Heading",
}
_ATTRIBUTE = re.compile(r' ([a-z-]++)="([^"]*+)"')


@dataclass
class Block:
    """A paragraph, heading, list item, cell or caption, with the text right in it."""

    name: str
    number: int  # In the order of the text, from 0; -1 for a text that stands in no block.
    label: str  # Such as "Paragraph 2".
    is_quoted: bool = False
    pieces: list[str] = field(default_factory=list)
    bold: int = 0  # Letters within <strong>, and without.
    plain: int = 0

    @cached_property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())

    def place(self, text: str = "", picture: str = "") -> Place:
        number = self.number if self.number >= 0 else None
        return Place("body", number, self.label, text, picture)


@dataclass
class Link:
    href: str
    block: Block
    pieces: list[str] = field(default_factory=list)
    has_picture: bool = False

    @cached_property
    def text(self) -> str:
        return " ".join("".join(self.pieces).split())


@dataclass
class Picture:
    source: str
    alt: str
    block: Block
    is_decorative: bool = False


@dataclass
class Struck:
    """Words that are struck out."""

    block: Block
    pieces: list[str] = field(default_factory=list)


class Text:
    """A clean body, read once: its blocks, links, pictures and ids, in their order."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.blocks: list[Block] = []
        self.links: list[Link] = []
        self.pictures: list[Picture] = []
        self.struck: list[Struck] = []
        self.ids: set[str] = set()
        self._counts: dict[str, int] = {}
        self._open: list[Block] = []
        self._loose: Block | None = None
        self._link: Link | None = None
        self._strike: Struck | None = None
        self._strong = self._quoted = 0
        self._read()

    def _read(self) -> None:
        for kind, text, attributes in tokens(self.html):
            if kind is Kind.TEXT:
                self._add(decoded(text))
            elif kind is Kind.START:
                self._begin(text, attributes)
                if text in VOID:
                    continue
            else:
                self._end(text)
        self.blocks = [block for block in self.blocks if block.number >= 0 or block.text]

    @property
    def _block(self) -> Block:
        if self._open:
            return self._open[-1]
        if self._loose is None:
            self._loose = Block("", -1, "", bool(self._quoted))
            self.blocks.append(self._loose)
        return self._loose

    def _add(self, text: str) -> None:
        if not self._open and not text.strip():
            return
        block = self._block
        block.pieces.append(text)
        letters = len(text) - text.count(" ") if text.strip() else 0
        if self._strong:
            block.bold += letters
        else:
            block.plain += letters
        if self._link:
            self._link.pieces.append(text)
        if self._strike:
            self._strike.pieces.append(text)

    def _begin(self, name: str, attributes: str) -> None:
        found = {key: decoded(value) for key, value in _ATTRIBUTE.findall(attributes)}
        if "id" in found:
            self.ids.add(found["id"])
        if name in BLOCKS:
            called = _CALLED[name]
            self._counts[called] = count = self._counts.get(called, 0) + 1
            number = sum(self._counts.values()) - 1
            block = Block(name, number, f"{called} {count}", bool(self._quoted))
            self.blocks.append(block)
            self._open.append(block)
            self._loose = None
        elif name == "br":
            self._add(" ")
        elif name == "strong":
            self._strong += 1
        elif name in ("blockquote", "q"):
            self._quoted += 1
            self._loose = None
        elif name == "a":
            self._link = Link(found.get("href", ""), self._block)
            self.links.append(self._link)
        elif name == "s":
            self._strike = Struck(self._block)
            self.struck.append(self._strike)
        elif name == "img":
            decorates = found.get("role") == "presentation"
            source, alt = found.get("src", ""), found.get("alt", "")
            self.pictures.append(Picture(source, alt, self._block, decorates))
            if self._link:
                self._link.has_picture = True

    def _end(self, name: str) -> None:
        if name in BLOCKS:
            if self._open:
                self._open.pop()
            self._loose = None
        elif name == "strong":
            self._strong = max(0, self._strong - 1)
        elif name in ("blockquote", "q"):
            self._quoted = max(0, self._quoted - 1)
            self._loose = None
        elif name == "a":
            self._link = None
        elif name == "s":
            self._strike = None


@dataclass(frozen=True)
class Manuscript:
    """An article as its form has it. The body is clean HTML (posts/text/html.py)."""

    title: str = ""
    dek: str = ""
    body: str = ""
    slug: str = ""
    has_author: bool = True
    topics: int = 0
    related: int = 0
    cover: int | None = None  # The primary key of its picture.
    cover_alt: str = ""
    cover_caption: str = ""
    cover_credit: str = ""
    search_title: str = ""
    publishes_at: dt.datetime | None = None  # None for now.

    @property
    def is_begun(self) -> bool:
        """Whether anything of it is written yet."""
        return any(each.strip() for each in (self.title, self.dek, self.body))

    @cached_property
    def text(self) -> Text:
        return Text(self.body)

    @cached_property
    def texts(self) -> list[tuple[Place, str]]:
        """Everything that is written in it, a text for each block, and where it stands."""
        fields = {
            "title": self.title,
            "summary": self.dek,
            "cover_alt": self.cover_alt,
            "cover_caption": self.cover_caption,
            "cover_credit": self.cover_credit,
        }
        found = [(Place(name), " ".join(text.split())) for name, text in fields.items() if text]
        found += [(block.place(), block.text) for block in self.text.blocks if block.text]
        return found

"""Writes any HTML again, well nested and not deep, with the allowed elements alone.

The result is so simple that every parser reads it alike; posts/text/html.py has nh3 check it. The
time that it takes grows with the length of the HTML alone.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from html import unescape
from html.entities import html5

from alarmroom.characters import without_controls
from posts.text.markup import (
    BLOCKS,
    CELLS,
    DROPPED,
    HEADINGS,
    LONG_NUMBER,
    SECTIONS,
    SPACE,
    TABLE_PARTS,
    VOID,
    Kind,
    decoded,
    tokens,
)

# Browsers stop nesting at 512; an HTML parser takes minutes for 100,000 unclosed elements.
MAX_DEPTH = 200
# The parser behind nh3 writes a text in time that grows with the square of its length, if it is
# full of "&" or no-break spaces. A comment, which nh3 removes, splits one text in two.
_LONGEST_TEXT = 4_000
_LONGEST_ATTRIBUTE = 8_000
_CELLS_AND_CAPTION = CELLS | {"caption"}
# A browser opens these again in every paragraph that follows if they are closed too late
# (HTML 13.2.4.3), each with its attributes. So they are written without attributes.
_FORMATTING = frozenset(
    {"b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
)
# A closing tag ends these even where a block within them is open (HTML 13.2.6.4.7).
_ADOPTED = _FORMATTING | {"a"}
# A closing tag reaches no further up than the nearest of these (HTML 13.2.4.2, "scope").
_SCOPED = frozenset({"caption", "object", "table", "td", "template", "th"})
_LISTS = frozenset({"dl", "ol", "ul"})
# A part of a table closes the open elements up to the nearest of these ancestors.
_CONTEXT = {
    **dict.fromkeys(CELLS, ("tr", *SECTIONS, "table")),
    "tr": (*SECTIONS, "table"),
    **dict.fromkeys((*SECTIONS, "caption"), ("table",)),
}

_NOT_SPACE = re.compile("[^ \t\n]+")
# The same attributes as in posts/text/markup.py, with their values.
_ATTRIBUTE = re.compile(
    r"([^ \t\n\f\r/>][^ \t\n\f\r/>=]*+)"
    rf"(?:{SPACE}={SPACE}"
    r"""(?:"([^"]*+)(?:"|\Z)|'([^']*+)(?:'|\Z)|([^ \t\n\f\r>]*+)))?+"""
)
# In an attribute, "&copy=1" is part of an address and not an entity (HTML 13.2.5.73).
_REFERENCE = re.compile(
    "&(?:#[0-9]{1,8};?|#[xX][0-9a-fA-F]{1,8};?|([a-zA-Z][a-zA-Z0-9]*+(?:;|(?!=))))"
)


def _decoded_attribute(value: str) -> str:
    def character(found: re.Match[str]) -> str:
        return html5.get(found[1], found[0]) if found[1] else unescape(found[0])

    if "&" in value:
        value = _REFERENCE.sub(character, LONG_NUMBER.sub("\ufffd", value))
    return value


def rewritten(
    html: str,
    *,
    elements: Collection[str],
    attributes: Collection[str],
    renamed: Mapping[str, str],
    dropped: Collection[str] = DROPPED,
    tables: Collection[str] | None = None,
) -> str:
    """Return HTML with these elements and attributes only, in a form that every parser agrees on.

    The content of other elements stays, except that of `dropped` ones. Where the tags of a block
    are removed, a paragraph, a line break or a space separates its words from those beside it. An
    element of DROPPED that is not in `dropped` is written like others, but without its content
    if that is not HTML. With `tables`, only tables with one of these classes stay, and these with
    words alone in their cells.
    """
    writer = _Writer(elements, attributes, dropped, tables)
    for kind, text, tag_attributes in tokens(html, named=DROPPED.difference(dropped)):
        if kind is Kind.TEXT:
            writer.text(text)
        elif kind is Kind.START:
            writer.start(renamed.get(text, text), tag_attributes)
        else:
            writer.end(renamed.get(text, text))
    return writer.finished()


@dataclass(slots=True)
class _Element:
    """An open element. `written`: with its tags; `closed`: its closing tag came too early."""

    name: str
    written: bool
    closed: bool = False


@dataclass(slots=True)
class _Line:
    """The state of the output since a block last began or ended."""

    has_words: bool = False
    between: str = ""
    """The separator to write before the next words."""


@dataclass(slots=True)
class _Table:
    """An open table: text between its rows is moved in front of it (HTML 13.2.6.1)."""

    index: int
    outside: list[str]
    line: _Line
    """The line in front of it."""
    cells: int = 0
    """How many of its cells are open, its caption counted in: none or one."""
    out: list[str] = field(default_factory=list)


class _Writer:
    """Writes HTML tag by tag, and remembers the open elements."""

    def __init__(
        self,
        elements: Collection[str],
        attributes: Collection[str],
        dropped: Collection[str],
        kept_tables: Collection[str] | None = None,
    ) -> None:
        self.elements = elements
        self.dropped = dropped
        self.kept_tables = kept_tables
        self.attributes = attributes
        self.out: list[str] = []
        self.tables: list[_Table] = []
        self.open: list[_Element] = []
        # Indexes in `open`: of the elements of each name, of blocks, of blocks that are written, of
        # elements beyond which no closing tag reaches, and of lists.
        self.places: dict[str, list[int]] = defaultdict(list)
        self.blocks: list[int] = []
        self.written_blocks: list[int] = []
        self.scopes: list[int] = [-1]
        self.lists: list[int] = [-1]
        self.depth = 0
        # Formatting that the end of a block has closed, and that is opened again in the next one,
        # as in a browser: of the whole text, and of each open cell.
        self.again: list[dict[str, None]] = [{}]
        self.line = _Line()

    # Input

    def text(self, raw: str) -> None:
        text = without_controls(decoded(raw), separator="\n" if self._in_pre() else " ")
        if text.strip():
            self._before_words()
            self._line().has_words = True
        elif self._is_loose():
            # Between the rows of a table, any other white space is a word for a parser.
            self._write(_NOT_SPACE.sub("", text), of_table=True)
            return
        elif self._begins_paragraph():
            text = text.replace("\u00a0", "")
        for start in range(0, len(text), _LONGEST_TEXT):
            self._write("<!---->" if start else "")
            self._write(_escaped(text[start : start + _LONGEST_TEXT]))

    def start(self, name: str, attributes: str) -> None:
        if name == "br":
            self._line_break()
        elif name in BLOCKS:
            self._start_block(name, attributes)
        elif name in self.dropped:
            self._push(name, written=self._may_write())
        elif name in self.elements:
            if name in VOID:
                self._before_words()
                self._write(self._tag(name, attributes))
                self._line().has_words = True
                return
            if name == "a" and self._in_scope("a"):
                self._end_inline("a")
            self._before_words()
            # Bold within bold changes nothing.
            again = name in _FORMATTING and self._in_scope(name)
            self._push(name, written=self._may_write() and not again, attributes=attributes)

    def end(self, name: str) -> None:
        if name == "br":
            self._line_break()
        elif name in BLOCKS:
            self._end_block(name)
        elif name in self.elements or name in self.dropped:
            self._end_inline(name)

    def finished(self) -> str:
        self._close_above(-1)
        return "".join(self.out)

    # Blocks

    def _start_block(self, name: str, attributes: str) -> None:
        allowed = self._is_allowed(name, attributes)
        if not allowed and name in CELLS:
            self._part(" ")
            return
        self._close_implied(name, allowed)
        if not allowed or not self._may_write():
            self._part("<br>")
            if name not in VOID:
                self._push(name, written=False)
        elif name in VOID:
            self._write(self._tag(name, attributes))
            self._new_block()
        else:
            self._push(name, written=True, attributes=attributes)

    def _is_allowed(self, name: str, attributes: str) -> bool:
        """Whether a block may be written where the text is now."""
        if name not in self.elements:
            return False
        if name in TABLE_PARTS:
            return self._in_table()
        if self.kept_tables is None:
            return True
        if name == "table":
            return not self._has("table") and self._is_kept_table(attributes)
        return not self.tables or self._is_loose()

    def _is_kept_table(self, attributes: str) -> bool:
        for match in _ATTRIBUTE.finditer(attributes):
            if match[1].lower() == "class":
                classes = _decoded_attribute(match[2] or match[3] or match[4] or "").split()
                return any(each in (self.kept_tables or ()) for each in classes)
        return False

    def _in_table(self) -> bool:
        """Whether a part of a table belongs to one, and that is written if not all are."""
        if not self._has("table"):
            return False
        return self.kept_tables is None or self.open[self.places["table"][-1]].written

    def _close_implied(self, name: str, allowed: bool) -> None:
        """Close the elements that a browser closes where this block begins."""
        if allowed and name in _CONTEXT:
            self._close_above(
                max(self.places[each][-1] for each in _CONTEXT[name] if self._has(each))
            )
            return
        if self._in_scope("p"):
            self._close_above(self.places["p"][-1] - 1)
        if name == "li":
            self._close_item("li")
        elif name in {"dt", "dd"}:
            self._close_item("dt")
            self._close_item("dd")
        elif name in HEADINGS and self.blocks and self.open[self.blocks[-1]].name in HEADINGS:
            self._close_above(self.blocks[-1] - 1)
        elif name == "table" and self._is_loose():
            self._close_above(self.tables[-1].index - 1)

    def _close_item(self, name: str) -> None:
        if self._has(name) and self.places[name][-1] > max(self.scopes[-1], self.lists[-1]):
            self._close_above(self.places[name][-1] - 1)

    def _end_block(self, name: str) -> None:
        if name in CELLS and not (name in self.elements and self._in_table()):
            self._part(" ")
            return
        if name in HEADINGS:
            # Any of them closes the one that is open.
            name = max(HEADINGS, key=lambda each: self.places[each][-1] if self._has(each) else -1)
        limit = self.scopes[-1]
        if name == "table" or name in TABLE_PARTS:
            tables = self.places["table"]
            limit = -1 if name == "table" or not tables else tables[-1]
        if self._has(name) and self.places[name][-1] > limit:
            self._close_above(self.places[name][-1] - 1)
        else:
            self._part("<br>")

    # Elements within a line

    def _end_inline(self, name: str) -> None:
        places = self.places[name]
        if not places or places[-1] < self.scopes[-1]:
            self.again[-1].pop(name, None)
            return
        place = places[-1]
        if self.blocks and self.blocks[-1] > place and name not in _ADOPTED:
            return
        places.pop()
        element = self.open[place]
        element.closed = True
        if element.written:
            self._write(f"</{name}>")
        while self.open and self.open[-1].closed:
            self._pop()

    def _line_break(self) -> None:
        # A line break between paragraphs is left out.
        if "br" in self.elements and not self._begins_paragraph():
            self._write("<br>")
        self._new_block()

    # Separators between words

    def _line(self) -> _Line:
        return self.tables[-1].line if self._is_loose() else self.line

    def _part(self, separator: str) -> None:
        """Remember to write a separator before the next words."""
        line = self._line()
        if line.between != "<br>":
            line.between = separator

    def _new_block(self, name: str = "") -> None:
        if name == "table" or name in TABLE_PARTS:
            self.line = _Line()
            if self.tables:
                self.tables[-1].line.between = "<br>"
        else:
            line = self._line()
            line.has_words, line.between = False, ""

    def _before_words(self) -> None:
        """Write what is needed before words: the tag of a paragraph, or a separator."""
        if self._begins_paragraph():
            self._push("p", written=True)
        line = self._line()
        if line.between and line.has_words:
            in_pre = line.between == "<br>" and self._in_pre()
            self._write("\n" if in_pre else line.between)
        line.between = ""
        if self.again[-1]:
            names = list(self.again[-1])
            self.again[-1].clear()
            for name in names:
                self._push(name, written=self._may_write() and not self._in_scope(name))

    def _begins_paragraph(self) -> bool:
        """Whether words here need a paragraph, because the block around them has no tags."""
        if self.blocks[-1:] == self.written_blocks[-1:] or "p" not in self.elements:
            return False
        around = self.open[self.written_blocks[-1]].name if self.written_blocks else ""
        return around in {"", "blockquote"} and self._may_write()

    # Open elements

    def _has(self, name: str) -> bool:
        return bool(self.places[name])

    def _in_scope(self, name: str) -> bool:
        return self._has(name) and self.places[name][-1] > self.scopes[-1]

    def _in_pre(self) -> bool:
        return self._in_scope("pre") and self.open[self.places["pre"][-1]].written

    def _may_write(self) -> bool:
        return self.depth < MAX_DEPTH

    def _push(self, name: str, *, written: bool, attributes: str = "") -> None:
        place = len(self.open)
        if written:
            if name == "table":
                before = _Line(self._line().has_words, "<br>")
                self.tables.append(_Table(place, self._target(), before))
            self._write(
                self._tag(name, attributes), of_table=name in TABLE_PARTS or name == "table"
            )
            self.depth += 1
        self.open.append(_Element(name, written))
        self.places[name].append(place)
        if name in BLOCKS:
            self.blocks.append(place)
            if written:
                self.written_blocks.append(place)
                self._new_block(name)
        if written and self.tables and name in _CELLS_AND_CAPTION:
            self.tables[-1].cells += 1
        if name in _SCOPED and written:
            self.scopes.append(place)
            self.again.append({})
        if name in _LISTS:
            self.lists.append(place)

    def _pop(self) -> None:
        element = self.open.pop()
        place, name = len(self.open), element.name
        if not element.closed:
            self.places[name].pop()
        for places in (self.blocks, self.written_blocks, self.lists):
            if places and places[-1] == place:
                places.pop()
        if self.scopes[-1] == place:
            self.scopes.pop()
            self.again.pop()
        if element.written:
            self.depth -= 1
        if name not in BLOCKS:
            if element.written and not element.closed:
                self._write(f"</{name}>")
                if name in _FORMATTING:
                    self.again[-1][name] = None
        elif not element.written:
            self._part("<br>")
        else:
            if self.tables and name in _CELLS_AND_CAPTION:
                self.tables[-1].cells -= 1
            self._write(f"</{name}>", of_table=name in TABLE_PARTS or name == "table")
            if name == "table":
                table = self.tables.pop()
                table.outside.append("".join(table.out))
                self._new_block()
            else:
                self._new_block(name)

    def _close_above(self, place: int) -> None:
        while len(self.open) - 1 > place:
            self._pop()

    # Output

    def _is_loose(self) -> bool:
        """Whether this is within a table, and in no cell of it."""
        return bool(self.tables) and not self.tables[-1].cells

    def _target(self, *, of_table: bool = False) -> list[str]:
        if not self.tables:
            return self.out
        table = self.tables[-1]
        return table.outside if not of_table and self._is_loose() else table.out

    def _write(self, text: str, *, of_table: bool = False) -> None:
        self._target(of_table=of_table).append(text)

    def _tag(self, name: str, attributes: str) -> str:
        """Return the opening tag of an element, with those of its attributes that are wanted."""
        found: dict[str, str] = {}
        if attributes and name not in _FORMATTING and name not in self.dropped:
            for match in _ATTRIBUTE.finditer(attributes):
                key = match[1].lower()
                if key in self.attributes and key not in found:
                    found[key] = match[2] or match[3] or match[4] or ""
        return f"<{name}{''.join(_attribute(key, value) for key, value in found.items())}>"


def _attribute(name: str, value: str) -> str:
    is_address = name in {"href", "src", "id"}
    value = without_controls(_decoded_attribute(value), separator="" if is_address else " ")
    if len(value) > _LONGEST_ATTRIBUTE:
        # An address that is cut would lead somewhere else; a text may be cut.
        if is_address:
            return ""
        value = value[:_LONGEST_ATTRIBUTE]
    return f' {name}="{_escaped(value).replace(chr(34), "&quot;")}"'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")

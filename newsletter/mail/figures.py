"""Figures with data of an introduction: as tables of a mail, and as lines of its text.

On the web, such a table has its numbers as bars, too (posts/text/bars.py). Mail programs draw no
SVG, so here a bar is a cell with a ground of its own, beside the number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape

from alarmroom.mail_text import WIDTH, one_line, wrap
from posts.text.bars import MOST_MARKED, number_in
from posts.text.markup import CELLS, SECTIONS, TABLE_PARTS
from posts.text.plain import line_of

# So many rows of one introduction have bars, which make each six times as long, and so many stand
# in the mail at all: Gmail cuts long mails off. The web edition has them all.
MOST_DRAWN = 16
MOST_ROWS = 100
MOST_FOOT = 3  # rows below a table: its source
# More columns than a mail has room for.
MOST_COLUMNS = 12
# Below so many characters, a name and its number stand in one line of the text.
WIDEST_NAME = 40
LONGEST_FIGURE = 14  # characters of a number that stands to the right of its column

_GAP = "  "
# Programs that know no style sheet have the colours and widths from attributes. Lines above and
# below belong to a table around it: Outlook knows no space around tables.
_BEGINS = (
    '<table role="presentation" border="0" cellpadding="0" cellspacing="0" width="100%"><tr>'
    '<td class="figure">'
    '<table class="sans ink" border="0" cellpadding="0" cellspacing="0" width="100%">'
)
_ENDS = (
    "</table></td></tr>"
    '<tr><td height="14" style="font-size:0;line-height:14px;">&#160;</td></tr></table>'
)
_BAR = (
    '<td class="drawn" width="46%" aria-hidden="true">{0}</td>',
    '<table role="presentation" border="0" cellpadding="0" cellspacing="0" width="{0}%"><tr>'
    '<td class="{1}" bgcolor="{2}" height="16">&#160;</td></tr></table>',
)
_GROUNDS = {"bar": "#51678a", "bar marked": "#b3261e"}


@dataclass(slots=True)
class Cell:
    """A cell: its element, its attributes as they are written, and its HTML or its words."""

    name: str
    attributes: str
    spans: int
    content: str = ""


@dataclass(slots=True)
class Figure:
    """A table of the class "figures" while it is read, and afterwards."""

    attributes: str = ""
    caption: Cell | None = None
    rows: list[tuple[str, list[Cell]]] = field(default_factory=list)
    """Each with the part of the table that it stands in."""
    part: str = "tbody"
    filling: Cell | None = None

    def begin(self, tag: str, values: dict[str, str | None], attributes: str = "") -> bool:
        """Take in a tag; return whether it begins what has words."""
        if tag in SECTIONS:
            self.part = tag
        elif tag == "tr" or (tag in CELLS and not self.rows):
            self.rows.append((self.part, []))
        if tag in CELLS:
            spans = values.get("colspan") or ""
            number = int(spans) if len(spans) < 4 and spans.isdecimal() else 1
            if scope := values.get("scope"):
                attributes += f' scope="{scope}"' if scope in {"row", "col"} else ""
            self.filling = Cell(tag, attributes, max(1, min(number, MOST_COLUMNS)))
            self.rows[-1][1].append(self.filling)
        elif tag == "caption":
            self.filling = self.caption = Cell(tag, attributes, 1)
        return tag in CELLS or tag == "caption"

    def end(self, tag: str, content: str) -> None:
        """Take in the end of an element, and what has been written since it began."""
        if self.filling is not None and (tag in CELLS or tag == "caption"):
            self.filling.content = content
            self.filling = None

    def says_something(self) -> bool:
        return bool(self.caption and self.caption.content.strip()) or any(
            cell.content.strip() for _, cells in self.rows for cell in cells
        )


def is_part(tag: str) -> bool:
    """Whether this element is a part of a table, and of nothing else."""
    return tag in TABLE_PARTS


# As a table of the mail


@dataclass(slots=True)
class Room:
    """The room that is left in an introduction, in rows."""

    drawn: int = MOST_DRAWN
    rows: int = MOST_ROWS


def to_table(figure: Figure, room: Room, *, web_url: str) -> str:
    """Return the HTML of a figure, which takes its rows from the room."""
    if not figure.says_something():
        return ""
    numbers = [_number_of(part, cells) for part, cells in figure.rows]
    most = max((number for number in numbers if number is not None), default=0.0)
    drawn_rows = sum(number is not None for number in numbers)
    rows = [row for row in zip(figure.rows, numbers, strict=True) if row[0][0] != "tfoot"]
    foot = [row for row in zip(figure.rows, numbers, strict=True) if row[0][0] == "tfoot"]
    shown, foot = rows[: room.rows], foot[:MOST_FOOT]
    is_drawn = most > 0 and drawn_rows <= room.drawn and len(shown) == len(rows)
    room.rows -= len(shown)
    room.drawn -= drawn_rows if is_drawn else 0
    out = [_BEGINS.replace('class="sans ink"', f'class="sans ink"{figure.attributes}', 1)]
    if caption := figure.caption:
        out.append(f'<caption class="sans ink"{caption.attributes}>{caption.content}</caption>')
    marked = 0
    for (part, cells), number in shown:
        is_marked = number is not None and any("<strong>" in cell.content for cell in cells[:-1])
        marked += is_marked
        bar = "bar marked" if is_marked and marked <= MOST_MARKED else "bar"
        drawn = _bar(number / most, bar) if is_drawn and number is not None else ""
        out.append(_row(part, cells, drawn, is_drawn=is_drawn))
    if more := len(rows) - len(shown):
        words = "1 more row is" if more == 1 else f"{more:,} more rows are"
        span = max(len(cells) for _, cells in figure.rows)
        out.append(
            f'<tr><td class="source sans quiet" colspan="{max(1, min(span, MOST_COLUMNS))}">'
            f'<a href="{escape(web_url)}">{words} on the web</a></td></tr>'
        )
    out += [_row(part, cells, "", is_drawn=is_drawn) for (part, cells), _ in foot]
    return "".join([*out, _ENDS])


def _number_of(part: str, cells: list[Cell]) -> float | None:
    if part != "tbody" or not cells or cells[-1].name != "td":
        return None
    return number_in(line_of(cells[-1].content))


def _bar(share: float, name: str) -> str:
    width = round(100 * share)
    return _BAR[0].format(_BAR[1].format(width, name, _GROUNDS[name]) if width else "&#160;")


def _row(part: str, cells: list[Cell], bar: str, *, is_drawn: bool) -> str:
    """Return a row. Rows of a long table have no styles of their own, for they are many."""
    out = []
    for place, cell in enumerate(cells):
        is_last = place == len(cells) - 1
        if is_last:
            out.append(bar)
        # Where others have a bar, this row's last cell takes the room of one.
        spans = cell.spans + (is_last and is_drawn and not bar)
        attributes = cell.attributes + (f' colspan="{spans}"' if spans > 1 else "")
        if cell.name == "th" and "scope=" not in attributes:
            attributes += ' scope="col"' if part == "thead" else ' scope="row"'
        if part == "tfoot":
            attributes += ' class="source sans quiet"'
        elif is_drawn:
            css = "thing" if cell.name == "th" and part == "tbody" else "cell"
            if bar and is_last:
                # A phone may break the line of a number, and not the number.
                words = line_of(cell.content).split()
                css = "number" if max(map(len, words)) <= LONGEST_FIGURE else "number long"
                attributes += ' align="right"'
            attributes += f' class="{css} sans ink"'
        out.append(f"<{cell.name}{attributes}>{cell.content or '&#160;'}</{cell.name}>")
    return f'<tr align="left">{"".join(out)}</tr>' if out else ""


# As lines of the text


def to_lines(figure: Figure, margin: str) -> list[str]:
    """Return the paragraphs of a figure: its caption, its rows, and its source."""
    parts: list[str] = []
    if figure.caption and (words := one_line(figure.caption.content)):
        parts.append(wrap(words, first=margin, rest=margin))
    rows = [
        (part, [one_line(cell.content) for cell in cells])
        for part, cells in figure.rows
        if any(cell.content.strip() for cell in cells)
    ]
    body = [cells for part, cells in rows if part != "tfoot"]
    widths, to_right = _columns(body)
    lines = [_line(cells, widths, to_right, margin) for cells in body]
    if lines:
        parts.append("\n".join(lines))
    for part, cells in rows:
        if part == "tfoot":
            parts.append(wrap(" ".join(filter(None, cells)), first=margin, rest=margin))
    return parts


def _columns(rows: list[list[str]]) -> tuple[list[int], list[bool]]:
    """Return the width of each column, and whether its words stand to the right."""
    widths, to_right = list[int](), list[bool]()
    for place in range(min(MOST_COLUMNS, max(map(len, rows), default=0))):
        cells = [row[place] for row in rows if len(row) > max(place, 1)]
        found = [cell for cell in cells if len(cell) <= WIDEST_NAME]
        widths.append(max(map(len, found), default=0))
        filled = [cell for cell in cells if cell]
        short = all(len(cell) <= LONGEST_FIGURE for cell in filled)
        digits = sum(cell[:1].isdecimal() for cell in filled)
        # A heading of such a column is a word.
        to_right.append(bool(place) and short and digits >= max(1, len(filled) - 1))
    return widths, to_right


def _line(cells: list[str], widths: list[int], to_right: list[bool], margin: str) -> str:
    """Return a row in one line where there is room; else its cells as words, one after another."""
    if len(cells) > len(widths) or any(
        len(cell) > width for cell, width in zip(cells, widths, strict=False)
    ):
        return _as_words(cells, margin)
    padded = (
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, to_right, strict=False)
    )
    line = f"{margin}{_GAP.join(padded)}".rstrip()
    return line if len(line) <= WIDTH else _as_words(cells, margin)


def _as_words(cells: list[str], margin: str) -> str:
    words = _GAP.join(cell for cell in cells if cell)
    return wrap(words, first=margin, rest=f"{margin}    ")

"""Figures with data: a table whose numbers readers also see as bars.

A writer's table of the class "figures" has a name and a number in each row. On a page, each number
gets a bar beside it: an SVG rectangle, which prints, follows light and dark, and needs neither a
request nor an inline style. The table stays one: programs that read aloud, feeds and plain copies
have the names and the numbers. At most two rows are marked, by a bold name: what the article is
about.
"""

import re

from posts.text.plain import text_of

MOST_MARKED = 2
LONGEST_NUMBER = 30  # characters

# Clean HTML: each element is closed, and no attribute has an angle bracket.
_FIGURES = re.compile(r'<table(?: [a-z]+="[^"<>]*")*? class="figures"[^<>]*>')
_PART = re.compile(r"<(/?)(thead|tfoot|tr|td|th|table)(?: [^<>]*)?>")
_NUMBER = re.compile(rf"[0-9][0-9.,]{{0,{LONGEST_NUMBER}}}+")


def with_bars(html: str) -> str:
    """Return a clean body in which the tables of figures have their bars, in linear time."""
    if ' class="figures"' not in html:
        return html
    out: list[str] = []
    done = 0
    for opened in _FIGURES.finditer(html):
        if opened.start() < done:
            continue  # A table within a table of figures is a table.
        end = html.find("</table>", opened.end())
        if end < 0:
            break
        out += [html[done : opened.end()], _drawn(html[opened.end() : end])]
        done = end
    out.append(html[done:])
    return "".join(out)


def number_in(text: str) -> float | None:
    """Return the first number of a text, as "34 %", "1,200 calls" or "4.5"; None without one."""
    found = _NUMBER.search(text)
    if found is None:
        return None
    whole, _, fraction = found[0].replace(",", "").partition(".")
    return float(f"{whole}.{fraction.replace('.', '') or '0'}")


def _drawn(rows: str) -> str:
    """Return the inside of a table with a bar in the last cell of each row that has a number."""
    cells: list[tuple[int, float, bool]] = []  # where the bar goes, the number, marked
    row = cell = -1
    is_body = True
    for part in _PART.finditer(rows):
        closing, name = part.groups()
        if name in {"thead", "tfoot"}:
            is_body = bool(closing)
        elif name == "tr" and not closing:
            row, cell = part.end(), -1
        elif name == "td" and not closing:
            cell = part.end()
        elif name == "tr" and is_body and cell > 0:
            number = number_in(text_of(rows[cell : part.start()]))
            if number is not None:
                cells.append((cell, number, "<strong>" in rows[row:cell]))
    most = max((number for _, number, _ in cells), default=0)
    if not most:
        return rows
    out: list[str] = []
    done = marked = 0
    for at, number, is_marked in cells:
        marked += is_marked
        strong = " bar--strong" if is_marked and marked <= MOST_MARKED else ""
        width = f"{100 * number / most:.1f}".removesuffix(".0")
        out += [
            rows[done:at],
            f'<svg class="bar{strong}" viewBox="0 0 100 9" preserveAspectRatio="none"'
            f' aria-hidden="true"><rect width="{width}" height="9"></rect></svg>',
        ]
        done = at
    out.append(rows[done:])
    return "".join(out)

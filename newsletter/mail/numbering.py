"""The numbers of a list as a browser would show them, for the text part of a mail."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser

Attributes = Mapping[str, str | None]

_ROMAN = [
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"),
    (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
]  # fmt: skip


def number_in(attributes: Attributes, name: str) -> int | None:
    """Return the number that an attribute holds, of at most six digits; None if it holds none."""
    value = attributes.get(name) or ""
    return int(value) if re.fullmatch("-?[0-9]{1,6}", value) else None


class Numbering:
    """Counts the items of one numbered list: from any start, in any type, backwards if reversed."""

    def __init__(self, attributes: Attributes, items: int) -> None:
        """`items` is how many the list has, with which a reversed one begins (HTML 4.4.5)."""
        start = number_in(attributes, "start")
        self.step = -1 if "reversed" in attributes else 1
        self.next = start if start is not None else (items if self.step < 0 else 1)
        self.kind = attributes.get("type") or "1"

    def label(self, item: Attributes) -> str:
        """Return the label of the next item, such as `4.` or `b.`"""
        value = number_in(item, "value")
        number = self.next if value is None else value
        self.next = number + self.step
        return f"{numeral(number, self.kind)}."


def numeral(number: int, kind: str) -> str:
    """Return a number as a list of type 1, a, A, i or I shows it.

    Letters and Roman numerals begin at 1, and Romans end at 3999; other numbers stay digits.
    """
    written = str(number)
    if kind in {"a", "A"} and number > 0:
        written = ""
        while number:
            number, letter = divmod(number - 1, 26)
            written = chr(ord("a") + letter) + written
    elif kind in {"i", "I"} and 0 < number < 4000:
        written = ""
        for worth, letters in _ROMAN:
            count, number = divmod(number, worth)
            written += letters * count
    return written.upper() if kind in {"A", "I"} else written


class _Counter(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.items: list[int] = []
        self.open: list[int | None] = []  # The index in `items` of each list around.

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "ol":
            self.open.append(len(self.items))
            self.items.append(0)
        elif tag == "ul":
            self.open.append(None)
        elif tag == "li" and self.open and (place := self.open[-1]) is not None:
            self.items[place] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in {"ol", "ul"} and self.open:
            self.open.pop()


def items_of_lists(html: str) -> list[int]:
    """Return how many items each numbered list of clean HTML has, in their order."""
    counter = _Counter()
    counter.feed(html)
    counter.close()
    return counter.items

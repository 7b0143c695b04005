"""The plain text of mails: short lines, and no character that could end a header."""

from __future__ import annotations

import re
import textwrap

from alarmroom.characters import CONTROL

# Every mail program shows 72 characters, and a few marks of quotation before them. Not
# format=flowed (RFC 3676): most mail programs ignore it, and the others join lines that are to
# stay apart.
WIDTH = 72

# What stands before a line, and so before its further lines: quotation marks are repeated, a
# bullet or a number becomes spaces. One word and a full stop count as a numeral ("iv.") only where
# one more word follows.
_MARGIN = re.compile(r"[> ]*(?:[*-] +|[0-9]{1,9}\. +|[A-Za-z]{1,9}\. +(?=\S+$))?")


def one_line(text: str) -> str:
    """Return text with every run of white space as one space, and no control characters."""
    return " ".join(CONTROL.sub(" ", text).split())


def wrap(text: str, *, first: str = "", rest: str = "") -> str:
    """Return text in lines of at most WIDTH characters; a longer word gets its own line.

    `first` stands before the first line and `rest` before the others. Line breaks in the
    text stay.
    """
    lines: list[str] = []
    for line in text.split("\n"):
        margin = rest if lines else first
        lines += textwrap.wrap(
            line,
            WIDTH,
            initial_indent=margin,
            subsequent_indent=rest,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [margin.rstrip()]
    return "\n".join(lines).replace("\u00a0", " ")


def spaces_for_controls(text: str) -> str:
    """Return text with a space for each control character but line feeds."""
    return "\n".join(CONTROL.sub(" ", line) for line in text.split("\n"))


def wrap_lines(text: str) -> str:
    """Return a whole text in lines of at most WIDTH characters; what fits stays as it is.

    No word is broken, so an address stays whole, on a line of its own if it is long. Further
    lines of a quotation or a list item are indented like its first words.
    """
    return "\n".join(_wrap_line(line) for line in text.split("\n"))


def _wrap_line(line: str) -> str:
    if len(line) <= WIDTH:
        return line
    margin = _MARGIN.match(line)
    first = margin[0] if margin else ""
    rest = re.sub(r"[^> ]", " ", first)
    return wrap(line[len(first) :], first=first, rest=rest)

"""The words, signs and pictures of a text, each with the elements that it stands in."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import escape
from typing import NamedTuple

from alarmroom.desk.comparing.markup import BLOCKS, SPACE, VOID, Kind, pieces

# Elements nested deeper than this are left out of what is shown; their words stay.
DEEPEST = 40
PICTURE = 1_000  # characters: no picture is too short to be kept apart from its neighbours.

_SIGNS = r"!-/:-@\[-`{-~¡«»¿‐-‧‰-⁞、-〃〈-】"
# Words of these are not parted by spaces: each character is one.
_IDEOGRAPHS = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_LETTER = rf"[^ \t\n\f\r\xa0{_SIGNS}{_IDEOGRAPHS}]"
_WORD = rf"{_LETTER}++(?:['’.,:]{_LETTER}++)*+"
_TEXT = re.compile(rf"[ \t\n\f\r]++|{_WORD}|[\s\S]")
_HTML = re.compile(rf"[ \t\n\f\r]++|&#?[0-9A-Za-z]{{1,32}}+;|{_WORD}|[\s\S]")


@dataclass(frozen=True, slots=True)
class Around:
    """An element around a word: its opening tag, and which of several alike it is."""

    opening: str
    name: str
    number: int

    @property
    def is_block(self) -> bool:
        return self.name in BLOCKS


Context = tuple[Around, ...]


class Token(NamedTuple):
    raw: str
    """As it is written in HTML."""
    key: int
    """The same for what reads and looks the same."""
    context: Context
    size: int
    """In characters."""
    is_space: bool = False
    ends_sentence: bool = False
    is_bare: bool = False
    """An empty element of a block, such as a cell, which is never marked."""


@dataclass(slots=True)
class Numbers:
    """A number for each text in each kind of context, the same for both sides."""

    contexts: dict[tuple[str, ...], int] = field(default_factory=dict)
    keys: dict[tuple[str, int], int] = field(default_factory=dict)

    def context(self, around: Context) -> int:
        tags = tuple(each.opening for each in around)
        return self.contexts.setdefault(tags, len(self.contexts))

    def key(self, text: str, context: int) -> int:
        return self.keys.setdefault((text, context), len(self.keys))


def text_tokens(text: str, numbers: Numbers) -> list[Token]:
    """Return what a plain text consists of."""
    return [
        _token(found[0], escape(found[0]), numbers, (), 0, pre=True)
        for found in _TEXT.finditer(text)
    ]


def _token(
    text: str, raw: str, numbers: Numbers, around: Context, context: int, *, pre: bool
) -> Token:
    is_space = not text.strip(SPACE)
    key = numbers.key(" " if is_space and not pre else text, context)
    size = 1 if text[0] == "&" else len(text)
    return Token(raw, key, around, size, is_space, ends_sentence=text in ".!?…")


@dataclass(slots=True)
class _Open:
    around: Around
    at: int
    """How many tokens there were before it."""


def html_tokens(html: str, numbers: Numbers, *, pre: bool = False) -> list[Token]:
    """Return what HTML consists of; with `pre`, white space counts as it is written."""
    found: list[Token] = []
    opened: list[_Open] = []
    around: Context = ()
    number = numbers.context(around)
    beyond = count = 0
    for kind, raw, name, _ in pieces(html):
        if kind is Kind.TEXT:
            in_pre = pre or any(each.name == "pre" for each in around)
            found += [
                _token(part[0], part[0].replace("<", "&lt;"), numbers, around, number, pre=in_pre)
                for part in _HTML.finditer(raw)
            ]
            continue
        if kind is Kind.START and name in VOID:
            size = 1 if name == "br" else PICTURE
            found.append(
                Token(raw, numbers.key(raw, number), around, size, ends_sentence=name == "br")
            )
            continue
        if kind is Kind.START:
            if len(opened) == DEEPEST:
                beyond += 1
                continue
            count += 1
            opened.append(_Open(Around(raw, name, count), len(found)))
        elif kind is Kind.END and beyond:
            beyond -= 1
            continue
        elif kind is Kind.END and any(each.around.name == name for each in opened):
            while (last := opened.pop()).around.name != name:
                pass
            if last.at == len(found):
                around = tuple(each.around for each in opened)
                whole = last.around.opening + raw
                key = numbers.key(whole, numbers.context(around))
                found.append(Token(whole, key, around, PICTURE, is_bare=last.around.is_block))
        else:
            continue
        around = tuple(each.around for each in opened)
        number = numbers.context(around)
    return found

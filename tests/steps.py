"""How many steps a regular expression takes on a text, counted and not timed.

A plain backtracking matcher over Python's own parse of the pattern. It tries what `re` tries, in
the same order, without its shortcuts: what is linear here is linear there.
"""

import re
from collections.abc import Iterator
from re import _constants as op  # type: ignore[attr-defined]  # there is no public way to the parse
from re import _parser as parser  # type: ignore[attr-defined]  # likewise
from typing import Any


class TooMany(Exception):
    """The steps went over the bound."""


class Matcher:
    def __init__(self, pattern: re.Pattern[str] | re.Pattern[bytes], text: str, bound: int) -> None:
        source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode()
        tree = parser.parse(source, pattern.flags & ~re.UNICODE)
        self.flags = tree.state.flags
        self.items = list(tree)
        self.text, self.bound, self.steps = text, bound, 0
        self.groups: dict[int, str] = {}

    def scan(self, *, anchored: bool, whole: bool) -> int:
        """Return the steps for all matches, or for one at the beginning (of the whole text)."""
        at = 0
        while at <= len(self.text):
            self.step()
            end = next(
                (
                    end
                    for end in self.sequence(self.items, at)
                    if not whole or end == len(self.text)
                ),
                None,
            )
            if anchored:
                break
            at = max(end, at + 1) if end is not None else at + 1
        return self.steps

    def step(self) -> None:
        self.steps += 1
        if self.steps > self.bound:
            raise TooMany

    def sequence(self, items: list[Any], at: int) -> Iterator[int]:
        if not items:
            yield at
            return
        for end in self.one(items[0], at):
            yield from self.sequence(items[1:], end)

    def one(self, item: Any, at: int) -> Iterator[int]:
        self.step()
        code, value = item
        if code in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            if at < len(self.text) and self.fits(item, self.text[at]):
                yield at + 1
        elif code is op.MAX_REPEAT:
            yield from self.greedy(value, at)
        elif code is op.POSSESSIVE_REPEAT:
            # What it has taken it does not give back.
            if (longest := next(self.greedy(value, at), None)) is not None:
                yield longest
        elif code is op.MIN_REPEAT:
            yield from self.lazy(value, at)
        elif code is op.SUBPATTERN:
            group, _, _, inner = value
            for end in self.sequence(list(inner), at):
                self.groups[group] = self.text[at:end]
                yield end
        elif code is op.ATOMIC_GROUP:
            yield from [end for end in [next(self.sequence(list(value), at), None)] if end]
        elif code is op.BRANCH:
            for branch in value[1]:
                yield from self.sequence(list(branch), at)
        elif code in (op.ASSERT, op.ASSERT_NOT):
            direction, inner = value
            start = at if direction > 0 else at - inner.getwidth()[0]
            found = start >= 0 and any(
                direction > 0 or end == at for end in self.sequence(list(inner), start)
            )
            if found == (code is op.ASSERT):
                yield at
        elif code is op.AT:
            if self.stands(value, at):
                yield at
        elif code is op.GROUPREF:
            if self.text.startswith(self.groups.get(value, "\0"), at):
                yield at + len(self.groups[value])
        else:
            raise NotImplementedError(code)

    def greedy(self, value: Any, at: int) -> Iterator[int]:
        least, most, inner = value
        if len(inner) == 1 and inner[0][0] in (op.LITERAL, op.NOT_LITERAL, op.ANY, op.IN):
            end = at
            while end < len(self.text) and end - at < most and self.fits(inner[0], self.text[end]):
                self.step()
                end += 1
            for stop in range(end, at + least - 1, -1):
                self.step()
                yield stop
            return
        if most:
            for end in self.sequence(list(inner), at):
                if end > at:
                    yield from self.greedy((max(least - 1, 0), _less(most), inner), end)
        if not least:
            yield at

    def lazy(self, value: Any, at: int) -> Iterator[int]:
        least, most, inner = value
        if not least:
            yield at
        if most:
            for end in self.sequence(list(inner), at):
                if end > at:
                    yield from self.lazy((max(least - 1, 0), _less(most), inner), end)

    def fits(self, item: Any, letter: str) -> bool:
        code, value = item
        if code is op.ANY:
            return bool(self.flags & re.DOTALL) or letter != "\n"
        if self.flags & re.IGNORECASE:
            return any(self._fits(code, value, one) for one in {letter.lower(), letter.upper()})
        return self._fits(code, value, letter)

    def _fits(self, code: Any, value: Any, letter: str) -> bool:
        if len(letter) != 1:
            return False
        if code is op.LITERAL:
            return letter == chr(value)
        if code is op.NOT_LITERAL:
            return letter != chr(value)
        negated = value[0][0] is op.NEGATE
        return negated != any(
            (kind is op.LITERAL and letter == chr(what))
            or (kind is op.RANGE and what[0] <= ord(letter) <= what[1])
            or (kind is op.CATEGORY and self.is_of(what, letter))
            for kind, what in value
        )

    def is_of(self, category: Any, letter: str) -> bool:
        name = str(category).removeprefix("CATEGORY_")
        sign = {"DIGIT": r"\d", "SPACE": r"\s", "WORD": r"\w"}[name.removeprefix("NOT_")]
        return (not name.startswith("NOT_")) == bool(re.match(sign, letter, self.flags & re.ASCII))

    def stands(self, where: Any, at: int) -> bool:
        last = len(self.text)
        if where in (op.AT_BEGINNING, op.AT_BEGINNING_STRING):
            is_line = bool(self.flags & re.MULTILINE) and where is op.AT_BEGINNING
            return at == 0 or (is_line and self.text[at - 1] == "\n")
        if where in (op.AT_END, op.AT_END_STRING):
            return at == last or (where is op.AT_END and at == last - 1 and self.text[at] == "\n")
        before = at > 0 and bool(re.match(r"\w", self.text[at - 1]))
        after = at < last and bool(re.match(r"\w", self.text[at]))
        return (before != after) == (where is op.AT_BOUNDARY)


def _less(most: Any) -> Any:
    return most if most is op.MAXREPEAT else most - 1


def steps(
    pattern: re.Pattern[Any], text: str, *, anchored: bool, whole: bool, bound: int = 10**9
) -> int:
    return Matcher(pattern, text, bound).scan(anchored=anchored, whole=whole)


def nasty(pattern: re.Pattern[Any]) -> list[tuple[str, str, str]]:
    """Return beginnings, what to repeat after them, and ends, made from the pattern's own parts.

    What makes a pattern slow is nearly what it looks for, many times.
    """
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode()
    samples: list[str] = []
    _samples(list(parser.parse(source, pattern.flags & ~re.UNICODE)), samples)
    units = list(dict.fromkeys(filter(None, samples)))[:12]
    short = units[:5]
    return [
        (begin, unit, end)
        for begin in ["", *short]
        for unit in units
        for end in ("", "\x00")
        if begin != unit
    ]


def _samples(items: list[Any], found: list[str]) -> str:
    """Return the shortest text that fits, and add those of all beginnings and parts."""
    text = ""
    for code, value in items:
        piece = ""
        if code is op.LITERAL:
            piece = chr(value)
        elif code is op.NOT_LITERAL:
            piece = "x" if value != ord("x") else "y"
        elif code is op.ANY:
            piece = "x"
        elif code is op.IN:
            piece = _member(value)
        elif code in (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT):
            piece = _samples(list(value[2]), found) * max(1, min(value[0], 3))
        elif code is op.SUBPATTERN:
            piece = _samples(list(value[3]), found)
        elif code is op.BRANCH:
            pieces = [_samples(list(branch), found) for branch in value[1]]
            piece = pieces[0]
        found.append(piece)
        text += piece
        found.append(text)
    return text


def _member(value: Any) -> str:
    test = Matcher(re.compile(""), "", 0)
    for letter in "a1 -\n.x\"'<>/=_!é\u2029":
        if test._fits(op.IN, value, letter):
            return letter
    for kind, what in value:
        if kind is op.LITERAL:
            return chr(what)
        if kind is op.RANGE:
            return chr(what[0])
    return ""

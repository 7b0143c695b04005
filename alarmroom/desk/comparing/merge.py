"""Three-way merge of bodies: what two people made of the same text.

Values, sets and lists of rows are merged in values.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple

from alarmroom.desk.comparing import blocks, pairs
from alarmroom.desk.comparing.blocks import Element, element, key
from alarmroom.desk.comparing.markup import SPACE
from alarmroom.desk.comparing.sequences import CHARACTERS, Effort, Hunk, Region, regions

Side = Literal["mine", "theirs", "both"]
Act = Literal["added", "changed", "removed", "moved"]
# Lists in lists: what is nested deeper is merged as one piece.
DEEPEST = 10
# Two people who edit one row of a table, or one cell, are asked about the row.
_WHOLE = frozenset({"tr", "p", "pre", "hr", "h1", "h2", "h3", "h4", "h5", "h6"})


class Conflict(NamedTuple):
    """A place that both changed, each in another way: HTML of whole blocks, empty for none."""

    base: str
    mine: str
    theirs: str
    both: str
    """Mine, and then theirs; in a list, of those items that both changed."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that one side did, or both alike, and that needs no decision."""

    side: Side
    act: Act
    name: str
    """The name of the block's element, such as "p", "li", "tr" or "figure", or "img" for a picture
    within a figure; "" for loose words."""
    words: str
    """Its first words, and `below` those of the block above it; plain text, not escaped."""
    below: str = ""


@dataclass(frozen=True, slots=True)
class Merged:
    parts: list[str | Conflict]
    steps: list[Step] = field(default_factory=list)

    @property
    def conflicts(self) -> list[Conflict]:
        return [part for part in self.parts if isinstance(part, Conflict)]

    @property
    def is_clean(self) -> bool:
        return not self.conflicts

    @property
    def text(self) -> str:
        """The merged body. Raises ValueError while there is something to decide."""
        if not self.is_clean:
            raise ValueError("Both changed the same part of the text.")
        return "".join(part for part in self.parts if isinstance(part, str))

    def decided(self, choices: Sequence[str]) -> str:
        """Return the body with what was chosen for each conflict, in their order."""
        if len(choices) != len(self.conflicts):
            raise ValueError("There is not one choice for each conflict.")
        chosen = iter(choices)
        return _joined([part if isinstance(part, str) else next(chosen) for part in self.parts])


def merge(base: str, mine: str, theirs: str, effort: Effort | None = None) -> Merged:
    """Return what both sides made of `base`, put together.

    Each block is taken from the side that changed it. In a list, table, quotation or figure that
    both changed, the same holds for what is in it. Where both changed the same block, differently,
    or one removed what the other changed, there is a conflict; white space never makes one.
    """
    work = _Merge(effort or Effort())
    parts = work.texts(base, mine, theirs, 0)
    # To the letter, white space at the ends included.
    if mine in (base, theirs):
        parts = [theirs]
    elif theirs == base:
        parts = [mine]
    return Merged(parts, work.done())


class _Merge:
    def __init__(self, effort: Effort) -> None:
        self.effort = effort
        self.steps: list[Step] = []
        # What one side moved and the other changed: side, name and new first words -> the old.
        self._carried: dict[tuple[Side, str, str], str] = {}

    def texts(self, base: str, mine: str, theirs: str, depth: int) -> list[str | Conflict]:
        """Return the parts of a merged text, or of what is in an element."""
        sides = _Sides(*(_blocks(text) for text in (base, mine, theirs)))
        # Each side has its own share of the effort, so that it does not matter which is which.
        half = self.effort.left // 2
        changes = []
        for blocks_of in (sides.mine, sides.theirs):
            own = Effort(half)
            hunks = pairs.changes(sides.base, blocks_of, own)
            changes.append(pairs.with_splits(hunks, sides.base, blocks_of))
            self.effort.spend(own.spent)
        mine_all, theirs_all = changes
        their_rest = self._follow(
            sides.base, (sides.mine, mine_all), (sides.theirs, theirs_all), "theirs"
        )
        my_rest = self._follow(
            sides.base, (sides.theirs, their_rest), (sides.mine, mine_all), "mine"
        )
        parts = _Parts()
        at, my_at, their_at = 0, 0, 0
        for region in regions(my_rest, their_rest):
            sides.unchanged(parts, range(at, region.low), my_at, their_at)
            self._region(parts, region, sides, depth)
            at, my_at, their_at = region.high, region.mine.stop, region.theirs.stop
        sides.unchanged(parts, range(at, len(sides.base)), my_at, their_at)
        return parts.all()

    def _follow(
        self,
        base: list[str],
        mover: tuple[list[str], list[Hunk]],
        changer: tuple[list[str], list[Hunk]],
        side: Side,
    ) -> list[Hunk]:
        """Where one side moved a block that the other changed, move the changed one.

        Without this, it would be removed here and changed there, and be in conflict. Return the
        other changes of the changer, which is `side`.
        """
        moved, own = mover
        changed, others = changer
        places = _moved(base, moved, own)
        rest: list[Hunk] = []
        for hunk in others:
            low, high, start, end = hunk
            if high - low == end - start == 1 and low in places:
                block = moved[places[low]] = changed[start]
                name, words = _label(block), blocks.first_words(block)
                self.steps.append(Step(side, "changed", name, words))
                mover_side: Side = "mine" if side == "theirs" else "theirs"
                self._carried[mover_side, name, words] = blocks.first_words(base[low])
            else:
                rest.append(hunk)
        return rest

    def _region(self, parts: _Parts, region: Region, sides: _Sides, depth: int) -> None:
        base = sides.base[region.low : region.high]
        mine = sides.mine[region.mine.start : region.mine.stop]
        theirs = sides.theirs[region.theirs.start : region.theirs.stop]
        below = sides.base[region.low - 1] if region.low else ""
        if not region.their_hunks:
            parts.add(mine)
            self._note("mine", base, mine, below)
        elif not region.my_hunks:
            parts.add(theirs)
            self._note("theirs", base, theirs, below)
        elif _keys(mine) == _keys(theirs):
            parts.add(min(mine, theirs))
            self._note("both", base, mine, below)
        elif not base:
            self._insertions(parts, mine, theirs, below)
        else:
            inside = None
            is_one = len(base) == len(mine) == len(theirs) == 1
            if is_one and depth < DEEPEST and self.effort.left:
                inside = self._inside(base[0], mine[0], theirs[0], depth)
            if inside is None:
                parts.add([_conflict(base, mine, theirs)])
            else:
                parts.add([inside])

    def _insertions(self, parts: _Parts, mine: list[str], theirs: list[str], below: str) -> None:
        """Both added blocks in one place: what they have in common at its ends is added once."""
        begin = 0
        mine_keys, their_keys = _keys(mine), _keys(theirs)
        least = min(len(mine), len(theirs))
        while begin < least and mine_keys[begin] == their_keys[begin]:
            begin += 1
        end = 0
        while end < least - begin and mine_keys[-1 - end] == their_keys[-1 - end]:
            end += 1
        my_rest, their_rest = mine[begin : len(mine) - end], theirs[begin : len(theirs) - end]
        first = min(mine[:begin], theirs[:begin])
        last = min(mine[len(mine) - end :], theirs[len(theirs) - end :])
        parts.add(first)
        self._note("both", [], first, below)
        below = first[-1] if first else below
        if my_rest and their_rest:
            parts.add([_conflict([], my_rest, their_rest)])
        else:
            parts.add(my_rest + their_rest)
            self._note("mine" if my_rest else "theirs", [], my_rest + their_rest, below)
        parts.add(last)
        self._note("both", [], last, below)

    def _inside(self, base: str, mine: str, theirs: str, depth: int) -> str | Conflict | None:
        """Return one element merged by what is in it, or None if it is one piece."""
        elements = [element(each) for each in (base, mine, theirs)]
        old, my, their = elements
        if old is None or my is None or their is None or old.name in _WHOLE:
            return None
        if not old.name == my.name == their.name:
            return None
        if not any(blocks.holds_blocks(each.inner) for each in (old, my, their)):
            return None
        openings = {my.opening, their.opening} - {old.opening}
        if len(openings) > 1:
            return None
        opening = openings.pop() if openings else old.opening
        outer = my._replace(
            before=_white(old.before, my.before, their.before),
            opening=opening,
            closing=old.closing or my.closing or their.closing or f"</{old.name}>",
            after=_white(old.after, my.after, their.after),
        )
        # On each level, all that is in it is read again.
        characters = sum(len(each.inner) for each in (old, my, their))
        self.effort.spend(characters // CHARACTERS)
        found = self.texts(old.inner, my.inner, their.inner, depth + 1)
        sides = [
            _around(outer, "".join(part if isinstance(part, str) else part[at] for part in found))
            for at in range(4)
        ]
        if all(isinstance(part, str) for part in found):
            return sides[0]
        return Conflict(*sides)

    def done(self) -> list[Step]:
        """Return the steps, with what one side removed here and added there as one step."""

        def known(step: Step) -> tuple[Side, str, str]:
            place = step.side, step.name, step.words
            return step.side, step.name, self._carried.get(place, step.words)

        removed = {
            (step.side, step.name, step.words) for step in self.steps if step.act == "removed"
        }
        moved = removed & {known(step) for step in self.steps if step.act == "added"}
        found: list[Step] = []
        for step in self.steps:
            if step.act == "added" and known(step) in moved:
                found.append(replace(step, act="moved"))
            elif step.act != "removed" or (step.side, step.name, step.words) not in moved:
                found.append(step)
        return found

    def _note(self, side: Side, base: list[str], blocks_now: list[str], below: str) -> None:
        """Note what was done to some blocks."""
        above = blocks.first_words(below)
        both = min(len(base), len(blocks_now))
        acts: list[tuple[Act, str]] = [("changed", block) for block in blocks_now[:both]]
        acts += [("removed", block) for block in base[both:]]
        acts += [("added", block) for block in blocks_now[both:]]
        for act, block in acts:
            words = blocks.first_words(block)
            self.steps.append(Step(side, act, _label(block), words, above))
            if act != "removed":
                above = words


class _Sides(NamedTuple):
    base: list[str]
    mine: list[str]
    theirs: list[str]

    def unchanged(self, parts: _Parts, among: range, mine: int, theirs: int) -> None:
        """Add blocks that nobody changed, with the white space of the side that did."""
        parts.add(
            [
                _white(self.base[at], self.mine[mine + ahead], self.theirs[theirs + ahead])
                for ahead, at in enumerate(among)
            ]
        )


class _Parts:
    """The parts of a merged text, as they come: the texts between conflicts in one piece."""

    def __init__(self) -> None:
        self.found: list[str | Conflict] = []
        self._texts: list[str] = []

    def add(self, parts: Sequence[str | Conflict]) -> None:
        for part in parts:
            if isinstance(part, str):
                self._texts.append(part)
            else:
                self._end_text()
                self.found.append(part)

    def all(self) -> list[str | Conflict]:
        self._end_text()
        return self.found

    def _end_text(self) -> None:
        if self._texts:
            self.found.append(_joined(self._texts))
            self._texts = []


def _moved(base: list[str], side: list[str], own: list[Hunk]) -> dict[int, int]:
    """Return where a side took whole blocks from, and where each stands now in its text."""
    added: dict[str, list[int]] = {}
    removed: dict[str, list[int]] = {}
    for low, high, start, end in own:
        if low == high:
            for at in range(start, end):
                added.setdefault(key(side[at]), []).append(at)
        elif start == end:
            removed.setdefault(key(base[low]), []).append(low)
    return {
        removed[text][0]: at
        for text, (at, *more) in added.items()
        if not more and len(removed.get(text, ())) == 1
    }


def _label(block: str) -> str:
    name = blocks.name_of(block)
    return name or ("img" if "<img" in block and block.lstrip(SPACE)[0] == "<" else "")


def _blocks(text: str) -> list[str]:
    return [block for block in blocks.split(text) if block.strip(SPACE)]


def _keys(texts: list[str]) -> list[str]:
    return [key(text) for text in texts]


def _white(base: str, mine: str, theirs: str) -> str:
    """Return one of three texts that differ in white space alone."""
    if mine == base:
        return theirs
    if theirs == base:
        return mine
    return min(mine, theirs)


def _around(outer: Element, inner: str) -> str:
    return f"{outer.before}{outer.opening}{inner}{outer.closing}{outer.after}"


def _conflict(base: list[str], mine: list[str], theirs: list[str]) -> Conflict:
    old, my, their = (_joined(each) for each in (base, mine, theirs))
    return Conflict(old, my, their, _joined([my, their]))


def _joined(texts: Sequence[str]) -> str:
    """Return texts as one, with loose words apart from those before them."""
    out: list[str] = []
    for text in texts:
        if out and text and not out[-1].endswith(tuple(SPACE)) and not blocks.name_of(text):
            out.append("\n")
        if text:
            out.append(text)
    return "".join(out)

"""Which words of two lists are the same, and both lists written as one, with marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import pairwise
from typing import NamedTuple

from alarmroom.desk.comparing.markup import FRAMES
from alarmroom.desk.comparing.sequences import Effort, Hunk, Run, hunks, runs
from alarmroom.desk.comparing.tokens import Context, Token

# More words than this are compared by sentences first, and then within those that changed.
BY_WORDS = 4_000
LONGEST_SENTENCE = 200  # words and signs
# Fewer characters that stay between two rewritten parts are shown as rewritten with them.
LEAST_KEPT = 20


class Op(Enum):
    EQUAL = ""
    DELETED = "del"
    INSERTED = "ins"


Change = tuple[Op, int, int, int, int]
"""From and to in the one list, and in the other."""


def changed(before: Sequence[Token], after: Sequence[Token], effort: Effort) -> list[Change]:
    """Return what stays and what changed, so that it can be read."""
    if len(before) + len(after) > BY_WORDS:
        common = _by_sentences(before, after, effort)
    else:
        common = runs([each.key for each in before], [each.key for each in after], effort)
    gaps = _readable(hunks(common, len(before), len(after)), before, after)
    found: list[Change] = []
    left = right = 0
    for low, high, start, end in [*gaps, Hunk(len(before), len(before), len(after), len(after))]:
        if low > left:
            found.append((Op.EQUAL, left, low, right, start))
        if high > low:
            found.append((Op.DELETED, low, high, start, start))
        if end > start:
            found.append((Op.INSERTED, high, high, start, end))
        left, right = high, end
    return found


def _by_sentences(before: Sequence[Token], after: Sequence[Token], effort: Effort) -> list[Run]:
    old, new = _sentences(before), _sentences(after)
    common = runs(_texts(before, old), _texts(after, new), effort)
    found = [
        Run(old[run.before], new[run.after], old[run.before + run.length] - old[run.before])
        for run in common
    ]
    for low, high, start, end in hunks(found, len(before), len(after)):
        found += [
            Run(low + run.before, start + run.after, run.length)
            for run in runs(
                [each.key for each in before[low:high]],
                [each.key for each in after[start:end]],
                effort,
            )
        ]
    return sorted(found)


def _texts(tokens: Sequence[Token], bounds: list[int]) -> list[tuple[int, ...]]:
    return [tuple(each.key for each in tokens[low:high]) for low, high in pairwise(bounds)]


def _sentences(tokens: Sequence[Token]) -> list[int]:
    """Return where sentences begin, and the end."""
    found = [0]
    for at, (token, following) in enumerate(pairwise(tokens), 1):
        # The space behind a full stop belongs to the sentence that it ends.
        ended = token.is_space and at > 1 and tokens[at - 2].ends_sentence
        if ended or (at - found[-1] >= LONGEST_SENTENCE and not following.is_space):
            found.append(at)
    if tokens:
        found.append(len(tokens))
    return found


def _readable(gaps: list[Hunk], before: Sequence[Token], after: Sequence[Token]) -> list[Hunk]:
    """Return the changes, with those joined between which too little stays to help a reader."""
    found: list[Hunk] = []
    sizes: list[int] = []
    for gap in gaps:
        size = max(_size(before, gap.low, gap.high), _size(after, gap.start, gap.end))
        while found:
            last = found[-1]
            kept = _size(before, last.high, gap.low)
            is_space = all(each.is_space for each in before[last.high : gap.low])
            rewritten = _rewrites(last) + _rewrites(gap)
            if rewritten < (1 if is_space else 2) or kept > min(LEAST_KEPT, size, sizes[-1]):
                break
            gap = Hunk(last.low, gap.high, last.start, gap.end)
            size += sizes.pop() + kept
            found.pop()
        found.append(gap)
        sizes.append(size)
    return found


def _rewrites(hunk: Hunk) -> bool:
    return hunk.low < hunk.high and hunk.start < hunk.end


def _size(tokens: Sequence[Token], low: int, high: int) -> int:
    return sum(each.size for each in tokens[low:high])


class _Tag(NamedTuple):
    """An element around what is written; the numbers of either side, where it is known there."""

    opening: str
    name: str
    is_block: bool
    before: int | None
    after: int | None

    def fits(self, other: _Tag) -> bool:
        """Whether both can be the same element."""
        return (
            self.opening == other.opening
            and (self.before is None or other.before is None or self.before == other.before)
            and (self.after is None or other.after is None or self.after == other.after)
        )

    def joined(self, other: _Tag) -> _Tag:
        return self._replace(
            before=other.before if self.before is None else self.before,
            after=other.after if self.after is None else self.after,
        )


class _Writer:
    """Writes words, and the tags from one to the next."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.open: list[_Tag] = []

    def move(self, tags: Sequence[_Tag], floor: int = 0) -> None:
        """Close and open tags, those above `floor`, so that exactly these are open."""
        kept = max(floor, _common(self.open, tags))
        while len(self.open) > kept:
            self.out.append(f"</{self.open.pop().name}>")
        for at in range(floor, kept):
            self.open[at] = self.open[at].joined(tags[at])
        for tag in tags[kept:]:
            self.out.append(tag.opening)
            self.open.append(tag)

    def marked(self, op: Op, tokens: Sequence[Token]) -> None:
        tags: list[list[_Tag]] = []
        for at, token in enumerate(tokens):
            # Most words stand in the same elements as the one before.
            same = at and token.context is tokens[at - 1].context
            tags.append(tags[-1] if same else _tags(token.context, op))
        level = len(tags[0])
        for last, each in pairwise(tags):
            if each is not last:
                level = min(level, _common(tags[0], each))
        # Around whole elements, within one that goes on.
        level = min(level, max(_common(self.open, tags[0]), _blocks_of(tags[0])))
        self.move(tags[0][:level])
        self.out.append(f"<{op.value}>")
        for token, each in zip(tokens, tags, strict=True):
            self.move(each, floor=level)
            self.out.append(token.raw)
        self.move(tags[0][:level], floor=level)
        self.out.append(f"</{op.value}>")


def _common(tags: Sequence[_Tag], others: Sequence[_Tag]) -> int:
    count = 0
    for one, other in zip(tags, others, strict=False):
        if not one.fits(other):
            break
        count += 1
    return count


def _blocks_of(tags: Sequence[_Tag]) -> int:
    """Return how many of the tags, up to the last one of a block, stay outside of any mark."""
    return max((at for at, tag in enumerate(tags, 1) if tag.is_block), default=0)


def _tags(context: Context, op: Op) -> list[_Tag]:
    return [
        _Tag(
            each.opening,
            each.name,
            each.is_block,
            each.number if op is Op.DELETED else None,
            each.number if op is Op.INSERTED else None,
        )
        for each in context
    ]


def _shared_tags(before: Context, after: Context) -> list[_Tag]:
    """Return the tags around a word that both sides have."""
    return [
        _Tag(new.opening, new.name, new.is_block, old.number, new.number)
        for old, new in zip(before, after, strict=True)
    ]


def written(ops: Sequence[Change], before: Sequence[Token], after: Sequence[Token]) -> str:
    """Return both lists of words as one HTML."""
    writer = _Writer()
    for op, low, high, start, end in ops:
        if op is Op.EQUAL:
            last: tuple[Context, Context] | None = None
            for old, new in zip(before[low:high], after[start:end], strict=True):
                if not last or last[0] is not old.context or last[1] is not new.context:
                    last = old.context, new.context
                    writer.move(_shared_tags(*last))
                writer.out.append(new.raw)
            continue
        tokens = before[low:high] if op is Op.DELETED else after[start:end]
        for group in _groups(tokens):
            inmost = group[0].context[-1:]
            if group[0].is_bare or (
                inmost and inmost[0].name in FRAMES and all(each.is_space for each in group)
            ):
                writer.move(_tags(group[0].context, op))
                writer.out += [each.raw for each in group]
            else:
                writer.marked(op, group)
    writer.move([])
    return "".join(writer.out)


def _groups(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Yield the tokens that one mark may enclose: those of one block, next to each other."""
    group: list[Token] = []
    block: Context = ()
    for token in tokens:
        own = token.context
        while own and not own[-1].is_block:
            own = own[:-1]
        if group and (token.is_bare or group[-1].is_bare or own != block):
            yield group
            group = []
        block = own
        group.append(token)
    if group:
        yield group

"""Which block became which: a paragraph that was edited is one change, and not two."""

from __future__ import annotations

from collections.abc import Sequence

from alarmroom.desk.comparing import blocks
from alarmroom.desk.comparing.markup import Kind, pieces
from alarmroom.desk.comparing.sequences import Effort, Hunk, hunks, runs

# Blocks are versions of one another when they share this much of their words.
ALIKE = 0.4
# A paragraph came out of another, or went into it, with this much of its words.
WITHIN = 0.7
# Up to so many pairs are all looked at; beyond, those that stand about beside each other.
ALL_PAIRS = 1_024
NEAR = 6


class Words:
    """The words of one side's blocks, each read once."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.texts = texts
        self._known: dict[int, frozenset[str]] = {}

    def of(self, at: int) -> frozenset[str]:
        if at not in self._known:
            text = self.texts[at]
            pictures = {
                piece.raw
                for piece in (pieces(text) if "<img" in text else ())
                if piece.kind is Kind.START and piece.name == "img"
            }
            words = (word.strip(".,;:!?“”‘’\"'()") for word in blocks.words_of(text.lower()))
            self._known[at] = frozenset(filter(None, words)) | pictures
        return self._known[at]


def likeness(one: frozenset[str], other: frozenset[str]) -> float:
    """Return from 0 to 1 how much of their words two blocks share."""
    if not one or not other:
        return 0.0
    return 2 * len(one & other) / (len(one) + len(other))


def changes(before: Sequence[str], after: Sequence[str], effort: Effort) -> list[Hunk]:
    """Return the changes from one list of blocks to another, with edited blocks paired.

    A hunk has one block on both sides where it was edited, one block on one side where it was
    removed, some on the other where they were added, and several on both where it cannot be told.
    """
    common = runs(
        [blocks.key(each) for each in before], [blocks.key(each) for each in after], effort
    )
    words = (Words(before), Words(after))
    found: list[Hunk] = []
    for hunk in hunks(common, len(before), len(after)):
        low, start = hunk.low, hunk.start
        for left, right in [*_paired(hunk, *words, effort), (hunk.high, hunk.end)]:
            found += _rest(Hunk(low, left, start, right))
            if left < hunk.high:
                found.append(Hunk(left, left + 1, right, right + 1))
            low, start = left + 1, right + 1
    return found


def with_splits(changes: Sequence[Hunk], before: Sequence[str], after: Sequence[str]) -> list[Hunk]:
    """Return the changes with a paragraph that was split, or joined with others, as one hunk."""
    old, new = Words(before), Words(after)

    def is_part(hunk: Hunk, pair: Hunk) -> bool:
        if hunk.low == hunk.high:
            whole = old.of(pair.low)
            return all(_is_within(new.of(at), whole) for at in range(hunk.start, hunk.end))
        whole = new.of(pair.start)
        return hunk.start == hunk.end and _is_within(old.of(hunk.low), whole)

    found: list[Hunk] = []
    pair: Hunk | None = None
    for hunk in changes:
        if hunk.high - hunk.low == hunk.end - hunk.start == 1:
            pair = hunk
            while found and _touch(found[-1], hunk) and is_part(found[-1], pair):
                hunk = hunk._replace(low=found[-1].low, start=found[-1].start)
                found.pop()
            found.append(hunk)
        elif pair and _touch(found[-1], hunk) and is_part(hunk, pair):
            found[-1] = found[-1]._replace(high=hunk.high, end=hunk.end)
        else:
            found.append(hunk)
            pair = None
    return found


def _touch(hunk: Hunk, following: Hunk) -> bool:
    return (hunk.high, hunk.end) == (following.low, following.start)


def _is_within(part: frozenset[str], whole: frozenset[str]) -> bool:
    return bool(part) and len(part & whole) >= WITHIN * len(part)


def _rest(hunk: Hunk) -> list[Hunk]:
    """Return what stands between pairs: as many as before are taken for the same, rewritten."""
    removed, added = hunk.high - hunk.low, hunk.end - hunk.start
    if removed == added:
        return [
            Hunk(hunk.low + at, hunk.low + at + 1, hunk.start + at, hunk.start + at + 1)
            for at in range(removed)
        ]
    if not added:
        return [Hunk(at, at + 1, hunk.start, hunk.start) for at in range(hunk.low, hunk.high)]
    return [hunk]


def _paired(hunk: Hunk, before: Words, after: Words, effort: Effort) -> list[tuple[int, int]]:
    """Return the pairs of blocks in a hunk that are alike, in order."""
    removed, added = hunk.high - hunk.low, hunk.end - hunk.start
    if not removed or not added or not effort.left:
        return []
    if removed * added <= ALL_PAIRS:
        return _best(hunk, before, after, effort)
    return _nearest(hunk, before, after, effort)


def _alike(before: frozenset[str], after: frozenset[str], effort: Effort) -> float:
    # A set is looked up in C, many times faster than a step of ours.
    effort.spend(1 + min(len(before), len(after)) // 16)
    share = likeness(before, after)
    return share if share >= ALIKE else 0.0


def _best(hunk: Hunk, before: Words, after: Words, effort: Effort) -> list[tuple[int, int]]:
    """Return the pairs that are most alike altogether."""
    lefts, rights = range(hunk.low, hunk.high), range(hunk.start, hunk.end)
    # best[i][j]: how much the first i and j blocks can be alike; from the end, the way back.
    best = [[0.0] * (len(rights) + 1) for _ in range(len(lefts) + 1)]
    alike: dict[tuple[int, int], float] = {}
    for i, left in enumerate(lefts, 1):
        for j, right in enumerate(rights, 1):
            share = _alike(before.of(left), after.of(right), effort)
            alike[i, j] = share
            best[i][j] = max(best[i - 1][j], best[i][j - 1], best[i - 1][j - 1] + share)
    found: list[tuple[int, int]] = []
    i, j = len(lefts), len(rights)
    while i and j:
        if alike[i, j] and best[i][j] == best[i - 1][j - 1] + alike[i, j]:
            found.append((lefts[i - 1], rights[j - 1]))
            i, j = i - 1, j - 1
        elif best[i][j] == best[i - 1][j]:
            i -= 1
        else:
            j -= 1
    found.reverse()
    return found


def _nearest(hunk: Hunk, before: Words, after: Words, effort: Effort) -> list[tuple[int, int]]:
    """Return for each block in turn the nearest that is alike, looking a few blocks ahead."""
    found: list[tuple[int, int]] = []
    left, right = hunk.low, hunk.start
    while left < hunk.high and right < hunk.end and effort.left:
        for ahead in range(NEAR):
            pair = next(
                (
                    (left + i, right + ahead - i)
                    for i in range(ahead + 1)
                    if left + i < hunk.high
                    and right + ahead - i < hunk.end
                    and _alike(before.of(left + i), after.of(right + ahead - i), effort)
                ),
                None,
            )
            if pair:
                found.append(pair)
                left, right = pair[0] + 1, pair[1] + 1
                break
        else:
            left, right = left + 1, right + 1
    return found

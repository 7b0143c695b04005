"""What two sequences have in common, and where the changes of two people to one sequence meet."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

# A step is one look at an item. Two bodies of 5,000 words with a few hundred changes take some
# ten thousand; a million take about half a second.
MOST_STEPS = 2_000_000
# Reading so many characters takes about as long as a step.
CHARACTERS = 4
# After so many differences in a row, the search settles on the best way found so far. It keeps
# the work linear: without it, the differences count with their square.
FARTHEST = 128


class Effort:
    """Counts the steps of a comparison. When they are used up, the rest is not compared."""

    def __init__(self, most: int = MOST_STEPS) -> None:
        self.most = most
        self.spent = 0

    def spend(self, steps: int) -> None:
        self.spent += steps

    @property
    def left(self) -> int:
        return max(0, self.most - self.spent)


class Run(NamedTuple):
    """So many items in a row that are the same in both sequences."""

    before: int
    after: int
    length: int


class Hunk(NamedTuple):
    """A change: items `low` to `high` of the base became items `start` to `end` of the other."""

    low: int
    high: int
    start: int
    end: int


def runs(before: Sequence[Hashable], after: Sequence[Hashable], effort: Effort) -> list[Run]:
    """Return what both have in common, in order.

    It is the most that they have in common where the differences are few, and not always where
    they are many. Equal beginnings and ends are found whatever effort is left.
    """
    begin, least = 0, min(len(before), len(after))
    while begin < least and before[begin] == after[begin]:
        begin += 1
    end = 0
    while end < least - begin and before[-1 - end] == after[-1 - end]:
        end += 1
    found = [Run(0, 0, begin)] if begin else []
    found += _middle(
        before, after, range(begin, len(before) - end), range(begin, len(after) - end), effort
    )
    if end:
        found.append(Run(len(before) - end, len(after) - end, end))
    return found


def _middle(
    before: Sequence[Hashable],
    after: Sequence[Hashable],
    among: range,
    others: range,
    effort: Effort,
) -> Iterator[Run]:
    # What only one of the two has cannot be common to both.
    in_both = {before[at] for at in among} & {after[at] for at in others}
    lefts = [at for at in among if before[at] in in_both]
    rights = [at for at in others if after[at] in in_both]
    numbers: dict[Hashable, int] = {}
    a = [numbers.setdefault(before[at], len(numbers)) for at in lefts]
    b = [numbers.setdefault(after[at], len(numbers)) for at in rights]
    last: Run | None = None
    for x, y in _common(a, b, effort):
        left, right = lefts[x], rights[y]
        if last and (left, right) == (last.before + last.length, last.after + last.length):
            last = last._replace(length=last.length + 1)
            continue
        if last:
            yield last
        last = Run(left, right, 1)
    if last:
        yield last


def _common(a: list[int], b: list[int], effort: Effort) -> Iterator[tuple[int, int]]:
    """Yield the indexes of what is common, by Myers' greedy search, in stretches."""
    x = y = 0
    while x < len(a) and y < len(b) and effort.left:
        way, x, y = _stretch(a, b, x, y, effort)
        yield from way


def _stretch(
    a: list[int], b: list[int], left: int, right: int, effort: Effort
) -> tuple[list[tuple[int, int]], int, int]:
    """Search on from `left` and `right`; return what is common on the way, and where it ends.

    E. W. Myers, An O(ND) Difference Algorithm and Its Variations, Algorithmica 1 (1986).
    """
    n, m = len(a) - left, len(b) - right
    reach = {1: 0}  # Diagonal -> how far of `a` it was followed.
    traces: list[dict[int, int]] = []
    end, ended, farthest = (0, 0), 0, -1
    for differences in range(min(FARTHEST, n + m) + 1):
        traces.append(reach.copy())
        effort.spend(len(reach))
        for k in range(-differences, differences + 1, 2):
            if k == -differences or (k != differences and reach[k - 1] < reach[k + 1]):
                x = reach[k + 1]
            else:
                x = reach[k - 1] + 1
            begin = x
            y = x - k
            while x < n and y < m and a[left + x] == b[right + y]:
                x += 1
                y += 1
            effort.spend(1 + x - begin)
            reach[k] = x
            if x <= n and y <= m and x + y > farthest:
                farthest, end, ended = x + y, (x, y), differences
            if farthest == n + m or not effort.left:
                break
        else:
            continue
        break
    return _way_back(traces[: ended + 1], end, left, right), left + end[0], right + end[1]


def _way_back(
    traces: list[dict[int, int]], end: tuple[int, int], left: int, right: int
) -> list[tuple[int, int]]:
    way: list[tuple[int, int]] = []
    x, y = end
    for differences in range(len(traces) - 1, -1, -1):
        reach, k = traces[differences], x - y
        if k == -differences or (k != differences and reach[k - 1] < reach[k + 1]):
            came = k + 1
        else:
            came = k - 1
        from_x = reach[came]
        from_y = from_x - came
        while x > max(from_x, 0) and y > max(from_y, 0):
            x -= 1
            y -= 1
            way.append((left + x, right + y))
        x, y = from_x, from_y
    way.reverse()
    return way


def hunks(common: Sequence[Run], before: int, after: int) -> list[Hunk]:
    """Return the changes between what two sequences of these lengths have in common."""
    found: list[Hunk] = []
    low = start = 0
    for run in [*common, Run(before, after, 0)]:
        if run.before > low or run.after > start:
            found.append(Hunk(low, run.before, start, run.after))
        low, start = run.before + run.length, run.after + run.length
    return found


@dataclass(frozen=True, slots=True)
class Region:
    """Items `low` to `high` of a base that one side or both changed, and the changes.

    `mine` and `theirs` are ranges of the sides' own items that stand in its place.
    """

    low: int
    high: int
    my_hunks: list[Hunk]
    their_hunks: list[Hunk]
    mine: range
    theirs: range


def regions(mine: Sequence[Hunk], theirs: Sequence[Hunk]) -> Iterator[Region]:
    """Yield the changes of both sides in the order of the base, those that meet in one region.

    Changes of neighbours do not meet, and two insertions in one place do.
    """
    # Two insertions in one place stand next to each other, before the change that begins there.
    both = sorted(
        [(hunk, True) for hunk in mine] + [(hunk, False) for hunk in theirs],
        key=lambda one: (one[0].low, one[0].high),
    )
    # How far the items of either side are ahead of those of the base.
    ahead = {True: 0, False: 0}
    at = 0
    while at < len(both):
        first = both[at][0]
        low, high = first.low, first.high
        hunks_of: dict[bool, list[Hunk]] = {True: [], False: []}
        while at < len(both):
            hunk, is_mine = both[at]
            if hunk is not first and not _meet(low, high, hunk):
                break
            hunks_of[is_mine].append(hunk)
            high = max(high, hunk.high)
            at += 1
        ranges = {}
        for side, changes in hunks_of.items():
            start = low + ahead[side]
            ahead[side] += sum(
                change.end - change.start - change.high + change.low for change in changes
            )
            ranges[side] = range(start, high + ahead[side])
        yield Region(low, high, hunks_of[True], hunks_of[False], ranges[True], ranges[False])


def _meet(low: int, high: int, hunk: Hunk) -> bool:
    if low == high:
        return hunk.low == hunk.high == low
    return hunk.low < high and (hunk.low > low or hunk.high > hunk.low)

"""Two bodies, block by block: what stayed, came, went and was edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from alarmroom.desk.comparing import blocks, pairs, words
from alarmroom.desk.comparing.sequences import Effort

Kind = Literal["same", "added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Change:
    """A block that was added, removed or edited, or the blocks in a row that stayed the same."""

    kind: Kind
    before: str = ""
    after: str = ""
    marked: str = ""
    """HTML of the block, with `<ins>` and `<del>`; of blocks that stayed, as they are."""
    count: int = 1
    """How many blocks stayed the same; otherwise 1."""
    heading: str = ""
    """The words of the last heading above, or of the block itself if it is one. Not escaped."""
    name: str = ""
    """The name of the block's element, such as "p" or "figure"; "" for loose words."""


def bodies(before: str, after: str, effort: Effort | None = None) -> list[Change]:
    """Return what became of each block, in the order of the text.

    An edited block is one change. Where it cannot be told which block became which, the old ones
    are removed and the new ones added.
    """
    effort = effort or Effort()
    comparison = _Comparison()
    old, new = blocks.split(before), blocks.split(after)
    left = right = 0
    for low, high, start, end in pairs.changes(old, new, effort):
        comparison.same(old[left:low], new[right:start])
        if high - low == end - start == 1 and _is_edited(old[low], new[start]):
            comparison.changed(old[low], new[start], effort)
        else:
            for block in old[low:high]:
                comparison.removed(block)
            for block in new[start:end]:
                comparison.added(block)
        left, right = high, end
    comparison.same(old[left:], new[right:])
    return comparison.changes


def _is_edited(before: str, after: str) -> bool:
    """Whether a block can be shown as one with marks: else old and new are easier to read."""
    one, other = pairs.Words([before, after]).of(0), pairs.Words([before, after]).of(1)
    return blocks.name_of(before) == blocks.name_of(after) and (
        pairs.likeness(one, other) >= pairs.ALIKE or not one or not other
    )


class _Comparison:
    def __init__(self) -> None:
        self.changes: list[Change] = []
        self._heading = ""

    def same(self, before: list[str], after: list[str]) -> None:
        if not after:
            return
        text = "".join(after)
        change = Change(
            "same", "".join(before), text, text, len(after), self._heading, blocks.name_of(after[0])
        )
        self.changes.append(change)
        for block in reversed(after):
            name = blocks.name_of(block)
            if name in blocks.HEADINGS:
                self._heading = " ".join(blocks.words_of(block))
                break

    def changed(self, before: str, after: str, effort: Effort) -> None:
        name = self._read(after)
        marked = words.marked(before, after, effort)
        self.changes.append(Change("changed", before, after, marked, 1, self._heading, name))

    def removed(self, block: str) -> None:
        # The heading of what went stays out of what follows.
        name = blocks.name_of(block)
        own = name in blocks.HEADINGS
        heading = " ".join(blocks.words_of(block)) if own else self._heading
        marked = words.removed(block)
        self.changes.append(Change("removed", block, "", marked, 1, heading, name))

    def added(self, block: str) -> None:
        name = self._read(block)
        self.changes.append(Change("added", "", block, words.added(block), 1, self._heading, name))

    def _read(self, block: str) -> str:
        """Return the block's name, and remember its words if it is a heading."""
        name = blocks.name_of(block)
        if name in blocks.HEADINGS:
            self._heading = " ".join(blocks.words_of(block))
        return name

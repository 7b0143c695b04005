"""Three-way merge of what is no text: values, sets, and ordered rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from alarmroom.desk.comparing.sequences import Effort, hunks, regions, runs

Side = Literal["mine", "theirs", "both"]
Row = Mapping[str, Any]


class Conflict(NamedTuple):
    """A value that both changed, each to another one."""

    base: Any
    mine: Any
    theirs: Any


class Step(NamedTuple):
    """Something that one side did, or both alike, and that needs no decision."""

    side: Side
    act: Literal["added", "changed", "removed", "moved"]
    what: Any
    """The name of the field, the member of the set, or the key of the row."""
    field: str = ""
    """The name of the field that changed in a row."""


def value(base: Any, mine: Any, theirs: Any) -> Any:
    """Return the value that somebody changed, or a Conflict."""
    if mine in (base, theirs):
        return theirs
    return mine if theirs == base else Conflict(base, mine, theirs)


def _side(base: Any, mine: Any, theirs: Any) -> Side | None:
    """Return who changed a value that is not in conflict; None for nobody."""
    if mine == theirs:
        return None if mine == base else "both"
    return "mine" if theirs == base else "theirs"


@dataclass(frozen=True, slots=True)
class MergedFields:
    values: dict[str, Any]
    """By name, each with what it became or with a Conflict."""
    steps: list[Step] = field(default_factory=list)

    @property
    def conflicts(self) -> dict[str, Conflict]:
        return {name: each for name, each in self.values.items() if isinstance(each, Conflict)}

    @property
    def is_clean(self) -> bool:
        return not self.conflicts


def fields(base: Row, mine: Row, theirs: Row) -> MergedFields:
    """Return the fields of one object, merged each by itself; one that is missing counts as None.

    A field that both sides lack stays out.
    """
    values: dict[str, Any] = {}
    steps: list[Step] = []
    for name in dict.fromkeys([*theirs, *mine]):
        versions = base.get(name), mine.get(name), theirs.get(name)
        values[name] = merged = value(*versions)
        side = None if isinstance(merged, Conflict) else _side(*versions)
        if side:
            steps.append(Step(side, "changed", name))
    return MergedFields(values, steps)


@dataclass(frozen=True, slots=True)
class MergedSet[Member: Hashable]:
    members: list[Member]
    """In the order of theirs, and then what mine adds in its order."""
    steps: list[Step] = field(default_factory=list)


def sets[Member: Hashable](
    base: Iterable[Member], mine: Iterable[Member], theirs: Iterable[Member]
) -> MergedSet[Member]:
    """Return a set with what either added and without what either removed: never a conflict."""
    old, my, their = (dict.fromkeys(each) for each in (base, mine, theirs))
    members = [each for each in their | my if _stays(each in old, each in my, each in their)]
    steps: list[Step] = []
    for each in dict.fromkeys([*old, *their, *my]):
        side = _side(each in old, each in my, each in their)
        if side:
            steps.append(Step(side, "removed" if each in old else "added", each))
    return MergedSet(members, steps)


def _stays(in_base: bool, in_mine: bool, in_theirs: bool) -> bool:
    return (in_mine and in_theirs) if in_base else (in_mine or in_theirs)


Key = tuple[Any, int]
"""What identifies a row, and which it is of several with the same."""


@dataclass(frozen=True, slots=True)
class MergedRows:
    rows: list[dict[str, Any] | Conflict]
    """In their order. A field that both changed is a Conflict of its values; a row that one side
    removed and the other changed is a Conflict of rows, one of them None."""
    steps: list[Step] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        return not any(
            isinstance(row, Conflict) or any(isinstance(each, Conflict) for each in row.values())
            for row in self.rows
        )


def rows(
    base: Sequence[Row], mine: Sequence[Row], theirs: Sequence[Row], key: str, position: str = ""
) -> MergedRows:
    """Return ordered rows, such as related articles, merged by the field that identifies them.

    `position` names the field that only says where a row stands: it is numbered anew, unless the
    order is that of one side. What both sides moved stands where mine has it.
    """
    old, my, their = (_by_key(each, key) for each in (base, mine, theirs))
    steps: list[Step] = []
    found: list[dict[str, Any] | Conflict] = []
    keys: list[Key] = []
    for each in _order(list(old), list(my), list(their)):
        row = _row(each, old.get(each), my.get(each), their.get(each), position, steps)
        if row is not None:
            found.append(row)
            keys.append(each)
    removed = [each for each in old if each not in my or each not in their]
    for each in removed:
        if each not in keys:
            side = _side(True, each in my, each in their)
            steps.append(Step(side or "both", "removed", each[0]))
    steps += _moves(list(old), list(my), list(their))
    if position:
        _number(found, keys, position, my, their)
    return MergedRows(found, steps)


def _by_key(listed: Sequence[Row], key: str) -> dict[Key, Row]:
    counts: Counter[Any] = Counter()
    found: dict[Key, Row] = {}
    for row in listed:
        name = row.get(key)
        found[name, counts[name]] = row
        counts[name] += 1
    return found


def _row(
    key: Key,
    old: Row | None,
    my: Row | None,
    their: Row | None,
    position: str,
    steps: list[Step],
) -> dict[str, Any] | Conflict | None:
    """Return a merged row, or None for one that is removed."""
    old, my, their = (
        row if row is None else {name: row[name] for name in row if name != position}
        for row in (old, my, their)
    )
    if my is None or their is None:
        only, side = (their, "theirs") if my is None else (my, "mine")
        if only is None or only == old:
            return None
        if old is not None:
            return Conflict(old, my, their)
        steps.append(Step("theirs" if side == "theirs" else "mine", "added", key[0]))
        return dict(only)
    merged = fields(old or {}, my, their)
    if old is None and my == their:
        steps.append(Step("both", "added", key[0]))
    else:
        steps.extend(Step(step.side, "changed", key[0], str(step.what)) for step in merged.steps)
    return merged.values


def _order(base: list[Key], mine: list[Key], theirs: list[Key]) -> list[Key]:
    """Return all keys, removed ones too, in an order that has the moves and additions of both."""
    my, their = _with_removed(base, mine), _with_removed(base, theirs)
    changes = [hunks(runs(base, other, Effort()), len(base), len(other)) for other in (my, their)]
    found: list[Key] = []
    at = 0
    for region in regions(*changes):
        found += base[at : region.low]
        at = region.high
        found += my[region.mine.start : region.mine.stop] if region.my_hunks else []
        found += their[region.theirs.start : region.theirs.stop] if region.their_hunks else []
    # A row that both moved is there twice, and one in both regions can be there not at all.
    return list(dict.fromkeys([*found, *base[at:], *my, *their]))


def _with_removed(base: list[Key], side: list[Key]) -> list[Key]:
    """Return a side's keys with those it removed, each behind the one it stood behind."""
    stays = set(side)
    behind: dict[Key | None, list[Key]] = {}
    last: Key | None = None
    for key in base:
        if key in stays:
            last = key
        else:
            behind.setdefault(last, []).append(key)
    found = behind.get(None, [])
    for key in side:
        found += [key, *behind.get(key, ())]
    return found


def _moves(base: list[Key], mine: list[Key], theirs: list[Key]) -> list[Step]:
    moved = [_moved(base, each) for each in (mine, theirs)]
    steps: list[Step] = []
    for key in base:
        by_me, by_them = (key in each for each in moved)
        if by_me or by_them:
            side: Side = "both" if by_me and by_them else "mine" if by_me else "theirs"
            steps.append(Step(side, "moved", key[0]))
    return steps


def _moved(base: list[Key], side: list[Key]) -> set[Key]:
    """Return the keys that stand in another order now."""
    before, there = set(base), set(side)
    old = [key for key in base if key in there]
    new = [key for key in side if key in before]
    stayed = {
        key for run in runs(old, new, Effort()) for key in old[run.before : run.before + run.length]
    }
    return set(old) - stayed


def _number(
    found: list[dict[str, Any] | Conflict],
    keys: list[Key],
    position: str,
    mine: dict[Key, Row],
    theirs: dict[Key, Row],
) -> None:
    """Give the rows their positions: those of the side with this order, or 1, 2, 3."""
    for side in (theirs, mine):
        if keys == list(side):
            positions = [row.get(position) for row in side.values()]
            break
    else:
        positions = list(range(1, len(keys) + 1))
    for at, row in enumerate(found):
        if isinstance(row, Conflict):
            found[at] = Conflict(*(each and {**each, position: positions[at]} for each in row))
        else:
            row[position] = positions[at]

"""Values, sets and rows of two people are put together, each by itself."""

from random import Random
from typing import Any

import pytest

from alarmroom.desk.comparing.values import Conflict, MergedRows, Step, fields, rows, sets, value


@pytest.mark.parametrize(
    ("base", "mine", "theirs", "expected"),
    [
        ("a", "a", "a", "a"),
        ("a", "b", "a", "b"),
        ("a", "a", "b", "b"),
        ("a", "b", "b", "b"),
        ("a", "b", "c", Conflict("a", "b", "c")),
        ("a", "", "a", ""),
        ("a", "", "c", Conflict("a", "", "c")),
        (None, 5, None, 5),
        (5, None, 5, None),
        (None, 5, 6, Conflict(None, 5, 6)),
        (True, False, True, False),
    ],
)
def test_a_value_is_of_the_side_that_changed_it(
    base: Any, mine: Any, theirs: Any, expected: Any
) -> None:
    assert value(base, mine, theirs) == expected
    swapped = Conflict(base, theirs, mine) if isinstance(expected, Conflict) else expected
    assert value(base, theirs, mine) == swapped


def test_fields_are_merged_each_by_itself() -> None:
    base = {"title": "A", "dek": "B", "slug": "c", "cover": 1}
    merged = fields(
        base,
        {**base, "dek": "B2", "slug": "mine", "cover": 2},
        {**base, "title": "A2", "slug": "theirs", "cover": 2},
    )
    conflict = Conflict("c", "mine", "theirs")
    assert merged.values == {"title": "A2", "dek": "B2", "slug": conflict, "cover": 2}
    assert merged.conflicts == {"slug": conflict}
    assert not merged.is_clean
    assert merged.steps == [
        Step("theirs", "changed", "title"),
        Step("mine", "changed", "dek"),
        Step("both", "changed", "cover"),
    ]


def test_a_field_that_one_side_does_not_know_is_no_conflict() -> None:
    merged = fields({}, {"new": "x"}, {})
    assert merged.values == {"new": "x"}
    assert merged.is_clean


def test_a_set_has_what_either_added_and_not_what_either_removed() -> None:
    merged = sets([1, 2, 3], [1, 2, 4, 6], [2, 3, 5, 6])
    assert merged.members == [2, 5, 6, 4]
    assert set(merged.steps) == {
        Step("theirs", "removed", 1),
        Step("mine", "removed", 3),
        Step("mine", "added", 4),
        Step("theirs", "added", 5),
        Step("both", "added", 6),
    }


def test_sets_of_all_kinds() -> None:
    for number in range(300):
        random = Random(number)
        base, mine, theirs = (set(random.sample(range(8), random.randint(0, 8))) for _ in range(3))
        members = sets(base, mine, theirs).members
        assert len(members) == len(set(members))
        for each in range(8):
            versions = [each in mine, each in theirs]
            # Whoever differs from the base decides.
            expected = (each not in base) if (each not in base) in versions else each in base
            assert (each in members) == expected
        assert set(sets(base, theirs, mine).members) == set(members)
        assert sets(base, base, theirs).members == list(theirs)


def row(related: int, note: str = "", position: int = 0) -> dict[str, Any]:
    return {"related": related, "note": note, "position": position}


def related(merged: MergedRows) -> list[int]:
    found = []
    for each in merged.rows:
        of = each if isinstance(each, dict) else each.mine or each.theirs
        found.append(of["related"])
    return found


BASE = [row(1, "a", 1), row(2, "b", 2), row(3, "c", 3)]


def test_rows_that_either_added_removed_and_changed() -> None:
    mine = [row(1, "mine", 1), row(2, "b", 2), row(3, "c", 3), row(4, "", 4)]
    theirs = [row(5, "", 1), row(1, "a", 2), row(3, "theirs", 3)]
    merged = rows(BASE, mine, theirs, "related", "position")
    assert merged.rows == [row(5, "", 1), row(1, "mine", 2), row(3, "theirs", 3), row(4, "", 4)]
    assert merged.is_clean
    assert set(merged.steps) == {
        Step("mine", "changed", 1, "note"),
        Step("theirs", "changed", 3, "note"),
        Step("mine", "added", 4),
        Step("theirs", "added", 5),
        Step("theirs", "removed", 2),
    }


def test_a_field_of_a_row_that_both_changed_is_a_conflict_of_that_field() -> None:
    merged = rows(BASE, [row(1, "mine")], [row(1, "theirs")], "related", "position")
    assert merged.rows == [row(1, "") | {"note": Conflict("a", "mine", "theirs")}]
    assert not merged.is_clean
    assert {step for step in merged.steps if step.act == "removed"} == {
        Step("both", "removed", 2),
        Step("both", "removed", 3),
    }


def test_a_row_that_one_removed_and_the_other_changed_is_a_conflict() -> None:
    mine = [row(1, "a", 1), row(3, "c", 2)]
    theirs = [row(1, "a", 1), row(2, "theirs", 2), row(3, "c", 3)]
    merged = rows(BASE, mine, theirs, "related", "position")
    conflict = Conflict(row(2, "b", 2), None, row(2, "theirs", 2))
    assert merged.rows == [row(1, "a", 1), conflict, row(3, "c", 3)]
    assert not merged.is_clean
    assert merged.steps == []


def test_the_order_of_whoever_moved_a_row() -> None:
    moved = [row(3, "c", 1), row(1, "a", 2), row(2, "b", 3)]
    merged = rows(BASE, moved, BASE, "related", "position")
    assert merged.rows == moved
    assert merged.steps == [Step("mine", "moved", 3)]
    assert rows(BASE, BASE, moved, "related", "position").rows == moved
    # Mine moved one to the front while the other added one at the end.
    merged = rows(BASE, moved, [*BASE, row(4, "d", 4)], "related", "position")
    assert merged.rows == [*moved, row(4, "d", 4)]
    # Both moved one, each another.
    four = [*BASE, row(4, "d", 4)]
    merged = rows(
        four, [four[1], four[0], four[2], four[3]], [*four[:2], four[3], four[2]], "related"
    )
    assert related(merged) == [2, 1, 4, 3]


def test_the_same_key_twice_is_two_rows() -> None:
    twice = [row(1, "a"), row(1, "b")]
    merged = rows(twice, [row(1, "a"), row(1, "mine")], [row(1, "theirs"), row(1, "b")], "related")
    assert merged.rows == [row(1, "theirs"), row(1, "mine")]
    assert rows([], [{"note": "x"}], [{"note": "x"}], "related").rows == [{"note": "x"}]


def test_rows_of_all_kinds() -> None:
    for number in range(500):
        random = Random(number)

        def version() -> list[dict[str, Any]]:
            chosen = random.sample(range(6), random.randint(0, 6))  # noqa: B023 (called within its round)
            if random.random() < 0.5:  # noqa: B023 (called within its round)
                chosen.sort()
            return [row(each, random.choice("ab"), at) for at, each in enumerate(chosen)]  # noqa: B023 (called within its round)

        base, mine, theirs = version(), version(), version()
        merged = rows(base, mine, theirs, "related", "position")
        swapped = rows(base, theirs, mine, "related", "position")
        kept = related(merged)
        assert len(kept) == len(set(kept))
        assert set(kept) == set(related(swapped))
        assert merged.is_clean == swapped.is_clean
        notes = [{each["related"]: each["note"] for each in side} for side in (base, mine, theirs)]
        for each in range(6):
            old, my, their = (side.get(each) for side in notes)
            found = next((merged.rows[at] for at, other in enumerate(kept) if other == each), None)
            expected = value(old, my, their)
            if isinstance(expected, Conflict) and (my is None or their is None):
                assert isinstance(found, Conflict)
            elif expected is None:
                assert found is None
            else:
                assert isinstance(found, dict)
                assert found["note"] == expected
        assert rows(base, base, mine, "related", "position").rows == mine
        assert rows(base, mine, base, "related", "position").rows == mine
        assert rows(base, mine, mine, "related", "position").rows == mine
        assert rows(base, mine, mine, "related").rows == mine

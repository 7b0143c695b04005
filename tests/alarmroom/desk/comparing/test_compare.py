"""Two bodies as a list of changes that a person can follow."""

from itertools import pairwise
from random import Random

import pytest

from alarmroom.desk.comparing.blocks import key
from alarmroom.desk.comparing.compare import Change, bodies
from tests.alarmroom.desk.comparing.texts import body, edited, joined, numbers, reading

BEFORE = """
<h2>What a career is made of</h2>
<p>Strip the word down and four things are left. Your center gives one of these, or none.</p>
<blockquote class="pull"><p>Nobody dreams of a job that ends.</p></blockquote>
<h3>Pay &amp; more</h3>
<p>It is not all of it.</p>
<hr>
<p>The end.</p>
"""


def kinds(changes: list[Change]) -> list[tuple[str, int]]:
    return [(change.kind, change.count) for change in changes]


def test_equal_bodies_are_one_fold() -> None:
    (change,) = bodies(BEFORE, BEFORE)
    assert change == Change("same", BEFORE, BEFORE, BEFORE, 7, "", "h2")
    assert bodies("", "") == []


def test_white_space_between_blocks_is_no_change() -> None:
    (change,) = bodies(BEFORE, BEFORE.replace("\n", "\n\n\t"))
    assert (change.kind, change.count) == ("same", 7)


def test_an_edited_paragraph_beside_an_added_one_is_edited() -> None:
    after = BEFORE.replace("or none.", "or two.").replace(
        "<blockquote", "<p>APCO’s Project RETAINS has looked at turnover.</p>\n<blockquote"
    )
    changes = bodies(BEFORE, after)
    assert kinds(changes) == [("same", 1), ("changed", 1), ("added", 1), ("same", 5)]
    assert "or <del>none</del><ins>two</ins>." in changes[1].marked
    assert changes[2].marked == (
        "<p><ins>APCO’s Project RETAINS has looked at turnover.</ins></p>\n"
    )
    # Added before it, too.
    after = BEFORE.replace("or none.", "or two.").replace(
        "<p>Strip", "<p>APCO’s Project RETAINS has looked at turnover.</p>\n<p>Strip"
    )
    assert kinds(bodies(BEFORE, after)) == [("same", 1), ("added", 1), ("changed", 1), ("same", 5)]


def test_a_change_names_the_heading_above_it() -> None:
    after = BEFORE.replace("or none.", "or two.").replace("not all", "hardly all")
    named = {change.heading for change in bodies(BEFORE, after) if change.kind == "changed"}
    assert named == {"What a career is made of", "Pay & more"}
    removed = bodies(BEFORE, BEFORE.replace("<p>It is not all of it.</p>\n", ""))[1]
    assert (removed.kind, removed.heading) == ("removed", "Pay & more")
    renamed = bodies(BEFORE, BEFORE.replace("Pay &amp; more", "Pay &amp; rest"))[1]
    assert (renamed.kind, renamed.heading, renamed.name) == ("changed", "Pay & rest", "h3")


def test_a_heading_that_went_is_not_above_what_follows() -> None:
    after = BEFORE.replace("<h3>Pay &amp; more</h3>\n", "").replace("not all", "hardly all")
    changes = bodies(BEFORE, after)
    assert [(each.kind, each.heading) for each in changes[1:3]] == [
        ("removed", "Pay & more"),
        ("changed", "What a career is made of"),
    ]


def test_a_paragraph_written_anew_is_removed_and_added() -> None:
    changes = bodies("<p>One two three four.</p>", "<p>Something else altogether here.</p>")
    assert kinds(changes) == [("removed", 1), ("added", 1)]
    assert changes[0].marked == "<p><del>One two three four.</del></p>"


def test_a_paragraph_that_became_a_heading_is_removed_and_added() -> None:
    changes = bodies("<p>Pay and more</p>", "<h2>Pay and more</h2>")
    assert [change.marked for change in changes] == [
        "<p><del>Pay and more</del></p>",
        "<h2><ins>Pay and more</ins></h2>",
    ]


def test_a_figure_with_another_picture_is_one_change() -> None:
    before = '<figure><img src="/1" alt="a"><figcaption>A city at night</figcaption></figure>'
    (change,) = bodies(before, before.replace("/1", "/2"))
    assert change.kind == "changed"
    assert change.marked == (
        '<figure><del><img src="/1" alt="a"></del><ins><img src="/2" alt="a"></ins>'
        "<figcaption>A city at night</figcaption></figure>"
    )


@pytest.mark.parametrize("numbers", numbers(200), ids=str)
def test_both_bodies_are_in_the_changes(numbers: range) -> None:
    for random in map(Random, numbers):
        blocks = body(random)
        before, after = joined(blocks), joined(edited(random, blocks))
        changes = bodies(before, after)
        assert "".join(change.before for change in changes) == before
        assert "".join(change.after for change in changes) == after
        marked = "".join(change.marked for change in changes)
        assert reading(marked, left_out="ins") == reading(before)
        assert reading(marked, left_out="del") == reading(after)
        for change in changes:
            assert (change.kind == "same") == (key(change.before) == key(change.after))
            assert (change.kind == "added") == (not change.before)
            assert (change.kind == "removed") == (not change.after)
            is_marked = "<ins>" in change.marked or "<del>" in change.marked
            # An empty table has nothing that could be marked.
            assert is_marked == (change.kind != "same") or not reading(change.before + change.after)
        assert ("same", "same") not in pairwise(change.kind for change in changes)

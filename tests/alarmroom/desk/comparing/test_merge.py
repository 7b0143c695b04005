"""Two people's changes to one body are put together; nothing that somebody wrote is lost."""

from collections.abc import Callable
from random import Random

import pytest

from alarmroom.desk.comparing import blocks
from alarmroom.desk.comparing.blocks import key
from alarmroom.desk.comparing.merge import Conflict, Merged, Step, merge
from tests.alarmroom.desk.comparing.test_words import BROKEN
from tests.alarmroom.desk.comparing.texts import body, edited, joined, numbers, reading

BASE = """<h2>Is there a rhythm?</h2>
<p>Listen as though you would have to draw it.</p>
<p>Type what you hear and not what you think.</p>
<ul>
	<li>Kitchen hum</li>
	<li>A door</li>
	<li>A breath</li>
</ul>
<figure><img src="/1.jpg" alt="A chair"><figcaption>An empty chair</figcaption></figure>
<table><tbody><tr><td>Calls</td><td>12</td></tr><tr><td>Units</td><td>3</td></tr></tbody></table>
<p>The end.</p>
"""


def changed(*replaced: tuple[str, str]) -> str:
    text = BASE
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    return text


def both_ways(base: str, mine: str, theirs: str) -> Merged:
    """Merge, and check that it does not matter which side is which."""
    merged, other = merge(base, mine, theirs), merge(base, theirs, mine)
    assert len(merged.parts) == len(other.parts)
    for part, swapped in zip(merged.parts, other.parts, strict=True):
        if isinstance(part, Conflict):
            assert isinstance(swapped, Conflict)
            assert part[:3] == (swapped.base, swapped.theirs, swapped.mine)
        else:
            assert part == swapped
    turned = {"mine": "theirs", "theirs": "mine", "both": "both"}
    assert {(turned[each.side], each.act, each.name) for each in merged.steps} == {
        (each.side, each.act, each.name) for each in other.steps
    }
    return merged


CLEAN = {
    "one paragraph each": ([("draw it", "draw it now")], [("The end", "An end")]),
    "neighbouring paragraphs": ([("draw it", "draw it now")], [("think", "guess")]),
    "two items of a list": ([("hum", "noise")], [("breath", "sigh")]),
    "neighbouring items": ([("hum", "noise")], [("A door", "Two doors")]),
    "an item changed, another added": (
        [("hum", "noise")],
        [("<li>A breath</li>", "<li>A breath</li><li>A lamp</li>")],
    ),
    "an item removed, another changed": (
        [("<li>A door</li>", "")],
        [("A breath", "One breath")],
    ),
    "picture and caption": ([("/1.jpg", "/2.jpg")], [("An empty", "One empty")]),
    "two rows of a table": ([("12", "13")], [("<td>3</td>", "<td>4</td>")]),
    "a paragraph changed beside one added": (
        [("draw it.", "draw it now.")],
        [("<p>Type", "<p>A new one.</p>\n<p>Type")],
    ),
    "a paragraph removed beside one changed": (
        [("<p>Listen as though you would have to draw it.</p>\n", "")],
        [("think", "guess")],
    ),
    "added at either end": (
        [("<h2>", "<p>First.</p>\n<h2>")],
        [("The end.</p>", "The end.</p>\n<p>Last.</p>")],
    ),
    "a list's kind and its items": ([("ul>", "ol>")], []),
    "the same change": ([("think", "guess")], [("think", "guess")]),
    "the same and another change": (
        [("think", "guess"), ("hum", "noise")],
        [("think", "guess"), ("The end", "An end")],
    ),
    "the same paragraph added": (
        [("<p>Type", "<p>New.</p>\n<p>Type")],
        [("<p>Type", "<p>New.</p>\n<p>Type")],
    ),
    "the same removed": (
        [("<p>The end.</p>\n", ""), ("think", "guess")],
        [("<p>The end.</p>\n", "")],
    ),
}


@pytest.mark.parametrize("name", CLEAN)
def test_changes_in_different_places_are_put_together(name: str) -> None:
    mine, theirs = CLEAN[name]
    merged = both_ways(BASE, changed(*mine), changed(*theirs))
    assert merged.is_clean
    assert key(merged.text) == key(changed(*dict.fromkeys([*mine, *theirs])))


CONFLICTS: dict[str, tuple[list[tuple[str, str]], list[tuple[str, str]], tuple[str, str, str]]] = {
    "the same paragraph": (
        [("think", "conclude")],
        [("think", "guess")],
        ("what you think", "what you conclude", "what you guess"),
    ),
    "changed and removed": (
        [("think", "conclude")],
        [("<p>Type what you hear and not what you think.</p>\n", "")],
        ("what you think", "what you conclude", ""),
    ),
    "the same item": ([("hum", "noise")], [("hum", "buzz")], ("hum", "noise", "buzz")),
    "the same row": ([("Calls", "Rings")], [("12", "13")], ("Calls", "Rings", "13")),
    "different ones in one place": (
        [("<p>Type", "<p>One.</p>\n<p>Type")],
        [("<p>Type", "<p>Two.</p>\n<p>Type")],
        ("", "<p>One.</p>", "<p>Two.</p>"),
    ),
    "one split a paragraph, the other changed it": (
        [("hear and", "hear.</p>\n<p>And")],
        [("think", "guess")],
        ("think", "hear.</p>\n<p>And not", "guess"),
    ),
    "one joined two paragraphs, the other changed the second": (
        [("draw it.</p>\n<p>Type", "draw it. Type")],
        [("think", "guess")],
        ("think", "draw it. Type", "guess"),
    ),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_the_same_place_changed_by_both_is_a_conflict(name: str) -> None:
    mine, theirs, expected = CONFLICTS[name]
    merged = both_ways(BASE, changed(*mine), changed(*theirs))
    (conflict,) = merged.conflicts
    for part, text in zip(expected, conflict, strict=False):
        assert part in text
        assert bool(part) == bool(text)
    assert not merged.is_clean
    with pytest.raises(ValueError, match="Both changed"):
        _ = merged.text
    assert key(merged.decided([conflict.mine])) == key(changed(*mine))
    with pytest.raises(ValueError, match="one choice"):
        merged.decided([])


def test_a_conflict_in_a_list_has_all_else_put_together_already() -> None:
    merged = both_ways(
        BASE,
        changed(("hum", "noise"), ("A door", "Two doors")),
        changed(("hum", "buzz"), ("A breath", "A sigh")),
    )
    (conflict,) = merged.conflicts
    assert [key(side) for side in conflict] == [
        f"<ul><li>Kitchen {items}</li><li>Two doors</li><li>A sigh</li></ul>"
        for items in ("hum", "noise", "buzz", "noise</li><li>Kitchen buzz")
    ]


def test_what_both_added_in_one_place_is_added_once() -> None:
    one = changed(("<p>Type", "<p>New.</p>\n<p>Type"))
    two = changed(("<p>Type", "<p>New.</p>\n<p>More.</p>\n<p>Type"))
    three = changed(("<p>Type", "<p>New.</p>\n<p>Other.</p>\n<p>Type"))
    assert both_ways(BASE, one, two).text == two
    merged = both_ways(BASE, two, three)
    assert merged.conflicts == [
        Conflict("", "<p>More.</p>\n", "<p>Other.</p>\n", "<p>More.</p>\n<p>Other.</p>\n")
    ]
    assert merged.steps == [Step("both", "added", "p", "New.", "Listen as though you would have…")]


def test_both_of_a_conflict_is_mine_and_then_theirs() -> None:
    merged = merge("", "<p>a</p>", "<p>b</p>")
    assert merged.conflicts == [Conflict("", "<p>a</p>", "<p>b</p>", "<p>a</p><p>b</p>")]
    # Loose words do not run into each other.
    assert merge("", "a", "b").conflicts[0].both == "a\nb"


def test_a_paragraph_moved_by_one_and_changed_by_the_other_is_moved_and_changed() -> None:
    paragraph = "<p>Type what you hear and not what you think.</p>\n"
    moved = BASE.replace(paragraph, "") + paragraph
    merged = both_ways(BASE, moved, changed(("think", "guess")))
    assert merged.text == moved.replace("think", "guess")
    assert merged.steps == [
        Step("theirs", "changed", "p", "Type what you hear and not…"),
        Step("mine", "moved", "p", "Type what you hear and not…", "The end."),
    ]


def test_what_was_put_together_is_listed() -> None:
    merged = merge(
        BASE,
        changed(("think", "guess"), ("hum", "noise"), ("An empty", "One empty")),
        changed(
            ("<p>Listen", "<p>Wait for it.</p>\n<p>Listen"),
            ("<p>The end.</p>\n", ""),
            ("A breath", "A sigh"),
            ("/1.jpg", "/2.jpg"),
        ),
    )
    listen = "Listen as though you would have…"
    assert merged.steps == [
        Step("theirs", "added", "p", "Wait for it.", "Is there a rhythm?"),
        Step("mine", "changed", "p", "Type what you hear and not…", listen),
        Step("mine", "changed", "li", "Kitchen noise"),
        Step("theirs", "changed", "li", "A sigh", "A door"),
        Step("theirs", "changed", "img", "A chair"),
        Step("mine", "changed", "figcaption", "One empty chair", "A chair"),
        Step("theirs", "removed", "p", "The end.", "Calls 12 Units 3"),
    ]  # fmt: skip


def test_what_is_in_conflict_is_not_listed() -> None:
    assert merge(BASE, changed(("think", "a")), changed(("think", "b"))).steps == []


def test_white_space_is_no_conflict() -> None:
    for mine in (BASE.replace("\n", ""), BASE.replace("\n", "\n\n"), f"\n{BASE}\n"):
        merged = both_ways(BASE, mine, changed(("think", "guess")))
        assert key(merged.text) == key(changed(("think", "guess")))
        both_ways(BASE, mine, BASE.replace("\n", "\r\n"))
    assert both_ways("<p>a</p>", "", " \n").is_clean


def versions(random: Random) -> tuple[list[str], list[str], list[str]]:
    blocks = body(random)
    return blocks, edited(random, blocks, 3), edited(random, blocks, 3)


@pytest.mark.parametrize("numbers", numbers(600, 150), ids=str)
def test_nothing_that_somebody_wrote_is_lost(numbers: range) -> None:
    conflicts = 0
    for random in map(Random, numbers):
        made = versions(random)
        base, mine, theirs = map(joined, made)
        merged = both_ways(base, mine, theirs)
        conflicts += not merged.is_clean
        everywhere = "".join(
            part if isinstance(part, str) else "".join(part) for part in merged.parts
        )
        kept = _pieces(everywhere)
        for side in (mine, theirs):
            assert _pieces(side) - _pieces(base) <= kept
        # And nothing comes back that both have removed, or one without a word from the other.
        assert kept <= _pieces(base) | _pieces(mine) | _pieces(theirs)
        reading(everywhere)
    assert 20 < conflicts < 130


def _pieces(html: str) -> set[str]:
    """Return the smallest parts that are merged as one: paragraphs, items, rows and the like."""
    found: set[str] = set()
    for block in blocks.split(html):
        parts = blocks.element(block)
        if parts and parts.name != "tr" and blocks.holds_blocks(parts.inner):
            found |= _pieces(parts.inner)
        elif block.strip():
            found.add(key(block))
    return found


@pytest.mark.parametrize("numbers", numbers(200), ids=str)
def test_a_side_that_changed_nothing_gives_the_other(numbers: range) -> None:
    for random in map(Random, numbers):
        base, mine, theirs = map(joined, versions(random))
        assert both_ways(base, base, mine).text == mine
        assert both_ways(base, theirs, theirs).text == theirs
        assert both_ways(base, base, base).steps == []


@pytest.mark.parametrize("numbers", numbers(200), ids=str)
def test_each_paragraph_is_taken_from_whoever_changed_it(numbers: range) -> None:
    for random in map(Random, numbers):
        made = [f"<p>one{at} two{at} three{at} four{at}</p>" for at in range(12)]

        def version(side: str) -> list[str]:
            kinds = [random.choice(["", "", "", "changed", "removed"]) for _ in made]  # noqa: B023 (called within its round)
            return [
                {"": block, "changed": block.replace("four", side), "removed": ""}[kind]
                for block, kind in zip(made, kinds, strict=True)  # noqa: B023 (called within its round)
            ]

        mine, theirs = version("my"), version("their")
        merged = both_ways(joined(made), joined(mine), joined(theirs))
        expected: list[str | Conflict] = []
        for base, my, their in zip(made, mine, theirs, strict=True):
            if my in (their, base):
                expected.append(their)
            elif their == base:
                expected.append(my)
            else:
                expected.append(Conflict(base, my, their, f"{my}\n{their}".strip()))
        assert [tuple(map(key, each)) for each in merged.conflicts] == [
            tuple(map(key, each)) for each in expected if isinstance(each, Conflict)
        ]
        texts = key("".join(part for part in merged.parts if isinstance(part, str)))
        assert texts == "".join(each for each in expected if isinstance(each, str))


@pytest.mark.parametrize("mine", BROKEN)
def test_broken_html_does_no_harm(mine: str) -> None:
    wrap: Callable[[str], str] = "<ul><li>a</li>{}</ul>".format
    for theirs in BROKEN:
        for base in ("", "<p>a</p>"):
            merge(base, mine, theirs)
            merge(wrap(base), wrap(mine), wrap(theirs))
            assert merge(base, mine, mine).text == mine
            assert merge(base, base, mine).text == mine

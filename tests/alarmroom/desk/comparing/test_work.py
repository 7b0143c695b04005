"""The work of comparing and merging grows with the length of the texts, up to a limit.

It is counted, and not timed: the lines of the package that run, and the steps of its searches.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from types import CodeType

import pytest

from alarmroom.desk import comparing
from alarmroom.desk.comparing import compare, merge, sequences, words
from alarmroom.desk.comparing.sequences import Effort, hunks, runs

FOLDER = str(Path(comparing.__file__).parent)
TOOL = 4  # None of those that are set aside for a debugger, for coverage or for a profiler.


def lines_run(work: Callable[[], object]) -> int:
    """Return how many lines of the package ran."""
    count = 0
    monitoring = sys.monitoring

    def on_line(code: CodeType, _: int) -> object:
        nonlocal count
        if not code.co_filename.startswith(FOLDER):
            return monitoring.DISABLE
        count += 1
        return None

    monitoring.use_tool_id(TOOL, "lines")
    try:
        monitoring.register_callback(TOOL, monitoring.events.LINE, on_line)
        monitoring.set_events(TOOL, monitoring.events.LINE)
        work()
    finally:
        monitoring.set_events(TOOL, 0)
        monitoring.register_callback(TOOL, monitoring.events.LINE, None)
        monitoring.free_tool_id(TOOL)
    return count


def some_words(size: int, number: int) -> str:
    random = Random(number)
    return " ".join(str(random.randint(0, size)) for _ in range(size))


def shuffled(size: int) -> str:
    blocks = [f"<p>{at} call line</p>" for at in range(size)]
    Random(size).shuffle(blocks)
    return "".join(blocks)


HARD: dict[str, Callable[[int], tuple[str, str]]] = {
    "a text without spaces": lambda n: ("x" * n, "x" * n + "y"),
    "a text without spaces between scripts": lambda n: ("救急" * n, "急救" * n + "車"),
    "equal paragraphs": lambda n: ("<p>a</p>" * n, "<p>a</p>" * n),
    "equal paragraphs, one more": lambda n: (
        "<p>a</p>" * n,
        "<p>a</p>" * (n // 2) + "<p>b</p>" + "<p>a</p>" * (n // 2),
    ),
    "paragraphs by turns": lambda n: ("<p>a</p><p>b</p>" * n, "<p>b</p><p>a</p>" * n + "<p>c</p>"),
    "other paragraphs": lambda n: ("<p>a b c</p>" * n, "<p>a b d</p>" * n),
    "paragraphs in another order": lambda n: (shuffled(n), shuffled(n + 1)),
    "one long paragraph": lambda n: (f"<p>{some_words(n, 1)}</p>", f"<p>{some_words(n, 2)}</p>"),
    "words by turns": lambda n: ("<p>" + "a b " * n + "</p>", "<p>" + "b a " * n + "c</p>"),
    "items of a list": lambda n: (
        f"<ul>{'<li>a b c</li>' * n}</ul>",
        f"<ul>{'<li>a b d</li>' * n}</ul>",
    ),
    "formats": lambda n: ("<p>" + "<em>a</em> " * n, "<p>" + "<strong>a</strong> " * n),
    "deep formats": lambda n: ("<em>" * n + "x", "<em>" * n + "y"),
    "deep quotations": lambda n: ("<blockquote>" * n + "x", "<blockquote>" * n + "y"),
    "deep lists": lambda n: ("<ul><li>a" * n, "<ul><li>b" * n),
    "angle brackets": lambda n: ("<" * n, "<" * n + "a"),
    "tags that do not end": lambda n: ('<a b="' * n, "<a b='" * n),
    "comments that do not end": lambda n: ("<!--" * n, "<!-- " * n),
    "end tags": lambda n: ("</p>" * n, "</em>" * n),
    "pictures": lambda n: ('<img src="/1">' * n, '<img src="/2">' * n),
}


@pytest.mark.parametrize("name", HARD)
def test_four_times_the_text_takes_about_four_times_the_lines(name: str) -> None:
    make = HARD[name]
    counts: list[list[int]] = []
    for size in (150, 600):
        before, after = make(size)
        third = before + "<p>theirs</p>"
        counts.append(
            [
                lines_run(lambda: compare.bodies(before, after)),  # noqa: B023 (called within its round)
                lines_run(lambda: words.marked(before, after)),  # noqa: B023 (called within its round)
                lines_run(lambda: merge.merge(before, after, third)),  # noqa: B023 (called within its round)
                lines_run(lambda: merge.merge(third, before, after)),  # noqa: B023 (called within its round)
            ]
        )
    for small, large in zip(*counts, strict=True):
        # Four times for a linear one, sixteen times for a quadratic one.
        assert large < 7 * small + 2_000, f"{counts}"


@pytest.mark.parametrize("name", HARD)
def test_the_steps_have_a_limit(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "MOST_FOR_ONE", 1_000)
    before, after = HARD[name](1_000)
    # The last look goes on to where both texts differ, so once their length on top.
    most = 3_000 + len(before) + len(after)
    effort = Effort(3_000)
    changes = compare.bodies(before, after, effort)
    assert effort.spent <= most
    # With the effort used up, what is shown is still all of both.
    assert "".join(change.before for change in changes) == before
    assert "".join(change.after for change in changes) == after
    effort = Effort(3_000)
    merge.merge(before, after, before + "<p>theirs</p>", effort)
    assert effort.spent <= 2 * most
    effort = Effort(0)
    assert merge.merge(before, after, before, effort).text == after


def test_a_million_characters_stay_within_the_limit() -> None:
    for before, after in (
        ("<p>same</p>" * 100_000, "<p>same</p>" * 99_999 + "<p>other</p>"),
        (f"<p>{'x' * 1_000_000}</p>", f"<p>{'x' * 999_999}y</p>"),
    ):
        effort = Effort()
        changes = compare.bodies(before, after, effort)
        assert effort.spent < 1_000
        assert changes[-1].marked.endswith("</ins></p>")


def test_without_effort_equal_beginnings_and_ends_are_found() -> None:
    before, after = [1, 2, 3, 4, 5, 6], [1, 2, 4, 3, 5, 6]
    assert hunks(runs(before, after, Effort(0)), 6, 6) == [(2, 4, 2, 4)]
    assert hunks(runs(before, after, Effort()), 6, 6) == [(2, 3, 2, 2), (4, 4, 3, 4)]


def test_what_is_common_is_common(monkeypatch: pytest.MonkeyPatch) -> None:
    for farthest in (1, 3, sequences.FARTHEST):
        monkeypatch.setattr(sequences, "FARTHEST", farthest)
        for number in range(400):
            random = Random(number)
            before, after = (
                [random.randint(0, 5) for _ in range(random.randint(0, 30))] for _ in range(2)
            )
            common = runs(before, after, Effort(random.choice([0, 20, 10_000])))
            left = right = 0
            for run in common:
                assert run.before >= left
                assert run.after >= right
                assert run.length
                left, right = run.before + run.length, run.after + run.length
                assert before[run.before : left] == after[run.after : right]
            assert left <= len(before)
            assert right <= len(after)


def test_the_most_that_is_common_is_found_where_differences_are_few() -> None:
    for number in range(300):
        random = Random(number)
        before, after = (
            [random.randint(0, 5) for _ in range(random.randint(0, 30))] for _ in range(2)
        )
        longest = [[0] * (len(after) + 1) for _ in range(len(before) + 1)]
        for i, one in enumerate(before):
            for j, other in enumerate(after):
                longest[i + 1][j + 1] = (
                    longest[i][j] + 1 if one == other else max(longest[i][j + 1], longest[i + 1][j])
                )
        found = sum(run.length for run in runs(before, after, Effort()))
        assert found == longest[-1][-1]

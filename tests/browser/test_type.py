"""Typography, measured in the article that has every element (audit/everything.html)."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from audit.pages import PageType

# The number of characters in each line of each paragraph, without the last lines.
LINES = """() => [...document.querySelectorAll(".prose > p")].flatMap((paragraph) => {
    const range = document.createRange();
    const lines = new Map();
    const walker = document.createTreeWalker(paragraph, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        for (let at = 0; at < walker.currentNode.length; at += 1) {
            range.setStart(walker.currentNode, at);
            range.setEnd(walker.currentNode, at + 1);
            const bottom = Math.round(range.getBoundingClientRect().bottom / 12);
            lines.set(bottom, (lines.get(bottom) ?? 0) + 1);
        }
    }
    return [...lines.values()].slice(0, -1);
})"""


@pytest.fixture
def paths(deployed: tuple[str, list[PageType]]) -> dict[str, str]:
    """The address of each page type, by its name."""
    return {each.name: each.path for each in deployed[1]}


@pytest.fixture
def reader(browser: Browser, deployed: tuple[str, list[PageType]]) -> Iterator[Page]:
    """A reader with a wide screen and reduced motion."""
    context = browser.new_context(
        base_url=deployed[0],
        viewport={"width": 1280, "height": 900},
        reduced_motion="reduce",
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def everything(reader: Page, paths: dict[str, str]) -> Page:
    reader.goto(paths["article, everything"])
    return reader


def style(page: Page, selector: str, name: str) -> str:
    found: str = page.locator(selector).first.evaluate(
        "(element, name) => getComputedStyle(element)[name]", name
    )
    return found


def box(page: Page, selector: str) -> dict[str, Any]:
    """Return the position of an element: left, right, top and bottom in px."""
    found: dict[str, Any] = page.locator(selector).first.evaluate(
        """(element) => {
            const { left, right, top, bottom } = element.getBoundingClientRect();
            return { left, right, top, bottom };
        }"""
    )
    return found


def test_a_line_has_60_to_75_characters_at_the_desk(reader: Page, paths: dict[str, str]) -> None:
    reader.goto(paths["article"])
    lines = reader.evaluate(LINES)
    assert len(lines) > 30
    assert 60 <= sum(lines) / len(lines) <= 75


def test_a_line_on_paper_has_66_to_80_characters(reader: Page, paths: dict[str, str]) -> None:
    reader.goto(paths["article"])
    # A4 between its margins.
    reader.set_viewport_size({"width": 643, "height": 950})
    reader.emulate_media(media="print")
    lines = reader.evaluate(LINES)
    assert 66 <= sum(lines) / len(lines) <= 80


def test_figures_are_old_style_in_the_text_and_lining_where_they_stand_alone(
    everything: Page,
) -> None:
    for selector in (".prose > p", ".prose li", ".prose blockquote p"):
        assert "oldstyle-nums" in style(everything, selector, "fontVariantNumeric"), selector
    for selector in (".prose h2", ".article__title", ".prose td", ".prose thead th", ".prose sup"):
        value = style(everything, selector, "fontVariantNumeric")
        assert "lining-nums" in value, selector
        assert "oldstyle-nums" not in value, selector
    # In columns, all figures have the same width.
    assert "tabular-nums" in style(everything, ".prose td", "fontVariantNumeric")


def test_a_quotations_mark_hangs_beside_the_text_or_at_its_edge(everything: Page) -> None:
    quotation = ".prose blockquote:not(.pull)"
    text, quoted = box(everything, ".prose > p"), box(everything, f"{quotation} > p")
    mark = everything.locator(quotation).evaluate(
        """(element) => {
            const { position, left, content } = getComputedStyle(element, "::before");
            return { position, left, content };
        }"""
    )
    assert mark == {"position": "absolute", "left": "0px", "content": '"“"'}
    assert quoted["left"] == pytest.approx(text["left"], abs=1)
    # Without a margin beside the text, the quotation gets one.
    everything.set_viewport_size({"width": 480, "height": 900})
    text, quoted = box(everything, ".prose > p"), box(everything, f"{quotation} > p")
    assert box(everything, quotation)["left"] == text["left"]
    assert quoted["left"] >= text["left"] + 20
    # A pull quote is from the article itself, so it has no quotation mark.
    assert everything.locator(".prose blockquote.pull").evaluate(
        "element => getComputedStyle(element, '::before').content"
    ) in {"none", "normal"}


@pytest.mark.parametrize("what", ["figure.wide", ".box:has(th:nth-child(6))"])
@pytest.mark.parametrize("width", [768, 820, 1024, 1216, 1280, 1440, 1920])
def test_a_wide_picture_and_table_go_beyond_the_text_and_over_nothing_else(
    everything: Page, what: str, width: int
) -> None:
    everything.set_viewport_size({"width": width, "height": 900})
    text, wide = box(everything, ".prose > p"), box(everything, f".prose > {what}")
    assert wide["right"] > text["right"] + (80 if width > 820 else 40)
    assert wide["right"] <= box(everything, ".article")["right"] + 1
    contents = box(everything, ".contents")
    assert contents["right"] <= wide["left"] or contents["bottom"] <= wide["top"]


def test_a_table_for_which_there_is_room_shows_all_its_columns(everything: Page) -> None:
    for width in (900, 1280, 1440):
        everything.set_viewport_size({"width": width, "height": 900})
        hidden = everything.locator(".prose .box:has(table)").first.evaluate(
            "box => box.scrollWidth - box.clientWidth"
        )
        assert hidden <= 0, width


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_a_tables_name_is_read_whole_however_wide_the_table_is(
    everything: Page, width: int
) -> None:
    everything.set_viewport_size({"width": width, "height": 900})
    everything.evaluate(
        """() => {
            const table = document.querySelector(".prose table");
            table.caption.textContent = "Calls answered within 15 seconds, by shift. ".repeat(6);
            for (const row of table.rows)
                for (let i = 0; i < 14; i += 1) row.insertCell().textContent = "100.0 %";
        }"""
    )
    for scrolled in (0, 200):
        everything.locator(".prose .box:has(table)").first.evaluate(
            "(box, to) => { box.scrollLeft = to; }", scrolled
        )
        seen, name = box(everything, ".prose .box:has(table)"), box(everything, ".prose caption")
        assert name["left"] == pytest.approx(seen["left"], abs=1)
        assert name["right"] <= seen["right"] + 1


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_what_stands_below_each_other_has_one_left_edge(everything: Page, width: int) -> None:
    everything.set_viewport_size({"width": width, "height": 900})
    head = [".article__title", ".article__dek", ".cover img"]
    narrow = ".prose table:not(:has(tr > :nth-child(6)))"
    body = [".prose > p", narrow, ".notes", ".about__photo"]
    rail = [".byline__photo", ".contents__title"]
    columns = (
        (rail, head + body) if width >= 1024 else (head[: 2 if width < 768 else 3] + rail + body,)
    )
    for column in columns:
        edges = {selector: round(box(everything, selector)["left"]) for selector in column}
        assert len(set(edges.values())) == 1, edges


def test_a_wide_table_is_no_wider_than_the_paper(everything: Page) -> None:
    # A4 between its margins. Browsers shrink the whole page if something is wider.
    everything.set_viewport_size({"width": 643, "height": 950})
    everything.emulate_media(media="print")
    table = everything.locator(".prose table").first
    assert table.evaluate("table => table.rows[0].cells.length") > 5
    assert everything.evaluate("document.documentElement.scrollWidth") == 643
    # The same for a table with a column for each month.
    table.evaluate(
        """table => {
            for (const row of table.rows)
                while (row.cells.length < 14) row.insertCell().textContent = "Emergencies";
        }"""
    )
    assert everything.evaluate("document.documentElement.scrollWidth") == 643


def test_a_quotations_mark_is_on_the_paper_however_wide_that_is(everything: Page) -> None:
    # A4 in landscape, or a smaller print.
    everything.set_viewport_size({"width": 1000, "height": 700})
    everything.emulate_media(media="print")
    assert box(everything, ".prose blockquote:not(.pull)")["left"] >= 0

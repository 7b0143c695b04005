"""Every page type in Chromium: no axe violations, and nothing is wider than the screen.

The site runs under production settings, so that the error pages are its own.
"""

from collections.abc import Iterator
from typing import Literal

import pytest
from django.urls import resolve
from playwright.sync_api import Browser, Page

import newsletter.urls
import posts.urls
import subscribers.urls
from audit import axe
from audit.pages import PageType
from tests.browser.conftest import note_problems

PHONE, DESKTOP = 320, 1280  # px


@pytest.fixture
def types(deployed: tuple[str, list[PageType]]) -> list[PageType]:
    return deployed[1]


@pytest.fixture
def visitor(browser: Browser, deployed: tuple[str, list[PageType]]) -> Iterator[Page]:
    """A visitor with reduced motion, because text that still fades in has too little contrast."""
    context = browser.new_context(base_url=deployed[0], reduced_motion="reduce")
    yield context.new_page()
    context.close()


# Addresses that return no page, or that need a login.
NO_PAGES = {
    "posts:author-feed",
    "posts:find-links",
    "posts:find-pictures",
    "posts:present-pictures",
    "posts:image-upload",
    "newsletter:click",
    "newsletter:click-cut",
    "newsletter:preview-item",
    "newsletter:preview-item-new",
    "newsletter:webhook",
    "posts:preview",
    "posts:preview-card",
    "posts:preview-card-new",
    "posts:preview-new",
    "posts:preview-search",
    "posts:preview-search-new",
    "posts:preview-tab",
    "posts:preview-tab-new",
    "posts:share-image",
    "posts:shared-draft",
    "posts:site-feed",
    "posts:suggest",
    "posts:tag-feed",
    "posts:tried-articles",
    "posts:tried-atom.xml",
    "posts:tried-feed",
    "posts:tried-feed.json",
    "posts:tried-feed.xml",
    "posts:tried-rss",
    "posts:tried-rss.xml",
    "posts:tried-tags",
    "posts:to-article",
    "posts:to-page",
    "subscribers:resource",
}


def look(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_axe_objects_to_nothing_on_any_page_type_light_and_dark(
    visitor: Page, types: list[PageType], width: int
) -> None:
    look(visitor, width)
    schemes: list[tuple[Literal["light", "dark"], list[str] | None]] = [
        ("light", None),
        ("dark", axe.COLOUR_RULES),
    ]
    found = []
    for each in types:
        response = visitor.goto(each.path)
        assert response
        assert response.status == each.status, each.path
        for scheme, rules in schemes:
            visitor.emulate_media(color_scheme=scheme)
            wrong = axe.violations(visitor, only=rules)
            found += [f"{each.name}, {scheme}: {line}" for line in wrong]
    assert found == []


def test_no_page_type_scrolls_sideways_or_cuts_words_off(
    visitor: Page, types: list[PageType]
) -> None:
    found = []
    for each in types:
        visitor.goto(each.path)
        for twice in (False, True):  # WCAG 1.4.4: with text of twice the size too
            if twice:
                axe.double_text(visitor)
            for width in (PHONE, DESKTOP):
                look(visitor, width)
                wrong = [*axe.sideways(visitor), *axe.cut_off(visitor)]
                size = "200 %" if twice else "100 %"
                found += [f"{each.name}, {width} px, {size}: {line}" for line in wrong]
    assert found == []


@pytest.mark.parametrize("name", ["month", "article, everything"])
def test_where_colours_are_forced_the_current_entry_still_stands_out(
    visitor: Page, types: list[PageType], name: str
) -> None:
    look(visitor, 1440)
    visitor.emulate_media(forced_colors="active")
    visitor.goto(next(each.path for each in types if each.name == name))
    if name != "month":
        visitor.locator(".prose h2").nth(1).evaluate("heading => heading.scrollIntoView()")
    entries = ".months__link, .contents a"
    current = visitor.locator(entries).and_(visitor.locator("[aria-current]"))
    current.wait_for()
    looks = """entry => {
        const style = getComputedStyle(entry);
        return [style.fontWeight, style.textDecorationLine, style.outlineStyle].join(" ");
    }"""
    # Not an outline, which would look like the focus.
    assert current.evaluate(looks) == "700 underline none"
    others = visitor.locator(entries).and_(visitor.locator(":not([aria-current])")).all()
    assert not [other for other in others if "underline" in other.evaluate(looks)]


def test_no_page_type_complains_in_the_console(
    visitor: Page, types: list[PageType], problems: list[str]
) -> None:
    # A violated Content-Security-Policy, a missing file, a script that fails.
    note_problems(visitor, problems)
    for each in types:
        visitor.goto(each.path)
    # For a page with an error status, the browser itself writes an error to the console.
    own = {f"status of {each.status}" for each in types if each.status != 200}
    problems[:] = [line for line in problems if not any(status in line for status in own)]


def test_every_page_of_the_rooms_is_among_the_page_types(types: list[PageType]) -> None:
    rooms = {"posts": posts.urls, "subscribers": subscribers.urls, "newsletter": newsletter.urls}
    names = {
        f"{room}:{pattern.name}" for room, urls in rooms.items() for pattern in urls.urlpatterns
    }
    assert names - NO_PAGES == {resolve(each.path.split("?")[0]).view_name for each in types}


def test_pale_text_and_a_picture_without_words_are_noticed(visitor: Page) -> None:
    visitor.goto("/")
    visitor.evaluate(
        """() => {
            document.querySelector("main").append(new Image(9, 9));
            document.querySelector("h1").style.color = "#ddd";
        }"""
    )
    found = {line.split(":")[0] for line in axe.violations(visitor)}
    assert found == {"image-alt", "color-contrast"}
    found = {line.split(":")[0] for line in axe.violations(visitor, only=axe.COLOUR_RULES)}
    assert found == {"color-contrast"}


def test_what_is_too_wide_and_what_is_cut_off_are_noticed(visitor: Page) -> None:
    visitor.goto("/")
    look(visitor, PHONE)
    visitor.evaluate(
        """() => {
            const heading = document.querySelector("h1");
            heading.style.cssText = "width: 10px; overflow: hidden; white-space: nowrap";
            heading.insertAdjacentHTML("afterend", "<div>wide</div>");
            heading.nextSibling.style.width = "500px";
        }"""
    )
    assert axe.sideways(visitor)
    assert axe.cut_off(visitor)

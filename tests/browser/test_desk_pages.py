"""The pages of the desk as axe sees them: light and dark, at a desk and on a phone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_editor import open_editor
from tests.browser.test_nothing_is_lost import objections


def chosen_articles(page: Page) -> None:
    """The page that says what will happen to two articles."""
    page.goto("/admin/posts/post/")
    boxes = page.locator("#result_list tbody").get_by_role("checkbox")
    boxes.nth(0).check()
    boxes.nth(1).check()
    page.get_by_role("button", name="Move to the bin…").click()
    # One of them may be in the way of an issue, and stays.
    expect(page.get_by_role("button", name=re.compile("^(Keep|Go back)"))).to_be_visible()


def picture_window(page: Page) -> None:
    """The window in which a picture is chosen, over the text and its toolbar."""
    open_editor(page)
    page.get_by_role("button", name="Picture", exact=False).first.click()
    window = page.get_by_role("dialog", name="Choose a picture")
    expect(window.locator(".ask__grid img").first).to_be_visible()


PAGES: dict[str, str | Callable[[Page], object]] = {
    "Home": "/admin/",
    "articles": "/admin/posts/post/",
    "no articles": "/admin/posts/post/?q=nothing-has-these-words",
    "bulk": chosen_articles,
    "export": "/admin/posts/post/export/",
    "search": "/admin/find/?q=ch",
    "reports": "/admin/newsletter/issue/reports/",
    "report": "/admin/newsletter/issue/1/report/",
    "plain form": "/admin/posts/author/add/",
    "guide": "/admin/guide/",
    "Signing in": "/admin/account/",
    "writing": open_editor,
    "picture window": picture_window,
}


@pytest.mark.parametrize("name", PAGES)
def test_axe_objects_to_nothing_and_nothing_is_wider_than_the_screen(
    editor: Page, name: str
) -> None:
    there = PAGES[name]
    if isinstance(there, str):
        answer = editor.goto(there)
        assert answer
        assert answer.status == 200
    else:
        there(editor)
    assert objections(editor) == []

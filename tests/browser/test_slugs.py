"""The slug script of the admin gives the same slugs as the server."""

import pytest
from playwright.sync_api import Page, expect

from alarmroom.slugs import slug_of
from tests.alarmroom.test_slugs import TITLES


def test_the_slug_script_gives_the_slug_of_the_server(editor: Page) -> None:
    editor.goto("/admin/posts/tag/add/")
    editor.wait_for_load_state("networkidle")
    editor.locator("#id_name").press_sequentially("2024–2026 plan: 3½")
    editor.keyboard.press("Tab")
    expect(editor.locator("#id_slug")).to_have_value("2024-2026-plan-3-1-2")
    for title, slug in TITLES:
        # Django's script also transliterates other alphabets, so empty slugs are not compared.
        if slug:
            assert editor.evaluate("title => URLify(title, 200)", title) == slug, title


@pytest.mark.parametrize("model", ["post", "tag", "page"])
def test_every_form_with_a_slug_has_the_script(editor: Page, model: str) -> None:
    editor.goto(f"/admin/posts/{model}/add/")
    editor.wait_for_load_state("networkidle")
    typed = "24/7 Øresund"
    assert editor.evaluate("title => URLify(title, 200)", typed) == slug_of(typed)

"""One walk: an article goes to the bin and comes back, by the keyboard and on a phone."""

import pytest
from playwright.sync_api import Browser, Page, StorageState, expect

from audit import axe
from tests.browser.conftest import note_problems
from tests.browser.stack import Stack
from tests.browser.test_editor import open_editor

LIST = "/admin/posts/post/"


def test_what_is_moved_to_the_bin_comes_back_by_one_click(editor: Page) -> None:
    editor.goto(LIST)
    title = "Five Minutes at the Podium: Explaining Your Center to the City Council"
    editor.get_by_role("link", name=title, exact=True).click()
    editor.locator(".eh__more summary").click()
    editor.get_by_role("link", name="Move to the bin…").click()
    expect(editor.get_by_text("can be restored for 30 days")).to_be_visible()
    editor.get_by_role("button", name="Move to the bin").click()
    expect(editor.locator(".messagelist")).to_contain_text(f"“{title}” is in the bin.")
    expect(editor.locator("#result_list")).not_to_contain_text(title)
    # By the keyboard, as somebody does who does not see the button.
    editor.get_by_role("button", name="Undo").focus()
    editor.keyboard.press("Enter")
    expect(editor.locator(".messagelist")).to_contain_text(f"“{title}” is back.")
    editor.get_by_role("button", name="Publish again").click()
    expect(editor.locator(".messagelist")).to_contain_text("Published, dated")

    # From the list, and back from the page of the bin.
    editor.goto(LIST)
    row = editor.locator("#result_list tbody tr").filter(has_text=title)
    row.get_by_role("checkbox").check()
    editor.get_by_role("button", name="Move to the bin…").click()
    editor.get_by_role("button", name="Move 1 to the bin").click()
    expect(editor.locator(".messagelist")).to_contain_text("is in the bin.")
    editor.get_by_role("link", name="Bin", exact=True).first.click()
    editor.get_by_role("button", name=f"Restore “{title}”").click()
    expect(editor.locator(".messagelist")).to_contain_text(f"“{title}” is back.")
    editor.get_by_role("button", name="Publish again").click()
    expect(editor.locator(".messagelist")).to_contain_text("Published, dated")


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_objects_to_nothing_on_the_pages_of_the_bin(
    browser: Browser,
    stack: Stack,
    signed_in: StorageState,
    problems: list[str],
    width: int,
    scheme: str,
) -> None:
    context = browser.new_context(
        base_url=stack.url,
        viewport={"width": width, "height": 900},
        storage_state=signed_in,
        color_scheme="dark" if scheme == "dark" else "light",
        reduced_motion="reduce",
    )
    context.on("page", lambda page: note_problems(page, problems))
    page = context.new_page()
    open_editor(page, "/admin/posts/page/add/")
    page.fill("#id_title", f"A page for {width} {scheme}")
    page.evaluate("for (const e of Object.values(CKEDITOR.instances)) e.setData('<p>Text.</p>')")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/change/")
    page.goto(page.url.replace("/change/", "/delete/"))
    seen = [look(page)]
    page.get_by_role("button", name="Move to the bin").click()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    for path in ("/admin/bin/", "/admin/bin/empty/"):
        page.goto(path)
        seen.append(look(page))
    page.goto("/admin/bin/")
    page.get_by_role("button", name="for ever").or_(
        page.get_by_role("link", name="for ever")
    ).first.click()
    expect(page.get_by_role("button", name="Leave it in the bin")).to_be_visible()
    seen.append(look(page))
    assert seen == [[]] * 4
    context.close()


def look(page: Page) -> list[str]:
    """Return what is wrong with a page, and what makes it wider than the screen."""
    return [*axe.violations(page), *axe.sideways(page)]

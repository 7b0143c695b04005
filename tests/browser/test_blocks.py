"""Our blocks in the editor, by buttons and keys alone, and what readers then see of them."""

import re

from playwright.sync_api import Page, expect

from tests.browser.test_editor import fill_in, open_editor, publish, text_of


def button(page: Page, name: str) -> None:
    """Press a button of the toolbar by the keyboard: Alt+F10 leads there, the arrows along it."""
    page.keyboard.press("Alt+F10")
    for _ in range(30):
        if (
            page.evaluate("() => document.activeElement.className").split("__")[-1].split()[0]
            == name
        ):
            break
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")


def keys(page: Page, *pressed: str) -> None:
    for each in pressed:
        if each in {"Enter", "ArrowDown", "ArrowUp", "Control+z", "Control+y", "Control+End"}:
            page.keyboard.press(each)
        else:
            page.keyboard.type(each)


def test_every_block_is_written_by_buttons_and_keys_and_seen_by_readers(editor: Page) -> None:
    surface = open_editor(editor)
    keys(editor, "A caller says nothing.")
    button(editor, "footnote")
    keys(editor, "On a Tuesday.")
    # The note knows its way back.
    surface.locator(".note-mark--note").click()
    keys(editor, "Enter", "Enter")
    button(editor, "keypoints")
    # Enter on an empty line leaves: first the list, then the section.
    keys(editor, "Listen first", "Enter", "Then ask", "Enter", "Enter", "Enter")
    button(editor, "caseexample")
    keys(
        editor, "The line was open.", "Enter", "Enter", "After the case.", "Control+z", "Control+y"
    )
    keys(editor, "Enter")
    button(editor, "pullquote")
    keys(editor, "Nobody dreams of it.", "Enter", "Enter")
    button(editor, "checklist")
    keys(editor, "Ask for the address", "Enter", "Stay on the line", "Enter", "Enter")
    button(editor, "rule")
    button(editor, "inserttable")
    expect(editor.locator(".cke_dialog:visible")).to_be_visible()
    editor.get_by_label("Caption, above the table").fill("Calls a shift")
    editor.get_by_label("Rows").press("Enter")
    expect(surface.locator("table")).to_be_visible()
    keys(editor, "Hour")

    text = text_of(editor).replace("\t", "").replace("<p>&nbsp;</p>", "")
    assert text.startswith(
        "<p>A caller says nothing.[^1]</p>"
        '<section class="key-points"><ul><li>Listen first</li><li>Then ask</li></ul></section>'
        '<section class="case-example"><p>The line was open.</p></section>'
        "<p>After the case.</p>"
        '<blockquote class="pull"><p>Nobody dreams of it.</p></blockquote>'
        '<ul class="checklist"><li>Ask for the address</li><li>Stay on the line</li></ul><hr />'
        '<table><caption>Calls a shift</caption><thead><tr><th scope="col">Hour</th>'
    )
    assert re.search(r"<p>\[\^1\]: On a Tuesday\.</p>$", text)

    fill_in(editor, "Every block there is")
    publish(editor)
    expect(editor.locator(".messagelist")).to_contain_text("Published")
    editor.goto("/articles/every-block-there-is/")
    article = editor.locator(".prose")
    expect(article.locator(".panel--key-points")).to_contain_text("Key points")
    expect(article.locator(".panel--case-example")).to_contain_text("The line was open.")
    expect(article.locator("blockquote.pull")).to_have_text("Nobody dreams of it.")
    expect(article.locator(".checklist li")).to_have_count(2)
    expect(article.locator("caption")).to_have_text("Calls a shift")
    article.locator("sup.note a").click()
    expect(article.locator(".notes li")).to_contain_text("On a Tuesday.")
    assert editor.url.endswith("#note-1")


def test_footnotes_are_numbered_while_they_are_written_and_copied_with_their_texts(
    editor: Page,
) -> None:
    surface = open_editor(editor)
    keys(editor, "Second.")
    button(editor, "footnote")
    keys(editor, "Note two.")
    surface.locator("p").first.click()
    editor.keyboard.press("Home")
    keys(editor, "First. ")
    editor.keyboard.press("ArrowLeft")
    button(editor, "footnote")
    keys(editor, "Note one.")
    marks = surface.locator(".note-mark")
    expect(marks).to_have_text(["1", "2", "2", "1"])
    assert text_of(editor).count("[^2]") == 2
    # What is copied in the editor stays what it is.
    surface.locator("p").first.click()
    for key in ("Control+a", "Control+c", "Control+End", "Control+v"):
        editor.keyboard.press(key)
    expect(marks).to_have_count(8)
    expect(editor.locator(".cke_notification")).to_have_count(0)

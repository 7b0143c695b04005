"""The checks beside a text: listed while one writes, each with its place, and before publishing."""

import pytest
from playwright.sync_api import Page, expect

from audit import axe
from tests.browser.test_editor import fill_in, open_editor, publish

TEXT = (
    "<p>Most calls begin with too many words.</p>"
    + "<p>A paragraph between.</p>" * 25
    + "<p>The <strong>[TK: number]</strong> standard has a page, and you can read it "
    '<a href="https://www.nena.org/">here</a>.</p>'
    '<h2>Seconds 0 to 15</h2><p>See <a href="/articles/no-such-article/">the other one</a>.</p>'
)
# What is selected in the text, and how far it is below the bars and above the end of the window.
SELECTED = """() => {
    const editor = CKEDITOR.instances.id_body;
    const chosen = editor.window.$.getSelection();
    const frame = editor.window.$.frameElement.getBoundingClientRect();
    const box = chosen.getRangeAt(0).getBoundingClientRect();
    const tools = document.querySelector(".cke_top").getBoundingClientRect();
    return [chosen.toString(), frame.top + box.top - tools.bottom,
        innerHeight - frame.top - box.bottom];
}"""

# How far below (or above) its words the middle of a number is.
BESIDE = """(number) => {
    const editor = CKEDITOR.instances.id_body;
    const words = [...editor.document.$.querySelectorAll("strong")].at(-1).getBoundingClientRect();
    const frame = editor.window.$.frameElement.getBoundingClientRect();
    const marks = [...document.querySelectorAll(".check-mark")];
    const mark = marks.find((each) => each.textContent === number).getBoundingClientRect();
    return mark.top + mark.height / 2 - frame.top - words.top - words.height / 2;
}"""
CLEAN = "<p>The <strong>[TK: number]</strong> standard has a page, and you can read it <a"

CHOSEN = "() => CKEDITOR.instances.id_body.window.$.getSelection().toString()"


@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_wrong_is_listed_while_one_writes_and_each_place_is_a_click_or_f8_away(
    editor: Page, width: int
) -> None:
    editor.set_viewport_size({"width": width, "height": 800})
    surface = open_editor(editor)
    editor.fill("#id_title", "Silence")
    editor.evaluate("text => CKEDITOR.instances.id_body.setData(text)", TEXT)
    checks = editor.locator("#desk-checks")
    expect(checks).to_contain_text("“TK” is still in the text.")
    expect(checks).to_contain_text("A link is called “here”.")
    expect(checks).to_contain_text("there is no such article.")
    # F8 goes through them in their order: the dek, what is in the rail, the words in the text.
    editor.locator("#id_title").focus()
    editor.keyboard.press("F8")
    assert editor.evaluate("document.activeElement.id") == "id_summary"
    for _ in range(3):
        editor.keyboard.press("F8")
        if editor.evaluate(CHOSEN) == "[TK: number]":
            break
    words, above, below = editor.evaluate(SELECTED)
    assert words == "[TK: number]"
    assert above > 0 and below > 0
    # From within the text, too.
    editor.keyboard.press("F8")
    assert editor.evaluate(SELECTED)[0] == "the other one"
    editor.keyboard.press("Shift+F8")
    assert editor.evaluate(SELECTED)[0] == "[TK: number]"
    # The same numbers stand beside the text, each by its words; nothing of them is in it.
    marks = editor.locator(".check-mark:visible")
    number = checks.locator("li", has_text="“TK”").locator(".check__number").text_content()
    mark = marks.get_by_text(number, exact=True)
    assert abs(editor.evaluate(BESIDE, number)) < 40
    assert CLEAN in editor.evaluate("CKEDITOR.instances.id_body.getData()")
    assert not surface.locator(".check-mark").count()
    # It stays there while the text above grows.
    editor.evaluate(
        """() => {
            const body = CKEDITOR.instances.id_body.document.getBody().$;
            body.prepend(...["One", "Two", "Three"].map((words) => {
                const paragraph = body.ownerDocument.createElement("p");
                paragraph.textContent = words;
                return paragraph;
            }));
        }"""
    )
    editor.wait_for_function(f"number => Math.abs(({BESIDE})(number)) < 40", arg=number)
    # It leads to the list, and the list to the words.
    mark.focus()
    editor.keyboard.press("Enter")
    assert editor.evaluate("document.activeElement.dataset.check") == number
    editor.keyboard.press("Enter")
    assert editor.evaluate(SELECTED)[0] == "[TK: number]"
    # What is mended leaves the list.
    editor.keyboard.type("40-page")
    expect(checks).not_to_contain_text("TK")
    expect(marks.filter(has_text="1")).not_to_have_count(0)
    if width == 390:
        editor.get_by_role("button", name="Details", exact=True).click()
    checks.get_by_role("link", name="Name where it leads").click()
    words, above, below = editor.evaluate(SELECTED)
    assert words == "here"
    assert above > 0 and below > 0
    if width == 1280:
        for theme in ("light", "dark"):
            editor.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
            assert axe.violations(editor) == []


def test_publishing_is_stopped_and_a_publisher_goes_on_with_a_reason(editor: Page) -> None:
    open_editor(editor)
    fill_in(editor, "Published in spite of it")
    editor.evaluate("CKEDITOR.instances.id_body.setData('<p>It has TK pages.</p>')")
    publish(editor)
    problems = editor.locator("[data-problems]")
    expect(problems).to_contain_text("Paragraph 1: “TK” is still in the text.")
    window = editor.get_by_role("dialog", name="Publish in spite of 1 check?")
    expect(window).to_contain_text("“It has TK pages.”")
    expect(window.get_by_role("button", name="Go back and mend")).to_be_focused()
    for theme in ("light", "dark"):
        editor.evaluate("theme => document.documentElement.dataset.theme = theme", theme)
        assert axe.violations(editor) == []
    editor.wait_for_function("() => CKEDITOR.instances.id_body?.status === 'ready'")
    window.get_by_role("link", name="Go there").click()
    expect(window).to_be_hidden()
    assert editor.evaluate(SELECTED)[0] == "TK"
    # A reason counts only while the question is open.
    editor.get_by_role("link", name="give your reason").click()
    window.get_by_label("Reason").fill("The sheriff needs it by noon.")
    editor.keyboard.press("Escape")
    publish(editor)
    expect(problems).to_contain_text("Paragraph 1: “TK” is still in the text.")
    expect(window.get_by_label("Reason")).to_have_value("")
    window.get_by_label("Reason").fill("ok")
    go = window.get_by_role("button", name="Publish in spite of this")
    go.click()
    expect(window).to_contain_text("2 of 10 characters")
    expect(window.get_by_label("Reason")).to_be_focused()
    editor.keyboard.type("ay: the sheriff needs it by noon.")
    go.click()
    expect(editor.locator(".messagelist")).to_contain_text("Published, dated")
    editor.goto("/admin/posts/post/?q=Published+in+spite+of+it")
    editor.locator("#result_list tbody th a").first.click()
    editor.goto(f"{editor.url.partition('/change/')[0]}/history/")
    expect(editor.locator("body")).to_contain_text(
        "Published in spite of checks: okay: the sheriff needs it by noon."
    )

"""People around one article: its correction told to readers, comments beside its text."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import note_problems, sign_in
from tests.browser.stack import Stack
from tests.browser.test_editor import open_editor
from tests.browser.test_nothing_is_lost import objections

WRONG = "An earlier version said forty calls. There were four."
RIGHT = "An earlier version said forty calls. There were five."


def test_a_correction_goes_from_the_article_into_the_next_issue(editor: Page, page: Page) -> None:
    editor.goto("/admin/posts/post/?state=published")
    editor.locator("#result_list tbody a").first.click()
    title = editor.get_by_label("Title", exact=True).input_value()
    article = editor.url
    editor.goto(article.replace("change/", "corrections/"))
    editor.get_by_label("What was wrong, and what is right").fill(WRONG)
    editor.get_by_role("button", name="Add the correction").click()
    expect(editor.get_by_text(WRONG)).to_be_visible()
    assert objections(editor) == []
    editor.get_by_role("link", name="Change the correction").click()
    assert objections(editor) == []
    editor.get_by_label("What was wrong, and what is right").fill(RIGHT)
    editor.get_by_role("button", name="Change the correction").click()
    expect(editor.get_by_text(RIGHT)).to_be_visible()

    editor.goto("/admin/newsletter/issue/add/")
    editor.get_by_label("Subject").fill("What we got wrong")
    offered = editor.get_by_role("group", name="Corrections since the last issue")
    box = offered.get_by_role("checkbox", name=re.compile(re.escape(title)))
    expect(box).not_to_be_checked()
    box.focus()
    editor.keyboard.press("Space")
    editor.keyboard.press("Control+s")
    editor.wait_for_url("**/change/")
    expect(box).to_be_checked()
    assert objections(editor) == []
    issue = editor.url
    editor.goto(issue.replace("change/", "preview/"))
    mail = editor.frame_locator("iframe").first
    expect(mail.get_by_text(RIGHT)).to_be_visible()
    expect(mail.get_by_role("link", name=title)).to_be_visible()
    # Taken back, it is in nothing that was not sent.
    editor.goto(article.replace("change/", "corrections/"))
    editor.get_by_role("button", name="Take back the correction").click()
    editor.goto(issue)
    expect(offered).to_have_count(0)


BODY = (
    "<p>Answer the call within ten seconds.</p>"
    "<p>Then ask where they are, before anything else.</p>"
    "<p>Stay on the line.</p>"
)
ASK = "Then ask where they are, before anything else."


def save(page: Page, body: str) -> None:
    """Put a text into the editor and save it by the keyboard, as its writer."""
    open_editor(page, page.url)
    page.evaluate(
        "body => new Promise(callback => CKEDITOR.instances.id_body.setData(body, {callback}))",
        body,
    )
    with page.expect_navigation():
        page.get_by_label("Title", exact=True).press("Control+s")


def test_a_comment_by_keyboard_reaches_whom_it_names_and_outlives_its_paragraph(
    browser: Browser, stack: Stack, editor: Page, problems: list[str]
) -> None:
    password = (stack.data_dir / "writer-password.txt").read_text().strip()
    context = browser.new_context(
        base_url=stack.url, storage_state=sign_in(browser, stack.url, password, "writer")
    )
    context.on("page", lambda page: note_problems(page, problems))
    writer = context.new_page()
    open_editor(writer)
    writer.get_by_label("Title", exact=True).fill("Whose call is it?")
    with writer.expect_navigation():
        writer.keyboard.press("Control+s")
    save(writer, BODY)
    article = writer.url

    # The editor, without a mouse: on the paragraph where the caret is, a name completed after "@".
    open_editor(editor, article).get_by_text(ASK).click()
    editor.keyboard.press("Control+Alt+m")
    comment = editor.get_by_label("A comment", exact=True)
    expect(comment).to_be_focused()
    expect(editor.get_by_text(f"On: “{ASK}”")).to_be_visible()
    editor.keyboard.type("Who says so? @wr")
    editor.keyboard.press("ArrowDown")
    editor.keyboard.press("Enter")
    expect(comment).to_have_value("Who says so? @writer ")
    editor.keyboard.press("Tab")
    editor.keyboard.press("Enter")
    expect(editor.get_by_text("Added. writer gets a mail.")).to_be_visible()
    assert objections(editor) == []

    mail = stack.wait_for_mail("writer@localhost")
    part = mail.get_body(("plain",))
    assert part
    text = part.get_content()
    assert "names you in a comment" in str(mail["Subject"])
    assert ASK in text
    link = re.search(r"http://\S+#section-comments", text)
    assert link
    writer.goto("/admin/")
    expect(writer.get_by_text("Whose call is it?").first).to_be_visible()
    writer.goto(link[0])
    writer.reload()
    writer.get_by_label("Your answer").focus()
    writer.keyboard.type("The standard does.")
    writer.keyboard.press("Tab")
    writer.keyboard.press("Enter")
    expect(writer.locator(".cm__text", has_text="The standard does.")).to_be_visible()

    # Its paragraph is rewritten, and the comment still leads there; then it is gone.
    writer.goto(article)
    save(writer, BODY.replace("before anything else", "and who they are"))
    open_editor(writer, f"{article}#section-comments")
    writer.locator("[data-jump]").press("Enter")
    writer.wait_for_function(
        "CKEDITOR.instances.id_body.getSelection()?.getStartElement()?.getText()"
        ".startsWith('Then ask where they are, and who they are')"
    )
    save(writer, "<p>Something else.</p>")
    writer.goto(f"{article}#section-comments")
    writer.reload()
    expect(writer.get_by_text(f"On text that is gone: “{ASK}”")).to_be_visible()
    assert objections(writer) == []

    writer.get_by_role("button", name="Resolve").press("Enter")
    expect(writer.locator(".cm__said")).to_have_text("Resolved.")
    folded = writer.locator(".cm__resolved")
    expect(folded.locator("summary")).to_have_text("1 resolved")
    expect(folded.get_by_text("Who says so?")).to_be_hidden()
    folded.locator("summary").press("Enter")
    expect(folded.get_by_text(ASK)).to_be_visible()
    context.close()

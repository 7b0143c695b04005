"""People around one article: its correction told to readers, comments beside its text."""

import re

from playwright.sync_api import Page, expect

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

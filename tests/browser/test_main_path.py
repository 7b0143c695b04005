"""The main path from end to end: write, publish, sign up, send, receive, unsubscribe."""

import html
import re
import urllib.request
from email.message import EmailMessage

import pytest
from django.utils.html import strip_tags
from playwright.sync_api import Locator, Page, expect

from tests.browser.stack import Stack
from tests.browser.test_editor import open_section, publish
from tests.helpers import ROOT

pytestmark = pytest.mark.postgresql

SAMPLE = ROOT.parent / "shared" / "samples" / "career-not-a-job.txt"
DEMO = ROOT / "alarmroom" / "development" / "demo" / "articles" / "03-the-chair-is-the-career.html"
TITLE = "Dispatch Is a Career, Not Just a Job"
READER, COLLEAGUE = "reader@example.org", "colleague@example.org"


def article() -> list[str]:
    """Return the lines of the article that the editor pastes."""
    if SAMPLE.is_file():
        text = SAMPLE.read_text("utf-8")
    else:
        body = DEMO.read_text("utf-8").split("+++\n", 2)[2]  # The lines before it are front matter.
        text = html.unescape(strip_tags(body))
    return [line.strip() for line in text.splitlines() if line.strip()]


def word_processor_html(lines: list[str]) -> str:
    """Return the lines as HTML with the extra markup that office programs put on the clipboard."""
    parts = []
    for line in lines:
        text = html.escape(line.removeprefix("- "))
        if line.startswith("- "):
            parts.append(f'<ul style="margin:0"><li class="MsoListParagraph">{text}</li></ul>')
        elif len(line) < 60 and not line.endswith((".", ":", "”")):
            parts.append(f'<h2 style="color:#2F5496"><span lang="EN-US">{text}</span></h2>')
        else:
            parts.append(
                f'<p class="MsoNormal" style="mso-pagination:none" onclick="alert(1)">'
                f'<font face="Calibri"><span style="color:black">{text}</span></font></p>'
            )
    return "<html><body><!--StartFragment-->" + "".join(parts) + "<!--EndFragment--></body></html>"


def paste(page: Page, field: str, lines: list[str]) -> None:
    """Put the lines on the clipboard, as HTML and as text, and press Ctrl+V in the editor."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate(
        """([markup, text]) => navigator.clipboard.write([new ClipboardItem({
            "text/html": new Blob([markup], {type: "text/html"}),
            "text/plain": new Blob([text], {type: "text/plain"}),
        })])""",
        [word_processor_html(lines), "\n".join(lines)],
    )
    text = page.frame_locator(f"#cke_{field} iframe").locator("body")
    text.click()
    page.keyboard.press("Control+V")
    # When the last words are there, all are.
    expect(text).to_contain_text(lines[-1].removeprefix("- ")[-40:])


def choose(page: Page, field: str, *texts: str) -> None:
    """Pick entries in one of the admin's searching fields."""
    for text in texts:
        box = page.locator(f"#{field} + .select2")
        open_list(box)
        page.locator(".select2-container--open .select2-search__field").last.fill(text[:30])
        page.locator(".select2-results__option", has_text=text).first.click()
        expect(box).to_contain_text(text)


def open_list(box: Locator) -> None:
    """Click until the list is open.

    An editor above it may still grow, so that a click misses the field. Text that is typed then
    would go to another search field.
    """
    for seconds in (2, 5, 15):
        box.locator(".select2-selection").click()
        try:
            expect(box).to_have_class(re.compile("select2-container--open"), timeout=seconds * 1000)
        except AssertionError:
            continue
        return
    raise AssertionError("The list never opened.")


def write_and_publish(editor: Page) -> str:
    """Write the article in the admin, publish it, and return its address."""
    editor.goto("/admin/posts/post/add/")
    editor.fill("#id_title", TITLE)
    editor.fill("#id_summary", "Until we treat the chair as a profession, nobody else will.")
    paste(editor, "id_body", article())
    choose(editor, "id_author", "Ruth Halloran")
    for topic in ("The profession", "Leadership"):
        editor.fill("#id_tags_typed", topic)
        editor.get_by_role("option", name=topic).click()
    open_section(editor, "Related")
    for related in ["What Makes a Good CTO?", "From Good to Great"]:
        editor.get_by_role("combobox", name="Add an article").fill(related)
        editor.get_by_role("option", name=related).click()
    publish(editor)
    expect(editor.locator(".messagelist")).to_contain_text(TITLE)
    editor.get_by_role("link", name="Read it on the site").click()
    expect(editor.get_by_role("heading", level=1)).to_have_text(TITLE)
    return editor.url


def read(page: Page, address: str) -> None:
    """Open the article from the front page, and check that its whole text is there."""
    page.goto("/")
    page.get_by_role("link", name=TITLE).first.click()
    expect(page).to_have_url(address)
    prose = page.locator(".prose")
    for line in article():
        # Texts of a line that were taken over one by one, in any element.
        expect(prose).to_contain_text(line.removeprefix("- "))
    assert not re.search(r"style=|class=|onclick|<font|<span", prose.inner_html())
    expect(page.get_by_role("link", name="The profession").first).to_be_visible()
    related = page.locator("section", has_text="Connecting the dots")
    expect(related.get_by_role("link", name="What Makes a Good CTO?").first).to_be_visible()
    expect(related.get_by_role("link", name="From Good to Great").first).to_be_visible()


def sign_up(page: Page, stack: Stack, address: str) -> None:
    """Sign up in the box of the current page, and confirm by the link in the mail."""
    page.fill(".signup input[name=address]", address)
    page.click(".signup button")
    expect(page.get_by_role("heading", name="check your mail")).to_be_visible()

    mail = stack.wait_for_mail(address)
    # In the development mailbox, the link opens in a new tab.
    page.goto("/dev/mail/")
    page.get_by_role("link").filter(has_text=address).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(mail["Subject"])
    link = re.search(r"http://\S+/confirm/\S+", text_part(mail))
    assert link
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").locator(f'a[href="{link[0]}"]').first.click()
    confirm = opened.value
    expect(confirm.get_by_role("heading", level=1)).to_have_text("One more click")
    confirm.get_by_role("button", name="Subscribe me").click()
    expect(confirm.get_by_role("heading", level=1)).to_have_text("You are subscribed")
    confirm.close()

    welcome = stack.wait_for_mail(address, count=2)
    assert "/resources/" in text_part(welcome)


def send_issue(editor: Page, subject: str, password: str, *, recipients: int) -> None:
    """Compose an issue out of the article, look at the preview, send it, see it arrive."""
    editor.goto("/admin/newsletter/issue/add/")
    editor.fill("#id_subject", subject)
    choose(editor, "id_issue_posts-0-post", TITLE)
    editor.click("[name=_preview]")
    expect(editor.frame_locator("iframe").first.locator("body")).to_contain_text(TITLE)
    expect(editor.locator("pre")).to_contain_text(TITLE)

    editor.get_by_role("link", name="Send or schedule…").first.click()
    expect(editor.locator(".desk-count")).to_contain_text(f"goes to {recipients} confirmed")
    editor.click("[name=_now]")
    expect(editor.locator(".sign-in__error")).to_contain_text("Type your password")
    editor.get_by_label("Your password").fill(password)
    editor.click("[name=_now]")
    # The progress page reloads by itself.
    expect(editor.locator(".desk-count .state")).to_have_text("sent", timeout=60_000)
    expect(editor.locator(".desk-count")).to_contain_text(f"{recipients} of {recipients} done")


def text_part(mail: EmailMessage) -> str:
    """Return the plain text of a mail."""
    part = mail.get_body(("plain",))
    assert part
    text: str = part.get_content()
    return text


def unsubscribe_with_one_click(mail: EmailMessage) -> None:
    """Do what a mail program does when its reader presses "unsubscribe" (RFC 8058 3.2)."""
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = re.search(r"<(https?://[^>]+)>", mail["List-Unsubscribe"])
    assert url
    request = urllib.request.Request(
        url[1],
        data=b"List-Unsubscribe=One-Click",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *args: object) -> None:
            return None

    with urllib.request.build_opener(NoRedirect).open(request, timeout=30) as answer:
        assert answer.status == 200
        assert answer.headers["Set-Cookie"] is None


def test_the_main_job_from_the_first_word_to_the_last_mail(
    editor: Page, page: Page, stack: Stack
) -> None:
    address = write_and_publish(editor)
    read(page, address)
    sign_up(page, stack, READER)
    page.goto(address)
    sign_up(page, stack, COLLEAGUE)

    send_issue(editor, "The chair is a career", stack.password, recipients=2)
    issue = stack.wait_for_mail(READER, count=3)
    assert issue["Subject"] == "The chair is a career"
    assert TITLE in text_part(issue)
    assert address in text_part(issue)
    stack.wait_for_mail(COLLEAGUE, count=3)

    unsubscribe_with_one_click(issue)
    send_issue(editor, "The week after", stack.password, recipients=1)
    assert stack.wait_for_mail(COLLEAGUE, count=4)["Subject"] == "The week after"
    assert [mail["Subject"] for mail in stack.mails(READER)].count("The week after") == 0
    assert len(stack.mails(READER)) == 3

    # The web edition is in the archive, without personal links.
    page.goto("/weekly-alarm/")
    page.get_by_role("link", name="The week after").first.click()
    expect(page.get_by_role("link", name=TITLE).first).to_be_visible()
    assert "/unsubscribe/" not in page.content()

"""The main job from end to end, on real parts: write, publish, sign up, send, receive, leave."""

import re

from playwright.sync_api import Page, expect

from tests.browser.stack import Stack


def sign_up(page: Page, stack: Stack, address: str) -> None:
    """Sign up in the box of the page at hand, and confirm by the link in the mail."""
    page.fill(".signup input[name=address]", address)
    page.click(".signup button")
    expect(page.get_by_role("heading", name="Check your mail")).to_be_visible()

    mail = stack.wait_for_mail(address)
    # Where a developer reads it: the link opens beside the page of the mail.
    page.goto("/dev/mail/")
    page.get_by_role("link").filter(has_text=address).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text(mail["Subject"])
    link = re.search(r"http://\S+/confirm/\S+", mail.get_body(("plain",)).get_content())
    assert link
    with page.context.expect_page() as opened:
        page.frame_locator("iframe").locator(f'a[href="{link[0]}"]').first.click()
    confirm = opened.value
    expect(confirm.get_by_role("heading", level=1)).to_have_text("One more click")
    confirm.get_by_role("button", name="Subscribe me").click()
    expect(confirm.get_by_role("heading", level=1)).to_have_text("You are subscribed")
    confirm.close()


def test_a_reader_signs_up_out_of_an_article(page: Page, stack: Stack) -> None:
    page.goto("/")
    page.locator("main a[href^='/articles/']").first.click()
    sign_up(page, stack, "reader@example.org")

    welcome = stack.wait_for_mail("reader@example.org", count=2)
    assert "/resources/" in welcome.get_body(("plain",)).get_content()

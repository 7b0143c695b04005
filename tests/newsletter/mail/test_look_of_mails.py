"""The layout of each kind of mail in Chromium, at two widths, in light and dark mode."""

import os

import pytest
from playwright.sync_api import Page, sync_playwright

from tests import parts
from tests.newsletter.mail.every_mail import receive_each
from tests.smtp import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

# The text of every link and the height of each of its lines. Pictures with an empty alt text are
# left out, because they have no size without a network.
LINKS = """() => [...document.querySelectorAll("a:not(:has(img[alt='']))")].map(
    (a) => [a.textContent.trim(), [...a.getClientRects()].map((box) => box.height)])"""
HEADINGS = """() => [...new Set([...document.querySelectorAll("h1, h2, h3, a.title")].map(
    (heading) => getComputedStyle(heading).color))]"""
TOO_WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


def test_links_are_high_enough_and_headings_have_one_colour(
    mail_server: MailServer, example_org: None
) -> None:
    # Playwright's event loop forbids database queries, so all mails are made before it starts.
    mails = {kind: mail.html for kind, mail in receive_each(mail_server).items()}
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=parts.chromium(), args=["--disable-gpu", *sandbox]
        )
        context = chromium.new_context(offline=True)
        page = context.new_page()
        for kind, html in mails.items():
            page.set_content(html, wait_until="domcontentloaded")
            for width in (390, 600):
                page.set_viewport_size({"width": width, "height": 800})
                assert_readable(page, f"{kind} at {width}")
        chromium.close()


def assert_readable(page: Page, where: str) -> None:
    page.emulate_media(color_scheme="light")
    # A picture that did not come is as high as its words, once that is known.
    page.wait_for_function("() => [...document.images].every((image) => image.complete)")
    low = [link for link in page.evaluate(LINKS) if min(link[1], default=0) < 24]
    assert low == [], f"{where}: links of less than 24 pixels (WCAG 2.5.8)"
    assert page.evaluate(TOO_WIDE) <= 0, where
    assert page.evaluate(HEADINGS) == ["rgb(23, 33, 47)"], where
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(HEADINGS) == ["rgb(244, 239, 230)"], where

"""The layout of each kind of mail in Chromium: at three widths, and as programs change it."""

import os

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from audit import axe
from audit.mails import AT_A_DESK, EVERYTHING, HARD_TITLES, LONG_WORD, LOOKS, WIDTHS, show
from newsletter.mail import rendering
from tests import parts
from tests.factories import make_author, make_image, make_issue, make_post, make_tag
from tests.newsletter.mail.every_mail import receive_each
from tests.smtp import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.browser]

# The text of every link and the height of each of its lines. Pictures with an empty alt text are
# left out, because they have no size without a network.
LINKS = """() => [...document.querySelectorAll("a:not(:has(img[alt='']))")].map(
    (a) => [a.textContent.trim(), [...a.getClientRects()].map((box) => box.height)])"""
HEADINGS = """() => [...new Set([...document.querySelectorAll("h1, h2, h3, a.title")].map(
    (heading) => getComputedStyle(heading).color))]"""
# What each picture takes up when it is blocked. The words for one may take a few lines.
HOLES = """() => [...document.querySelectorAll("img")].map(
    (image) => [image.alt, image.getBoundingClientRect().height])"""
# The place of each half of a row: two beside each other, or one below the other.
HALVES = """() => [...document.querySelectorAll(".half")].map((half) => {
    const box = half.getBoundingClientRect();
    return [Math.round(box.left), Math.round(box.top)];
})"""
SIZES = """() => ["h1", "h2.lead", "h2:not(.lead)"].map(
    (one) => getComputedStyle(document.querySelector(one)).fontSize)"""


def hard_issue() -> str:
    """The HTML of an issue that is hard to set."""
    author = make_author(name=LONG_WORD)
    posts = [
        make_post(
            title=title,
            author=author,
            summary=LONG_WORD if n % 2 else "",
            tags=[make_tag(f"{n} {LONG_WORD}"[:80])],
            cover=make_image(1600, 900) if n < 3 else None,
            cover_alt=LONG_WORD,
        )
        for n, title in enumerate(HARD_TITLES)
    ]
    issue = make_issue(
        posts=posts, subject=LONG_WORD, preheader=LONG_WORD, intro=f"<p>{LONG_WORD}</p>"
    )
    return rendering.preview(issue, rendering.render(issue)).html


def test_every_mail_can_be_read_however_a_program_changes_it(
    mail_server: MailServer, example_org: None
) -> None:
    # Playwright's event loop forbids database queries, so all mails are made before it starts.
    mails = {kind: mail.html for kind, mail in receive_each(mail_server).items()}
    mails["hard"] = hard_issue()
    full = make_issue(intro=EVERYTHING, posts=[make_post()])
    mails["everything"] = rendering.preview(full, rendering.render(full)).html
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=parts.chromium(), args=["--disable-gpu", *sandbox]
        )
        for look in LOOKS:
            check(chromium, mails, look)
        chromium.close()


def check(chromium: Browser, mails: dict[str, str], look: str) -> None:
    # Without a network, no picture comes.
    context = chromium.new_context(offline=True, color_scheme="dark" if look == "dark" else "light")
    page = context.new_page()
    for kind, html in mails.items():
        for width in (AT_A_DESK,) if look == "Outlook" else WIDTHS:
            where = f"{kind} at {width}, {look}"
            page.set_viewport_size({"width": width, "height": 800})
            show(page, html, look)
            assert axe.sideways(page) == [], where
            low = [link for link in page.evaluate(LINKS) if min(link[1], default=0) < 24]
            # Outlook is used with a mouse or by keys, and knows no space around a link.
            assert look == "Outlook" or low == [], f"{where}: links below 24 pixels (WCAG 2.5.8)"
            for alt, height in page.evaluate(HOLES):
                assert height <= (100 if alt else 0), f"{where}: a blocked picture leaves a hole"
        rules = axe.COLOUR_RULES if look not in {"light", "no styles"} else None
        assert axe.violations(page, only=rules) == [], f"{kind}, {look}"
        if look in {"light", "dark"}:
            ink = {"light": "rgb(23, 33, 47)", "dark": "rgb(244, 239, 230)"}[look]
            assert page.evaluate(HEADINGS) == [ink], kind
    context.close()


def test_an_issue_has_its_sizes_and_its_pair_where_there_is_room(example_org: None) -> None:
    posts = [make_post(cover=make_image(1600, 900), cover_alt="A console") for _ in range(4)]
    issue = make_issue(posts=posts)
    html = rendering.preview(issue, rendering.render(issue)).html
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=parts.chromium(), args=["--disable-gpu", *sandbox]
        )
        page = chromium.new_context(offline=True).new_page()
        assert seen(page, html, 600, "light") == (True, ["34px", "28px", "20px"])
        assert seen(page, html, 375, "light") == (False, ["29px", "24px", "20px"])
        # Without a style sheet, sizes stay; the pair is set by the room alone.
        assert seen(page, html, 600, "no styles") == (True, ["34px", "28px", "20px"])
        assert seen(page, html, 375, "no styles") == (False, ["34px", "28px", "20px"])
        assert seen(page, html, 700, "Outlook") == (True, ["34px", "28px", "20px"])
        chromium.close()


def seen(page: Page, html: str, width: int, look: str) -> tuple[bool, list[str]]:
    """Return whether the pair stands side by side, and the sizes of the headings."""
    page.set_viewport_size({"width": width, "height": 800})
    show(page, html, look)
    [(left, top), (next_left, next_top)] = page.evaluate(HALVES)
    beside = next_left > left and top == next_top
    assert beside or (next_left == left and next_top > top)
    return beside, page.evaluate(SIZES)

"""Standards for every sent copy of an issue, checked with the parser of Python."""

import re
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from urllib.parse import urlsplit

import pytest
from django.test import Client
from PIL import Image
from pytest_django import Settings

from newsletter.mail import rendering as mail
from newsletter.models import Issue
from posts.models import Post
from tests.factories import make_author, make_image, make_issue, make_post

KEY = "abcDEF-_0123456789abcdef"
SITE = "https://www.example.org"


@pytest.fixture(autouse=True)
def publication(settings: Settings) -> None:
    settings.SITE_URL = SITE
    settings.MAIL_DOMAIN = "example.org"
    settings.NEWSLETTER_FROM_EMAIL = "The Weekly Alarm <weekly@example.org>"
    settings.UNSUBSCRIBE_MAILTO = "unsubscribe@example.org"
    settings.POSTAL_ADDRESS = "The Alarm Room, 1 Main Street, Anytown, OH 45000, USA"
    settings.FEEDBACK_ID = ""
    settings.CFBL_ADDRESS = ""


@pytest.fixture
def issue(db: None) -> Issue:
    author = make_author(name="Ruth Halloran")
    posts = [
        make_post(
            title=f"Article {n}: what the “second chair” does", author=author,
            cover=make_image(600, 337, mode=mode), cover_alt=f"A console at night, {n}",
        )
        for n, mode in enumerate(("RGB", "RGBA"), start=1)
    ]  # fmt: skip
    return make_issue(
        posts=posts,
        number=7,
        subject="Who is sitting next to your trainee?",
        preheader="Choosing trainers, and reviewing calls.",
        intro='<p>Welcome. <a href="/tags/training/">More on training</a>.</p>',
        started_at=datetime(2026, 11, 22, 15, 0, tzinfo=UTC),
    )


def delivered(issue: Issue, key: str = KEY) -> bytes:
    """The bytes that the mail server of a subscriber receives."""
    return mail.MessageTemplate(mail.render(issue).mime).for_recipient(
        address="dana@psap.example",
        message_id=mail.message_id(11, issue.number),
        key=key,
        date=datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC),
    )


def parsed(issue: Issue) -> EmailMessage:
    return message_from_bytes(delivered(issue), policy=policy.default)


def part_of(issue: Issue, subtype: str) -> str:
    part = parsed(issue).get_body((subtype,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")


def html_of(issue: Issue) -> str:
    return part_of(issue, "html")


def hidden(html: str) -> list[str]:
    """The text of elements with `display: none`."""
    return re.findall(r'<[^<>]* style="[^"]*display:\s*none[^"]*"[^>]*>([^<]*)', html)


class Page(HTMLParser):
    """Every start tag and comment of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.comments: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


# Headers


def test_the_message_parses_without_defects(issue: Issue) -> None:
    message = parsed(issue)
    assert [part.defects for part in message.walk()] == [[], [], []]
    assert all(not message[name].defects for name in ("From", "To", "Subject", "Date"))


def test_no_header_occurs_twice(issue: Issue) -> None:
    names = [name.lower() for name in parsed(issue).keys()]  # noqa: SIM118 - a message's keys repeat
    assert len(names) == len(set(names))


def test_from_and_to_are_one_address_each(issue: Issue) -> None:
    message = parsed(issue)
    assert [str(address) for address in message["From"].addresses] == [
        "The Weekly Alarm <weekly@example.org>"
    ]
    assert [str(address) for address in message["To"].addresses] == ["dana@psap.example"]


def test_date_and_message_id_belong_to_the_delivery(issue: Issue) -> None:
    message = parsed(issue)
    assert message["Date"].datetime == datetime(2026, 11, 22, 15, 4, 5, tzinfo=UTC)
    assert message["Message-ID"] == mail.message_id(11, 7)
    assert re.fullmatch(r"<[A-Za-z0-9.]+@example\.org>", message["Message-ID"])


def test_list_unsubscribe_has_an_https_and_a_mailto_address(issue: Issue) -> None:
    raw = delivered(issue).partition(b"\r\n\r\n")[0].decode()
    assert raw.count("List-Unsubscribe:") == 1
    field = re.search(r"List-Unsubscribe: (.*?)\r\n(?! )", raw, re.DOTALL)
    assert field is not None
    assert re.sub(r"\r\n ", " ", field[1]) == (
        f"<{SITE}/unsubscribe/{KEY}/?issue=7>, "
        f"<mailto:unsubscribe@example.org?subject=unsubscribe%20{KEY}%207>"
    )


def test_list_unsubscribe_post_allows_one_click(issue: Issue) -> None:
    # RFC 8058 3.1: this pair, and nothing else.
    assert parsed(issue)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_list_headers_have_id_help_and_archive(issue: Issue) -> None:
    message = parsed(issue)
    assert message["List-Id"] == "The Weekly Alarm <weekly-alarm.example.org>"
    assert re.fullmatch(r"<mailto:[^ <>@]+@[^ <>]+>", message["List-Help"])
    assert message["List-Archive"] == f"<{SITE}/weekly-alarm/>"


def test_the_address_of_list_archive_is_public(issue: Issue, client: Client) -> None:
    path = urlsplit(parsed(issue)["List-Archive"].strip("<>")).path
    assert client.get(path).status_code == 200


def test_feedback_addresses_come_from_the_settings(issue: Issue, settings: Settings) -> None:
    message = parsed(issue)
    assert message["Feedback-ID"] is None
    assert message["CFBL-Address"] is None
    settings.FEEDBACK_ID = "weekly:alarmroom:newsletter:ar1"
    settings.CFBL_ADDRESS = "fbl@example.org; report=arf"
    message = parsed(issue)
    assert message["Feedback-ID"] == "weekly:alarmroom:newsletter:ar1"
    assert message["CFBL-Address"] == "fbl@example.org; report=arf"


def test_auto_submitted_is_not_set(issue: Issue) -> None:
    assert parsed(issue)["Auto-Submitted"] is None


def test_header_lines_are_short_and_ascii(issue: Issue) -> None:
    issue.subject = "Ärger im Leitstand: “Wer hört zu?” " + "und wer schreibt mit " * 5 + "🚨"
    head = delivered(issue).partition(b"\r\n\r\n")[0]
    assert head.isascii()
    lines = head.decode().split("\r\n")
    # Addresses cannot be folded; every other line is short.
    addresses = ("List-Unsubscribe: <https:", " <mailto:unsubscribe@")
    assert all(len(line) <= 78 or line.startswith(addresses) for line in lines)
    assert parsed(issue)["Subject"] == issue.subject


# Body


def test_the_plain_text_part_precedes_the_html_part(issue: Issue) -> None:
    message = parsed(issue)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert {part.get_content_charset() for part in message.iter_parts()} == {"utf-8"}


def test_the_text_part_has_the_content_of_the_html_part(issue: Issue) -> None:
    text = part_of(issue, "plain")
    assert "Who is sitting next to your trainee?" in text
    assert f"More on training <{SITE}/tags/training/>" in text
    for row in issue.issue_posts.all():
        assert row.post.title in text
        assert row.post.summary in text
        assert f"\n{SITE}{row.post.get_absolute_url()}\n" in text
    assert f"\n{SITE}/unsubscribe/{KEY}/?issue=7\n" in text
    assert f"\n{SITE}/weekly-alarm/7/\n" in text
    assert "1 Main Street, Anytown" in text
    assert "<" not in re.sub(r"<https?://[^<>\s]+>", "", text)
    assert "&" not in text
    assert max(len(line) for line in text.split("\n") if "://" not in line) <= 72


def test_lines_are_short_and_end_with_crlf(issue: Issue) -> None:
    raw = delivered(issue, key="k" * 60)
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 998
    body = raw.partition(b"\r\n\r\n")[2]
    assert max(map(len, body.split(b"\r\n"))) <= 76
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()


def test_a_large_html_part_is_a_warning_and_a_larger_one_is_refused(issue: Issue) -> None:
    room = len(mail.render(issue).mime)
    assert mail.render(issue).warnings == []
    issue.intro = "<p>" + "word " * ((85_000 - room) // 5) + "</p>"
    assert "The issue is long" in " ".join(mail.render(issue).warnings)
    issue.intro = "<p>" + "word " * (103_000 // 5) + "</p>"
    with pytest.raises(mail.RenderError, match=r"too long.*102,000.*Shorten"):
        mail.render(issue)


def test_the_limit_applies_to_the_encoded_part(issue: Issue) -> None:
    # Each of these letters takes six bytes in the encoded part.
    issue.intro = "<p>" + "щ " * (102_000 // 7) + "</p>"
    with pytest.raises(mail.RenderError):
        mail.render(issue)


def test_the_unsubscribe_link_is_visible(issue: Issue) -> None:
    html = html_of(issue)
    link = re.search(rf'<a href="{SITE}/unsubscribe/{KEY}/\?issue=7"[^>]*>unsubscribe</a>', html)
    assert link is not None
    assert "display:none" not in link[0].replace(" ", "")
    assert len(hidden(html)) == 1  # The preheader.


def test_postal_address_and_web_edition_are_present(issue: Issue) -> None:
    html = html_of(issue)
    assert "The Alarm Room, 1 Main Street, Anytown, OH 45000, USA" in html
    assert f'href="{SITE}/weekly-alarm/7/"' in html


def test_dark_mode_is_declared_and_styled(issue: Issue) -> None:
    page = Page(html_of(issue))
    assert {"name": "color-scheme", "content": "light dark"} in page.all("meta")
    assert "@media (prefers-color-scheme: dark)" in html_of(issue)


def test_every_picture_has_width_alt_and_a_common_format(issue: Issue, settings: Settings) -> None:
    wordmark, *pictures = Page(html_of(issue)).all("img")
    assert wordmark["src"] == f"{SITE}/static/img/mail-wordmark.png"
    assert wordmark["alt"] == "The Alarm Room"
    assert [(one["width"], one["alt"]) for one in pictures] == [
        ("552", "A console at night, 1"),
        # What is beside a title says nothing more, and vanishes where pictures are blocked.
        ("264", ""),
    ]
    for picture in pictures:
        # With a height, blocked pictures would leave an empty area.
        assert "height" not in picture
        assert "height: auto" in picture["style"]
        assert picture["src"].startswith(f"{SITE}/media/")
        assert picture["src"].endswith((".jpg", ".jpeg", ".png", ".gif"))
        file = settings.MEDIA_ROOT / picture["src"].removeprefix(f"{SITE}/media/")
        assert file.read_bytes().startswith((b"\xff\xd8\xff", b"\x89PNG"))


def test_a_large_picture_is_sent_as_a_smaller_copy(issue: Issue, settings: Settings) -> None:
    Post.objects.update(cover=make_image(2400, 1200, mode="RGBA"))
    picture = Page(html_of(issue)).all("img")[1]
    assert picture["width"] == "552"
    file = settings.MEDIA_ROOT / picture["src"].removeprefix(f"{SITE}/media/")
    with Image.open(file) as copy:
        assert (copy.format, copy.size) == ("JPEG", (1104, 552))


def test_the_mail_is_complete_without_remote_content(issue: Issue) -> None:
    html = html_of(issue)
    page = Page(html)
    assert page.all("link") == []
    assert page.all("script") == []
    assert "@import" not in html
    assert "url(" not in html
    without = re.sub(r"<img[^>]*>", "", html)
    for row in issue.issue_posts.all():
        assert row.post.title in without
        assert row.post.summary in without


def test_links_are_absolute_and_without_tracking(issue: Issue) -> None:
    hrefs = [link["href"] for link in Page(html_of(issue)).all("a")]
    assert f"{SITE}/tags/training/" in hrefs
    web = [href for href in hrefs if not href.startswith("mailto:?subject=")]
    assert all(href.startswith(f"{SITE}/") for href in web)
    # To leave by it says which issue it was: the same number for everybody.
    assert not any("?" in href.removesuffix("?issue=7") or "utm_" in href for href in web)


def test_outlook_gets_conditional_tables(issue: Issue) -> None:
    comments = [c for c in Page(html_of(issue)).comments if c.startswith("[if mso")]
    assert any('width="600"' in comment for comment in comments)


def test_only_the_preheader_is_hidden(issue: Issue) -> None:
    assert hidden(html_of(issue)) == ["Choosing trainers, and reviewing calls."]
    issue.preheader = ""
    assert hidden(html_of(issue)) == []


def test_the_mail_has_a_link_for_sharing_with_agency_leaders(issue: Issue) -> None:
    html = html_of(issue)
    assert "agency leader" in html
    share = next(a["href"] for a in Page(html).all("a") if a["href"].startswith("mailto:?"))
    assert "%3A//www.example.org/weekly-alarm/7/" in share
    assert KEY not in share


# The web edition


def test_the_web_edition_has_no_personal_data(issue: Issue) -> None:
    web = mail.render(issue).web_html
    assert "unsubscribe" not in web
    assert "{" not in web
    assert "style=" not in web
    assert all(row.post.title in web for row in issue.issue_posts.all())
    assert "Welcome." in web
    assert web.count("<img") == 2
    assert "/renditions/" not in web, "the page adds the copies when it is rendered"

"""Renders an issue as a mail, once for all recipients (see newsletter/mail/mime.py)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import parseaddr
from html.parser import HTMLParser
from typing import Protocol
from urllib.parse import quote

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import Model, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from alarmroom import mail, mail_text
from alarmroom.characters import CONTROL, SURROGATES
from alarmroom.facts import facts
from newsletter.mail import text
from newsletter.mail.mime import (
    LONGEST_KEY,
    TOKENS,
    HeaderError,
    MessageTemplate,
    serialise,
)
from newsletter.models import Issue, IssuePost
from posts.models import Post
from posts.models.own_links import resolved
from posts.pictures.renditions import PictureMissing, rendition
from posts.text import html as allowlist
from posts.text.outgoing_links import whole_picture_url, whole_url

__all__ = [
    "SAMPLE_KEY",
    "MessageTemplate",
    "Preview",
    "RenderError",
    "Rendered",
    "message_id",
    "preview",
    "render",
    "render_item",
    "source",
]

# Gmail cuts a mail off at 102 kB of HTML, and the unsubscribe link with it.
HTML_LIMIT = 102_000
HTML_WARNING = 80_000
# The column of text, and the pixels of its pictures on a screen of twice the density.
PICTURE_WIDTH = 552
PICTURE_PIXELS = 2 * PICTURE_WIDTH
# The key of no subscriber: its links lead to a page that says that they are not valid.
SAMPLE_KEY = "only-a-preview-not-a-key"


class RenderError(Exception):
    """The issue cannot be rendered as a mail; the message says what to do."""


@dataclass(frozen=True)
class Rendered:
    """An issue with tokens in place of what differs between its recipients."""

    mime: bytes
    """The whole message with CRLF line ends, for MessageTemplate."""
    sha256: str
    """Of `mime`, in hex."""
    html: str
    """The HTML part, with the token for the key."""
    text: str
    """The plain-text part, with the token for the key."""
    web_html: str
    """The web edition: introduction and articles, nothing personal, no tokens."""
    warnings: list[str]
    """Sentences about what an editor should check before sending."""


@dataclass(frozen=True)
class Preview:
    """The parts of a finished message, for the preview; sizes are those of the encoded bytes."""

    subject: str
    sender: str
    text: str
    html: str
    size: int
    html_size: int


class HasMime(Protocol):
    """What the previews need: a Rendered, or the Content of a frozen issue."""

    @property
    def mime(self) -> bytes | memoryview: ...


@dataclass(frozen=True)
class Cover:
    """An article's picture: a copy for the mail, and the picture itself for the web edition."""

    url: str
    whole_url: str
    width: int
    alt: str


@dataclass(frozen=True)
class Article:
    """An article as an issue shows it: plain text and absolute links."""

    number: int
    title: str
    title_as_text: str
    url: str
    path: str
    author: str
    minutes: int
    blurb: list[str]
    blurb_as_text: str
    cover: Cover | None


def render(issue: Issue, *, test: bool = False) -> Rendered:
    """Return an issue as it would be sent; the same content gives the same bytes.

    The subject of a `test` says that it is one. One query. Raises RenderError.
    """
    warnings: list[str] = []
    subject = _subject(issue)
    articles = _articles(issue, warnings)
    marker = _marker()
    context = _context(issue, articles, marker)
    subject, plain, html = mail.render("issue", {**context, "subject": subject})
    _check_links(html)
    plain = re.sub(r"\n{3,}", "\n\n", plain)
    message = _build(f"[Test] {subject}" if test else subject, plain, html)
    try:
        leave = mail.list_unsubscribe(_unsubscribe_url(marker), marker)
        mime = serialise(message, marker=marker, list_unsubscribe=leave)
    except HeaderError as error:
        raise RenderError(str(error)) from error
    _check_size(mime, warnings)
    if not issue.preheader.strip():
        warnings.append("The issue has no preheader: mail programs will show its masthead instead.")
    if not articles:
        warnings.append("The issue has no articles.")
    return Rendered(
        mime=mime,
        sha256=hashlib.sha256(mime).hexdigest(),
        html=html.replace(marker, TOKENS.key),
        text=plain.replace(marker, TOKENS.key),
        web_html=render_to_string("email/issue.web.html", context).strip(),
        warnings=warnings,
    )


def render_item(issue: Issue, row: IssuePost, number: int = 1) -> str:
    """Return the HTML of a mail with one article in it. Neither has to be stored.

    Raises RenderError.
    """
    context = _context(issue, [_article(row, number, [])], SAMPLE_KEY)
    return mail.render("issue", context)[2]


def source(issue: Issue) -> tuple[object, ...]:
    """Return what render() reads of the database, to see whether it is still the same.

    The issue's own texts are those of the instance.
    """
    texts = (issue.number, issue.subject, issue.preheader, issue.intro, issue.started_at)
    read: list[object] = []
    for row in _rows(issue):
        for found in (row, row.post, row.post.author, row.post.cover):
            read.append(found and {name: found.__dict__.get(name) for name in _columns(found)})
    # The names and the postal address stand in the mail, too.
    return (*texts, read, facts())


def message_id(delivery_pk: int, issue_number: int) -> str:
    """Return the Message-ID of a delivery: the same at every try, and nobody can guess it.

    It contains the two numbers so that a bounce can be traced to its delivery.
    """
    proof = salted_hmac(
        "newsletter.message-id", f"{issue_number}.{delivery_pk}", algorithm="sha256"
    )
    return f"<{issue_number}.{delivery_pk}.{proof.hexdigest()[:24]}@{settings.MAIL_DOMAIN}>"


def preview(issue: Issue, rendered: HasMime) -> Preview:
    """Return the parts of the message as one subscriber gets it, with a sample key."""
    finished = MessageTemplate(bytes(rendered.mime)).for_recipient(
        address=f"reader@{settings.MAIL_DOMAIN}",
        message_id=message_id(0, issue.number),
        key=SAMPLE_KEY,
        date=_date(issue),
    )
    message = message_from_bytes(finished, policy=policy.default)
    parts = {}
    for part in message.iter_parts():
        parts[part.get_content_subtype()] = part
    return Preview(
        subject=str(message["Subject"]),
        sender=str(message["From"]),
        text=parts["plain"].get_content().replace("\r\n", "\n"),
        html=parts["html"].get_content().replace("\r\n", "\n"),
        size=len(finished),
        html_size=len(parts["html"].as_bytes()),
    )


# The content of an issue


def _subject(issue: Issue) -> str:
    subject = issue.subject.strip(" ")
    if not subject.strip():
        raise RenderError("The issue has no subject. Write one.")
    if CONTROL.search(subject):
        raise RenderError(
            "The subject contains a line break or another control character. Write it in one line."
        )
    if re.search(f"[{SURROGATES}]", subject):
        raise RenderError("The subject contains half a character. Type it again.")
    return subject


def _articles(issue: Issue, warnings: list[str]) -> list[Article]:
    return [_article(row, number, warnings) for number, row in enumerate(_rows(issue), start=1)]


def _rows(issue: Issue) -> QuerySet[IssuePost]:
    """The issue's articles in order, without their long texts."""
    rows = issue.issue_posts.select_related("post__author", "post__cover")
    return rows.defer("post__body", "post__body_served").order_by("position", "pk")


def _columns(row: Model) -> list[str]:
    return [field.attname for field in row._meta.concrete_fields]


def _article(row: IssuePost, number: int, warnings: list[str]) -> Article:
    post = row.post
    if not post.is_published:
        warnings.append(f"“{post.title}” is not published yet: its link leads nowhere.")
    title = mail_text.one_line(post.title)
    path = post.get_absolute_url()
    blurb = text.paragraphs(row.blurb) or text.paragraphs(post.summary)
    return Article(
        number=number,
        title=title,
        title_as_text=mail_text.wrap(title, first=f"{number}. ", rest=" " * len(f"{number}. ")),
        url=_site(path),
        path=path,
        author=mail_text.one_line(post.author.name),
        minutes=post.reading_minutes,
        blurb=blurb,
        blurb_as_text="\n\n".join(mail_text.wrap(part) for part in blurb),
        cover=_cover(post),
    )


def _cover(post: Post) -> Cover | None:
    if post.cover is None:
        return None
    try:
        picture = rendition(post.cover, PICTURE_PIXELS)
    except PictureMissing as error:
        raise RenderError(
            f"The cover of “{post.title}” is missing from the storage. "
            "Choose another one, or upload it again."
        ) from error
    if not re.search(r"\.(jpe?g|png|gif)$", picture.url.partition("?")[0].lower()):
        raise RenderError(f"The cover of “{post.title}” is no JPEG, PNG or GIF: upload it again.")
    return Cover(
        url=_site(picture.url),
        whole_url=post.cover.file.url,
        width=min(PICTURE_WIDTH, picture.width),
        alt=mail_text.one_line(post.cover_alt),
    )


def _context(issue: Issue, articles: list[Article], marker: str) -> dict[str, object]:
    """Return the context of an issue's templates; `marker` stands for the recipient's key."""
    web_url = _site(issue.get_absolute_url())
    # It is cleaned on every save, but this issue may not have been saved yet.
    intro = resolved(allowlist.clean(issue.intro, short=True))
    subject = mail_text.one_line(issue.subject)
    share = f"mailto:?subject={quote(subject)}&body=" + quote(
        f"I thought of you when I read this issue of The Weekly Alarm:\r\n\r\n{web_url}"
    )
    return {
        **mail.site_context(),
        "number": issue.number,
        "date": _date(issue),
        "subject": subject,
        "subject_as_text": mail_text.wrap(subject),
        "preheader": mail_text.one_line(issue.preheader),
        "intro": intro,
        "intro_html": text.to_mail_html(intro, base=web_url),
        "intro_as_text": text.to_text(intro, base=web_url),
        "articles": articles,
        "web_url": web_url,
        "share_url": share,
        "subscribe_url": _site(reverse("subscribers:subscribe")),
        "unsubscribe_url": _unsubscribe_url(marker),
        "site_host": settings.SITE_URL.partition("://")[2],
    }


def _date(issue: Issue) -> datetime:
    """Return the date on the masthead: when the issue was or will be sent, or now."""
    return timezone.localtime(issue.started_at or issue.scheduled_for or timezone.now())


def _site(path: str) -> str:
    """Return an address of the site, or of a storage that is elsewhere, in full.

    Raises RenderError.
    """
    url = whole_url(path, f"{settings.SITE_URL}/")
    if url is None:
        raise RenderError(f"The address {path} cannot stand in a mail.")
    return url


# Headers, links and sizes


class _Links(HTMLParser):
    """Finds the address of every link and picture in a page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.pictures: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "href":
                self.links.append(value or "")
            elif name in {"src", "background"}:
                self.pictures.append(value or "")


def _check_links(html: str) -> None:
    """Check the links of the finished HTML, after every step that could have changed one.

    Raises RenderError.
    """
    found = _Links()
    found.feed(html)
    found.close()
    wrong = [url for url in found.links if whole_url(url, "") is None]
    wrong += [url for url in found.pictures if whole_picture_url(url, "") is None]
    if wrong:
        raise RenderError(f"A link to “{wrong[0][:80]}” cannot stand in a mail. Take it out.")


def _marker() -> str:
    """Return a marker for the key until the bodies are encoded.

    It is made with SECRET_KEY, so no editor can type it.
    """
    return salted_hmac("newsletter.marker", "key", algorithm="sha256").hexdigest()


def _unsubscribe_url(key: str) -> str:
    return _site(reverse("subscribers:unsubscribe", args=[key]))


def _build(subject: str, plain: str, html: str) -> EmailMultiAlternatives:
    help_address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    headers = {
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"The Weekly Alarm <weekly-alarm.{settings.MAIL_DOMAIN}>",
        "List-Help": f"<mailto:{help_address}?subject=The%20Weekly%20Alarm>",
        "List-Archive": f"<{_site(reverse('newsletter:archive'))}>",
    }
    if settings.FEEDBACK_ID:
        headers["Feedback-ID"] = settings.FEEDBACK_ID
    if settings.CFBL_ADDRESS:
        headers["CFBL-Address"] = settings.CFBL_ADDRESS
    return mail.build(
        to=TOKENS.to,
        subject=subject,
        text=plain,
        html=html,
        headers=headers,
        from_email=settings.NEWSLETTER_FROM_EMAIL,
    )


def _check_size(mime: bytes, warnings: list[str]) -> None:
    part = mime[mime.index(b'\r\nContent-Type: text/html; charset="utf-8"\r\n') :]
    token = TOKENS.key.encode()
    size = len(part) + part.count(token) * (LONGEST_KEY - len(token))
    if size >= HTML_LIMIT:
        raise RenderError(
            f"The issue is too long: its HTML has {size:,} bytes, and mail programs cut it off "
            f"at {HTML_LIMIT:,}. Shorten the introduction, or take an article out."
        )
    if size >= HTML_WARNING:
        warnings.append(
            f"The issue is long: its HTML has {size:,} of at most {HTML_LIMIT:,} bytes."
        )

"""Renders an issue as a mail, once for all recipients (see newsletter/mail/mime.py)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.utils import parseaddr
from typing import Any, Protocol
from urllib.parse import quote

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac

from alarmroom import mail, mail_text
from alarmroom.characters import CONTROL, SURROGATES
from newsletter.mail import clicks, text
from newsletter.mail.articles import Article, article, articles, layout, site, source, told_in
from newsletter.mail.errors import RenderError
from newsletter.mail.limits import check_links, check_size
from newsletter.mail.markup import to_mail_html
from newsletter.mail.mime import (
    CLICK,
    ROOM_FOR_RECIPIENT,
    TOKENS,
    HeaderError,
    MessageTemplate,
    serialise,
)
from newsletter.mail.traces import message_id
from newsletter.models import Issue, IssuePost
from posts.models.own_links import resolved
from posts.text import html as allowlist
from posts.text.structure import with_figures, with_panels

__all__ = [
    "ROOM_FOR_RECIPIENT",
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

# The key of no subscriber: its links lead to a page that says that they are not valid.
SAMPLE_KEY = "only-a-preview-not-a-key"


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
    links: list[clicks.CountedLink] = field(default_factory=list)
    """Those that lead through our site, if the issue counts clicks."""


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


def render(issue: Issue, *, test: bool = False) -> Rendered:
    """Return an issue as it would be sent; the same content gives the same bytes.

    The subject of a `test` says that it is one, and its links are direct: what they would lead
    through is there once the issue is started. Three queries. Raises RenderError.
    """
    warnings: list[str] = []
    subject = _subject(issue)
    shown = articles(issue, warnings)
    marker = _marker()
    context = {**_context(issue, shown, marker), "corrections": told_in(issue)}
    subject, plain, html = mail.render("issue", {**context, "subject": subject})
    check_links(html)
    plain = re.sub(r"\n{3,}", "\n\n", plain)
    click, links = _marker("click"), list[clicks.CountedLink]()
    if issue.count_clicks and not test:
        html, plain, links = clicks.through_us(
            html,
            plain,
            issue=issue.number,
            token=click,
            known=_targets(issue, context),
            direct={str(context["subscribe_url"]), str(context["unsubscribe_url"])},
        )
        check_links(html)
    message = _build(f"[Test] {subject}" if test else subject, plain, html)
    try:
        leave = mail.list_unsubscribe(_unsubscribe_url(marker, issue), marker, str(issue.number))
        click_tokens = {click: CLICK} if links else None
        mime = serialise(message, marker=marker, list_unsubscribe=leave, click=click_tokens)
    except HeaderError as error:
        raise RenderError(str(error)) from error
    check_size(mime, warnings)
    if not issue.preheader.strip():
        warnings.append("The issue has no preheader: mail programs will show its masthead instead.")
    if not shown:
        warnings.append("The issue has no articles.")
    return Rendered(
        mime=mime,
        sha256=hashlib.sha256(mime).hexdigest(),
        html=html.replace(marker, TOKENS.key).replace(click, CLICK),
        text=plain.replace(marker, TOKENS.key).replace(click, CLICK),
        web_html=render_to_string("email/issue.web.html", context).strip(),
        warnings=warnings,
        links=links,
    )


def render_item(issue: Issue, row: IssuePost, number: int = 1) -> str:
    """Return the HTML of a mail with one article in it. Neither has to be stored.

    Raises RenderError.
    """
    context = _context(issue, [article(row, number, [], alone=True)], SAMPLE_KEY)
    return mail.render("issue", context)[2]


def _targets(issue: Issue, context: Mapping[str, Any]) -> dict[str, clicks.Target]:
    """Return what the issue's own links lead to, by their addresses."""
    pages = {
        each.url: clicks.Target(each.title, f"article-{each.pk}") for each in context["articles"]
    }
    told = {
        each.url: clicks.Target(each.title, f"article-{each.post}")
        for each in context["corrections"]
    }
    web = clicks.Target("The web edition", f"issue-{issue.pk}")
    return {str(context["web_url"]): web, **told, **pages}


def preview(issue: Issue, rendered: HasMime) -> Preview:
    """Return the parts of the message as one subscriber gets it, with a sample key.

    Before an issue is frozen, links that will lead through our site lead straight to their targets.
    """
    finished = MessageTemplate(bytes(rendered.mime)).for_recipient(
        address=f"reader@{settings.MAIL_DOMAIN}",
        message_id=message_id(0, issue.number),
        key=SAMPLE_KEY,
        date=_date(issue),
        click=clicks.SAMPLE_TOKEN,
    )
    links = getattr(rendered, "links", ())
    message = message_from_bytes(finished, policy=policy.default)
    parts = {}
    for part in message.iter_parts():
        parts[part.get_content_subtype()] = part
    shown = {name: part.get_content().replace("\r\n", "\n") for name, part in parts.items()}
    return Preview(
        subject=str(message["Subject"]),
        sender=str(message["From"]),
        text=clicks.directly(shown["plain"], links, issue.number, escaped=False),
        html=clicks.directly(shown["html"], links, issue.number, escaped=True),
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


def _context(issue: Issue, shown: list[Article], marker: str) -> dict[str, object]:
    """Return the context of an issue's templates; `marker` stands for the recipient's key."""
    web_url = site(issue.get_absolute_url())
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
        "intro": with_figures(with_panels(intro)),
        "intro_html": to_mail_html(intro, base=web_url),
        "intro_as_text": text.to_text(intro, base=web_url),
        **layout(shown),
        "web_url": web_url,
        "share_url": share,
        "subscribe_url": site(reverse("subscribers:subscribe")),
        "unsubscribe_url": _unsubscribe_url(marker, issue),
        "site_host": settings.SITE_URL.partition("://")[2],
    }


def _date(issue: Issue) -> datetime:
    """Return the date on the masthead: when the issue was or will be sent, or now."""
    return timezone.localtime(issue.started_at or issue.scheduled_for or timezone.now())


# Headers


def _marker(what: str = "key") -> str:
    """Return a marker for the key, or for another token, until the bodies are encoded.

    It is made with SECRET_KEY, so no editor can type it.
    """
    return salted_hmac("newsletter.marker", what, algorithm="sha256").hexdigest()


def _unsubscribe_url(key: str, issue: Issue) -> str:
    """Return the link by which a reader leaves. It says which issue it stands in."""
    return f"{site(reverse('subscribers:unsubscribe', args=[key]))}?issue={issue.number}"


def _build(subject: str, plain: str, html: str) -> EmailMultiAlternatives:
    help_address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    headers = {
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        "List-Id": f"The Weekly Alarm <weekly-alarm.{settings.MAIL_DOMAIN}>",
        "List-Help": f"<mailto:{help_address}?subject=The%20Weekly%20Alarm>",
        "List-Archive": f"<{site(reverse('newsletter:archive'))}>",
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

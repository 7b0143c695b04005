"""Builds every message that the site sends.

A mail has three templates in `templates/email/`: `<name>.subject.txt`, `<name>.txt` and
`<name>.mjml`. The text part comes first and says everything that the HTML part says.
"""

import email.policy
import secrets
from collections.abc import Mapping
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from typing import Any
from urllib.parse import quote

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from mjml import mjml2html

from alarmroom.facts import Facts, facts
from alarmroom.mail_text import one_line, spaces_for_controls, wrap_lines
from alarmroom.site_url import absolute_url

_inliner = css_inline.CSSInliner(
    keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False
)


class AddressListHeader(UnstructuredHeader, BaseHeader):
    """A header of addresses in angle brackets (RFC 2369 2), one to a line.

    Python's own folding writes an address of more than 78 characters as an RFC 2047 encoded
    word, which mail programs do not decode in these headers.
    """

    max_count = 1

    def fold(self, *, policy: Policy) -> str:
        addresses = str(self).split(", ")
        return f"{self.name}: {f',{policy.linesep} '.join(addresses)}{policy.linesep}"


_headers = HeaderRegistry()
for _name in ("List-Unsubscribe", "List-Help", "List-Archive"):
    _headers.map_to_type(_name.lower(), AddressListHeader)


class Message(EmailMultiAlternatives):
    """A message of text and HTML whose list headers are folded between addresses only."""

    def message(self, *, policy: Policy | None = None) -> EmailMessage:
        chosen = policy or email.policy.default
        # Django always passes an EmailPolicy; the type in the stubs has no header factory.
        return super().message(policy=chosen.clone(header_factory=_headers))  # type: ignore[call-arg]  # see above


def compile_mjml(source: str) -> str:
    """Return MJML as HTML that mail programs understand, its styles inlined.

    Media queries stay in the head: dark mode and phones need them.
    """
    html = _inliner.inline(mjml2html(source, disable_comments=True))
    # All of a mail is its main part: shown as a page, it has this landmark for screen readers. What
    # people typed cannot stand before it in the body, and has no bare quotes in an attribute.
    head, body, rest = html.partition("<body")
    return f"{head}{body}{rest.replace(' role="article"', ' role="main"', 1)}"


def site_context() -> dict[str, Any]:
    """Return the names and the address of the publication, for every mail template."""
    now = facts()
    # The picture says the name that the publication began with. Its address has no hash, so that
    # mails that were sent keep their picture when it is drawn anew.
    drawn = absolute_url(f"{settings.STATIC_URL}img/mail-wordmark.png")
    return {
        "SITE_NAME": now.name,
        "WORDMARK_URL": drawn if now.name == Facts.name else "",
        "NEWSLETTER_NAME": "The Weekly Alarm",
        "SITE_URL": settings.SITE_URL,
        "POSTAL_ADDRESS": now.postal_address,
    }


def render(name: str, context: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return the subject, the plain text and the HTML of `templates/email/<name>`.

    No control character is in any of them; the lines of the text are wrapped.
    """
    full = {**site_context(), **context}
    subject = one_line(render_to_string(f"email/{name}.subject.txt", full))
    text = spaces_for_controls(render_to_string(f"email/{name}.txt", full).strip())
    html = compile_mjml(spaces_for_controls(render_to_string(f"email/{name}.mjml", full)))
    return subject, f"{wrap_lines(text)}\n", html


def build(
    *,
    to: str,
    subject: str,
    text: str,
    html: str,
    headers: Mapping[str, str] | None = None,
    from_email: str | None = None,
) -> EmailMultiAlternatives:
    """Return a message of text and HTML to one address, ready for `send(using=...)`.

    Raises ValueError when a header would carry a line break (RFC 5322 2.2).
    """
    message = Message(
        subject=subject,
        body=text,
        from_email=from_email or settings.DEFAULT_FROM_EMAIL,
        to=[to],
        headers=dict(headers or {}),
    )
    message.attach_alternative(html, "text/html")
    return message


def transactional(
    name: str, to: str, context: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> EmailMultiAlternatives:
    """Return a mail that answers something its reader just did, or tells an editor something.

    With `Auto-Submitted`, vacation responders do not answer it (RFC 3834 5). A Message-ID that is
    not given is made here: Django's own would name this machine, not the domain that we send from.
    """
    subject, text, html = render(name, context)
    return build(
        to=to,
        subject=subject,
        text=text,
        html=html,
        headers={
            "Auto-Submitted": "auto-generated",
            "Message-ID": f"<{name}.{secrets.token_hex(12)}@{settings.MAIL_DOMAIN}>",
            **(headers or {}),
        },
    )


def list_unsubscribe(url: str, key: str, issue: str = "") -> str:
    """Return the value of List-Unsubscribe: an HTTPS address, then a mail address.

    A POST to `url` unsubscribes the owner of `key` with one click (RFC 8058 3.1). The mail address
    is for mail programs that can only unsubscribe by mail (RFC 2369 3.2); its subject has the key,
    and the number of the `issue` that it stands in.
    """
    subject = quote(" ".join(filter(None, ("unsubscribe", key, issue))))
    return f"<{url}>, <mailto:{settings.UNSUBSCRIBE_MAILTO}?subject={subject}>"

"""Makes messages for mailers that do not take our bytes: Django's backends, and mail services.

What an issue says was frozen as bytes at its start (newsletter/mail/mime.py). Here they are taken
apart once, with a mark where the key of a recipient stands that nobody can have typed.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.utils import timezone

from alarmroom import mail
from newsletter.delivery.outcomes import LeasedRow
from newsletter.mail import rendering
from newsletter.mail.addresses import written
from newsletter.mail.clicks import new_token
from newsletter.mail.mime import Personal
from newsletter.mail.traces import MARK_NAME, mark, message_id

# The names of the recipient's key, and of the token in counted links, in what a service merges.
KEY, CLICK = "key", "click"
# What our MIME brings, or the mailer itself.
_NOT_OURS = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type"}
_LEAVE = "List-Unsubscribe"


class Composer:
    """The messages of one issue. Raises ValueError when its bytes were not frozen by us."""

    def __init__(self, mime: bytes, issue_number: int) -> None:
        self._number = issue_number
        self._marks = {KEY: secrets.token_hex(24), CLICK: secrets.token_hex(24)}
        template = rendering.MessageTemplate(mime)
        self.counts_clicks = template.counts_clicks
        finished = template.for_recipient(
            address="reader@example.org",
            message_id=message_id(0, issue_number),
            key=self._marks[KEY],
            date=timezone.now(),
            click=self._marks[CLICK],
        )
        # The type of what is parsed follows from the policy; the stubs know the old one alone.
        message: Any = message_from_bytes(finished, policy=policy.default)
        self._subject = str(message["Subject"])
        self._sender = str(message["From"])
        self._headers = {
            name: str(value) for name, value in message.items() if name.lower() not in _NOT_OURS
        }
        self._text, self._html = _bodies(message)

    def unfit(self, row: LeasedRow) -> str:
        """Return why a row cannot be written to, "" if it can."""
        try:
            Personal.checked(
                address=written(row.address or ""),
                message_id=message_id(row.pk, self._number),
                key=row.key or "",
                date=timezone.now(),
            )
        except ValueError as error:
            return str(error)
        return ""

    def has(self, text: str) -> bool:
        """Return whether the issue itself contains a text, such as a mark of a service."""
        return any(
            text in part
            for part in (self._subject, self._text, self._html, *self._headers.values())
        )

    def whole(self, row: LeasedRow) -> EmailMultiAlternatives:
        """Return the message to one recipient with all headers, as our own SMTP would send it."""
        built = self._build([written(row.address or "")], self._own(row))
        built.extra_headers["Message-ID"] = message_id(row.pk, self._number)
        built.extra_headers["Date"] = format_datetime(timezone.now())
        return built

    def single(self, row: LeasedRow) -> EmailMultiAlternatives:
        """Return the message to one recipient for a mail service, with our mark as metadata.

        A test mail, whose row has the number 0, is no delivery and has none.
        """
        built = self._build([written(row.address or "")], self._own(row))
        return _with(built, metadata={MARK_NAME: mark(row.pk)} if row.pk else {})

    def batch(self, rows: Sequence[LeasedRow], placeholder: str) -> EmailMultiAlternatives:
        """Return one message to many, each with links of their own.

        `placeholder` is what the service puts a value in place of, with `{}` for its name. No
        recipient sees the address of another: the merge data tell anymail to send to each alone.
        """
        to = {written(row.address or ""): row for row in rows}
        built = self._build(list(to), {name: placeholder.format(name) for name in self._marks})
        leave = built.extra_headers.pop(_LEAVE)
        return _with(
            built,
            merge_data={address: self._own(row) for address, row in to.items()},
            merge_metadata={address: {MARK_NAME: mark(row.pk)} for address, row in to.items()},
            merge_headers={
                address: {_LEAVE: leave.replace(placeholder.format(KEY), row.key or "")}
                for address, row in to.items()
            },
        )

    def _own(self, row: LeasedRow) -> dict[str, str]:
        """Return what only this recipient's message has, by the names of what is merged."""
        own = {KEY: row.key or ""}
        if self.counts_clicks:
            own[CLICK] = new_token(str(self._number))
        return own

    def _build(self, to: list[str], own: Mapping[str, str]) -> EmailMultiAlternatives:
        def filled(text: str) -> str:
            for name, value in own.items():
                text = text.replace(self._marks[name], value)
            return text

        built = mail.build(
            to=to[0],
            subject=self._subject,
            text=filled(self._text),
            html=filled(self._html),
            headers={name: filled(value) for name, value in self._headers.items()},
            from_email=self._sender,
        )
        built.to = to
        return built


def _with(message: EmailMultiAlternatives, **attributes: Mapping[str, Any]) -> Any:
    """Set what anymail reads besides Django's own attributes. Nobody's opening is watched."""
    given: dict[str, Any] = {**attributes, "track_opens": False, "track_clicks": False}
    for name, value in given.items():
        setattr(message, name, value)
    return message


def _bodies(message: EmailMessage) -> tuple[str, str]:
    found = {}
    for part in message.iter_parts():
        found[part.get_content_subtype()] = part.get_content().replace("\r\n", "\n")
    return found["plain"], found["html"]

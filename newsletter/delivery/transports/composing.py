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
from newsletter.mail.mime import Personal
from newsletter.mail.traces import MARK_NAME, mark, message_id

# The name of the recipient's key in the data that a service merges.
KEY = "key"
# What our MIME brings, or the mailer itself.
_NOT_OURS = {"from", "to", "subject", "date", "message-id", "mime-version", "content-type"}
_LEAVE = "List-Unsubscribe"


class Composer:
    """The messages of one issue. Raises ValueError when its bytes were not frozen by us."""

    def __init__(self, mime: bytes, issue_number: int) -> None:
        self._number = issue_number
        self._marker = secrets.token_hex(24)
        finished = rendering.MessageTemplate(mime).for_recipient(
            address="reader@example.org",
            message_id=message_id(0, issue_number),
            key=self._marker,
            date=timezone.now(),
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
        built = self._build([written(row.address or "")], row.key or "")
        built.extra_headers["Message-ID"] = message_id(row.pk, self._number)
        built.extra_headers["Date"] = format_datetime(timezone.now())
        return built

    def single(self, row: LeasedRow) -> EmailMultiAlternatives:
        """Return the message to one recipient for a mail service, with our mark as metadata.

        A test mail, whose row has the number 0, is no delivery and has none.
        """
        built = self._build([written(row.address or "")], row.key or "")
        return _with(built, metadata={MARK_NAME: mark(row.pk)} if row.pk else {})

    def batch(self, rows: Sequence[LeasedRow], placeholder: str) -> EmailMultiAlternatives:
        """Return one message to many, each with a link to leave of their own.

        `placeholder` is what the service puts the value of KEY in place of. No recipient sees the
        address of another: the merge data tell anymail to send to each alone.
        """
        to = {written(row.address or ""): row for row in rows}
        built = self._build(list(to), placeholder)
        leave = built.extra_headers.pop(_LEAVE)
        return _with(
            built,
            merge_data={address: {KEY: row.key or ""} for address, row in to.items()},
            merge_metadata={address: {MARK_NAME: mark(row.pk)} for address, row in to.items()},
            merge_headers={
                address: {_LEAVE: leave.replace(placeholder, row.key or "")}
                for address, row in to.items()
            },
        )

    def _build(self, to: list[str], key: str) -> EmailMultiAlternatives:
        def filled(text: str) -> str:
            return text.replace(self._marker, key)

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

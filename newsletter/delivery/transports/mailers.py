"""Hands messages to a mailer of MAILERS that is not our own SMTP, and tells what became of each.

One call is one submission: of a batch to a mail service that merges what differs between its
recipients (django-anymail), else of one message. A call has one of three ends:

- it was answered: each recipient has an outcome, and most services an id of theirs;
- it surely was not taken: NotTaken. Nobody was mailed, and all of it may be sent again;
- anything else: all of its recipients are in doubt. It is never made again by itself.
"""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Protocol

import requests
from anymail.backends.base import AnymailBaseBackend
from anymail.exceptions import (
    AnymailAPIError,
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
    AnymailUnsupportedFeature,
)
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from newsletter.delivery.answers import Fate, Outcome, ServerAway, ServerRefuses, one_reply
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.transports.composing import Composer
from newsletter.mail.addresses import written

# What each service puts a recipient's own value in place of, {} its name, where it merges a message
# itself. The first part alone, typed by an editor, would be taken for one, so such an issue goes
# one by one. Other services of anymail merge nothing into a body without a template of theirs,
# cannot give each recipient a List-Unsubscribe, or do not report on each: they get one message a
# call.
MERGES = {
    "Mailgun": ("%recipient", "%recipient.{}%"),
    "Mailjet": ("[[", "[[var:{}]]"),
    "Test": ("{{", "{{{{{}}}}}"),
}
# Our wishes that a service may not know. It is asked for the message without them, then.
WISHES = ("track_opens", "track_clicks", "metadata")
# Refused for what was said, and not for whom it is to: another recipient's would be refused, too.
NOT_OURS_TO_USE = {401, 402, 403, 404, 405, 406, 410, 413, 415}
LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True)
class Taken:
    """What a mailer answered about one message: its outcome, and its own id if it gives one."""

    row: LeasedRow
    outcome: Outcome
    remote_id: str = ""
    status: str = ""


@dataclass(eq=False)
class NotTaken(Exception):
    """A call that surely mailed nobody.

    `trouble` is set when nothing of the issue can be sent now. Otherwise one of the recipients may
    be at fault, and `said` is what the mailer says.
    """

    said: str
    trouble: ServerAway | ServerRefuses | None = None


class Mailer(Protocol):
    """A mailer for one thread."""

    name: str

    def send(self, rows: Sequence[LeasedRow]) -> list[Taken]:
        """Make one call. Raises NotTaken, and nothing else."""

    def close(self) -> None:
        """End what was kept open."""


@dataclass
class PlainMailer:
    """Any backend of Django's kind: one message, one submission."""

    backend: BaseEmailBackend
    composer: Composer
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = type(self.backend).__module__

    def send(self, rows: Sequence[LeasedRow]) -> list[Taken]:
        [row] = rows
        try:
            count = self.backend.send_messages([self.composer.whole(row)])
        except Exception as error:
            return [Taken(row, self._meaning(error))]
        if count == 0:
            doubt = f"{self.name} did not say what it did."
            return [Taken(row, Outcome(Fate.UNKNOWN, None, doubt))]
        return [Taken(row, Outcome(Fate.ACCEPTED, None, f"Handed to {self.name}."))]

    def _meaning(self, error: Exception) -> Outcome:
        """Return what an error means for the message; raise NotTaken where nothing was sent."""
        said = one_reply(error) or type(error).__name__
        match error:
            case smtplib.SMTPRecipientsRefused() if error.recipients:
                code, reply = next(iter(error.recipients.values()))
                return _by_code(int(code), one_reply(reply))
            case smtplib.SMTPDataError():
                return _by_code(error.smtp_code, one_reply(error.smtp_error))
            case smtplib.SMTPResponseException():  # The greeting, the login or the sender.
                words = f"{error.smtp_code} {one_reply(error.smtp_error)}"
                refuses = error.smtp_code // 100 == 5
                raise NotTaken(words, ServerRefuses(words) if refuses else ServerAway(words))
            case ConnectionRefusedError() | socket.gaierror():
                raise NotTaken(said, ServerAway(said))
            case ImproperlyConfigured() | smtplib.SMTPNotSupportedError():
                raise NotTaken(said, ServerRefuses(f"The mailer cannot be used: {said}"))
            case _:
                return Outcome(Fate.UNKNOWN, None, one_reply(f"It may have left: {said}"))

    def close(self) -> None:
        self.backend.close()


def _by_code(code: int, reply: str) -> Outcome:
    fate = {4: Fate.DEFERRED, 5: Fate.REJECTED}.get(code // 100, Fate.UNKNOWN)
    return Outcome(fate, None if fate is Fate.UNKNOWN else code, reply)


class MailService:
    """A mail service that django-anymail speaks to."""

    def __init__(self, backend: AnymailBaseBackend, composer: Composer) -> None:
        self.backend, self.composer = backend, composer
        self.name = str(backend.esp_name)
        self._wishes = list(WISHES)
        self._open = False

    def placeholder(self) -> str:
        """Return what the service merges, "" if it gets one message a call."""
        opening, placeholder = MERGES.get(self.name, ("", ""))
        return "" if not opening or self.composer.has(opening) else placeholder

    def send(self, rows: Sequence[LeasedRow]) -> list[Taken]:
        try:
            message = self._message(rows)
            if not self._open:
                self.backend.open()
                self._open = True
        except (AnymailError, ImproperlyConfigured, ValueError, TypeError) as error:
            # Nothing left yet.
            said = self._said(error)
            if isinstance(error, AnymailInvalidAddress):
                raise NotTaken(said) from error
            raise NotTaken(said, ServerRefuses(f"{self.name} cannot send this: {said}")) from error
        try:
            self.backend.send_messages([message])
        except AnymailRecipientsRefused:
            pass  # Each has its status all the same.
        except Exception as error:
            if found := self._not_taken(error):
                raise found from error
            self.close()
            doubt = f"{self.name} may have taken it; its answer is not known: {self._said(error)}"
            return [Taken(row, Outcome(Fate.UNKNOWN, None, one_reply(doubt))) for row in rows]
        return [self._answer(row, message) for row in rows]

    def _message(self, rows: Sequence[LeasedRow]) -> EmailMultiAlternatives:
        """Return the message of a call, without the wishes that the service does not know."""
        placeholder = self.placeholder() if len(rows) > 1 else ""
        while True:
            if placeholder:
                message = self.composer.batch(rows, placeholder)
            else:
                [row] = rows
                message = self.composer.single(row)
            for name in WISHES:
                if name not in self._wishes and hasattr(message, name):
                    delattr(message, name)
            try:
                # Sending does it again. Only so is it known that nothing has left yet.
                self.backend.build_message_payload(message, self.backend.send_defaults)
            except AnymailUnsupportedFeature:
                if not self._wishes:
                    raise
                self._wishes.pop(0)
            else:
                return message

    def _answer(self, row: LeasedRow, message: EmailMultiAlternatives) -> Taken:
        status: Any = getattr(message, "anymail_status", None)
        address = written(row.address or "").lower()
        found = next(
            (each for to, each in status.recipients.items() if str(to).lower() == address), None
        )
        said = found.status if found else None
        remote_id = one_reply(found.message_id)[:200] if found and found.message_id else ""
        known = f" Its id: {remote_id}" if remote_id else ""
        outcomes = {
            "sent": Outcome(Fate.ACCEPTED, None, f"Sent by {self.name}.{known}"),
            "queued": Outcome(Fate.ACCEPTED, None, f"Queued at {self.name}.{known}"),
            # With the codes that a mail server would say it with (RFC 3463).
            "invalid": Outcome(Fate.REJECTED, 550, f"5.1.3 {self.name}: no valid address."),
            "rejected": Outcome(
                Fate.REJECTED, 550, f"5.2.1 {self.name} keeps this address from getting mail."
            ),
            "failed": Outcome(Fate.REJECTED, None, f"{self.name} could not send it.{known}"),
        }
        doubt = f"{self.name} did not say what became of it.{known}"
        outcome = outcomes.get(said or "", Outcome(Fate.UNKNOWN, None, doubt))
        return Taken(row, outcome, remote_id, said or "")

    def _not_taken(self, error: Exception) -> NotTaken | None:
        """Return why a call surely mailed nobody, or None if it may have."""
        said = self._said(error)
        response = getattr(error, "response", None)
        if response is None:
            return self._not_reached(error, said)
        if not isinstance(error, AnymailAPIError):
            return None
        code = int(response.status_code)
        if code in (408, 425, 429):
            return NotTaken(said, ServerAway(said, wait=_retry_after(response)))
        if code in NOT_OURS_TO_USE:
            words = f"{self.name} refuses us: {said} See BULK_OPTIONS."
            return NotTaken(said, ServerRefuses(words))
        return NotTaken(f"{self.name}: {said}") if 400 <= code < 500 else None

    def _not_reached(self, error: Exception, said: str) -> NotTaken | None:
        causes = list(_causes(error))
        if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
            words = f"The certificate of {self.name} cannot be trusted. Nothing was sent. {said}"
            return NotTaken(said, ServerRefuses(words))
        early = (NewConnectionError, ConnectTimeoutError, requests.ConnectTimeout)
        if any(isinstance(cause, early) for cause in causes):
            return NotTaken(said, ServerAway(f"{self.name} cannot be reached: {said}"))
        return None

    def _said(self, error: Exception) -> str:
        """Return the words of an error, shortly, and without what was sent."""
        response = getattr(error, "response", None)
        if response is not None:
            return one_reply(f"{response.status_code} {response.reason}: {response.text}")[:200]
        cause = error.__cause__ or error
        return one_reply(cause)[:200] or type(cause).__name__

    def close(self) -> None:
        if self._open:
            self._open = False
            self.backend.close()


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and those that it stands for; requests and urllib3 keep them as arguments."""
    waiting: list[Any] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < 50:
        found = waiting.pop()
        if not isinstance(found, BaseException) or id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        waiting += [found.__cause__, found.__context__, getattr(found, "reason", None), *found.args]


def _retry_after(response: requests.Response) -> timedelta | None:
    """Return how long the service wants to be left alone (RFC 9110 10.2.3), at most a day."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(text)
        wait = moment - timezone.now()
    except (ValueError, TypeError):
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)

"""A real mail server on loopback, whose replies a test can set.

    def test_something(mail_server):  # the fixture in tests/conftest.py
        mail_server.defer("reader@example.org")
        ...
        assert mail_server.messages[0].text

All MAILERS of the settings point to it while the fixture lasts.
"""

import email
import email.policy
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.helpers import free_port


@dataclass(frozen=True)
class Received:
    """A mail that arrived: the envelope, the bytes and the parsed message."""

    envelope_from: str
    recipients: list[str]
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return cast(EmailMessage, email.message_from_bytes(self.raw, policy=email.policy.default))

    @property
    def to(self) -> str:
        return str(self.message["To"])

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def text(self) -> str:
        return self.part("plain")

    @property
    def html(self) -> str:
        return self.part("html")

    def part(self, subtype: str) -> str:
        """Return the body of the first text part of a subtype."""
        for part in self.message.walk():
            if part.get_content_type() == f"text/{subtype}":
                return str(part.get_content()).replace("\r\n", "\n")
        raise AssertionError(f"This mail has no text/{subtype} part.")


@dataclass(frozen=True)
class ForcedReply:
    """A reply to mails for one recipient (None: for all) instead of accepting them."""

    reply: str
    address: str | None
    at: str  # "rcpt" or "data"

    def applies_to(self, at: str, addresses: list[str]) -> bool:
        return self.at == at and (self.address is None or self.address in addresses)


class MailServer:
    """Accepts mail on 127.0.0.1, unless a reply is set, and stores it in `messages`."""

    def __init__(self) -> None:
        self.port = free_port()
        self.messages: list[Received] = []
        self.connections = 0
        self._forced: list[ForcedReply] = []
        self._controller: Controller | None = None

    def start(self) -> None:
        """Listen, on the same port as before."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Refuse connections until start() is called again."""
        if self._controller:
            self._controller.stop()
            self._controller = None

    def reject(self, address: str | None = None, *, code: int = 550, at: str = "rcpt") -> None:
        """Reject a recipient's mails (None: all) with 5xx, at RCPT or after DATA."""
        self._forced.append(ForcedReply(f"{code} 5.1.1 No such mailbox here", address, at))

    def defer(self, address: str | None = None, *, code: int = 451, at: str = "rcpt") -> None:
        """Defer a recipient's mails (None: all) with 4xx, at RCPT or after DATA."""
        self._forced.append(ForcedReply(f"{code} 4.7.1 Greylisted, try again later", address, at))

    def hang_up(self, address: str | None = None) -> None:
        """Store the mail, but drop the connection before replying."""
        self._forced.append(ForcedReply("", address, "data"))

    def accept(self) -> None:
        """Accept everything again."""
        self._forced.clear()

    def to(self, address: str) -> list[Received]:
        """Return the mails that one address got, oldest first."""
        return [mail for mail in self.messages if address in mail.recipients]

    @property
    def mailers(self) -> dict[str, dict[str, Any]]:
        """A MAILERS setting whose every mailer is this server."""
        mailer = {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": self.port, "timeout": 5},
        }
        return {"default": mailer, "bulk": mailer}

    # The hooks that aiosmtpd calls.

    async def handle_EHLO(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        for forced in self._forced:
            if forced.applies_to("rcpt", [address]):
                return forced.reply
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        recipients = [str(address) for address in envelope.rcpt_tos]
        forced = next(
            (forced for forced in self._forced if forced.applies_to("data", recipients)), None
        )
        if forced and forced.reply:
            return forced.reply
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        self.messages.append(Received(str(envelope.mail_from), recipients, raw))
        if forced and server.transport:
            server.transport.abort()
        return "250 OK"

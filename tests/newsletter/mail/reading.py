"""Parses an issue as the mail program of a reader does."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from newsletter.mail import rendering as mail
from newsletter.mail.mime import MessageTemplate
from newsletter.models import Issue

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
KEY = "k" * 24


def finish(issue: Issue, key: str = KEY) -> EmailMessage:
    raw = MessageTemplate(mail.render(issue).mime).for_recipient(
        address="dana@psap.example", message_id="<7.1.abc@example.org>", key=key, date=NOON
    )
    return message_from_bytes(raw, policy=policy.default)


def part_of(message: EmailMessage, subtype: str) -> str:
    part = message.get_body((subtype,))
    assert part is not None
    content: str = part.get_content()
    return content.replace("\r\n", "\n")

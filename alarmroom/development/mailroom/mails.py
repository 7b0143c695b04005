"""The development mailbox: a Maildir that the server writes and the pages read."""

import mailbox
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

from django.conf import settings

HEADER_BYTES = 32_768  # Enough for any header block. The list reads no bodies.


@dataclass(frozen=True)
class Mail:
    """One mail in the mailbox."""

    key: str
    """The name of its file without the Maildir flags."""
    path: Path
    received_at: datetime

    @cached_property
    def headers(self) -> EmailMessage:
        """The header fields alone, without reading the rest of the file."""
        with self.path.open("rb") as file:
            head = file.read(HEADER_BYTES).partition(b"\r\n\r\n")[0]
        return message_from_bytes(head, policy=policy.SMTP)

    @cached_property
    def message(self) -> EmailMessage:
        """The whole message, parsed."""
        return message_from_bytes(self.source, policy=policy.SMTP)

    @property
    def source(self) -> bytes:
        """The bytes as the server received them, after the two header lines that it added."""
        return self.path.read_bytes()

    @property
    def recipient(self) -> str:
        """The address of the envelope, or else of the To header."""
        return str(self.headers["Delivered-To"] or self.headers["To"] or "")

    @property
    def subject(self) -> str:
        return str(self.headers["Subject"] or "(no subject)")

    def body(self, subtype: str) -> str:
        """Return the text of the `plain` or `html` part, or "" if there is none."""
        part = self.message.get_body(preferencelist=(subtype,))
        return str(part.get_content()) if part else ""


def folder() -> Path:
    """Return the folder of the mailbox."""
    return settings.DATA_DIR / "mail"


def maildir() -> mailbox.Maildir:
    """Return the mailbox, created if it is missing."""
    folder().parent.mkdir(parents=True, exist_ok=True)
    return mailbox.Maildir(folder(), create=True)


def store(content: bytes, *, envelope_from: str, envelope_to: list[str]) -> str:
    """Store a mail as a mail server does at final delivery (RFC 5321 4.4); return its key.

    Return-Path and Delivered-To, which state the envelope, are added at the top.
    """
    lines = [f"Return-Path: <{envelope_from}>", *(f"Delivered-To: {to}" for to in envelope_to)]
    envelope = "".join(f"{line}\r\n" for line in lines).encode()
    return maildir().add(envelope + content)


def newest_first() -> list[Mail]:
    """Return every mail, the newest first, without reading the files."""
    return sorted(_all(), key=lambda mail: (mail.received_at, mail.key), reverse=True)


def find(key: str) -> Mail | None:
    """Return the mail of this key. A key is only compared and never used as a path."""
    return next((mail for mail in _all() if mail.key == key), None)


def delete_all() -> int:
    """Delete every mail; return how many there were."""
    mails = list(_all())
    for mail in mails:
        mail.path.unlink(missing_ok=True)
    return len(mails)


def _all() -> Iterator[Mail]:
    for name in ("new", "cur"):
        directory = folder() / name
        if not directory.is_dir():
            continue
        for path in directory.iterdir():
            try:
                seconds = path.stat().st_mtime
            except FileNotFoundError:  # Deleted meanwhile.
                continue
            yield Mail(path.name.split(":")[0], path, datetime.fromtimestamp(seconds, tz=UTC))

"""Reads the mailbox that bounces go to, by IMAP (RFC 3501, 6851) over TLS.

A mail is moved to another folder only when what it says is stored. Whatever stops the reading
before that, the mail is read again, which changes nothing: events and kept mails are unique.
"""

from __future__ import annotations

import contextlib
import imaplib
import logging
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings

from alarmroom.mail_text import one_line
from newsletter.feedback.keeping import Full
from newsletter.feedback.parts import LIMIT
from newsletter.feedback.receiving import Result, receive

logger = logging.getLogger(__name__)

PORTS = {"imaps": 993, "imap+tls": 143}
TIMEOUT = 30.0  # seconds, for each answer
# So many mails are looked for at once: the answer has to fit into a line.
WINDOW = 500


class MailboxAway(Exception):
    """The mailbox cannot be read now, or does not do what was asked; the next time, perhaps."""


@dataclass
class Report:
    """What became of the mails that were read."""

    counts: dict[str, int] = field(default_factory=dict)
    more: bool = False
    """Whether mails are left that could be read at once."""

    def add(self, result: Result) -> None:
        self.counts[result.value] = self.counts.get(result.value, 0) + 1

    def __str__(self) -> str:
        return ", ".join(f"{count} {what}" for what, count in self.counts.items()) or "no mail"


def read_mailbox(seconds: float) -> Report:
    """Take in what is in the mailbox for so many seconds.

    Safe to run twice at once. Raises MailboxAway, and what the database says.
    """
    deadline = time.monotonic() + seconds
    report = Report()
    with _opened() as mailbox:
        for uid in mailbox.waiting():
            if time.monotonic() > deadline:
                report.more = True
                break
            found = mailbox.fetch(uid)
            if found is None:  # Somebody else has moved it.
                continue
            raw, size = found
            try:
                report.add(receive(raw, size=size))
            except Full as error:
                logger.warning("Mails are left in the mailbox: %s", error)
                break
            mailbox.move(uid)
    return report


class Mailbox:
    """A folder that is open, on a connection."""

    def __init__(self, server: imaplib.IMAP4, folder: str) -> None:
        self.server = server
        self.count = int(self._asked("select", _quoted(folder))[0] or 0)
        self.done = _quoted(settings.FEEDBACK_IMAP_DONE)
        # It answers NO when the folder is there.
        self.server.create(self.done)

    def waiting(self) -> Iterator[bytes]:
        """Yield the mails, the oldest first, that are not marked as deleted."""
        # What is moved leaves its place to the next, so the numbers are asked for all at once.
        uids: list[bytes] = []
        for first in range(1, self.count + 1, WINDOW):
            last = min(first + WINDOW - 1, self.count)
            found = self._asked("uid", "SEARCH", f"{first}:{last}", "UNDELETED")
            uids += (found[0] or b"").split()
        yield from uids

    def fetch(self, uid: bytes) -> tuple[bytes, int] | None:
        """Return the beginning of a mail and its size, without marking it as read; or None."""
        number = uid.decode()
        items = f"(RFC822.SIZE BODY.PEEK[]<0.{LIMIT}>)"
        answer = self._asked("uid", "FETCH", number, items)
        texts = [each for part in answer for each in (part if isinstance(part, tuple) else (part,))]
        raw = next((part[1] for part in answer if isinstance(part, tuple) and len(part) > 1), None)
        if not isinstance(raw, bytes):
            return None
        return raw, max(len(raw), _size_in([text for text in texts if text is not raw]))

    def move(self, uid: bytes) -> None:
        """Put a mail into the other folder."""
        number = uid.decode()
        if "MOVE" in self.server.capabilities:
            self._asked("uid", "MOVE", number, self.done)
            return
        self._asked("uid", "COPY", number, self.done)
        self._asked("uid", "STORE", number, "+FLAGS.SILENT", r"(\Deleted)")
        # Without UIDPLUS (RFC 4315), all that is marked would go, whoever marked it.
        if "UIDPLUS" in self.server.capabilities:
            self._asked("uid", "EXPUNGE", number)

    def _asked(self, command: str, *arguments: str) -> list[Any]:
        """Return a server's answer. Raises MailboxAway for any but OK."""
        kind, answer = getattr(self.server, command)(*arguments)
        if kind != "OK":
            raise MailboxAway(one_line(f"{arguments[0]}: {kind} {answer[0]!r}")[:300])
        return list(answer)


@contextlib.contextmanager
def _opened() -> Iterator[Mailbox]:
    """Open the folder of FEEDBACK_IMAP_URL; every error of the server is a MailboxAway."""
    address = urlsplit(settings.FEEDBACK_IMAP_URL)
    # It checks the certificate, and that it is the host's.
    context = ssl.create_default_context()
    host, port = str(address.hostname), address.port or PORTS[address.scheme]
    server: imaplib.IMAP4 | None = None
    try:
        if address.scheme == "imaps":
            server = imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=TIMEOUT)
        else:
            server = imaplib.IMAP4(host, port, timeout=TIMEOUT)
            server.starttls(context)
        server.login(unquote(address.username or ""), unquote(address.password or ""))
        yield Mailbox(server, unquote(address.path.strip("/")) or "INBOX")
    except (imaplib.IMAP4.error, OSError, EOFError) as error:
        raise MailboxAway(one_line(str(error))[:300] or type(error).__name__) from error
    finally:
        if server is not None:
            with contextlib.suppress(imaplib.IMAP4.error, OSError):
                server.logout()


def _quoted(folder: str) -> str:
    """Return the name of a folder as a string of IMAP."""
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _size_in(texts: list[Any]) -> int:
    """Return the RFC822.SIZE that stands in an answer, or 0."""
    said = b" ".join(text for text in texts if isinstance(text, bytes))
    behind = said.partition(b"RFC822.SIZE ")[2].split(b" ")[0].rstrip(b")")
    return int(behind) if behind.isdigit() and len(behind) < 12 else 0

"""Makes the message of one leased row: an issue's frozen bytes with what is this reader's."""

from __future__ import annotations

from django.utils import timezone

from newsletter.delivery.answers import Fate, Outcome
from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.wire import Envelope
from newsletter.mail import rendering as mail
from newsletter.mail.addresses import written
from newsletter.mail.traces import message_id, return_path

FINAL_DOT = b".\r\n"


class Messages:
    """The messages of one issue. All that they share is made ready once.

    That is the doubling of dots at the beginning of lines (RFC 5321 4.5.2), too: what differs
    between recipients never begins a line with a dot.
    """

    def __init__(self, mime: bytes, issue_number: int) -> None:
        """Raises ValueError when the bytes are not of an issue that was frozen."""
        stuffed = mime.replace(b"\n.", b"\n..")
        if stuffed.startswith(b"."):
            stuffed = b"." + stuffed
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        self._added = len(stuffed) - len(mime) + len(FINAL_DOT)
        self._eight_bit = not mime.isascii()
        self._template = mail.MessageTemplate(stuffed + FINAL_DOT)
        self._number = issue_number

    def __call__(self, row: LeasedRow) -> Envelope | Outcome:
        """Return the message for a row, or the outcome of one whose address cannot be written."""
        try:
            address = written(row.address or "")
            finished = self._template.for_recipient(
                address=address,
                message_id=message_id(row.pk, self._number),
                key=row.key or "",
                date=timezone.now(),
            )
        except ValueError as error:
            return Outcome(Fate.REJECTED, None, str(error))
        return Envelope(
            row,
            return_path(row.pk),
            address,
            finished,
            len(finished) - self._added,
            self._eight_bit,
        )

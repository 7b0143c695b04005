"""What mail servers and providers report, in the forms that standards give it.

Delivery status notifications (RFC 3464, and 6533 for addresses beyond ASCII), and complaints in
the Abuse Reporting Format (RFC 5965). Each function returns None for a mail that has no such part.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from alarmroom.mail_text import one_line
from newsletter.feedback.parts import Part, address_in, fields_of, leaves, read

STATUS = ("message/delivery-status", "message/global-delivery-status")
RETURNED = (
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
)
RECIPIENTS = 50  # of one report


@dataclass(frozen=True)
class Said:
    """What a server said of one recipient: its own words, and the codes in them."""

    action: str
    """failed, delayed, delivered, relayed or expanded (RFC 3464 2.3.3); "" where none is said."""
    addresses: tuple[str, ...] = ()
    """The final and the original recipient, in lower case."""
    status: str = ""
    """The enhanced status code, 5.1.1 (RFC 3463), the more telling one of the two that are said."""
    code: int | None = None
    """The reply code of the server that said it, 550."""
    text: str = ""
    at: datetime | None = None

    @property
    def failed(self) -> bool:
        # What has no action is believed by its code: the report may be cut off.
        return self.action.startswith("fail") or (not self.action and self.status[:1] == "5")

    @property
    def arrived(self) -> bool:
        return self.action.startswith(("deliver", "relay", "expand"))


@dataclass(frozen=True)
class Bounce:
    said: tuple[Said, ...]
    returned: tuple[Part, ...]
    """The mail that came back, or its header."""


@dataclass(frozen=True)
class Complaint:
    kind: str
    """abuse, fraud, opt-out, not-spam, ... (RFC 5965 7.3)."""
    envelope_sender: str
    returned: tuple[Part, ...]
    at: datetime | None


def bounce_in(mail: Part) -> Bounce | None:
    """Return what a delivery status notification says."""
    parts = list(leaves(mail))
    statuses = [part for part in parts if part.kind in STATUS]
    if not statuses:
        return None
    said = [one for part in statuses for one in _recipients(part)][:RECIPIENTS]
    return Bounce(tuple(said), _returned(parts))


def complaint_in(mail: Part) -> Complaint | None:
    """Return what a report of abuse says."""
    parts = list(leaves(mail))
    report = next((part for part in parts if part.kind == "message/feedback-report"), None)
    if report is None:
        return None
    fields = fields_of(report.text)
    return Complaint(
        kind=_first(fields, "feedback-type").lower() or "abuse",
        envelope_sender=_first(fields, "original-mail-from"),
        returned=_returned(parts),
        at=date_in(_first(fields, "arrival-date") or _first(fields, "received-date")),
    )


def inner_mails(mail: Part) -> Iterator[Part]:
    """Yield the mails that stand whole in a mail: somebody, or a program, passed them on."""
    for part in leaves(mail):
        if part.kind in ("message/rfc822", "message/global"):
            yield read(part.content)


def date_in(text: str) -> datetime | None:
    """Return a date of a mail (RFC 5322 3.3), or None where it is none."""
    try:
        found = parsedate_to_datetime(text[:100])
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def enhanced_code(text: str) -> str:
    """Return the status code at the beginning of a text, 5.1.1 (RFC 3463 2), or ""."""
    word = text.lstrip(" #(").partition(" ")[0].rstrip(".:;,)")
    numbers = word.split(".")
    if len(numbers) != 3 or numbers[0] not in ("2", "4", "5"):
        return ""
    fits = all(part.isascii() and part.isdigit() and len(part) <= 3 for part in numbers)
    return ".".join(str(int(part)) for part in numbers) if fits else ""


def reply_in(text: str) -> tuple[int | None, str]:
    """Return the reply code and the enhanced code of a server's words: 550 5.1.1 no such user.

    They may stand behind the server's name or the address. None and "" where there are none.
    """
    words = text[:1000].replace("-", " ").split()[:40]
    for number, word in enumerate(words):
        digits = word.strip("<>:;,()'\"")
        if len(digits) == 3 and digits.isascii() and digits.isdigit() and digits[0] in "245":
            return int(digits), enhanced_code(" ".join(words[number + 1 : number + 2]))
    # Some name the enhanced code alone.
    return None, next((code for code in map(enhanced_code, words) if code), "")


def _recipients(part: Part) -> Iterator[Said]:
    """Yield what a report says of each recipient; its first group is about the whole mail."""
    for group in part.text.replace("\r", "").split("\n\n")[: RECIPIENTS + 1]:
        fields = fields_of(group)
        status, action = _first(fields, "status"), _first(fields, "action").lower()
        addresses = tuple(
            address
            for name in ("final-recipient", "original-recipient")
            # "rfc822; reader@example.org", and in between a comment or nothing.
            if (address := address_in(_first(fields, name).rpartition(";")[2]))
        )
        if not (status or action or addresses):
            continue
        text = _first(fields, "diagnostic-code")
        kind, semicolon, behind = text.partition(";")
        if semicolon and len(kind) <= 20:
            text = behind.strip()
        code, told = reply_in(text)
        yield Said(
            action=action,
            addresses=addresses,
            status=_more_telling(enhanced_code(status), told),
            code=code,
            text=text[:300],
            at=date_in(_first(fields, "last-attempt-date")),
        )


def _more_telling(status: str, told: str) -> str:
    """Return the code that the server gave, where the report's own says nothing but 5.0.0."""
    vague = not status or status.endswith(".0.0")
    return told if vague and told and told[:1] == (status[:1] or told[:1]) else status


def _returned(parts: list[Part]) -> tuple[Part, ...]:
    """Return the header and the beginning of each mail that a report returns."""
    return tuple(read(part.content) for part in parts if part.kind in RETURNED)


def _first(fields: dict[str, list[str]], name: str) -> str:
    return one_line(fields.get(name, [""])[0])

"""Says what a mail is that came back, without asking the database.

The first that fits counts: a complaint, a delivery report, a wish to leave, an older form of a
bounce, an automatic reply, a person's words. Only what proves which delivery it is about has one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.message import Message
from enum import Enum

from flufl.bounce import all_failures

from newsletter.feedback.parts import HEAD, Part, address_in, leaves
from newsletter.feedback.reports import (
    Bounce,
    Complaint,
    Said,
    bounce_in,
    complaint_in,
    inner_mails,
    reply_in,
)
from newsletter.mail import traces

logger = logging.getLogger(__name__)

# Where a mail says to whom it was delivered. Each may be forged: what counts is the proof in the
# address itself.
TO = ("x-original-to", "delivered-to", "envelope-to", "x-envelope-to", "x-rcpt-to", "to", "cc")
# Who sends bounces that have no report in them.
ROBOTS = ("mailer-daemon@", "postmaster@", "mail-daemon@", "mailerdaemon@")
# So much of an odd form is looked through: characters of a part, parts, characters of a line.
ODD, ODD_PARTS, ODD_LINE = 16 * 1024, 5, 200
LONGEST_KEY = 60


class What(Enum):
    BOUNCE = "bounce"
    COMPLAINT = "complaint"
    LEAVES = "leaves"
    AUTO_REPLY = "auto-reply"
    NEWS = "news"
    """A report that asks for nothing: a mail is late, or has arrived."""
    ROBOT = "robot"
    """A bounce, or so it seems, of a form that is not known."""
    PERSON = "person"


@dataclass(frozen=True)
class Understood:
    what: What
    delivery: int | None = None
    """Of which it is proven that this is about it."""
    said: tuple[Said, ...] = ()
    """Of a bounce: what was said of each recipient that failed."""
    key: str = ""
    """Of somebody who leaves: the reader's own."""
    text: str = ""
    """What a complaint or an automatic reply says; of somebody who leaves, the issue."""


def understand(mail: Part, recipients: Iterable[str] = ()) -> Understood:
    """Return what a mail is, which was delivered to these addresses of ours."""
    to = [*recipients, *(address_in(value) for value in mail.every(*TO))]
    for each in _with_inner(mail):
        if complaint := complaint_in(each):
            return _complaint(complaint, mail, to)
        if bounce := bounce_in(each):
            return _bounce(bounce, mail, to)
    key, issue = key_in(mail.get("subject"))
    if key:
        return Understood(What.LEAVES, key=key, text=issue)
    is_robot = _is_robot(mail)
    if is_robot and (said := _odd_bounce(mail)):
        failed = tuple(one for one in said if one.failed)
        what = What.BOUNCE if failed else What.NEWS
        return Understood(what, _proven(mail, to, body=True), failed)
    if _is_automatic(mail):
        return Understood(What.AUTO_REPLY, _proven(mail, to), text=mail.get("subject"))
    return Understood(What.ROBOT if is_robot else What.PERSON, _proven(mail, to))


def key_in(subject: str) -> tuple[str, str]:
    """Return the key and the issue in the subject that List-Unsubscribe gives, or "".

    alarmroom/mail.py writes it.
    """
    words = [*subject.split()[:4], "", "", "", ""]
    key, issue = words[1], words[2]
    if words[0].lower() != "unsubscribe" or words[3] or not 0 < len(key) <= LONGEST_KEY:
        return "", ""
    fits = key.isascii() and key.replace("-", "").replace("_", "").isalnum()
    return (key, issue) if fits else ("", "")


def _with_inner(mail: Part) -> Iterator[Part]:
    """Yield a mail, and the mails that it passes on whole: a report may be wrapped in another mail.

    Not what a report returns: that is our own.
    """
    yield mail
    if mail.kind in ("message/rfc822", "multipart/mixed"):
        yield from inner_mails(mail)


def _complaint(complaint: Complaint, mail: Part, to: list[str]) -> Understood:
    if complaint.kind == "not-spam":
        return Understood(What.NEWS)
    proven = traces.of_address(complaint.envelope_sender)
    if proven is None:
        proven = _of_returned(complaint.returned) or _proven(mail, to)
    said = (Said(action="", text=complaint.kind, at=complaint.at),)
    return Understood(What.COMPLAINT, proven, said, text=complaint.kind)


def _bounce(bounce: Bounce, mail: Part, to: list[str]) -> Understood:
    failed = tuple(one for one in bounce.said if one.failed)
    # A list of people: it has arrived where anybody of them got it.
    if bounce.said and (not failed or any(one.arrived for one in bounce.said)):
        return Understood(What.NEWS)
    if not failed:
        return Understood(What.ROBOT)
    proven = next((pk for pk in map(traces.of_address, to) if pk is not None), None)
    if proven is None:
        proven = _of_returned(bounce.returned)
    if proven is None:
        proven = _proven(mail, to, body=True)
    return Understood(What.BOUNCE, proven, failed)


def _of_returned(returned: Iterable[Part]) -> int | None:
    """Return the delivery that a returned mail, or its header, proves to be."""
    for part in returned:
        found = traces.of_message_ids(" ".join(part.every("message-id")))
        if found is None:
            found = traces.of_address(part.get("return-path"))
        if found is not None:
            return found
    return None


def _proven(mail: Part, to: list[str], *, body: bool = False) -> int | None:
    """Return the delivery that a mail answers, or that stands in its text where that may be."""
    for address in to:
        if (found := traces.of_address(address)) is not None:
            return found
    answered = traces.of_message_ids(" ".join(mail.every("in-reply-to", "references")))
    if answered is not None or not body:
        return answered
    for part in leaves(mail):
        found = traces.of_message_ids(part.text[:HEAD])
        if found is not None:
            return found
    return None


def _is_robot(mail: Part) -> bool:
    """Whether a mail server sent it, by its name or the empty envelope sender (RFC 5321 4.5.5)."""
    return (
        mail.get("return-path").replace(" ", "") == "<>"
        or address_in(mail.get("from")).startswith(ROBOTS)
        or bool(mail.get("x-failed-recipients"))
        or mail.kind == "multipart/report"
    )


def _is_automatic(mail: Part) -> bool:
    """Whether a program answered (RFC 3834 5), by its header alone: subjects are anybody's."""
    automatic = mail.get("auto-submitted").partition(";")[0].partition("(")[0].strip().lower()
    return (
        automatic not in ("", "no")
        or mail.get("precedence").lower() in ("auto_reply", "auto-reply")
        or any(mail.get(name) for name in ("x-autoreply", "x-autorespond", "x-auto-reply-from"))
        or mail.get("x-auto-response-suppress").lower() in ("all", "dr, oof, autoreply")
    )


def _odd_bounce(mail: Part) -> tuple[Said, ...]:
    """Return what a bounce of an older form says, by flufl.bounce."""
    parts = [part for part in leaves(mail) if part.kind.startswith("text/")][:ODD_PARTS]
    texts = [_tamed(part.text) for part in parts]
    message = Message()
    for name in ("From", "Subject", "X-Failed-Recipients", "X-Mailer"):
        if value := mail.get(name.lower())[:500]:
            message[name] = value
    if mail.kind.startswith("multipart/"):
        message["Content-Type"] = mail.kind
        for part, text in zip(parts, texts, strict=True):
            inner = Message()
            inner["Content-Type"] = part.kind
            inner.set_payload(text)
            message.attach(inner)
    else:
        message["Content-Type"] = "text/plain"
        message.set_payload("\n".join(texts))
    try:
        late, gone = all_failures(message)
    except Exception:  # Heuristics of another package over any text.
        logger.warning("flufl.bounce failed on a mail", exc_info=True)
        return ()
    text = "\n".join(texts)
    line = _line_with_code(text)
    code, status = reply_in(line)
    return tuple(
        Said(
            action=action,
            addresses=(address.decode("ascii", "replace").lower(),),
            status=status,
            code=code,
            text=line,
        )
        for action, found in (("failed", gone), ("delayed", late))
        for address in sorted(found)
    )


def _tamed(text: str) -> str:
    """Return the beginning of a text in ASCII, as the patterns of flufl.bounce bear it.

    Some of them take the cube of a line's length, where it has many signs that open an address.
    """
    lines = [line[:ODD_LINE] for line in text[:ODD].split("\n")]
    kept = [line for line in lines if line.count("<") <= 3]
    return "\n".join(kept).encode("ascii", "replace").decode()


def _line_with_code(text: str) -> str:
    """Return the first line in which a server's words stand, or ""."""
    for line in text[:4000].split("\n"):
        code, status = reply_in(line)
        if code is not None or status:
            return line.strip()[:300]
    return ""

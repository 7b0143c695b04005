"""Keeps what nobody but a person can judge.

A mail is kept for KEPT_FOR, at most its first LIMIT bytes. Within a day, no more than MOST_A_DAY
are kept, and BYTES_A_DAY of them: whoever floods the door fills no disk. What comes beyond that is
not lost either. The door says "later" (Full): a mail server keeps the mail in its queue and tries
again, a mailbox keeps it where it is, a mail service reports it again.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from django.db.models import Count, Sum
from django.db.models.functions import Length
from django.utils import timezone

from alarmroom.mail_text import one_line
from newsletter.feedback.parts import LIMIT, Part, address_in, words
from newsletter.models import ReceivedMail

KEPT_FOR = timedelta(days=90)
MOST_A_DAY = 1_000
BYTES_A_DAY = 25 * 1024 * 1024


class Full(Exception):
    """No more is kept today; it must come again later."""


def keep(
    raw: bytes,
    why: ReceivedMail.Why,
    *,
    source: str,
    mail: Part | None = None,
    recipient: str = "",
    size: int | None = None,
    subject: str = "",
) -> bool:
    """Keep the beginning of what came in; return False where it is kept already.

    `size` is that of the whole, where less of it was read. Raises Full.
    """
    kept = raw[:LIMIT]
    key = hashlib.sha256(kept).hexdigest()
    if ReceivedMail.objects.filter(key=key).exists():
        return False
    today = ReceivedMail.objects.filter(at__gt=timezone.now() - timedelta(days=1))
    so_far = today.aggregate(count=Count("pk"), size=Sum(Length("raw")))
    if so_far["count"] >= MOST_A_DAY or (so_far["size"] or 0) + len(kept) > BYTES_A_DAY:
        raise Full(f"{so_far['count']} mails were kept within a day.")
    _, created = ReceivedMail.objects.get_or_create(
        key=key,
        defaults={
            "why": why,
            "source": source[:40],
            "sender": address_in(mail.get("from"))[:254] if mail else "",
            "recipient": one_line(recipient)[:254],
            "subject": (words(mail.get("subject")) if mail else one_line(subject))[:300],
            "size": min(len(raw) if size is None else size, 2**31 - 1),
            "raw": kept,
        },
    )
    return created


def forget_old() -> None:
    """Remove what was kept long enough. For the tick."""
    ReceivedMail.objects.filter(at__lte=timezone.now() - KEPT_FOR).delete()

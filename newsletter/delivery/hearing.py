"""Writes down what is heard of a delivery, whoever says it: the mail server, a report, the site.

Of each kind a delivery has one event at most, the first. So a report that comes twice, or by two
ways, counts once, and nobody can fill the table who has a copy of one mail.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from alarmroom.mail_text import one_line
from newsletter.models import Delivery, DeliveryEvent

# Clocks differ by so much, at most.
CLOCKS = timedelta(days=1)


@dataclass(frozen=True)
class Heard:
    """What somebody says of a delivery."""

    kind: DeliveryEvent.Kind
    source: str
    """smtp, mailbox, site, or the name of a mail service."""
    status: str = ""
    """The enhanced status code, 5.1.1 (RFC 3463)."""
    said: str = ""
    at: datetime | None = None
    """When it happened, as far as that is said."""


def note(delivery: Delivery, heard: Heard) -> bool:
    """Write an event; return whether it is the first of its kind for this delivery.

    Safe to call twice, and at once. A time that cannot be is the present one.
    """
    now = timezone.now()
    at = heard.at
    if at is None or not delivery.changed_at - CLOCKS <= at <= now + CLOCKS:
        at = now
    _, first = DeliveryEvent.objects.get_or_create(
        key=key_of(delivery.pk, heard.kind),
        defaults={
            "delivery_id": delivery.pk,
            "kind": heard.kind,
            "at": min(at, now),
            "noted_at": now,
            "source": heard.source[:40],
            "status": heard.status[:11],
            "said": one_line(heard.said)[:300],
        },
    )
    return first


def key_of(delivery_pk: int, kind: DeliveryEvent.Kind) -> str:
    return hashlib.sha256(f"{delivery_pk}.{kind.value}".encode()).hexdigest()

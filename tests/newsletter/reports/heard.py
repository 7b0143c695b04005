"""Starts an issue, decides what became of its deliveries, and lets servers say something later."""

import hashlib
from datetime import datetime, timedelta
from itertools import count

from django.utils import timezone

from newsletter.models import Delivery, DeliveryEvent, Issue, Report
from newsletter.reports import storing
from tests.newsletter.delivery.ledger import started

State, Kind = Delivery.State, DeliveryEvent.Kind
_numbers = count()


def sent(*addresses: str, hours_ago: float = 0) -> Issue:
    """Return an issue that was accepted for all of these a moment, or some hours, ago."""
    issue = started(*addresses)
    when = timezone.now() - timedelta(hours=hours_ago)
    issue.deliveries.update(state=State.SENT, changed_at=when, code=250)
    Issue.objects.filter(pk=issue.pk).update(state=Issue.State.SENT, started_at=when, sent_at=when)
    return Issue.objects.get(pk=issue.pk)


def row(issue: Issue, address: str) -> Delivery:
    return issue.deliveries.get(subscriber__address=address)


def becomes(issue: Issue, address: str, state: State, code: int | None = None, reply: str = ""):
    Delivery.objects.filter(pk=row(issue, address).pk).update(state=state, code=code, reply=reply)


def heard(
    issue: Issue,
    address: str,
    kind: Kind,
    status: str = "",
    said: str = "",
    *,
    at: datetime | None = None,
) -> DeliveryEvent:
    """Write an event as newsletter/feedback does."""
    return DeliveryEvent.objects.create(
        delivery=row(issue, address),
        kind=kind,
        at=at or timezone.now(),
        source="mailbox",
        status=status,
        said=said,
        key=hashlib.sha256(str(next(_numbers)).encode()).hexdigest(),
    )


def report_of(issue: Issue) -> Report:
    """Count the issue, and return what is stored."""
    storing.store(Issue.objects.get(pk=issue.pk))
    return Report.objects.get(issue=issue)

"""Starts an issue, and counts its deliveries by state."""

from datetime import timedelta

from django.utils import timezone

from newsletter.delivery import starting
from newsletter.models import Delivery, Issue
from tests.factories import make_issue, make_subscriber

State = Delivery.State


def started(*addresses: str) -> Issue:
    for address in addresses:
        make_subscriber(address)
    issue = make_issue()
    starting.start(issue)
    return issue


def state_of(issue: Issue) -> str:
    """Return the state of the issue in the database."""
    return Issue.objects.values_list("state", flat=True).get(pk=issue.pk)


def states(issue: Issue) -> dict[str, int]:
    return {state: count for state, count in issue.totals().items() if count}


def due_now(issue: Issue) -> None:
    past = timezone.now() - timedelta(seconds=1)
    issue.deliveries.filter(state=State.QUEUED).update(due_at=past)
    Issue.objects.filter(pk=issue.pk).update(quiet_until=None)

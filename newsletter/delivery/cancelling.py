"""Skips the deliveries of a cancelled issue. Its state alone keeps them from being sent."""

from django.utils import timezone

from newsletter import corrections
from newsletter.delivery import batches, counting
from newsletter.models import Delivery, Issue

State = Delivery.State


def skip(issue_pk: int, seconds: float) -> bool:
    """Skip queued rows of an issue for so many seconds; return whether some may be left.

    Does nothing for an issue that is not cancelled. A row that a worker is writing is left to the
    tick.
    """
    issue = Issue.objects.filter(pk=issue_pk, state=Issue.State.CANCELLED).first()
    if issue is None:
        return False
    rows = Delivery.objects.filter(issue_id=issue_pk, state=State.QUEUED)
    _, more = batches.change(
        rows,
        seconds,
        state=State.SKIPPED,
        leased_by="",
        leased_until=None,
        reply="The issue was cancelled.",
        changed_at=timezone.now(),
    )
    if not more:
        corrections.set_free(issue)
        counting.store(issue)
    return more

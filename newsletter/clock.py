"""What is due about issues at this moment, whoever died or was away before."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from newsletter import delivery, worker
from newsletter.models import Delivery, Issue

logger = logging.getLogger(__name__)

State = Delivery.State

# A chain of tasks that has not been heard of for so long is broken: tick starts another.
CHAIN_IS_DEAD_AFTER = timedelta(minutes=2)


def tick() -> None:
    """Start due issues, free stale leases, and wake a worker wherever one is missing."""
    for issue in Issue.objects.due():
        try:
            delivery.start(issue)
        except delivery.AlreadyStarted:
            continue
        except delivery.NotReady as error:
            delivery.unschedule(issue, f"It was not sent at its time. {error}")
            logger.error("Issue %s was not sent at its time: %s", issue.number, error)
            delivery.tell_editor(issue, "issue_not_sent")
    free_stale_leases()
    now = timezone.now()
    # Deferred while somebody cancelled: nobody will send it any more.
    Delivery.objects.filter(issue__state=Issue.State.CANCELLED, state=State.QUEUED).update(
        state=State.SKIPPED, reply="The issue was cancelled.", changed_at=now
    )
    awake = Q(woken_at__gt=now - CHAIN_IS_DEAD_AFTER)
    due = Delivery.objects.filter(
        issue=OuterRef("pk"), state=State.QUEUED, due_at__lte=now, leased_until=None
    )
    open_rows = Delivery.objects.filter(
        issue=OuterRef("pk"), state__in=[State.QUEUED, State.SENDING]
    )
    sending = Issue.objects.filter(state=Issue.State.SENDING)
    for issue in sending.filter(~Exists(open_rows)):
        worker.finish(issue)
    for issue in sending.filter(Exists(due)).exclude(awake).exclude(quiet_until__gt=now):
        delivery.wake(issue)


def free_stale_leases() -> int:
    """Take rows from workers that died: unbegun ones are queued again, begun ones uncertain."""
    now = timezone.now()
    stale = Delivery.objects.filter(leased_until__lt=now)
    freed = stale.filter(state=State.QUEUED).update(leased_by="", leased_until=None)
    # `leased_by` stays: should the worker live after all, it may still tell what happened.
    in_doubt = stale.filter(state=State.SENDING).update(
        state=State.UNCERTAIN,
        leased_until=None,
        reply="The worker stopped between handing the message over and noting the answer.",
        changed_at=now,
    )
    if in_doubt:
        logger.warning("%d deliveries are in doubt and wait for an editor", in_doubt)
    return freed + in_doubt

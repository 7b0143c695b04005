"""What is due about issues at this moment, whoever died or was away before."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import DatabaseError, close_old_connections
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from newsletter import delivery, worker
from newsletter.models import Delivery, Issue

logger = logging.getLogger(__name__)

State = Delivery.State

# A chain of tasks that has not been heard of for so long is broken: tick starts another.
CHAIN_IS_DEAD_AFTER = timedelta(minutes=2)


class Round:
    """One round of the clock, in which everything has its turn.

    What goes wrong in one turn (a full disk, a server that is away, a mistake of ours) is
    logged and kept in `failed`, and keeps no other from its own; the next round tries again.
    """

    def __init__(self) -> None:
        self.failed: list[str] = []

    @contextmanager
    def turn(self, what: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            logger.exception("%s failed; the next tick tries again", what)
            self.failed.append(what)
            if isinstance(error, DatabaseError):
                # A connection that broke is not handed on to the next turn.
                close_old_connections()


def tick(now: Round) -> None:
    """Start due issues, free stale leases, and wake a worker wherever one is missing."""
    with now.turn("Looking for issues that are due"):
        for issue in Issue.objects.due():
            with now.turn(f"Starting issue {issue.number}"):
                start_due(issue)
    with now.turn("Freeing what dead workers held"):
        free_stale_leases()
    with now.turn("Skipping what was cancelled"):
        skip_cancelled()
    with now.turn("Looking for issues that are done"):
        open_rows = Delivery.objects.filter(
            issue=OuterRef("pk"), state__in=[State.QUEUED, State.SENDING]
        )
        for issue in Issue.objects.filter(~Exists(open_rows), state=Issue.State.SENDING):
            with now.turn(f"Finishing issue {issue.number}"):
                worker.finish(issue)
    with now.turn("Looking for issues without a worker"):
        for issue in without_worker():
            with now.turn(f"Waking a worker for issue {issue.number}"):
                delivery.wake(issue)


def start_due(issue: Issue) -> None:
    """Start an issue whose moment has come, or make it a draft again that says why not."""
    try:
        delivery.start(issue, due=True)
    except delivery.AlreadyStarted:
        return
    except delivery.NotReady as error:
        if not delivery.unschedule(issue, f"It was not sent at its time. {error}", due=True):
            return  # An editor has ended the schedule meanwhile.
        logger.error("Issue %s was not sent at its time: %s", issue.number, error)
        delivery.tell_editor(issue, "issue_not_sent")


def skip_cancelled() -> int:
    """Skip what was deferred while somebody cancelled: nobody will send it any more."""
    left = Delivery.objects.filter(issue__state=Issue.State.CANCELLED, state=State.QUEUED)
    return left.update(
        state=State.SKIPPED, reply="The issue was cancelled.", changed_at=timezone.now()
    )


def without_worker() -> QuerySet[Issue]:
    """The issues with deliveries that are due, and no task that was asked for lately."""
    now = timezone.now()
    due = Delivery.objects.filter(
        issue=OuterRef("pk"), state=State.QUEUED, due_at__lte=now, leased_until=None
    )
    sending = Issue.objects.filter(Exists(due), state=Issue.State.SENDING)
    awake = Q(woken_at__gt=now - CHAIN_IS_DEAD_AFTER)
    return sending.exclude(awake).exclude(quiet_until__gt=now)


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

"""What the tick does about issues: start what is due, and set right what a dead worker left.

No step waits for a worker or for another step, and all of it may run twice at once.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import DatabaseError, close_old_connections, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from newsletter.delivery import (
    alerts,
    anew,
    batches,
    beats,
    cancelling,
    counting,
    outcomes,
    restored,
    starting,
)
from newsletter.delivery.tasks import wake
from newsletter.models import Delivery, Issue

logger = logging.getLogger(__name__)

State = Delivery.State

# Each delivery task asks for the next one. Where none was asked for in so long, one was lost, and
# the tick asks for another.
CHAIN_IS_DEAD_AFTER = timedelta(minutes=2)
# A step that changes many rows begins no further batch after so long; the next tick goes on.
STEP_SECONDS = 10


class Steps:
    """Runs the steps of one tick, each of them whatever became of the others.

    What goes wrong in a step (a full disk, a server that is away, a mistake of ours) is logged
    and its name kept in `failed`. The next tick tries again.
    """

    def __init__(self) -> None:
        self.failed: list[str] = []

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Run the block as a step of this name, which stands in the log if it fails."""
        try:
            yield
        except Exception as error:
            logger.exception("%s failed; the next tick tries again", what)
            self.failed.append(what)
            if isinstance(error, DatabaseError):
                # The next step gets a new connection, should this one be broken.
                close_old_connections()


def tick(steps: Steps) -> None:
    """Start due issues, free stale leases, and wake a worker wherever one is missing."""
    looked = False
    with steps.step("Looking whether the database is a restored one"):
        restored.look()
        looked = True
    if not looked:
        return  # Nothing is sent before that is known.
    with steps.step("Noting this tick beside the database"):
        beats.note()
    with steps.step("Looking for issues that are due"):
        for issue in Issue.objects.due():
            with steps.step(f"Starting issue {issue.number}"):
                start_due(issue)
    with steps.step("Freeing what dead workers held"):
        free_stale_leases()
    with steps.step("Asking anew who waits for a limit that was changed"):
        anew.serve(STEP_SECONDS)
    with steps.step("Telling of deliveries in doubt"):
        alerts.in_doubt()
    with steps.step("Skipping what was cancelled"):
        skip_cancelled()
    with steps.step("Looking for issues that are done"):
        open_rows = Delivery.objects.filter(
            issue=OuterRef("pk"), state__in=[State.QUEUED, State.SENDING]
        )
        for issue in Issue.objects.filter(
            ~Exists(open_rows), state=Issue.State.SENDING, queued_to=None
        ):
            with steps.step(f"Finishing issue {issue.number}"):
                outcomes.finish(issue)
    with steps.step("Counting what is being sent"):
        for issue in Issue.objects.filter(state__in=[Issue.State.SENDING, Issue.State.PAUSED]):
            counting.store_if_old(issue)
    with steps.step("Looking for issues without a worker"):
        for issue in without_worker():
            with steps.step(f"Waking a worker for issue {issue.number}"):
                wake(issue)


def start_due(issue: Issue) -> None:
    """Start an issue whose moment has come, or make it a draft again that says why not."""
    try:
        starting.start(issue, due=True)
    except (starting.AlreadyStarted, starting.Changed):
        return  # Where it only changed again and again, it is still due: the next tick tries.
    except starting.NotReady as error:
        with transaction.atomic():
            if not starting.unschedule(issue, f"It was not sent at its time. {error}", due=True):
                return  # An editor has ended the schedule meanwhile.
            alerts.not_started(issue)
        logger.error("Issue %s was not sent at its time: %s", issue.number, error)


def skip_cancelled() -> None:
    """Skip rows that were written in the moment of a cancel, or that no worker skipped."""
    left = Delivery.objects.filter(issue=OuterRef("pk"), state=State.QUEUED)
    for issue in Issue.objects.filter(Exists(left), state=Issue.State.CANCELLED):
        cancelling.skip(issue.pk, seconds=STEP_SECONDS)


def without_worker() -> QuerySet[Issue]:
    """The issues with deliveries due, or to be written, and for which no task was asked lately."""
    now = timezone.now()
    due = Delivery.objects.filter(
        issue=OuterRef("pk"), state=State.QUEUED, due_at__lte=now, leased_until=None
    )
    unwritten = Q(queued_to__isnull=False)
    sending = Issue.objects.filter(unwritten | Exists(due), state=Issue.State.SENDING)
    awake = Q(woken_at__gt=now - CHAIN_IS_DEAD_AFTER)
    return sending.exclude(awake).exclude(quiet_until__gt=now)


def free_stale_leases() -> int:
    """Take rows from workers whose lease ran out; return how many.

    Rows that were not begun may be leased again. One that was begun becomes uncertain.
    """
    now = timezone.now()
    stale = Delivery.objects.filter(leased_until__lt=now)
    freed, _ = batches.change(
        stale.filter(state=State.QUEUED), STEP_SECONDS, leased_by="", leased_until=None
    )
    # `leased_by` stays: if that worker is only slow, it still records the outcome (outcomes.py).
    in_doubt, _ = batches.change(
        stale.filter(state=State.SENDING),
        STEP_SECONDS,
        state=State.UNCERTAIN,
        leased_until=None,
        reply="The worker stopped between handing the message over and noting the answer.",
        changed_at=now,
    )
    if in_doubt:
        logger.warning("%d deliveries are in doubt and wait for an editor", in_doubt)
    return freed + in_doubt

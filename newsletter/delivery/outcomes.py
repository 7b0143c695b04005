"""What became of a message, written into its delivery; and when an issue is finished.

Both writes name the state that they expect, so a row that somebody else decided meanwhile
stays as it is.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import (
    BigAutoField,
    CharField,
    DateTimeField,
    Exists,
    OuterRef,
    PositiveSmallIntegerField,
    QuerySet,
)
from django.utils import timezone

from alarmroom.prepared import Param, PreparedUpdate
from newsletter.delivery import alerts, counting
from newsletter.delivery.transport import Fate, Outcome
from newsletter.models import Delivery, Issue

logger = logging.getLogger(__name__)

State = Delivery.State

# A deferred message is tried again after these pauses (RFC 5321 4.5.4.1: at least 30 minutes
# once it has failed twice, and give up only after days): 4 days and 4 hours in all.
RETRY_AFTER = [timedelta(minutes=m) for m in (10, 30, 60, 120, 240, 480, 720, 1440, 1440, 1440)]
# The state that a fate leads to. Every other one leads to FAILED, but for a message that is
# tried again.
FINAL_STATES = {Fate.ACCEPTED: State.SENT, Fate.UNKNOWN: State.UNCERTAIN}


@dataclass
class LeasedRow:
    """A leased delivery: what a worker needs to send it."""

    pk: int
    address: str | None
    key: str | None
    tries: int


def _under_way() -> QuerySet[Delivery]:
    """The row of a message that a worker has begun.

    Its lease may have run out, so that it is called uncertain. The worker that began it still
    knows better, until an editor has decided.
    """
    return Delivery.objects.filter(
        pk=Param("pk", BigAutoField()),
        leased_by=Param("worker", CharField()),
        state__in=[State.SENDING, State.UNCERTAIN],
    )


# These run for every message. Their SQL is made once: to build it each time took four times as
# long as all else that sending a message takes.
_changes: dict[str, Any] = {
    "state": Param("state", CharField()),
    "code": Param("code", PositiveSmallIntegerField()),
    "reply": Param("reply", CharField()),
    "changed_at": Param("now", DateTimeField()),
    "leased_until": None,
    "leased_by": "",
}
SETTLE = PreparedUpdate(_under_way, **_changes)
DEFER = PreparedUpdate(_under_way, **_changes, due_at=Param("due_at", DateTimeField()))


def record(row: LeasedRow, outcome: Outcome, worker: str) -> Delivery.State | None:
    """Write an outcome into the row that this worker began; return the row's new state.

    Returns None, and changes nothing, where somebody else has decided about the row.
    """
    now = timezone.now()
    values: dict[str, Any] = {
        "pk": row.pk,
        "worker": worker,
        "now": now,
        "code": outcome.code,
        "reply": outcome.reply[:300],
    }
    if outcome.fate is Fate.DEFERRED and row.tries < len(RETRY_AFTER):
        state = State.QUEUED
        changed = DEFER.run(**values, state=state, due_at=now + RETRY_AFTER[row.tries])
    else:
        state = FINAL_STATES.get(outcome.fate, State.FAILED)
        changed = SETTLE.run(**values, state=state)
    return state if changed else None


def finish(issue: Issue) -> bool:
    """Call the issue sent when all rows are written, none is open and its totals balance."""
    open_rows = Delivery.objects.filter(
        issue=OuterRef("pk"), state__in=[State.QUEUED, State.SENDING]
    )
    with transaction.atomic():
        finished = (
            Issue.objects.filter(pk=issue.pk, state=Issue.State.SENDING, queued_to=None)
            .filter(~Exists(open_rows))
            .update(state=Issue.State.SENT, sent_at=timezone.now(), state_note="", quiet_until=None)
        )
        issue.refresh_from_db()
        if not finished:
            return False
        totals = issue.totals()
        counted = sum(totals.values())
        if counted != issue.recipients:
            # Never call it sent: somebody must look at the ledger first.
            pause_note = (
                f"The ledger does not balance: {issue.recipients} deliveries were written, "
                f"{counted} are there."
            )
            Issue.objects.filter(pk=issue.pk, state=Issue.State.SENT).update(
                state=Issue.State.PAUSED,
                sent_at=None,
                state_note=pause_note,
                paused_why=pause_note,
                paused_at=timezone.now(),
            )
            logger.error("Issue %s: %s", issue.number, pause_note)
            issue.refresh_from_db()
            alerts.paused(issue)
            return False
        alerts.done(issue, totals)
        counting.store(issue)
    return True

"""What an answer of the mail server makes of a delivery, and when an issue is finished.

The worker writes the first into the ledger (newsletter/delivery/ledger.py). The second names the
state that it expects, so an issue that somebody else decided about meanwhile stays as it is.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from newsletter.delivery import alerts, counting
from newsletter.delivery.answers import Fate, Outcome
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


@dataclass(frozen=True, slots=True)
class Settled:
    """What is written into the row of a message that was answered.

    `due_at` is when a row that is queued again has its turn; None for every other one.
    """

    pk: int
    state: Delivery.State
    code: int | None
    reply: str
    due_at: datetime | None = None


def settled(row: LeasedRow, outcome: Outcome, now: datetime) -> Settled:
    """Return what an outcome makes of a row."""
    reply = outcome.reply[:300]
    if outcome.fate is Fate.DEFERRED and row.tries < len(RETRY_AFTER):
        due_at = now + RETRY_AFTER[row.tries]
        return Settled(row.pk, State.QUEUED, outcome.code, reply, due_at)
    state = FINAL_STATES.get(outcome.fate, State.FAILED)
    return Settled(row.pk, state, outcome.code, reply)


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

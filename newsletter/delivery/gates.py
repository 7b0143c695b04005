"""Which leased rows may be sent now, and when the others have their turn.

A worker asks in its database step, right after it has leased rows:

    rows = lease()
    admitted = gates.admit(rows, now)
    gates.put_off(admitted.wait, worker_name)

It sends `admitted.go`, and leases nothing before `admitted.rest_until` if there is such a moment.
Rows that wait are queued again with their time, which costs no try. After each outcome that was
written it calls `answered(row, outcome)`, and for what it admitted and never began `unused(rows)`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Case, DateTimeField, Value, When

from newsletter.delivery.outcomes import LeasedRow
from newsletter.delivery.transport import Outcome
from newsletter.models import Delivery, Issue


@dataclass
class Admitted:
    """What becomes of rows that a worker has leased."""

    go: list[LeasedRow]
    """These may be sent now, in this order."""
    wait: dict[int, datetime] = field(default_factory=dict)
    """These may not: each row's key, and when it has its turn."""
    rest_until: datetime | None = None
    """No row of any issue may be sent before this moment; None if some may."""


class Gates:
    """Asks for one worker, of one issue. Costs no query while nothing is limited."""

    def __init__(self, issue: Issue, transport: str = "bulk") -> None:
        self.issue = issue
        self.transport = transport

    def admit(self, rows: list[LeasedRow], now: datetime) -> Admitted:
        """Return which rows may be sent now. Call it outside of other transactions."""
        return Admitted(rows)

    def answered(self, row: LeasedRow, outcome: Outcome) -> None:
        """Take note of an outcome, after it was written."""

    def unused(self, rows: Iterable[LeasedRow]) -> None:
        """Give back the turns of rows that were admitted and not begun."""


def put_off(wait: dict[int, datetime], worker: str) -> int:
    """Queue leased rows again, each for its own time; return how many. One query, or none."""
    if not wait:
        return 0
    turns = (When(pk=pk, then=Value(at, DateTimeField())) for pk, at in wait.items())
    rows = Delivery.objects.filter(pk__in=list(wait), state=Delivery.State.QUEUED, leased_by=worker)
    return rows.update(due_at=Case(*turns), leased_by="", leased_until=None)

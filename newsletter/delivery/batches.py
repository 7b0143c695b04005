"""Changes many deliveries in short transactions, none of which waits for a worker.

One statement over a million rows would hold SQLite's only write lock for most of a minute. On
PostgreSQL it would meet a worker that has one of its rows and wants another: a deadlock.
"""

from __future__ import annotations

import time
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet

from newsletter.models import Delivery

SIZE = 1_000
# SQLite gives its lock to whoever asks at the right moment, and whoever waits asks again within
# 0.1 seconds (sqlite3_busy_timeout). So after so many seconds of work it is left alone for longer.
WORK, REST = 0.25, 0.11


class Turns:
    """Leaves other writers of SQLite their turn between many short transactions."""

    def __init__(self) -> None:
        self._since = time.monotonic()

    def leave_one(self) -> None:
        """Rest if enough was done since the last time. Call it outside of a transaction."""
        if connection.vendor == "sqlite" and time.monotonic() - self._since > WORK:
            time.sleep(REST)
            self._since = time.monotonic()


def change(rows: QuerySet[Delivery], seconds: float, **values: Any) -> tuple[int, bool]:
    """Change rows in batches, none begun after so many seconds.

    Return how many were changed, and whether some may be left. `values` must take a row out of
    `rows`. A row that a worker is writing at this moment is left as it is: the next call, or the
    tick, finds it again if it still belongs to `rows`.
    """
    deadline = time.monotonic() + seconds
    turns = Turns()
    changed = 0
    while True:
        batch = change_batch(rows, **values)
        changed += batch
        if batch < SIZE:
            return changed, False
        if time.monotonic() > deadline:
            return changed, True
        turns.leave_one()


def change_batch(rows: QuerySet[Delivery], **values: Any) -> int:
    """Change at most SIZE of these rows in one transaction; return how many."""
    with transaction.atomic():
        return Delivery.objects.filter(pk__in=free(rows, SIZE)).update(**values)


def free(rows: QuerySet[Delivery], limit: int | None = None) -> list[int]:
    """Lock the rows that nobody is writing, and return their keys. In a transaction."""
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    return list(rows.order_by().values_list("pk", flat=True)[:limit])

"""Writes the deliveries of an issue that was started: one row for each mailable subscriber.

A million rows in one statement would keep every other writer of SQLite waiting for 20 seconds. So
they are written in batches, each with its place in the list in one transaction, and nothing is sent
before the last one. Whoever is killed in between is followed by the next worker, at that place.
"""

from __future__ import annotations

import time
from datetime import datetime

from django.db import connection, transaction
from django.db.models import BigIntegerField, CharField, DateTimeField, F, Max, Min, Value
from django.utils import timezone

from newsletter.delivery import batches
from newsletter.models import Delivery, Issue
from subscribers.models import Subscriber

# How many numbers of subscribers one batch looks at.
SPAN = 5_000
# Below so many rows no plan depends on statistics.
WORTH_ANALYSING = 1_000


def fill(issue_pk: int, seconds: float) -> bool:
    """Write the deliveries of an issue, no batch begun after so many seconds.

    Return whether all are written. They are for an issue that was not started or is cancelled.
    """
    deadline = time.monotonic() + seconds
    turns = batches.Turns()
    while True:
        if write_batch(issue_pk):
            return True
        if time.monotonic() > deadline:
            return False
        turns.leave_one()


def write_batch(issue_pk: int) -> bool:
    """Write the next batch of an issue's deliveries; return whether none are left to be written."""
    with transaction.atomic():
        issue = (
            Issue.objects.select_for_update()
            .filter(pk=issue_pk, state__in=[Issue.State.SENDING, Issue.State.PAUSED])
            .exclude(queued_to=None)
            .only("started_at", "queued_to")
            .first()
        )
        if issue is None or issue.queued_to is None:
            return True
        left = Subscriber.objects.filter(pk__gt=issue.queued_to)
        ends = left.aggregate(first=Min("pk"), last=Max("pk"))
        first, last = ends["first"] or 0, ends["last"] or 0
        upto = min(first + SPAN - 1, last)
        written = _insert(issue, first, upto, timezone.now()) if last else 0
        complete = upto >= last
        Issue.objects.filter(pk=issue.pk).update(
            queued_to=None if complete else upto, recipients=F("recipients") + written
        )
    if complete and connection.vendor == "postgresql":
        total = Issue.objects.values_list("recipients", flat=True).get(pk=issue_pk)
        if total >= WORTH_ANALYSING:
            # Until its statistics know the new rows, it reads the whole queue for each lease.
            with connection.cursor() as cursor:
                cursor.execute(f"ANALYZE {connection.ops.quote_name(Delivery._meta.db_table)}")
    return complete


def _insert(issue: Issue, first: int, upto: int, now: datetime) -> int:
    """Write a row for each mailable subscriber of these numbers in one statement."""
    columns = {
        "issue_id": Value(issue.pk, BigIntegerField()),
        "subscriber_id": F("pk"),
        "state": Value(Delivery.State.QUEUED.value, CharField()),
        "leased_by": Value("", CharField()),
        "tries": Value(0, BigIntegerField()),
        "due_at": Value(issue.started_at, DateTimeField()),
        "reply": Value("", CharField()),
        "changed_at": Value(now, DateTimeField()),
    }
    chosen = (
        Subscriber.objects.mailable()
        .filter(pk__gte=first, pk__lte=upto)
        .order_by("pk")
        .annotate(**{f"_{name}": value for name, value in columns.items()})
        .values_list(*(f"_{name}" for name in columns))
    )
    select, params = chosen.query.sql_with_params()
    names = ", ".join(connection.ops.quote_name(name) for name in columns)
    table = connection.ops.quote_name(Delivery._meta.db_table)
    with connection.cursor() as cursor:
        # The SQL is put together from names of our own tables and columns only.
        cursor.execute(f"INSERT INTO {table} ({names}) {select}", params)
        return int(cursor.rowcount)

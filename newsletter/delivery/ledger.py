"""The writes of a worker into the ledger: what it leases, announces, settles and gives back.

Every write names the state that it expects and the worker's own name, and tells which rows it
found so. A row that an editor, the clock or another worker has changed stays as it is.

Two of these run for each message, so Django's ORM only makes their SQL (`_may_be_mailed()` is its
condition), once. SQLite runs a statement for each row: it has no way to the disk but the commit.
PostgreSQL takes all rows of a turn in prepared statements and one round trip. They are in
newsletter/delivery/ledger_sqlite.py and ledger_postgresql.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import (
    BigAutoField,
    CharField,
    DateTimeField,
    Exists,
    F,
    OuterRef,
    QuerySet,
)
from django.utils import timezone

from alarmroom.prepared import Param, PreparedUpdate
from newsletter.delivery.outcomes import LeasedRow, Settled
from newsletter.models import Delivery, Issue
from subscribers.models import Subscriber

State = Delivery.State

GONE = "Unsubscribed or suppressed after the issue was started."


def lease_time() -> timedelta:
    """Return how long a worker may hold a row without a sign of life."""
    return timedelta(seconds=settings.DELIVERY_LEASE_SECONDS)


def may_be_mailed() -> QuerySet[Delivery]:
    """Rows that may be mailed at this moment.

    The database checks it when it announces: when somebody unsubscribed, or the issue was paused,
    a second ago, nothing is sent.
    """
    return Delivery.objects.filter(
        Exists(Issue.objects.filter(pk=OuterRef("issue_id"), state=Issue.State.SENDING)),
        Exists(Subscriber.objects.mailable().filter(pk=OuterRef("subscriber_id"))),
        state=State.QUEUED,
        leased_by=Param("worker", CharField()),
    )


# Announces one row, or several where the database has a way to name them.
ANNOUNCE = PreparedUpdate(
    lambda: may_be_mailed().filter(pk=Param("pk", BigAutoField())),
    state=State.SENDING,
    tries=F("tries") + 1,
    leased_until=Param("leased_until", DateTimeField()),
    changed_at=Param("now", DateTimeField()),
)


class Ledger:
    """The rows of one issue, for one worker of this name. For every database."""

    def __init__(self, issue_pk: int, worker: str) -> None:
        self.issue_pk, self.worker = issue_pk, worker

    # For each batch

    def lease(self, count: int) -> list[LeasedRow]:
        """Take so many due rows that nobody holds."""
        now = timezone.now()
        with transaction.atomic():
            free = Delivery.objects.filter(
                issue_id=self.issue_pk, state=State.QUEUED, due_at__lte=now, leased_until=None
            ).order_by("due_at", "pk")
            if connection.features.has_select_for_update_skip_locked:
                free = free.select_for_update(skip_locked=True)
            pks = list(free.values_list("pk", flat=True)[:count])
            if not pks:
                return []
            Delivery.objects.filter(pk__in=pks, state=State.QUEUED, leased_until=None).update(
                leased_by=self.worker, leased_until=now + lease_time()
            )
        leased = Delivery.objects.filter(pk__in=pks, leased_by=self.worker).order_by("due_at", "pk")
        columns = ("pk", "subscriber__address", "subscriber__key", "tries")
        return [LeasedRow(*row) for row in leased.values_list(*columns)]

    def give_back(self, pks: Iterable[int]) -> None:
        """Give back rows that were leased and not begun."""
        # By number: to look for our name would read all that waits.
        left = sorted(pks)
        if left:
            Delivery.objects.filter(pk__in=left, state=State.QUEUED, leased_by=self.worker).update(
                leased_by="", leased_until=None
            )

    def take_back(self, pks: Iterable[int]) -> None:
        """Queue rows again that may say `sending`, though their message certainly never left."""
        left = sorted(pks)
        if left:
            Delivery.objects.filter(pk__in=left, state=State.SENDING, leased_by=self.worker).update(
                state=State.QUEUED, tries=F("tries") - 1, leased_by="", leased_until=None
            )

    def skip(self, pks: Sequence[int]) -> int:
        """Skip those of our rows whose subscriber may not be mailed any more; return how many."""
        mailable = Subscriber.objects.mailable().filter(pk=OuterRef("subscriber_id"))
        leased = Delivery.objects.filter(pk__in=pks, state=State.QUEUED, leased_by=self.worker)
        return leased.filter(~Exists(mailable)).update(
            state=State.SKIPPED,
            leased_by="",
            leased_until=None,
            reply=GONE,
            changed_at=timezone.now(),
        )

    # For each message

    def turn(self, settled: Sequence[Settled], pks: Sequence[int]) -> tuple[set[int], set[int]]:
        """Settle and announce in one transaction of its own; return which rows were, of each."""
        with transaction.atomic():
            return self.settle(settled), self.announce(pks)

    def lock(self, pks: Iterable[int]) -> None:
        """Lock rows in the one order in which all workers lock them. In a transaction."""

    def announce(self, pks: Sequence[int]) -> set[int]:
        """Write `sending` into those of our rows that may be mailed now; return which."""
        raise NotImplementedError

    def settle(self, settled: Sequence[Settled]) -> set[int]:
        """Write what became of our messages; return the keys of the rows that were still ours."""
        raise NotImplementedError

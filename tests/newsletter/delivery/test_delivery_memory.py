"""The memory of a worker does not grow with the number of recipients.

`python -m bench delivery` measures the whole process at 1,000 and at 100,000 recipients. These
tests count the allocated blocks of Python, which are equal on every machine, and check SQLite.
"""

import gc
import sys
import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from newsletter.delivery import starting, worker
from newsletter.models import Issue
from subscribers.models import Subscriber
from tests.factories import make_issue
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]

# Python 3.13 renamed it.
CLEAR_CACHES = getattr(sys, "_clear_internal_caches", None) or sys._clear_type_cache

on_sqlite = pytest.mark.skipif(connection.vendor != "sqlite", reason="a rule for SQLite only")


def started(recipients: int) -> Issue:
    Subscriber.objects.bulk_create(
        Subscriber(
            address=f"reader{number}@example.org",
            state=Subscriber.State.CONFIRMED,
            confirmed_at=timezone.now(),
        )
        for number in range(recipients)
    )
    issue = make_issue()
    starting.start(issue)
    return issue


def test_memory_does_not_grow_with_the_recipients(server: ScriptedServer, settings) -> None:
    early, late = 600, 1_600
    settings.DELIVERY_BATCH_SIZE = 200
    issue = started(late)
    sent = 0
    one_at_a_time = threading.Lock()
    blocks = {}

    def end(recipient: str) -> None:
        nonlocal sent
        with one_at_a_time:
            sent += 1
            server.accepted.clear()
            server.said.clear()
            if sent in (early, late):
                # Garbage and Python's cache of attributes, which is bounded, do not count.
                gc.collect()
                CLEAR_CACHES()
                blocks[sent] = sys.getallocatedblocks()

    server.on["END"] = end
    worker.deliver(issue.pk, seconds=600)
    assert issue.totals()["sent"] == late
    grown = blocks[late] - blocks[early]
    # One object kept for each message would be at least one block for each.
    assert grown < (late - early) / 10, f"{grown} blocks more for {late - early} messages more"


@on_sqlite
def test_giving_back_a_batch_uses_the_primary_key(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = started(6)
    # The issue is paused when its first message was sent, so rows are left.
    take = worker.Worker.take

    def pause_after_one(self, turn):
        if turn.finished:
            Issue.objects.update(state=Issue.State.PAUSED)
        take(self, turn)

    monkeypatch.setattr(worker.Worker, "take", pause_after_one)
    with CaptureQueriesContext(connection) as queries:
        worker.deliver(issue.pk)
    released = [
        query["sql"]
        for query in queries
        if query["sql"].startswith("UPDATE") and '"leased_until" = NULL WHERE' in query["sql"]
    ]
    assert len(released) == 1
    assert not issue.deliveries.exclude(leased_until=None).exists()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {released[0]}")
        [(*_, how)] = cursor.fetchall()
    assert "USING INTEGER PRIMARY KEY (rowid=?)" in how


@on_sqlite
def test_the_page_cache_of_sqlite_is_limited() -> None:
    """The cache is part of the memory of the worker, and grows with every written page."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA cache_size")
        assert cursor.fetchone() == (-2000,)  # 2,000 KiB (sqlite.org/pragma.html)

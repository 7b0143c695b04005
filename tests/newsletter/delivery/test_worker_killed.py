"""A worker killed while sending: no duplicates, nobody lost, one row in doubt a connection."""

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from newsletter.delivery import clock, outcomes, starting, worker
from newsletter.models import Delivery, Issue
from tests.factories import make_issue, make_subscriber
from tests.helpers import PATIENCE, at_once
from tests.newsletter.delivery.processes import manage
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

State = Delivery.State
READERS = 40


@pytest.fixture
def issue() -> Issue:
    for number in range(READERS):
        make_subscriber(f"reader{number}@example.org")
    issue = make_issue()
    starting.start(issue)
    return issue


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize(
    ("verb", "accepted_in_doubt"),
    [("DATA", False), ("END", True)],
    ids=["before the message", "before the answer"],
)
def test_a_killed_worker_causes_no_duplicate_and_no_lost_delivery(
    server: ScriptedServer,
    issue: Issue,
    verb: str,
    accepted_in_doubt: bool,
    connections: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reached, release = threading.Event(), threading.Event()
    stuck: list[str] = []

    def hold(recipient: str) -> None:
        if len(server.accepted) >= 7:
            stuck.append(recipient)
            if len(stuck) == connections:
                reached.set()
            release.wait(PATIENCE)

    server.on[verb] = hold
    process = manage(
        "db_worker",
        "--no-reload",
        "--interval",
        "0.1",
        smtp_port=server.port,
        DELIVERY_CONNECTIONS=str(connections),
    )
    try:
        assert reached.wait(PATIENCE), "the worker never got to that message on each connection"
    finally:
        process.kill()
        process.wait()
    held = sorted(stuck)
    assert len(held) == connections
    done = len(server.accepted)
    # The server cannot reply any more. It keeps the message if it has received all of it.
    release.set()
    deadline = time.monotonic() + PATIENCE
    everything = done + connections
    while accepted_in_doubt and len(server.accepted) < everything and time.monotonic() < deadline:
        time.sleep(0.05)
    sending = Delivery.objects.filter(state=State.SENDING)
    assert sorted(sending.values_list("subscriber__address", flat=True)) == held

    # Nothing is released before the lease of the killed worker expires.
    clock.tick(clock.Steps())
    assert sending.count() == connections
    # Then the next worker delivers the rest.
    Delivery.objects.exclude(leased_until=None).update(leased_until=timezone.now())
    monkeypatch.setattr(clock, "CHAIN_IS_DEAD_AFTER", timedelta(0))
    clock.tick(clock.Steps())
    assert manage("db_worker", "--batch", "--no-reload", smtp_port=server.port).wait(PATIENCE) == 0

    issue.refresh_from_db()
    assert issue.state == Issue.State.SENT
    totals = issue.totals()
    assert (totals["sent"], totals["uncertain"]) == (READERS - connections, connections)
    assert sum(totals.values()) == issue.recipients == READERS
    got = Counter(server.recipients)
    assert set(got.values()) == {1}, "somebody was mailed twice"
    missing = {f"reader{n}@example.org" for n in range(READERS)} - set(got)
    assert missing == (set() if accepted_in_doubt else set(held))


def test_concurrent_workers_deliver_to_everybody_once(
    server: ScriptedServer, issue: Issue, settings
) -> None:
    settings.DELIVERY_BATCH_SIZE = 5
    at_once(*[lambda: worker.deliver(issue.pk, 60)] * 4)
    outcomes.finish(issue)
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENT
    assert sorted(server.recipients) == sorted(f"reader{n}@example.org" for n in range(READERS))
    assert server.connections > 1


def test_concurrent_starts_send_once(server: ScriptedServer) -> None:
    make_subscriber("a@example.org")
    issue = make_issue()

    def send() -> bool:
        try:
            starting.start(Issue.objects.get(pk=issue.pk))
        except starting.AlreadyStarted:
            return False
        return True

    assert sorted(at_once(*[send] * 4)) == [False, False, False, True]
    assert issue.deliveries.count() == 1
    worker.deliver(issue.pk)
    assert server.recipients == ["a@example.org"]


def test_new_issues_at_once_get_different_numbers() -> None:
    at_once(*[lambda: Issue.objects.create(subject="New")] * 4)
    assert sorted(Issue.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_the_ledger_is_created_in_one_statement(server: ScriptedServer) -> None:
    from django.test.utils import CaptureQueriesContext

    for number in range(3):
        make_subscriber(f"r{number}@example.org")
    issue = make_issue()
    with CaptureQueriesContext(connection) as queries:
        starting.start(issue)
    inserts = [q for q in queries.captured_queries if "newsletter_delivery" in q["sql"]]
    assert len(inserts) == 1
    assert inserts[0]["sql"].startswith("INSERT INTO")

"""The deliveries of an issue are written in batches, all of them before the first is sent."""

import pytest
from django.db import DatabaseError
from django.tasks import default_task_backend

from newsletter.delivery import clock, outcomes, queueing, starting, worker
from newsletter.models import Delivery, Issue
from subscribers.models import Subscriber
from tests.factories import make_issue, make_subscriber, make_suppression
from tests.helpers import at_once
from tests.newsletter.delivery.ledger import started, states
from tests.newsletter.server import ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_tasks"),
]

ADDRESSES = [f"r{number}@example.org" for number in range(7)]


@pytest.fixture(autouse=True)
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two numbers a batch, and an editor waits for one batch only."""
    monkeypatch.setattr(queueing, "SPAN", 2)
    monkeypatch.setattr(starting, "ANSWER_WITHIN", -1)


def fresh(issue: Issue) -> Issue:
    return Issue.objects.get(pk=issue.pk)


def test_nobody_is_mailed_before_all_are_in_the_ledger(server: ScriptedServer) -> None:
    issue = started(*ADDRESSES)
    assert (issue.recipients, states(issue)) == (2, {"queued": 2})
    assert not outcomes.finish(issue)
    report = worker.deliver(issue.pk, seconds=-1)
    assert report.more and server.recipients == []
    assert states(issue) == {"queued": 4}
    worker.deliver(issue.pk)
    found = fresh(issue)
    assert (found.state, found.recipients, found.queued_to) == (Issue.State.SENT, 7, None)
    assert sorted(server.recipients) == ADDRESSES


def test_a_worker_that_is_killed_is_followed_at_the_same_place(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = started(*ADDRESSES)
    insert = queueing._insert

    def killed(*given: object) -> int:
        insert(*given)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(queueing, "_insert", killed)
    with pytest.raises(KeyboardInterrupt):
        worker.deliver(issue.pk)
    assert (fresh(issue).recipients, states(issue)) == (2, {"queued": 2})
    monkeypatch.setattr(queueing, "_insert", insert)
    Issue.objects.update(woken_at=None)
    default_task_backend.clear()
    clock.tick(clock.Steps())
    assert fresh(issue).state == Issue.State.SENDING
    assert len(default_task_backend.results) == 1, "the tick asks for a worker"
    worker.deliver(issue.pk)
    assert sorted(server.recipients) == ADDRESSES


def test_a_full_disk_while_starting_leaves_the_rest_to_the_worker(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> int:
        raise DatabaseError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(queueing, "_insert", full)
        issue = started(*ADDRESSES)
    assert (issue.state, issue.recipients, states(issue)) == (Issue.State.SENDING, 0, {})
    clock.tick(clock.Steps())
    assert fresh(issue).state == Issue.State.SENDING, "it is not sent yet"
    worker.deliver(issue.pk)
    assert sorted(server.recipients) == ADDRESSES


def test_a_cancelled_issue_gets_no_further_rows(server: ScriptedServer) -> None:
    issue = started(*ADDRESSES)
    assert starting.cancel(issue)
    assert queueing.fill(issue.pk, 60)
    found = fresh(issue)
    assert (found.state, found.recipients, states(issue)) == ("cancelled", 2, {"skipped": 2})


def test_a_paused_issue_goes_on_where_it_was(server: ScriptedServer) -> None:
    issue = started(*ADDRESSES)
    Issue.objects.update(state=Issue.State.PAUSED)
    assert worker.deliver(issue.pk).counts == {}
    assert starting.resume(fresh(issue))
    worker.deliver(issue.pk)
    assert sorted(server.recipients) == ADDRESSES


def test_two_workers_write_each_row_once(server: ScriptedServer) -> None:
    issue = started(*ADDRESSES)
    at_once(*[lambda: queueing.fill(issue.pk, 60)] * 4)
    assert (fresh(issue).recipients, states(issue)) == (7, {"queued": 7})
    assert Delivery.objects.values("subscriber").distinct().count() == 7


def test_numbers_without_subscribers_are_stepped_over(
    server: ScriptedServer, django_assert_max_num_queries
) -> None:
    for address in ADDRESSES[:3]:
        make_subscriber(address)
    make_suppression(ADDRESSES[1])
    far = Subscriber.objects.get(address=ADDRESSES[2])
    Subscriber.objects.filter(pk=far.pk).update(id=10**12)
    issue = make_issue()
    starting.start(issue)
    with django_assert_max_num_queries(40):
        assert queueing.fill(issue.pk, 60)
    assert (fresh(issue).recipients, states(issue)) == (2, {"queued": 2})


def test_who_leaves_meanwhile_gets_nothing(server: ScriptedServer) -> None:
    issue = started(*ADDRESSES)
    for address in (ADDRESSES[0], ADDRESSES[6]):
        Subscriber.objects.filter(address=address).update(state=Subscriber.State.UNSUBSCRIBED)
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 5, "skipped": 1}
    assert fresh(issue).recipients == 6
    assert sorted(server.recipients) == ADDRESSES[1:6]

"""The figures of a large ledger are counted by who sends it, not by who looks."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from newsletter.delivery import clock, counting, starting, worker
from newsletter.models import Delivery, Issue
from tests.newsletter.admin.desk import url
from tests.newsletter.delivery.ledger import started
from tests.newsletter.server import ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db,
    pytest.mark.usefixtures("no_tasks"),
]


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows are many."""
    monkeypatch.setattr(counting, "SMALL", 2)


def shown(client: Client, issue: Issue) -> str:
    return client.get(url("progress", issue)).content.decode()


def older(issue: Issue, **by: float) -> None:
    issue.refresh_from_db()
    Issue.objects.filter(pk=issue.pk).update(counted_at=issue.counted_at - timedelta(**by))


def test_a_small_ledger_is_counted_at_each_look(client: Client, editor: User) -> None:
    issue = started("a@example.org", "b@example.org")
    issue.deliveries.update(tries=1)
    found = counting.figures(issue)
    assert (found.totals["queued"], found.deferred, found.counted_at) == (2, 2, None)
    assert sum(found.totals.values()) == 2 and set(found.totals) == set(Delivery.State.values)
    assert "Counted" not in shown(client, issue)
    assert Issue.objects.get(pk=issue.pk).counted_at is None


def test_a_large_ledger_is_counted_once_for_all_who_look(
    large: None, client: Client, editor: User
) -> None:
    issue = started("a@example.org", "b@example.org", "c@example.org")
    assert "<td>3</td>" in shown(client, issue)
    two = issue.deliveries.order_by("pk").values_list("pk", flat=True)[:2]
    Delivery.objects.filter(pk__in=list(two)).update(state=Delivery.State.FAILED)
    page = shown(client, issue)
    assert "0 of 3 done" in page and "Counted" in page
    assert "does not balance" not in page
    # A worker or the tick counts anew, not more often than is worth it.
    clock.tick(clock.Steps())
    assert "0 of 3 done" in shown(client, issue)
    older(issue, seconds=counting.SECONDS + 1)
    counting.store_if_old(issue)
    assert "2 of 3 done" in shown(client, issue)


def test_a_slow_count_is_used_longer(large: None) -> None:
    issue = started("a@example.org", "b@example.org", "c@example.org")
    counting.store(issue)
    issue.refresh_from_db()
    Issue.objects.filter(pk=issue.pk).update(counted={**issue.counted, "took": 2.0})
    issue.deliveries.update(state=Delivery.State.FAILED)
    older(issue, seconds=30)
    counting.store_if_old(issue)
    assert counting.figures(issue).totals["failed"] == 0
    older(issue, seconds=11)
    counting.store_if_old(issue)
    assert counting.figures(issue).totals["failed"] == 3


def test_the_end_and_a_decision_are_counted_at_once(
    large: None, client: Client, editor: User, server: ScriptedServer
) -> None:
    issue = started("a@example.org", "b@example.org", "c@example.org")
    shown(client, issue)
    worker.deliver(issue.pk)
    assert "3 of 3 done" in shown(client, issue)
    doubt = issue.deliveries.order_by("pk")[0]
    Delivery.objects.filter(pk=doubt.pk).update(state=Delivery.State.UNCERTAIN)
    client.post(url("settle", issue), {"delivery": doubt.pk, "_sent": "1"})
    assert counting.figures(issue).totals["sent"] == 3
    cancelled = started("d@example.org")
    assert starting.cancel(cancelled)
    assert counting.figures(cancelled).totals["skipped"] == 4


def test_of_two_counts_the_later_one_stays(large: None) -> None:
    issue = started("a@example.org", "b@example.org", "c@example.org")
    counting.store(issue)
    later = timezone.now() + timedelta(minutes=1)
    Issue.objects.filter(pk=issue.pk).update(counted_at=later)
    counting.store(issue)
    assert Issue.objects.get(pk=issue.pk).counted_at == later

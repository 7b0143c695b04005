"""What changes many deliveries does so in short transactions, and waits for no worker."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.tasks import default_task_backend
from django.utils import timezone

from newsletter.delivery import batches, clock, starting, worker
from newsletter.delivery.tasks import skip_rest
from newsletter.models import Delivery, Issue
from tests.helpers import PATIENCE, at_once
from tests.newsletter.delivery.ledger import State, started, states
from tests.newsletter.server import ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_tasks"),
]


def addresses(count: int) -> list[str]:
    return [f"r{number:03}@example.org" for number in range(count)]


@contextmanager
def written_by_a_worker(pk: int) -> Iterator[None]:
    """Hold the lock of a row, as a worker does until its transaction ends."""
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            with transaction.atomic():
                Delivery.objects.filter(pk=pk).update(tries=1)
                held.set()
                assert done.wait(PATIENCE)
        finally:
            connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(PATIENCE)
    yield
    done.set()
    thread.join()


@pytest.fixture
def rows_can_be_skipped() -> None:
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("SQLite has one writer.")


def test_a_cancel_waits_for_no_worker(rows_can_be_skipped: None) -> None:
    issue = started(*addresses(5))
    pk = issue.deliveries.order_by("pk")[2].pk
    with written_by_a_worker(pk):
        assert starting.cancel(issue)
        assert states(issue) == {"skipped": 4, "queued": 1}
    clock.tick(clock.Steps())
    assert states(issue) == {"skipped": 5}


def test_what_an_editor_decides_and_what_the_clock_frees_wait_for_no_worker(
    rows_can_be_skipped: None,
) -> None:
    issue = started(*addresses(4))
    past = timezone.now() - timedelta(minutes=1)
    issue.deliveries.update(state=State.SENDING, leased_by="w", leased_until=past)
    pk = issue.deliveries.order_by("pk")[0].pk
    with written_by_a_worker(pk):
        assert clock.free_stale_leases() == 3
    assert states(issue) == {"sending": 1, "uncertain": 3}
    pk = issue.deliveries.filter(state=State.UNCERTAIN).order_by("pk")[0].pk
    with written_by_a_worker(pk):
        assert starting.call_uncertain_sent(issue, None) == 2
        assert starting.send_uncertain_again(issue, None) == 0
    assert starting.send_uncertain_again(issue, None) == 1
    assert states(issue) == {"sending": 1, "sent": 2, "queued": 1}


@pytest.mark.parametrize("workers", [1, 3])
def test_an_issue_is_cancelled_while_workers_send_it(
    server: ScriptedServer, settings, workers: int
) -> None:
    settings.DELIVERY_BATCH_SIZE = 10
    issue = started(*addresses(60))
    enough = threading.Event()
    server.on["END"] = lambda _: enough.set() if len(server.recipients) > 12 else None

    def cancel() -> bool:
        assert enough.wait(PATIENCE)
        return starting.cancel(Issue.objects.get(pk=issue.pk))

    *_, cancelled = at_once(*[lambda: worker.deliver(issue.pk)] * workers, cancel)
    assert cancelled
    clock.tick(clock.Steps())
    found = states(issue)
    assert sum(found.values()) == 60
    assert set(found) == {"sent", "skipped"}
    assert found["sent"] == len(server.recipients) == len(set(server.recipients))


def test_the_rest_of_a_large_issue_is_skipped_by_a_worker(
    settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "SIZE", 2)
    monkeypatch.setattr(starting, "ANSWER_WITHIN", -1)
    issue = started(*addresses(7))
    default_task_backend.clear()
    assert starting.cancel(issue)
    assert states(issue) == {"skipped": 2, "queued": 5}
    [noted] = default_task_backend.results
    assert noted.task.module_path == "newsletter.delivery.tasks.skip_rest"
    worker.deliver(issue.pk)
    assert states(issue) == {"skipped": 2, "queued": 5}, "nobody is mailed"
    settings.DELIVERY_SLICE_SECONDS = -1
    skip_rest.call(issue.pk)
    assert states(issue) == {"skipped": 4, "queued": 3}
    assert len(default_task_backend.results) == 2, "it asks for another slice"
    # That task is lost: the tick does it.
    clock.tick(clock.Steps())
    assert states(issue) == {"skipped": 7}
    assert Issue.objects.get(pk=issue.pk).state == Issue.State.CANCELLED


def test_only_a_cancelled_issue_is_skipped(server: ScriptedServer) -> None:
    issue = started(*addresses(2))
    skip_rest.call(issue.pk)
    assert states(issue) == {"queued": 2}

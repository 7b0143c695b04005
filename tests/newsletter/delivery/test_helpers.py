"""As many workers as there are send one issue, and one alone is not held up by it."""

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from newsletter.delivery import starting, tasks, worker
from newsletter.delivery.tasks import deliver_issue, help_deliver
from newsletter.models import Delivery, Issue
from tests.factories import make_issue, make_subscriber
from tests.helpers import PATIENCE
from tests.newsletter.delivery.ledger import started, state_of, states
from tests.newsletter.delivery.processes import manage
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def queue(settings) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    settings.DELIVERY_WORKERS = 4
    settings.DELIVERY_BATCH_SIZE = 2


def queued() -> list[tuple[str, int]]:
    """Return the tasks that wait, in the order in which a worker takes them."""
    rows = DBTaskResult.objects.ready().values_list("task_path", "priority")
    return [(path.rpartition(".")[2], priority) for path, priority in rows]


def test_a_large_issue_calls_helpers_behind_everything_else(queue: None) -> None:
    started("a@example.org", "b@example.org", "c@example.org")
    deliver_issue.enqueue(7)
    assert queued() == [("deliver_issue", 0)] * 2 + [("help_deliver", tasks.HELPERS_PRIORITY)] * 3


def test_a_small_issue_calls_nobody(queue: None) -> None:
    started("a@example.org", "b@example.org")
    assert queued() == [("deliver_issue", 0)]


def test_a_helper_goes_on_until_its_time_is_over(
    queue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "deliver", lambda _: worker.Report({"sent": 1}, more=True))
    later = (timezone.now() + timedelta(minutes=1)).isoformat()
    assert help_deliver.call(7, later) == {"sent": 1}
    assert queued() == [("help_deliver", tasks.HELPERS_PRIORITY)]
    DBTaskResult.objects.all().delete()
    assert help_deliver.call(7, timezone.now().isoformat()) == {}
    assert queued() == []


def test_the_first_chain_calls_new_helpers_when_the_time_of_the_last_is_over(
    queue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = started("a@example.org", "b@example.org", "c@example.org")
    monkeypatch.setattr(worker, "deliver", lambda _: worker.Report(more=True))
    DBTaskResult.objects.all().delete()
    began = timezone.now()
    Issue.objects.update(woken_at=began)
    if tasks._ends(began) - began > timedelta(seconds=30):
        deliver_issue.call(issue.pk)
        assert queued() == [("deliver_issue", 0)]
        DBTaskResult.objects.all().delete()
    Issue.objects.update(woken_at=began - timedelta(seconds=tasks.HELPERS_FOR))
    deliver_issue.call(issue.pk)
    assert [name for name, _ in queued()] == ["deliver_issue", *["help_deliver"] * 3]


@pytest.mark.parametrize("workers", [2, 4])
def test_workers_send_one_issue_together(server: ScriptedServer, settings, workers: int) -> None:
    """All of them are in the middle of it at one moment, and each reader gets it once."""
    readers = 100
    for number in range(readers):
        make_subscriber(f"r{number:03}@example.org")
    issue = make_issue()
    settings.DELIVERY_BATCH_SIZE = 5
    starting.start(issue)
    processes = [
        manage(
            "db_worker",
            "--no-reload",
            "--no-startup-delay",
            "--interval",
            "0.1",
            smtp_port=server.port,
            DELIVERY_CONNECTIONS="2",
            DELIVERY_BATCH_SIZE="5",
        )
        for _ in range(workers)
    ]
    together = threading.Event()

    def hold(_: str) -> None:
        """Answer nobody before each of the workers has begun a message."""
        under_way = Delivery.objects.filter(state=Delivery.State.SENDING)
        deadline = time.monotonic() + PATIENCE
        try:
            while not together.is_set() and time.monotonic() < deadline:
                if under_way.values("leased_by").distinct().count() == workers:
                    together.set()
                time.sleep(0.01)
        finally:
            connection.close()

    server.on["END"] = hold
    deadline = time.monotonic() + PATIENCE
    try:
        while state_of(issue) != Issue.State.SENT and time.monotonic() < deadline:
            time.sleep(0.05)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert together.is_set()
    assert state_of(issue) == Issue.State.SENT
    assert states(issue) == {"sent": readers}
    assert set(Counter(server.recipients).values()) == {1}

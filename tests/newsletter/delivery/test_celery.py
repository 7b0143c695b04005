"""A whole issue by Celery and Redis: sent once, whatever is killed or delivered twice."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.tasks import task_backends
from django.utils import timezone
from pytest_django import Settings

from newsletter.delivery import clock, starting
from newsletter.delivery.tasks import deliver_issue
from newsletter.models import Delivery, Issue
from subscribers import signup, tasks
from tests.factories import make_issue, make_subscriber
from tests.helpers import PATIENCE
from tests.newsletter.delivery.ledger import state_of
from tests.newsletter.server import ScriptedServer
from tests.redis import CeleryWorker, redis
from tests.redis import tasks as tasks_on

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

READERS = [f"reader{number}@example.org" for number in range(30)]


@pytest.fixture
def broker(tmp_path: Path, settings: Settings) -> Iterator[str]:
    with redis(tmp_path) as address:
        settings.TASKS = tasks_on(address)
        yield address


@pytest.fixture
def worker(broker: str, server: ScriptedServer) -> Iterator[Callable[[], CeleryWorker]]:
    """Starts a worker; what is still running at the end is ended."""
    started: list[CeleryWorker] = []

    def begin(concurrency: int = 1) -> CeleryWorker:
        started.append(CeleryWorker(broker, server.port, concurrency))
        return started[-1]

    yield begin
    for each in started:
        each.stop()


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < deadline, "It never came to that."
        time.sleep(0.1)
    connection.close()


def redeliver() -> int:
    """Give back, as if their time were over, the messages of workers; return how many wait."""
    app = task_backends["default"].app
    with app.connection_for_read() as opened:
        channel = opened.default_channel
        channel.qos.visibility_timeout = -1
        channel.qos.restore_visible(interval=1)
        return sum(channel.client.llen(channel._q_for_pri("default", level)) for level in range(10))


def test_an_issue_is_sent_once_though_its_worker_is_killed_and_its_task_comes_thrice(
    server: ScriptedServer,
    worker: Callable[..., CeleryWorker],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for address in READERS:
        make_subscriber(address)
    issue = make_issue()
    reached, release = threading.Event(), threading.Event()
    stuck: list[str] = []

    def hold(recipient: str) -> None:
        if len(server.accepted) >= 7 and not stuck:
            stuck.append(recipient)
            reached.set()
            release.wait(PATIENCE)

    server.on["END"] = hold
    first = worker()
    starting.start(issue)
    assert reached.wait(PATIENCE), "the worker never got to the eighth message"
    first.kill()
    release.set()
    # The server has all of that message, and nobody to answer.
    wait_for(lambda: len(server.accepted) >= 8)
    assert issue.totals()["sending"] >= 1

    # The killed worker's message comes back by itself, and two more for the same issue.
    assert redeliver() == 1
    deliver_issue.enqueue(issue.pk)
    deliver_issue.enqueue(issue.pk)
    assert redeliver() == 3
    # Its leases end, which takes minutes by the clock.
    Delivery.objects.exclude(leased_until=None).update(leased_until=timezone.now())
    clock.tick(clock.Steps())
    second = worker(2)
    wait_for(lambda: state_of(issue) == Issue.State.SENT)
    # Another message that comes late finds nothing to do.
    deliver_issue.enqueue(issue.pk)
    # And who signs up gets the confirmation from the same worker.
    signup.sign_up("new@example.org", "/")
    tasks.wake()
    wait_for(lambda: "new@example.org" in server.recipients)
    second.stop()

    totals = issue.totals()
    assert sum(totals.values()) == issue.deliveries.count() == len(READERS)
    assert totals["uncertain"] >= 1
    assert totals["sent"] + totals["uncertain"] == len(READERS)
    got = Counter(server.recipients)
    assert set(got.values()) == {1}, "somebody was mailed twice"
    assert set(got) - {"new@example.org"} <= set(READERS)
    missing = set(READERS) - set(got)
    doubted = Delivery.objects.filter(issue=issue, state=Delivery.State.UNCERTAIN)
    assert missing <= set(doubted.values_list("subscriber__address", flat=True))

"""Tasks that are handed to Celery: their order, their time, and a Redis that is away."""

import json
import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import transaction
from django.tasks import task_backends
from django.tasks.exceptions import InvalidTask
from django.utils import timezone
from pytest_django import Settings

from alarmroom import celery
from alarmroom.desk.tasks import send_letters
from newsletter.delivery.tasks import deliver_issue
from posts.tasks import make_renditions
from subscribers import tasks as notice_tasks
from subscribers.tasks import send_notices
from tests.helpers import free_port
from tests.redis import redis, tasks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def broker(tmp_path: Path, settings: Settings) -> Iterator[str]:
    with redis(tmp_path) as address:
        settings.TASKS = tasks(address)
        yield address


def taken() -> list[tuple[str, Any]]:
    """Take all messages, as a worker does: the paths of their tasks and when each is due."""
    app = task_backends["default"].app
    found = []
    with app.connection_for_read() as connection:
        queue = connection.SimpleQueue("default")
        while message := next_of(queue):
            [path, args, kwargs, _], *_ = json.loads(message.body)
            found.append((path.rpartition(".")[2], message.headers["eta"]))
            assert (args, kwargs) in (([], {}), ([7], {}))
            message.ack()
        queue.close()
    return found


def next_of(queue: Any) -> Any:
    try:
        return queue.get(timeout=0.2)
    except queue.Empty:
        return None


def test_the_most_urgent_task_is_taken_first(broker: str) -> None:
    make_renditions.using(priority=-50).enqueue(7)
    deliver_issue.enqueue(7)
    send_letters.using(priority=20).enqueue()
    notice_tasks.wake()
    assert [name for name, _ in taken()] == [
        "send_notices",
        "send_letters",
        "deliver_issue",
        "make_renditions",
    ]
    assert [celery.level(priority) for priority in (100, 50, 20, 0, -50, -100)] == [
        *(0, 2, 4, 5, 7, 9)
    ]


def test_a_task_waits_for_the_commit_and_is_not_sent_after_a_rollback(broker: str) -> None:
    with transaction.atomic():
        deliver_issue.enqueue(7)
        assert taken() == []
    assert len(taken()) == 1
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        deliver_issue.enqueue(7)
        raise ZeroDivisionError
    assert taken() == []


def test_a_task_for_later_is_looked_at_before_its_message_is_given_to_another_worker(
    broker: str,
) -> None:
    now = timezone.now()
    deliver_issue.using(run_after=now + timedelta(seconds=5)).enqueue(7)
    deliver_issue.using(run_after=now + timedelta(days=5)).enqueue(7)
    [soon, late] = [timezone.datetime.fromisoformat(due) for _, due in taken()]
    assert soon == now + timedelta(seconds=5)
    assert now < late <= timezone.now() + timedelta(seconds=150)


def test_a_task_that_is_not_due_yet_is_sent_again(
    broker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []
    monkeypatch.setattr("newsletter.delivery.worker.deliver", lambda pk: ran.append(pk))
    due = timezone.now() + timedelta(days=1)
    celery.run("newsletter.delivery.tasks.deliver_issue", [7], {}, due.isoformat())
    assert ran == []
    [(name, _)] = taken()
    assert name == "deliver_issue"


def test_nothing_but_a_task_is_run() -> None:
    with pytest.raises(ValueError, match="is no task"):
        celery.run("os.remove", ["/nowhere"], {})


def test_what_cannot_be_reached_stops_nobody(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TASKS = tasks(f"redis://:s3cret@127.0.0.1:{free_port()}/0")
    began = time.monotonic()
    with caplog.at_level(logging.ERROR), transaction.atomic():
        send_notices.enqueue()
    assert time.monotonic() - began < 20
    assert "send_notices: Redis cannot be reached" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_backend_without_a_broker_is_an_error_of_the_settings(settings: Settings) -> None:
    settings.TASKS = {"default": {"BACKEND": "alarmroom.celery.CeleryBackend"}}
    assert "alarmroom.E005" in {found.id for found in run_checks()}


def test_a_task_that_wants_its_context_is_refused(settings: Settings) -> None:
    settings.TASKS = tasks("redis://127.0.0.1:1/0")
    with pytest.raises(InvalidTask, match="no context"):
        task_backends["default"].task_class(func=wants_context, takes_context=True)


def wants_context(context: Any) -> None: ...

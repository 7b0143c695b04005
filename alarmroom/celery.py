"""The background tasks on Celery with Redis, where the settings say so (TASKS_BACKEND).

    celery -A alarmroom worker

A message in Redis names a task and its arguments, and nothing else: the rows say what is to be
done. So a message that is lost costs a minute, until the tick sends another, and one that is
delivered twice or late does no harm. docs/deploying.md says how to run it, and
docs/decisions/celery-by-choice.md why this is our own.
"""

from __future__ import annotations

import logging
import os
from datetime import datetime, timedelta
from typing import Any

from celery import Celery
from celery.utils import uuid
from django.conf import settings
from django.core.checks import CheckMessage
from django.core.checks import Error as CheckError
from django.db import transaction
from django.tasks import Task, TaskResult, TaskResultStatus
from django.tasks.backends.base import BaseTaskBackend
from django.tasks.base import TASK_MAX_PRIORITY, TASK_MIN_PRIORITY
from django.tasks.exceptions import InvalidTask
from django.tasks.signals import task_enqueued
from django.utils import timezone
from django.utils.module_loading import import_string
from kombu.exceptions import OperationalError

# For `celery -A alarmroom worker`, which sets up Django once it has read this.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "alarmroom.settings")

logger = logging.getLogger(__name__)

# Redis has one list for each of these; a worker empties them in their order (Celery's 0 is first).
LEVELS = 10
# Where the tick is a message: one that no worker took in this time is followed by another.
TICK_EACH = 60


def level(priority: int) -> int:
    """Return Celery's priority for one of django.tasks: 0 for 100, 9 for -100."""
    steps = (TASK_MAX_PRIORITY - TASK_MIN_PRIORITY) // LEVELS
    return min((TASK_MAX_PRIORITY - priority) // steps, LEVELS - 1)


def make_app(options: dict[str, Any], **arguments: Any) -> Celery:
    """Return Celery as we use it; `options` are those of TASKS."""
    app = Celery("alarmroom", set_as_current=False, **arguments)
    app.conf.update(
        broker_url=options.get("broker_url"),
        broker_connection_retry_on_startup=True,
        broker_transport_options={
            # What a worker took and did not finish in this time is given to another one.
            "visibility_timeout": options.get("redeliver_after", 3600),
            "unacked_restore_throttle": 1,
            "queue_order_strategy": "priority",
            "priority_steps": list(range(LEVELS)),
            "global_keyprefix": "alarmroom:",
            # A request or a tick asks for a task, and neither waits for a server for long.
            "socket_connect_timeout": 2,
            "socket_timeout": 10,
        },
        task_publish_retry_policy={"max_retries": 1, "interval_start": 0.2},
        # A task ends before its message does: when its worker is killed, another runs it again.
        task_acks_late=True,
        # And no worker holds messages that it cannot begin, or the most urgent one would wait.
        worker_prefetch_multiplier=1,
        # The rows say what came of it.
        task_ignore_result=True,
        result_backend=None,
        accept_content=["json"],
        task_default_queue="default",
        task_create_missing_queues=True,
        worker_hijack_root_logger=False,
        # For who lets Celery be the clock, too: `celery -A alarmroom beat`.
        beat_schedule={
            "tick": {
                "task": "alarmroom.tick",
                "schedule": TICK_EACH,
                "options": {"priority": 0, "expires": TICK_EACH},
            }
        },
        beat_schedule_filename=str(settings.DATA_DIR / "celerybeat"),
        timezone="UTC",
    )
    return app


class CeleryBackend(BaseTaskBackend):
    """A backend of django.tasks that hands tasks to Celery."""

    supports_defer = True
    supports_async_task = True
    supports_priority = True

    def __init__(self, alias: str, params: dict[str, Any]) -> None:
        super().__init__(alias, params)
        self.app = make_app(self.options, fixups=[])

    def validate_task(self, task: Task) -> None:
        super().validate_task(task)
        if task.takes_context:
            raise InvalidTask("With Celery no results are kept, so there is no context to take.")

    def enqueue(self, task: Task, args: Any, kwargs: Any) -> TaskResult:
        """Send a message once this transaction is committed, as a row of the database would be.

        Never raises because Redis is away: whoever asks has done what counts, and the tick asks
        again.
        """
        self.validate_task(task)
        result: TaskResult[..., Any] = TaskResult(
            task=task,
            id=uuid(),
            status=TaskResultStatus.READY,
            enqueued_at=timezone.now(),
            started_at=None,
            finished_at=None,
            last_attempted_at=None,
            args=list(args),
            kwargs=dict(kwargs),
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
        transaction.on_commit(lambda: self._send(result), robust=True)
        return result

    def _send(self, result: TaskResult) -> None:
        task = result.task
        after = task.run_after
        try:
            self.app.send_task(
                "alarmroom.run",
                [task.module_path, result.args, result.kwargs, after and after.isoformat()],
                task_id=result.id,
                queue=task.queue_name,
                priority=level(task.priority),
                eta=after and self._next_look(after),
            )
        except (OperationalError, OSError) as error:
            # Without the address: it may hold a password.
            logger.error(
                "No worker was asked for %s: Redis cannot be reached (%s). The tick asks again.",
                task.module_path,
                type(error.__cause__ or error).__name__,
            )
            return
        task_enqueued.send(type(self), task_result=result)

    def _next_look(self, after: datetime) -> datetime:
        """Return when a worker gets the message of a task that is to run later.

        Until then it holds the message; if it did for too long, another worker would get it, too.
        """
        longest = timedelta(seconds=self.options.get("redeliver_after", 3600) / 2)
        return min(after, timezone.now() + longest)

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        if self.options.get("broker_url"):
            return []
        return [
            CheckError(
                "TASKS names Celery and no broker.",
                hint="Set TASKS_BROKER_URL, such as redis://localhost:6379/0.",
                id="alarmroom.E005",
            )
        ]


app = make_app(settings.TASKS["default"].get("OPTIONS", {}))


@app.task(name="alarmroom.run")
def run(path: str, args: list[Any], kwargs: dict[str, Any], after: str | None = None) -> None:
    """Run a task of django.tasks. Nothing but a task is ever run, whatever a message names."""
    task = import_string(path)
    if not isinstance(task, Task):
        raise ValueError(f"{path} is no task.")
    if after and (due := datetime.fromisoformat(after)) > timezone.now():
        task.using(run_after=due).enqueue(*args, **kwargs)
        return
    task.call(*args, **kwargs)


@app.task(name="alarmroom.tick")
def tick() -> None:
    """Do once what `manage.py tick` does."""
    from django.core.management import call_command

    call_command("tick")

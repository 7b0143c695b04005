"""A Redis of the test's own, and a real Celery worker on it."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from tests import parts
from tests.helpers import PATIENCE, free_port, start, wait_for_port
from tests.newsletter.delivery.processes import database_url


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """Start a redis-server that keeps nothing, for the block; its address is the value."""
    port = free_port()
    command = [parts.redis_server(), "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(
        [*command, "--dir", str(folder), "--daemonize", "no"], stdout=subprocess.DEVNULL
    )
    try:
        wait_for_port(port, process)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(PATIENCE)


def tasks(broker: str, **options: Any) -> dict[str, Any]:
    """Return TASKS with Celery on this broker, as the settings make it."""
    given = {"broker_url": broker, "redeliver_after": 300, **options}
    backend = "alarmroom.celery.CeleryBackend"
    return {"default": {"BACKEND": backend, "QUEUES": ["default"], "OPTIONS": given}}


class CeleryWorker:
    """`celery -A alarmroom worker` with its children, on the database of the test."""

    def __init__(self, broker: str, smtp_port: int, concurrency: int = 1) -> None:
        self.process = start(
            *("-m", "celery", "-A", "alarmroom", "worker", "--concurrency", str(concurrency)),
            *("--without-gossip", "--without-mingle", "--without-heartbeat"),
            env={
                **os.environ,
                "DEBUG": "on",
                "DATA_DIR": str(settings.DATA_DIR),
                "DATABASE_URL": database_url(),
                "SMTP_URL": f"smtp://127.0.0.1:{smtp_port}",
                "TASKS_BACKEND": "alarmroom.celery.CeleryBackend",
                "TASKS_BROKER_URL": broker,
            },
            start_new_session=True,
            stdout=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """End it and its children at once, with whatever they are doing."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)

    def stop(self) -> None:
        """Let it end its task."""
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)

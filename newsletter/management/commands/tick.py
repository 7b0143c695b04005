"""`manage.py tick`: the clock of the newsletter, and of what workers left behind."""

import logging
import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import DatabaseError, close_old_connections

from alarmroom import kept
from newsletter import delivery
from posts import body, freshness, likeness, tasks
from subscribers import notices

logger = logging.getLogger(__name__)
PRUNE_EVERY = 3600  # seconds
PRUNES = settings.TASKS["default"]["BACKEND"].startswith("django_tasks_db")


class Command(BaseCommand):
    help = (
        "Start issues whose time has come, free what dead workers held, send notices that are "
        "due, wake workers for pictures without copies. Run it every minute, or with --forever "
        "as a process."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--forever", action="store_true", help="Tick until stopped.")
        parser.add_argument(
            "--interval", type=float, default=60, help="Seconds between two ticks (default 60)."
        )

    def handle(self, *args: Any, forever: bool, interval: float, **options: Any) -> None:
        if not forever:
            tick()
            return
        pruned = 0.0
        while True:
            close_old_connections()
            try:
                tick()
                if PRUNES and (not pruned or time.monotonic() - pruned > PRUNE_EVERY):
                    # The results of finished tasks are of no use to anybody.
                    call_command("prune_db_task_results", "--min-age-days=1", verbosity=0)
                    pruned = time.monotonic()
            except DatabaseError:
                # The database is away; the next tick does what this one could not.
                logger.exception("This tick failed; the next one tries again")
            try:
                freshness.rest(interval)
            except KeyboardInterrupt:
                return


def tick() -> None:
    """Do everything that is due now."""
    delivery.tick()
    notices.send_due()
    tasks.wake_due()
    body.serve_due()
    likeness.compare_due()
    kept.shelf().sweep()

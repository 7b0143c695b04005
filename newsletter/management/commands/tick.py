"""`manage.py tick`: the clock of the newsletter, and of what workers left behind."""

import time
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django.utils import timezone

from alarmroom import kept
from alarmroom.desk import bin, copies, letters, sign_in
from alarmroom.desk import tasks as desk_tasks
from alarmroom.desk.signing_in import reset, sessions
from alarmroom.desk.signing_in import tasks as password_tasks
from alarmroom.reads import noting, summing
from newsletter.clicks import settling
from newsletter.delivery import clock, gateway_tasks
from newsletter.feedback import keeping
from newsletter.feedback import tasks as feedback_tasks
from newsletter.models import Content
from newsletter.reports import tasks as report_tasks
from newsletter.reports import telling
from posts import finishing, freshness, likeness, scheduling
from posts import tasks as picture_tasks
from posts.checks import elsewhere
from posts.checks.weekly import weekly
from subscribers import guards
from subscribers import tasks as notice_tasks

PRUNE_EVERY = 3600  # seconds
PRUNES = settings.TASKS["default"]["BACKEND"].startswith("django_tasks_db")


class Command(BaseCommand):
    help = (
        "Start issues whose time has come, free what dead workers held, wake workers for mails "
        "that are due and for pictures without copies. Run it every minute, or with --forever "
        "as a process."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--forever", action="store_true", help="Tick until stopped.")
        parser.add_argument(
            "--interval", type=float, default=60, help="Seconds between two ticks (default 60)."
        )

    def handle(self, *args: Any, forever: bool, interval: float, **options: Any) -> None:
        if not forever:
            if failed := tick():
                raise CommandError(f"{'; '.join(failed)}: failed. The log says why.")
            return
        pruned = 0.0
        while True:
            close_old_connections()
            began = timezone.now()
            tick()
            if PRUNES and (not pruned or time.monotonic() - pruned > PRUNE_EVERY):
                with clock.Steps().step("Forgetting the results of finished tasks"):
                    # They are of no use to anybody.
                    call_command("prune_db_task_results", "--min-age-days=1", verbosity=0)
                    pruned = time.monotonic()
            try:
                freshness.wait_and_sweep(interval, since=began)
            except KeyboardInterrupt:
                return


def tick() -> list[str]:
    """Do everything that is due now; return what failed, which the next tick does.

    No step waits for a network: a slow mail server must not make a scheduled issue late.
    """
    steps = clock.Steps()
    clock.tick(steps)
    with steps.step("Waking a worker for mail services"):
        gateway_tasks.wake_due()
    with steps.step("Waking a worker for notices"):
        notice_tasks.wake_due()
    with steps.step("Waking a worker for covers"):
        notice_tasks.wake_for_covers_due()
    with steps.step("Forgetting old counts of sign-ups"):
        guards.delete_outdated()
    with steps.step("Waking workers for pictures"):
        picture_tasks.wake_due()
    with steps.step("Waking a worker for the figures of issues"):
        report_tasks.wake_due()
    with steps.step("Telling what became of an issue"):
        telling.tell_due()
    with steps.step("Finishing texts"):
        finishing.serve_due()
    with steps.step("Noting which pictures issues show"):
        Content.note_pictures()
    with steps.step("Waking a worker for the mailbox of bounces"):
        feedback_tasks.wake_due()
    with steps.step("Forgetting received mail of three months ago"):
        keeping.forget_old()
    with steps.step("Noting what the schedule published"):
        scheduling.record_published()
    with steps.step("Comparing articles"):
        likeness.compare_due()
    with steps.step("Checking published articles"):
        weekly()
    with steps.step("Waking a worker for links to other sites"):
        elsewhere.forget_old()
        picture_tasks.wake_for_links_due()
    with steps.step("Destroying the keys of yesterday's visitors"):
        summing.forget_salts()
        noting.forget_yesterday()
    with steps.step("Summing the reads of days that are over"):
        summing.sum_up()
    with steps.step("Deciding which clicks were people's"):
        settling.settle()
        settling.forget_old()
    with steps.step("Sweeping kept pages"):
        kept.page_store().sweep()
    with steps.step("Forgetting old sign-ins"):
        sign_in.forget_old()
        sessions.forget_ended()
        reset.forget_old()
    with steps.step("Waking a worker for links to new passwords"):
        password_tasks.wake_due()
    with steps.step("Waking a worker for letters to the desk"):
        desk_tasks.wake_due()
    with steps.step("Forgetting letters that were sent a month ago"):
        letters.delete_outdated(timezone.now())
    with steps.step("Forgetting texts that were saved, or set aside, a month ago"):
        copies.delete_outdated(timezone.now())
    with steps.step("Deleting what was in the bin for 30 days"):
        bin.delete_outdated()
    return steps.failed

"""Background tasks of the desk. A task only wakes a worker; the rows say what is to be done."""

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.tasks import task

from alarmroom.desk import letters
from alarmroom.desk.models import Letter

logger = logging.getLogger(__name__)
# Behind the mails for which a reader waits, before the slices of an issue.
PRIORITY = 20


@task()
def send_letters() -> bool:
    """Send the letters that are due, for a slice of time; leave the rest to another run.

    It may run twice, because a letter is claimed before it is sent. It may be lost, because the
    tick wakes a worker for what is due.
    """
    more = letters.send_due(settings.DELIVERY_SLICE_SECONDS)
    if more:
        send_letters.enqueue()
    return more


@receiver(post_save, sender=Letter)
def wake_after_commit(created: bool, **_: Any) -> None:
    if created:
        transaction.on_commit(wake, robust=True)


def wake() -> None:
    """Enqueue a task for what is due. If the queue cannot be reached, the tick does it later."""
    try:
        backend = send_letters.get_backend()
        send_letters.using(priority=PRIORITY if backend.supports_priority else 0).enqueue()
    except Exception:
        # What the letter tells of is stored, which must not fail because the queue is away.
        logger.exception("No worker was told of letters; the tick will do it")


def wake_due() -> None:
    """Wake a worker if a letter is due. For the tick."""
    if Letter.objects.due().exists():
        wake()

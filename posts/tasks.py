"""Background tasks. A task only wakes a worker, which reads from the rows what is to be done."""

import datetime as dt
import logging
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.tasks import task
from django.utils import timezone

from posts import copying, finishing, freshness
from posts.checks import elsewhere
from posts.models import LinkCheck
from posts.models.image import Image

logger = logging.getLogger(__name__)
# Mails come first: a reader waits for the one that asks to confirm.
PRIORITY = -50
LINKS_PRIORITY = -90
LINKS_PATIENCE = dt.timedelta(minutes=5)


@task()
def make_renditions(image_pk: int) -> bool:
    """Make the copies of a picture.

    It may run twice, because a worker claims the image's row. It may be lost, because the tick
    wakes a worker for rows that are still due.
    """
    if not copying.make(image_pk):
        return False
    freshness.image_changed(image_pk, "renditions")
    finishing.serve_due()
    return True


@receiver(post_save, sender=Image)
def wake_after_commit(instance: Image, update_fields: frozenset[str] | None, **_: Any) -> None:
    is_saved = update_fields is None or "renditions_due_at" in update_fields
    if is_saved and instance.renditions_due_at:
        transaction.on_commit(lambda: wake(instance.pk), robust=True)


def wake(image_pk: int) -> None:
    """Enqueue the copies of a picture. If the queue cannot be reached, the tick does it later."""
    try:
        backend = make_renditions.get_backend()
        job = make_renditions.using(priority=PRIORITY if backend.supports_priority else 0)
        job.enqueue(image_pk)
    except Exception:
        # The picture is stored, which must not fail because the queue is unavailable.
        logger.exception("No worker was told of picture %s; the tick will do it", image_pk)


@task()
def check_links() -> int:
    """Try links to other sites that are due, for a while; leave the rest to another run.

    It may run twice, because a worker claims each link and each host. It may be lost, because the
    tick wakes a worker for what is still due.
    """
    tried = elsewhere.check_due()
    if tried and LinkCheck.objects.due(timezone.now()).exists():
        # Behind what else waits: mails come first.
        wake_for_links()
    return tried


def wake_for_links() -> None:
    """Enqueue the links to other sites. If the queue cannot be reached, the tick does it later."""
    try:
        backend = check_links.get_backend()
        job = check_links.using(priority=LINKS_PRIORITY if backend.supports_priority else 0)
        job.enqueue()
    except Exception:
        # The text is stored, which must not fail because the queue is unavailable.
        logger.exception("No worker was told of links; the tick will do it")


def wake_for_links_due() -> None:
    """Wake a worker for links that are still due after a while. For the tick."""
    now = timezone.now()
    left = LinkCheck.objects.due(now).filter(due_at__lte=now - LINKS_PATIENCE)
    # They are due anew, so that not every tick wakes a worker.
    if LinkCheck.objects.filter(pk__in=list(left.values_list("pk", flat=True)[:500])).update(
        due_at=now
    ):
        wake_for_links()


def wake_due(limit: int = 20) -> None:
    """Wake workers for the pictures that are still due after a while. For the tick."""
    now = timezone.now()
    left = Image.objects.renditions_due().filter(renditions_due_at__lte=now - copying.PATIENCE)
    for pk, due in list(left.values_list("pk", "renditions_due_at")[:limit]):
        # It stays due, but later, so that not every tick wakes a worker for it.
        if Image.objects.filter(pk=pk, renditions_due_at=due).update(renditions_due_at=now):
            wake(pk)

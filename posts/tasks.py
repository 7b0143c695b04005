"""Background tasks. A task only wakes a worker, which reads from the rows what is to be done."""

import logging
from typing import Any

from django.db import transaction
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.tasks import task
from django.utils import timezone

from posts import copying, finishing, freshness
from posts.models.image import Image

logger = logging.getLogger(__name__)
# Mails come first: a reader waits for the one that asks to confirm.
PRIORITY = -50


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


def wake_due(limit: int = 20) -> None:
    """Wake workers for the pictures that are still due after a while. For the tick."""
    now = timezone.now()
    left = Image.objects.renditions_due().filter(renditions_due_at__lte=now - copying.PATIENCE)
    for pk, due in list(left.values_list("pk", "renditions_due_at")[:limit]):
        # It stays due, but later, so that not every tick wakes a worker for it.
        if Image.objects.filter(pk=pk, renditions_due_at=due).update(renditions_due_at=now):
            wake(pk)

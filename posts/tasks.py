"""What is done behind the reader's back. Tasks only wake: the rows say what is to be done."""

import logging

from django.tasks import task
from django.utils import timezone

from posts import body, freshness, renditions
from posts.library import Image

logger = logging.getLogger(__name__)
# Mails come first: a reader waits for the one that asks to confirm.
PRIORITY = -50


@task()
def make_renditions(image_pk: int) -> bool:
    """Make the copies of a picture.

    Safe twice: the image's row is claimed. Safe never: tick wakes for what is still due.
    """
    if not renditions.make(image_pk):
        return False
    freshness.image_changed(image_pk)
    body.serve_due()
    return True


def wake(image_pk: int) -> None:
    """Ask a worker to make the copies of a picture; if nobody can be asked, tick does it."""
    try:
        backend = make_renditions.get_backend()
        job = make_renditions.using(priority=PRIORITY if backend.supports_priority else 0)
        job.enqueue(image_pk)
    except Exception:
        # The picture is stored; that must not fail because the queue is away.
        logger.exception("No worker was told of picture %s; the tick will", image_pk)


def wake_due(limit: int = 20) -> None:
    """Wake workers for the pictures that were left behind. For the tick."""
    now = timezone.now()
    left = Image.objects.renditions_due().filter(renditions_due_at__lte=now - renditions.PATIENCE)
    for pk, due in list(left.values_list("pk", "renditions_due_at")[:limit]):
        # It stays due, and goes to the end of the line: no tick wakes anew for what waits.
        if Image.objects.filter(pk=pk, renditions_due_at=due).update(renditions_due_at=now):
            wake(pk)

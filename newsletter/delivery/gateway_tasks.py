"""The task that learns about readers' domains: who takes their mail, how many each limit is for."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db.models import Q
from django.tasks import task
from django.utils import timezone

from newsletter.delivery import gateways, readers
from newsletter.models import Mark

logger = logging.getLogger(__name__)

# Behind what else waits: mails come first.
PRIORITY = -90
# When a task was last asked for: the tick asks for no second one meanwhile.
ASKED, PATIENCE = "gateways asked for", timedelta(minutes=5)


@task()
def look_up_gateways() -> int:
    """Look up domains that are due, for a while, and count; leave the rest to another run.

    It may run twice or be lost: the rows say what is due, and the tick asks again.
    """
    done = gateways.look_up() if gateways.is_due() else 0
    if readers.are_due():
        readers.count()
    if done and gateways.is_due():
        wake()
    return done


def wake() -> None:
    """Enqueue the look-up. If the queue cannot be reached, the tick does it later."""
    try:
        backend = look_up_gateways.get_backend()
        job = look_up_gateways.using(priority=PRIORITY if backend.supports_priority else 0)
        job.enqueue()
    except Exception:
        logger.exception("No worker was told of gateways; the tick will do it")


def wake_due() -> None:
    """Wake a worker for domains that are due. For the tick."""
    if not (gateways.is_due() or readers.are_due()):
        return
    now = timezone.now()
    mark, _ = Mark.objects.get_or_create(name=ASKED)
    lately = Q(at=None) | Q(at__lt=now - PATIENCE)
    if Mark.objects.filter(lately, pk=mark.pk).update(at=now):
        wake()

"""After a limit was changed, those who waited in line for it are asked anew.

A line may be a week long. So rows with a time in line are due at once when a limit is changed or
taken away, and each of them that must still wait gets a new time.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone

from newsletter.delivery import batches
from newsletter.delivery.buckets import micro
from newsletter.models import Delivery, Gate, Issue, Mark, SendingLimit

CHANGED = "limits changed"


@receiver((post_save, post_delete), sender=SendingLimit)
def ask(instance: SendingLimit, **_: Any) -> None:
    """Let the tick ask those in line anew; the line begins at its front again."""
    gate, now = Gate.objects.filter(key=instance.key), micro(timezone.now())
    gate.update(line_to=0, readers=None)
    gate.filter(next_at__gt=now).update(next_at=now)  # The next turn of a slow limit is far away.
    mark, _created = Mark.objects.get_or_create(name=CHANGED)
    Mark.objects.filter(pk=mark.pk).update(value=F("value") + 1, at=timezone.now())


def serve(seconds: float) -> int:
    """Make those in line due who stood there before the change; return how many. For the tick."""
    mark = Mark.objects.filter(name=CHANGED, value__gt=0).first()
    if mark is None:
        return 0
    now, changed = timezone.now(), 0
    under_way = Issue.objects.filter(state__in=[Issue.State.SENDING, Issue.State.PAUSED])
    for pk in under_way.values_list("pk", flat=True):
        # Whom a mail server put off keeps the time of its next try.
        rows = Delivery.objects.filter(
            issue_id=pk,
            state=Delivery.State.QUEUED,
            due_at__gt=now,
            tries=0,
            leased_until=None,
            changed_at__lt=mark.at,
        )
        some, more = batches.change(rows, seconds, due_at=now, changed_at=now)
        changed += some
        if more:
            return changed
    # Unless one was changed again meanwhile.
    Mark.objects.filter(pk=mark.pk, value=mark.value).update(value=0)
    return changed

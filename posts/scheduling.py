"""The history and the log of what the schedule published.

Nothing runs at the moment itself: an article is public as soon as its date has passed. The tick
writes the line afterwards, with the moment at which readers first saw it.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from alarmroom.desk import content, log
from alarmroom.desk.models import Act, Revision
from posts.models import Post

# A tick that did not run for longer leaves no line.
LOOKS_BACK = timedelta(days=30)
AT_ONCE = 100  # The next tick takes the others.
# What has been decided about an article, besides that it is saved.
DECIDED = [
    Revision.Kind.SCHEDULED,
    Revision.Kind.PUBLISHED,
    Revision.Kind.UPDATED,
    Revision.Kind.WITHDRAWN,
]


def record_published() -> int:
    """Record a revision of each article that the schedule has published; return how many.

    It may run twice, and twice at once: the row is locked, and looked at again.
    """
    now = timezone.now()
    decided = Revision.objects.filter(
        content_type=ContentType.objects.get_for_model(Post),
        object_id=OuterRef("pk"),
        kind__in=DECIDED,
        waits=False,
    ).newest_first()
    due = (
        Post.objects.filter(published_at__gt=now - LOOKS_BACK, published_at__lte=now)
        .annotate(last=Subquery(decided.values("kind")[:1]))
        .filter(last=Revision.Kind.SCHEDULED)
        .order_by("published_at", "pk")
    )
    return sum(_record(pk) for pk in list(due.values_list("pk", flat=True)[:AT_ONCE]))


@transaction.atomic
def _record(pk: int) -> bool:
    post = Post.objects.select_for_update(of=("self",)).filter(pk=pk).first()
    if post is None or post.published_at is None or post.published_at > timezone.now():
        return False
    last = Revision.objects.of(post).filter(kind__in=DECIDED, waits=False).newest_first().first()
    if last is None or last.kind != Revision.Kind.SCHEDULED or last.at > post.published_at:
        return False
    Revision.objects.create(
        content_type=last.content_type,
        object_id=post.pk,
        # The moment itself, by which alarmroom/desk/history.py tells it from a click.
        at=post.published_at,
        kind=Revision.Kind.PUBLISHED,
        content=content.content_of(post),
    )
    log.record(Act.Kind.PUBLISHED, about=post, detail="By its schedule.")
    return True

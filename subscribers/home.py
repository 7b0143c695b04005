"""What readers bring to Home: how many there are, and mails to them that failed."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import admin
from django.db.models import Count, IntegerField, Subquery
from django.http import HttpRequest
from django.urls import reverse

from alarmroom.desk import home
from subscribers import growth
from subscribers.models import Notice, Subscriber


@home.source
def readers(request: HttpRequest) -> Iterator[home.Part]:
    registry = admin.site._registry
    # Who may see no readers sees no notices either: each names one.
    if not registry[Subscriber].has_view_permission(request):
        return
    confirmed, failed = counted()
    if failed and registry[Notice].has_view_permission(request):
        yield home.Need(
            "Mails that answer readers",
            f"{failed:,} mail{'s' if failed > 1 else ''} to readers failed",
            f"{reverse('admin:subscribers_notice_changelist')}?state__exact=failed",
            "Look and try again",
            detail="Confirmations and welcomes. What went wrong stands beside each.",
            rank=3,
            kind="stop",
        )
    weeks = growth.weeks()
    context = {
        "count": confirmed,
        "week": weeks[-1],
        "weeks": weeks,
        "chart": growth.chart(weeks),
    }
    url = reverse("admin:subscribers_subscriber_changelist")
    yield home.Panel(
        "Readers", "admin/subscribers/home/readers.html", 1, context, (url, "All readers")
    )


def counted() -> tuple[int, int]:
    """Return how many readers are confirmed, and how many mails to readers failed. One query."""
    notices = Notice.objects.filter(state=Notice.State.FAILED).order_by().values("state")
    failing = notices.annotate(count=Count("pk")).values("count")
    rows = (
        Subscriber.objects.order_by()
        .values("state")
        .annotate(count=Count("pk"), failed=Subquery(failing, output_field=IntegerField()))
    )
    confirmed = failed = 0
    for row in rows:
        failed = row["failed"] or 0
        if row["state"] == Subscriber.State.CONFIRMED:
            confirmed = row["count"]
    return confirmed, failed

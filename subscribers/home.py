"""What readers bring to Home: how many there are, and mails to them that failed."""

from __future__ import annotations

from collections.abc import Iterator

from django.contrib import admin
from django.http import HttpRequest
from django.urls import reverse

from alarmroom.desk import home
from subscribers import growth
from subscribers.models import Notice, Subscriber

# More are said to be so many "or more".
MOST_FAILED = 1000


@home.source
def readers(request: HttpRequest) -> Iterator[home.Part]:
    registry = admin.site._registry
    if registry[Notice].has_view_permission(request):
        failed = Notice.objects.filter(state=Notice.State.FAILED).order_by()
        count = failed[:MOST_FAILED].count()
        if count:
            number = f"{count:,}" + (" or more" if count == MOST_FAILED else "")
            yield home.Need(
                "Mails that answer readers",
                f"{number} mail{'s' if count > 1 else ''} to readers failed",
                f"{reverse('admin:subscribers_notice_changelist')}?state__exact=failed",
                "Look and try again",
                detail="Confirmations and welcomes. What went wrong stands beside each.",
                rank=3,
                kind="stop",
            )
    if registry[Subscriber].has_view_permission(request):
        weeks = growth.weeks()
        context = {
            "count": Subscriber.objects.confirmed().count(),
            "week": weeks[-1],
            "weeks": weeks,
            "chart": growth.chart(weeks),
        }
        url = reverse("admin:subscribers_subscriber_changelist")
        yield home.Panel(
            "Readers", "admin/subscribers/home/readers.html", 1, context, (url, "All readers")
        )

"""The issues of The Weekly Alarm, for search engines."""

import re
from collections.abc import Sequence

from django.db.models import Count, Max
from django.urls import reverse

from alarmroom.sitemaps import Entry, Part, Section
from newsletter.models import Issue


def issue_parts() -> list[Part]:
    found = Issue.objects.listed().aggregate(count=Count("pk"), changed=Max("started_at"))
    # Two more: the list of issues and the sign-up page.
    return [Part("newsletter", found["count"] + 2, found["changed"])]


def issue_entries(name: str, some: slice) -> Sequence[Entry]:
    """Return issues, dated when their sending started: after that they do not change."""
    issues = Issue.objects.listed().order_by("number").only("number", "started_at")
    if some.start:
        issues = issues[some.start - 2 : some.stop - 2]
        return [Entry(issue.get_absolute_url(), issue.started_at) for issue in issues]
    found = [Entry(issue.get_absolute_url(), issue.started_at) for issue in issues[: some.stop - 2]]
    latest = max((entry.changed for entry in found if entry.changed), default=None)
    fixed = [
        Entry(reverse("newsletter:archive"), latest),
        Entry(reverse("subscribers:subscribe")),
    ]
    return [*fixed, *found]


SECTIONS = (Section(re.compile("newsletter"), issue_parts, issue_entries, keys=("issues",)),)

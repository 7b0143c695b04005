"""Tells an editor by letter what became of an issue, once, a day after it was sent."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from alarmroom.desk import letters
from newsletter.delivery import alerts
from newsletter.models import Issue, Report
from newsletter.reports import sentences

# Most bounces and complaints are there by then.
AFTER = timedelta(days=1)
# Where a few wait for a server that is away, the others are told of all the same.
AFTER_START = timedelta(days=2)
# Nobody is told of an issue that was sent before there were reports, or while nothing ran.
NOT_AFTER = timedelta(days=7)


def tell_due() -> None:
    """Write the letters of issues that were sent a day ago. For the tick."""
    now = timezone.now()
    sent = Q(issue__state=Issue.State.SENT, issue__sent_at__lte=now - AFTER)
    under_way = Q(issue__state=Issue.State.SENDING, issue__started_at__lte=now - AFTER_START)
    # Counted since then, so that the letter says how it stands after a day.
    fresh = Q(counted_at__gte=F("issue__sent_at") + AFTER) | Q(issue__sent_at=None)
    due = Report.objects.filter(
        sent | under_way, fresh, told_at=None, issue__started_at__gte=now - NOT_AFTER
    ).exclude(counted_at=None)
    for report in due.select_related("issue").defer("issue__intro"):
        tell(report, now)


def tell(report: Report, now: datetime) -> None:
    """Write the letters of one issue and note that, together: whoever comes second writes none."""
    issue = report.issue
    with transaction.atomic():
        if not Report.objects.filter(pk=report.pk, told_at=None).update(told_at=now):
            return
        said = [str(each) for each in sentences.of(issue, report)]
        for account in alerts.told(issue):
            letters.write(
                account,
                f"issue-report-{issue.pk}",
                heading=f"What became of it: {issue}",
                about=str(issue),
                said="\n\n".join([*said, sentences.OPENS]),
                url=reverse("admin:newsletter_issue_report", args=[issue.pk]),
                link="Open the report",
            )

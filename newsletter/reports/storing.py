"""Keeps the figures of each issue, and says when they are counted again.

Nobody who looks counts anything. The tick claims what is due and asks a worker for it. Two workers
that count the same issue write the same; one that dies is followed by the next claim.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import batched

from django.db.models import QuerySet
from django.utils import timezone

from newsletter.delivery.batches import Turns
from newsletter.models import DomainFigures, Issue, Report
from newsletter.reports import gateways
from newsletter.reports.counting import OUTCOMES, OVER_TIME, Domain, Tally, count

# A domain with fewer readers is not named: who they are would be known.
FEW = 5
# Rows written in one transaction.
AT_ONCE = 500
# How long a claim is believed, and at most how many issues one tick claims.
CLAIM, CLAIMS = timedelta(minutes=15), 10
# Younger than this since the start -> counted so often. Afterwards nothing more is heard.
OFTEN = (
    (timedelta(days=2), timedelta(minutes=5)),
    (timedelta(days=14), timedelta(hours=1)),
    (timedelta(days=60), timedelta(days=1)),
)
WHILE_SENDING = timedelta(minutes=1)
# And at most so large a part of the time is spent on it.
SHARE = 20
MOST_GATEWAYS = 15
_NUMBERS = (
    *("recipients", "delivered", "bounced", "hard", "complained", "unsubscribed"),
    *("doubtful", "skipped", "waiting"),
)
_FIELDS = (*_NUMBERS, "gateway", "status", "said", "said_by")


def due(now: datetime) -> QuerySet[Report]:
    """The reports that are to be counted now."""
    return Report.objects.filter(next_at__lte=now).order_by("next_at")


def claim(now: datetime) -> list[int]:
    """Return the issues to be counted now; nobody else gets them for a while."""
    started = Issue.objects.exclude(started_at=None).filter(report=None)
    Report.objects.bulk_create(
        [
            Report(issue_id=pk, next_at=now)
            for pk in started.order_by("-number").values_list("pk", flat=True)[:CLAIMS]
        ],
        ignore_conflicts=True,
    )
    rows = due(now).values_list("pk", "issue_id", "next_at")[:CLAIMS]
    return [
        issue
        for pk, issue, seen in rows
        if Report.objects.filter(pk=pk, next_at=seen).update(next_at=now + CLAIM)
    ]


def forget(issue: Issue) -> None:
    """Let the next tick count an issue anew: an editor has decided about some deliveries."""
    Report.objects.filter(issue=issue).update(next_at=timezone.now())


def store(issue: Issue) -> Report:
    """Count an issue that was started, and keep the figures."""
    began, now = time.monotonic(), timezone.now()
    tally = count(issue)
    report, _ = Report.objects.get_or_create(issue=issue)
    rows = list(_rows(report, tally))
    _write(report, rows)
    took = time.monotonic() - began
    report.figures = _figures(tally, rows, took)
    report.counted_at, report.next_at = now, _next(issue, now, took)
    # A slow count does not undo a later one.
    kept = Report.objects.filter(pk=report.pk).exclude(counted_at__gt=now)
    kept.update(figures=report.figures, counted_at=now, next_at=report.next_at)
    return report


def _next(issue: Issue, now: datetime, took: float) -> datetime | None:
    rest = timedelta(seconds=SHARE * took)
    if issue.state == Issue.State.SENDING:
        return now + max(WHILE_SENDING, rest)
    age = now - (issue.started_at or now)
    for younger, pause in OFTEN:
        if age < younger:
            return now + max(pause, rest)
    return now + OFTEN[-1][1] if issue.state == Issue.State.PAUSED else None


def _rows(report: Report, tally: Tally) -> Iterator[DomainFigures]:
    known = gateways.of([name for name in tally.domains if name])
    for name, domain in tally.domains.items():
        counts = domain.counts
        status, said, said_by = _said(domain)
        yield DomainFigures(
            report=report,
            domain=name,
            gateway=known.get(name, "")[:254],
            recipients=sum(counts[each] for each in OUTCOMES),
            delivered=counts["delivered"],
            bounced=counts["hard"] + counts["soft"],
            hard=counts["hard"],
            complained=counts["complained"],
            unsubscribed=counts["unsubscribed"],
            doubtful=counts["doubtful"],
            skipped=counts["skipped"],
            waiting=counts["waiting"],
            status=status,
            said=said,
            said_by=said_by,
        )


def _said(domain: Domain) -> tuple[str, str, int]:
    """Return the code that most bounces of a domain had, its words, and how many they were."""
    codes = {name: said for name, said in domain.codes.items() if said.count}
    if not codes:
        return "", "", 0
    name = max(codes, key=lambda each: codes[each].count)
    return name[:20], codes[name].words or "", codes[name].count


def _write(report: Report, rows: list[DomainFigures]) -> None:
    """Write the rows that have changed, and delete those of domains that are gone."""
    before = {row.domain: row for row in report.domains.all()}
    changed = [row for row in rows if _differs(row, before.pop(row.domain, None))]
    turns = Turns()
    for part in batched(changed, AT_ONCE):
        DomainFigures.objects.bulk_create(
            part,
            update_conflicts=True,
            unique_fields=["report", "domain"],
            update_fields=list(_FIELDS),
        )
        turns.leave_one()
    for keys in batched([row.pk for row in before.values()], AT_ONCE):
        DomainFigures.objects.filter(pk__in=keys).delete()
        turns.leave_one()


def _differs(row: DomainFigures, before: DomainFigures | None) -> bool:
    return before is None or any(getattr(row, name) != getattr(before, name) for name in _FIELDS)


def _figures(tally: Tally, rows: list[DomainFigures], took: float) -> dict[str, object]:
    """Return what the pages show without reading a row."""
    by_gateway: dict[str, Counter[str]] = {}
    codes: Counter[str] = Counter()
    few: Counter[str] = Counter(domains=0)
    total: Counter[str] = Counter()
    for row in rows:
        numbers = {name: getattr(row, name) for name in _NUMBERS}
        total.update(numbers)
        if row.recipients < FEW or not row.domain:
            few.update(numbers, domains=1)
        if row.gateway:
            of_gateway = by_gateway.setdefault(row.gateway, Counter())
            of_gateway.update(numbers, domains=1)
    for domain in tally.domains.values():
        codes.update({name: said.count for name, said in domain.codes.items() if said.count})
    largest = sorted(by_gateway.items(), key=lambda each: -each[1]["recipients"])
    return {
        "total": dict(total) | {"replied": tally.replied, "domains": len(rows)},
        "few": dict(few),
        "gateways": [[name, dict(numbers)] for name, numbers in largest[:MOST_GATEWAYS]],
        "codes": codes.most_common(20),
        "hours": [
            [hour, *(tally.hours[hour][name] for name in OVER_TIME)] for hour in sorted(tally.hours)
        ],
        "took": round(took, 3),
    }

"""The figures as CSV files, line by line. They name no reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from alarmroom.desk.exports import Column
from newsletter.models import Report
from newsletter.reports import figures
from newsletter.reports.figures import Line, Numbers, Span

AT_ONCE = 1_000


def _numbers(of: Any) -> tuple[Column, ...]:
    def column(name: str, field: str) -> Column:
        return Column(name, lambda row: getattr(of(row), field))

    return (
        column("Readers", "recipients"),
        column("Delivered", "delivered"),
        column("Bounced for good", "hard"),
        column("Bounced for now", "soft"),
        column("In doubt", "doubtful"),
        column("Skipped", "skipped"),
        column("Still to go", "waiting"),
        column("Complained", "complained"),
        column("Left", "unsubscribed"),
    )


DOMAINS = (
    Column("Domain", lambda line: line.name),
    Column("Gateway", lambda line: line.gateway),
    *_numbers(lambda line: line.numbers),
    Column("What its mail server says", lambda line: line.said),
)
HOURS = (
    Column("From", lambda each: each[1].name),
    Column("Length", lambda each: each[0]),
    Column("Handed over", lambda each: each[1].handed),
    Column("Bounced", lambda each: each[1].bounced),
    Column("Complained", lambda each: each[1].complained),
    Column("Left", lambda each: each[1].unsubscribed),
)
ISSUES = (
    Column("Number", lambda report: report.issue.number),
    Column("Subject", lambda report: report.issue.subject),
    Column("Started", lambda report: report.issue.started_at),
    *_numbers(figures.total),
    Column("Counted", lambda report: report.counted_at),
)


def domains(report: Report, *, sees_readers: bool) -> Iterator[Line]:
    """Yield all domains, the largest first; those of few readers only where they may be seen."""
    rows = report.domains.exclude(domain="") if sees_readers else figures.named(report)
    seen = Numbers()
    for row in rows.order_by("-recipients", "domain").iterator(chunk_size=AT_ONCE):
        yield figures.line_of(row)
        seen = seen + figures.of_row(row)
    rest = figures.total(report) - seen
    if rest.recipients > 0:
        name = "(erased readers)" if sees_readers else f"(fewer than {figures.FEW} readers each)"
        yield Line(name, rest, is_domain=False)


def hours(report: Report) -> Iterator[tuple[str, Span]]:
    if report.issue.started_at:
        yield from figures.spans(report, report.issue.started_at)


def issues() -> Iterable[Report]:
    reports = Report.objects.exclude(counted_at=None).select_related("issue")
    reports = reports.defer("issue__intro").order_by("-issue__number")
    return reports.iterator(chunk_size=100)

"""Reads the figures of a report: for a page, a letter, a file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from alarmroom.desk import dates
from newsletter.models import DomainFigures, Report
from newsletter.reports.counting import OVER_TIME, start_of
from newsletter.reports.storing import FEW

# The permission to see who the readers are, and so the domains of few of them.
SEE_READERS = "subscribers.view_subscriber"
HOURS, DAYS = 48, 60
# Of so many domains a page has the figures: the largest, and those with most bounces.
LARGEST, WORST = 15, 10


@dataclass(frozen=True)
class Numbers:
    """How many deliveries became what. The outcomes add up to the recipients."""

    recipients: int = 0
    delivered: int = 0
    bounced: int = 0
    hard: int = 0
    doubtful: int = 0
    skipped: int = 0
    waiting: int = 0
    complained: int = 0
    unsubscribed: int = 0
    replied: int = 0
    domains: int = 0

    @property
    def soft(self) -> int:
        return self.bounced - self.hard

    @property
    def mailed(self) -> int:
        """How many were handed to a mail server that answered, or did not."""
        return self.delivered + self.bounced + self.doubtful

    def share(self, name: str) -> float:
        """Return a number as a share of those that were mailed, from 0 to 1."""
        return float(getattr(self, name)) / self.mailed if self.mailed else 0.0

    def __sub__(self, other: Numbers) -> Numbers:
        return Numbers(*(getattr(self, e.name) - getattr(other, e.name) for e in fields(self)))

    def __add__(self, other: Numbers) -> Numbers:
        return Numbers(*(getattr(self, e.name) + getattr(other, e.name) for e in fields(self)))


_NAMES = tuple(each.name for each in fields(Numbers))


def read(stored: Any) -> Numbers:
    """Return stored numbers; what is not there is 0."""
    known = stored if isinstance(stored, dict) else {}
    return Numbers(**{name: int(known.get(name, 0)) for name in _NAMES})


def total(report: Report) -> Numbers:
    return read(report.figures.get("total"))


def of_row(row: DomainFigures) -> Numbers:
    return Numbers(**{name: getattr(row, name, 0) for name in _NAMES})


# By domain


@dataclass(frozen=True)
class Line:
    """A row of the table of domains or of gateways."""

    name: str
    numbers: Numbers
    gateway: str = ""
    said: str = ""
    is_domain: bool = True


def line_of(row: DomainFigures) -> Line:
    return Line(row.domain, of_row(row), row.gateway, row.said)


def named(report: Report) -> QuerySet[DomainFigures]:
    """The domains that have so many readers that naming them names nobody."""
    return report.domains.filter(recipients__gte=FEW).exclude(domain="")


def by_domain(report: Report, *, sees_readers: bool) -> list[Line]:
    """Return the largest domains and the worst, and all others in one line. Two queries."""
    rows = report.domains.exclude(domain="") if sees_readers else named(report)
    found = {row.pk: row for row in rows.order_by("-recipients", "domain")[:LARGEST]}
    worst = rows.filter(bounced__gt=0).order_by("-bounced", "domain")[:WORST]
    found |= {row.pk: row for row in worst}
    shown = sorted(found.values(), key=lambda row: (-row.recipients, row.domain))
    lines = [line_of(row) for row in shown]
    shown_ones = sum((line.numbers for line in lines), Numbers())
    rest = replace(total(report) - shown_ones, domains=total(report).domains - len(lines))
    few = Numbers() if sees_readers else read(report.figures.get("few"))
    rest = rest - few
    if rest.domains > 0:
        more = f"{rest.domains:,} more domain{'s' if rest.domains != 1 else ''}"
        lines.append(Line(more, rest, is_domain=False))
    if few.domains:
        lines.append(Line(f"Domains with fewer than {FEW} readers", few, is_domain=False))
    return lines


def by_gateway(report: Report) -> list[Line]:
    """Return the largest gateways, where they are known."""
    found = report.figures.get("gateways") or []
    lines = [Line(str(name), read(numbers)) for name, numbers in found]
    return [line for line in lines if line.numbers.recipients >= FEW]


# Over time


@dataclass(frozen=True)
class Span:
    """An hour or a day after the start."""

    name: str
    """As a table names it: "November 27, 14:00", or "November 29"."""
    handed: int = 0
    bounced: int = 0
    complained: int = 0
    unsubscribed: int = 0

    @property
    def left_or_complained(self) -> int:
        return self.complained + self.unsubscribed


def over_time(report: Report, start: dt.datetime) -> tuple[list[Span], list[Span]]:
    """Return the hours of the first two days up to the last in which something was, then days."""
    first = start.astimezone(dt.UTC).replace(minute=0, second=0, microsecond=0)
    hours: dict[int, list[int]] = {}
    days: dict[dt.date, list[int]] = {}
    for hour, *numbers in report.figures.get("hours") or []:
        at = start_of(hour)
        since = int((at - first) / dt.timedelta(hours=1))
        if since < HOURS:
            _add(hours.setdefault(max(since, 0), [0] * len(OVER_TIME)), numbers)
        else:
            _add(days.setdefault(timezone.localdate(at), [0] * len(OVER_TIME)), numbers)
    last = max(hours, default=-1)
    nothing = [0] * len(OVER_TIME)
    by_hour = [
        Span(dates.moment(first + dt.timedelta(hours=n)), *hours.get(n, nothing))
        for n in range(last + 1)
    ]
    by_day = []
    if days:
        # Not further than it is counted: a queue may have waited for months.
        before = min(days)
        count = min((max(days) - before).days + 1, DAYS)
        each_day = [before + dt.timedelta(days=n) for n in range(count)]
        by_day = [Span(dates.day(day), *days.get(day, nothing)) for day in each_day]
    return by_hour, by_day


def _add(to: list[int], numbers: list[int]) -> None:
    for at, number in enumerate(numbers):
        to[at] += number


def spans(report: Report, start: dt.datetime) -> Iterator[tuple[str, Span]]:
    """Yield all hours and days, each with what it is, for a file."""
    hours, days = over_time(report, start)
    yield from (("hour", each) for each in hours)
    yield from (("day", each) for each in days)

"""How often things were read, for the desk."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.db.models import Count, Sum
from django.utils import timezone

from alarmroom.reads.models import ReadCount, Visit
from alarmroom.reads.sources import MACHINE, name_of

DAYS = 30
STEP, BAR, HIGHEST = 20, 14, 120  # of the chart
SHOWN = 12  # sources that are named; those after them are one row


@dataclass(frozen=True)
class Bar:
    """A number with its name; `share` is its part of the largest one, in percent."""

    name: str
    count: int
    share: str


@dataclass(frozen=True)
class Column:
    """A day in the chart: where its bar begins, from above, and how high it is."""

    x: int
    top: int
    height: int


@dataclass(frozen=True)
class Chart:
    """Days as columns; all numbers are those of the picture's own coordinates."""

    bars: list[Column]
    width: int
    height: int
    line: int
    bar: int


@dataclass(frozen=True)
class Figures:
    """The readers of one thing in the last days: visitors of each day, added up."""

    days: int
    total: int
    today: int
    machines: int
    sources: list[Bar]
    by_day: list[tuple[dt.date, int]]

    @property
    def best(self) -> tuple[dt.date, int] | None:
        """The day with most readers, unless there were none."""
        day, count = max(self.by_day, key=lambda each: each[1], default=(dt.date.min, 0))
        return (day, count) if count else None

    @property
    def chart(self) -> Chart:
        most = max((count for _, count in self.by_day), default=0) or 1
        columns = []
        for number, (_, count) in enumerate(self.by_day):
            # Nobody's day has no bar, and a day with one reader has one that is seen.
            high = max(2, round(HIGHEST * count / most)) if count else 0
            columns.append(Column(number * STEP, HIGHEST - high, high))
        width = max(1, len(columns)) * STEP - (STEP - BAR)
        return Chart(columns, width, HIGHEST + 2, HIGHEST + 1, BAR)


def reads_of(thing: str, days: int = DAYS) -> Figures:
    """Return the reads of a thing, today's included, in the last `days` days. Two queries."""
    today = timezone.localdate()
    first = today - dt.timedelta(days=days - 1)
    summed = ReadCount.objects.filter(thing=thing, day__gte=first)
    fresh = Visit.objects.filter(thing=thing, day__gte=first)
    counts: Counter[tuple[dt.date, str]] = Counter()
    for day, source, count in summed.values_list("day", "source").annotate(n=Sum("count")):
        counts[day, source] += count
    for day, source, count in fresh.values_list("day", "source").annotate(n=Count("pk")):
        counts[day, source] += count
    by_source: Counter[str] = Counter()
    by_day: Counter[dt.date] = Counter()
    for (day, source), count in counts.items():
        by_source[source] += count
        if source != MACHINE:
            by_day[day] += count
    machines = by_source.pop(MACHINE, 0)
    named: Counter[str] = Counter()
    for number, (source, count) in enumerate(by_source.most_common()):
        is_rest = "." in source and number >= SHOWN
        named[name_of("other" if is_rest else source)] += count
    return Figures(
        days=days,
        total=sum(by_source.values()),
        today=by_day[today],
        machines=machines,
        sources=bars(named.most_common()),
        by_day=[(day, by_day[day]) for day in (first + dt.timedelta(n) for n in range(days))],
    )


def bars(counts: list[tuple[str, int]]) -> list[Bar]:
    """Return numbers as bars, beside the largest of them."""
    most = max((count for _, count in counts), default=0)
    return [
        Bar(name, count, f"{100 * count / most if most else 0:.1f}".removesuffix(".0"))
        for name, count in counts
    ]

"""How many readers there are, and how many came and went, week by week."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Case, Count, QuerySet, SmallIntegerField, When
from django.utils import timezone
from django.utils.formats import date_format

from subscribers.models import ConsentEvent

WEEKS = 12


@dataclass(frozen=True)
class Week:
    """From Monday to Sunday in the site's time zone; the last one goes on."""

    start: dt.date
    gained: int
    lost: int

    @property
    def name(self) -> str:
        return date_format(self.start, "M j")


def weeks(now: dt.datetime | None = None) -> list[Week]:
    """Return the last twelve weeks, this one included. One query."""
    today = timezone.localdate(now)
    monday = today - dt.timedelta(days=today.weekday())
    starts = [monday - dt.timedelta(weeks=WEEKS - 1 - each) for each in range(WEEKS)]
    zone = timezone.get_current_timezone()
    moments = [dt.datetime.combine(start, dt.time(), zone) for start in starts]
    kinds = {ConsentEvent.Kind.CONFIRMED: "gained", ConsentEvent.Kind.UNSUBSCRIBED: "lost"}
    # One pass over an index, the newest weeks first, because most rows are theirs.
    week = Case(
        *(When(at__gte=moments[number], then=number) for number in reversed(range(WEEKS))),
        output_field=SmallIntegerField(),
    )
    rows = (
        ConsentEvent.objects.filter(at__gte=moments[0], kind__in=kinds)
        .order_by()
        .annotate(week=week)
        .values_list("week", "kind")
        .annotate(count=Count("*"))
    )
    found = {f"{name}{number}": 0 for name in kinds.values() for number in range(WEEKS)}
    found |= {f"{kinds[ConsentEvent.Kind(kind)]}{number}": count for number, kind, count in rows}
    return [
        Week(start, found[f"gained{number}"], found[f"lost{number}"])
        for number, start in enumerate(starts)
    ]


def left_since(moment: dt.datetime) -> QuerySet[ConsentEvent, int]:
    """Return how many unsubscribed since a moment, as a subquery of one number, or none."""
    found = ConsentEvent.objects.filter(kind=ConsentEvent.Kind.UNSUBSCRIBED, at__gte=moment)
    return (
        found.order_by().values("kind").annotate(count=Count("pk")).values_list("count", flat=True)
    )


@dataclass(frozen=True)
class Bar:
    """A week in the chart: where its two bars stand, in the units of the drawing."""

    week: Week
    x: float
    up: float
    """The height of what was gained; it ends on the line."""
    top: float
    down: float
    label: str


@dataclass(frozen=True)
class Chart:
    """What the template draws. Its table says the same in numbers."""

    bars: list[Bar]
    width: int = 360
    line: int = 92
    height: int = 120


def chart(found: list[Week]) -> Chart:
    highest = max([1, *(week.gained for week in found)])
    deepest = max([1, *(week.lost for week in found)])
    drawn = Chart([])
    # One scale for both, unless those who left would run out of the drawing.
    scale = min(76 / highest, 24 / deepest)
    for number, week in enumerate(found):
        up = max(week.gained * scale, 2 if week.gained else 0)
        down = max(week.lost * scale, 2 if week.lost else 0)
        label = {0: week.name, WEEKS // 2: week.name, WEEKS - 1: "this week"}.get(number, "")
        drawn.bars.append(
            Bar(week, 4 + number * 30, round(up, 1), round(92 - up, 1), round(down, 1), label)
        )
    return drawn

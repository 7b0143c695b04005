"""Home: what is going on, and what to do next.

The desk knows no room. Each room registers a source, a function that returns its parts for a
request: it looks at permissions itself, and asks for no more than a few queries whatever the size.
"""

from __future__ import annotations

import calendar
import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from alarmroom.desk import dates
from alarmroom.methods import require_safe

# More are counted, and lead to the list.
NEEDS_SHOWN = 8
COMING_SHOWN = 12
NUMBERS = (
    *("no", "one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)


@dataclass(frozen=True)
class Action:
    """A button on top: what one comes to the desk for."""

    words: str
    url: str
    rank: int
    icon: str = ""
    about: str = ""
    """The title that it leads to."""
    detail: str = ""


@dataclass(frozen=True)
class Need:
    """Something that waits for this account."""

    lead: str
    """What it is, in a few words."""
    title: str
    url: str
    button: str
    detail: str = ""
    rank: int = 5
    kind: str = "wait"
    """"stop" is broken, "wait" waits for a decision, "info" is a person who asks."""
    count: int = 1


@dataclass(frozen=True)
class Coming:
    """An article or an issue on its day; what lies behind stands in the calendar only."""

    at: dt.datetime
    kind: str
    """"article" or "issue"."""
    title: str
    url: str
    key: str = ""
    """What it is called when it is moved: "posts.post-12"."""
    detail: str = ""
    state: str = "scheduled"
    state_name: str = "Scheduled"
    move_url: str = ""
    """Where it is moved to another day, for who may."""
    move_asks: bool = False
    """Whether that asks for more than the day."""
    move_words: str = "Move…"
    has_hour: bool = True

    @property
    def day(self) -> dt.date:
        return timezone.localdate(self.at)

    @property
    def clock(self) -> str:
        return dates.clock(self.at) if self.has_hour else ""

    @property
    def is_moved(self) -> bool:
        """Whether it is dragged, and moved by keys."""
        return bool(self.move_url and self.state != "draft")

    @property
    def seen(self) -> str:
        """The moment as the page shows it, for a move that comes too late."""
        return self.at.isoformat()


@dataclass(frozen=True)
class Panel:
    """A part beside the lists, with a template of its own."""

    name: str
    template: str
    rank: int
    context: dict[str, Any] = field(default_factory=dict)
    link: tuple[str, str] | None = None
    """Address and words."""
    said: str = ""
    """Its part of the headline: "No. 42 is half full"."""

    @property
    def key(self) -> str:
        return self.name.lower().replace(" ", "-")


Part = Action | Need | Coming | Panel
Source = Callable[[HttpRequest], Iterable[Part]]
SOURCES: list[Source] = []


def source(function: Source) -> Source:
    """Register a source. Used as a decorator, in a module that its room's admin imports."""
    SOURCES.append(function)
    return function


@dataclass
class Home:
    """The parts of all rooms, in the order of the page."""

    actions: list[Action] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    coming: list[Coming] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)
    shown: list[Coming] = field(default_factory=list)
    """Those of `coming` that the list names."""
    months: list[Month] = field(default_factory=list)
    sees_dates: bool = False
    now: dt.datetime = field(default_factory=timezone.now)

    @property
    def count(self) -> int:
        return sum(need.count for need in self.needs)

    @property
    def hidden(self) -> int:
        return len(self.needs) - NEEDS_SHOWN

    @property
    def headline(self) -> str:
        """The answer, counted from the parts."""
        if not (self.actions or self.needs or self.coming or self.panels):
            return "Nothing here needs you."
        number = NUMBERS[self.count] if self.count < len(NUMBERS) else str(self.count)
        said = [
            "Nothing needs you"
            if not self.count
            else f"{number.capitalize()} thing{'s need' if self.count > 1 else ' needs'} you",
            *(panel.said for panel in self.panels if panel.said),
        ]
        return f"{', and '.join(said)}."


def home_for(request: HttpRequest) -> Home:
    """Return the parts that the account may see."""
    parts = [part for each in SOURCES for part in each(request)]
    coming = sorted((p for p in parts if isinstance(p, Coming)), key=lambda each: each.at)
    home = Home(
        actions=sorted((p for p in parts if isinstance(p, Action)), key=lambda each: each.rank),
        needs=sorted((p for p in parts if isinstance(p, Need)), key=lambda each: each.rank),
        panels=sorted((p for p in parts if isinstance(p, Panel)), key=lambda each: each.rank),
    )
    home.coming = [each for each in coming if each.at > home.now]
    # What was moved a moment ago stands in the list, however far it went.
    moved = request.GET.get("moved", "")
    home.shown = [
        each for place, each in enumerate(home.coming) if place < COMING_SHOWN or each.key == moved
    ]
    home.sees_dates = any(request.user.has_perm(name) for name in SEES_DATES)
    if home.sees_dates:
        home.months = list(months(coming, timezone.localdate(home.now), home.shown))
    return home


# Who may see nothing that has a date gets no calendar; rooms add their permissions.
SEES_DATES: list[str] = []


# The calendar

WEEKDAYS = [calendar.day_name[(number - 1) % 7] for number in range(7)]


@dataclass(frozen=True)
class Day:
    date: dt.date
    marks: list[Coming]
    is_today: bool
    is_past: bool
    leads_to: str = ""
    """The key of the first thing of this day that the list names."""
    may_move: bool = False

    @property
    def words(self) -> str:
        """What stands on the day, for whoever does not see the marks."""
        return "; ".join(f"{each.kind}: {each.title}" for each in self.marks)

    @property
    def kinds(self) -> list[str]:
        return sorted({each.kind for each in self.marks})


@dataclass(frozen=True)
class Month:
    name: str
    weeks: list[list[Day | None]]


def first_of_month(today: dt.date, later: int = 0) -> dt.date:
    month = today.month - 1 + later
    return dt.date(today.year + month // 12, month % 12 + 1, 1)


def span(now: dt.datetime | None = None) -> tuple[dt.datetime, dt.datetime]:
    """Return the moments at which the two months of the calendar begin and end."""
    today = timezone.localdate(now)
    first, last = first_of_month(today), first_of_month(today, 2)
    zone = timezone.get_current_timezone()
    return (
        dt.datetime.combine(first, dt.time(), zone),
        dt.datetime.combine(last, dt.time(), zone),
    )


def months(coming: list[Coming], today: dt.date, shown: Iterable[Coming] = ()) -> Iterator[Month]:
    """Yield this month and the next, in weeks that begin on Sunday.

    A day leads to what the list shows of it.
    """
    on: dict[dt.date, list[Coming]] = {}
    for each in coming:
        on.setdefault(each.day, []).append(each)
    listed = {each.key for each in shown}

    def made(day: dt.date) -> Day:
        marks = on.get(day, [])
        named = [each for each in marks if each.key in listed]
        named.sort(key=lambda each: not each.is_moved)
        return Day(
            day,
            marks,
            day == today,
            day < today,
            named[0].key if named else "",
            bool(named and named[0].is_moved),
        )

    for later in (0, 1):
        first = first_of_month(today, later)
        weeks: list[list[Day | None]] = [
            [made(day) if day.month == first.month else None for day in week]
            for week in calendar.Calendar(calendar.SUNDAY).monthdatescalendar(
                first.year, first.month
            )
        ]
        yield Month(first.strftime("%B"), weeks)


def ago(at: dt.datetime, now: dt.datetime) -> str:
    """Return when something happened, as one says it: "14:02", "yesterday", "November 3"."""
    local, today = timezone.localtime(at), timezone.localdate(now)
    if local.date() == today:
        return f"{local:%H:%M}"
    if local.date() == today - dt.timedelta(days=1):
        return "yesterday"
    return dates.day(at)


@require_safe
def page(request: HttpRequest, site: admin.AdminSite) -> HttpResponse:
    home = home_for(request)
    context = {
        **site.each_context(request),
        "title": "Home",
        "home": home,
        "needs": home.needs[:NEEDS_SHOWN],
        "coming": home.shown,
        "zone": timezone.localtime(home.now).tzname(),
        "weekdays": WEEKDAYS,
        "today": timezone.localdate(home.now),
        "may_move": any(each.is_moved for each in home.shown),
    }
    return TemplateResponse(request, "admin/desk/home/page.html", context)

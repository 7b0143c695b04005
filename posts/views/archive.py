"""The archive: the articles by year and month, and the list of all topics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format

from alarmroom import kept
from alarmroom.methods import require_safe
from posts import freshness
from posts.models import Post, PostQuerySet, Tag
from posts.models.topic import START_HERE
from posts.views.lists import keep_list, paginate

# The years in which an article can be dated (see alarmroom/desk/moments.py).
YEARS = range(1900, 2101)
TITLES_PER_PAGE = 60


class Year:
    """The year in an address: four digits, within YEARS."""

    regex = "[0-9]{4}"

    def to_python(self, value: str) -> int:
        if int(value) not in YEARS:
            raise ValueError(value)
        return int(value)

    def to_url(self, value: int) -> str:
        return f"{value:04d}"


class Month:
    """The month in an address: two digits, so that each month has exactly one address."""

    regex = "0[1-9]|1[0-2]"

    def to_python(self, value: str) -> int:
        return int(value)

    def to_url(self, value: int) -> str:
        return f"{value:02d}"


@dataclass(frozen=True)
class MonthCount:
    """How many articles were published in a month of the site's time zone."""

    first: datetime
    """The month's first moment."""
    count: int

    @property
    def name(self) -> str:
        return date_format(self.first, "F")

    @property
    def url(self) -> str:
        return reverse("posts:month", args=[self.first.year, self.first.month])


def midnight(year: int, month: int = 1) -> datetime:
    """Return the first moment of a month in the site's time zone; month 13 is January."""
    local = datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)  # noqa: DTZ001  (made aware in the next line)
    return timezone.make_aware(local)


def published_between(start: datetime, end: datetime) -> PostQuerySet:
    """Return the published articles from a moment on, and before another."""
    return Post.objects.published().filter(published_at__gte=start, published_at__lt=end)


def first_and_last() -> tuple[datetime, datetime] | None:
    """Return when the first and the last article were published, if there is one.

    Two queries, each of which looks at one end of the index of dates.
    """
    dates = Post.objects.published()
    first = dates.order_by("published_at").values_list("published_at", flat=True).first()
    last = dates.order_by("-published_at").values_list("published_at", flat=True).first()
    return (first, last) if first and last else None


def months(first: datetime, last: datetime) -> list[MonthCount]:
    """Return the months between two moments in which something was published, newest first.

    One query. The database counts each month with the index of dates. Computing the month of
    every article in a zone with summer time takes SQLite a second for 50,000 articles.
    """
    first, last = timezone.localtime(first), timezone.localtime(last)
    numbers = range(last.year * 12 + last.month - 1, first.year * 12 + first.month - 2, -1)
    starts = [midnight(number // 12, number % 12 + 1) for number in numbers]
    # As published() does: nothing after now.
    after_now = timezone.now() + timedelta(microseconds=1)
    values: list[Any] = []
    for number, start in enumerate(starts):
        end = min(midnight(start.year, start.month + 1), after_now)
        values += [number, *(connection.ops.adapt_datetimefield_value(at) for at in (start, end))]
    rows = ", ".join(["(%s, %s, %s)"] * len(starts))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT m.column1, (SELECT count(*) FROM posts_post "  # noqa: S608 (places only)
            "WHERE published_at >= m.column2 AND published_at < m.column3) "
            f"FROM (VALUES {rows}) m ORDER BY m.column1",
            values,
        )
        return [MonthCount(starts[number], count) for number, count in cursor if count]


@dataclass(frozen=True)
class MonthTitles:
    """Some articles of a month of the site's time zone, the newest first."""

    first: datetime
    posts: list[Post]

    @property
    def url(self) -> str:
        return reverse("posts:month", args=[self.first.year, self.first.month])


def by_month(posts: Iterable[Post]) -> list[MonthTitles]:
    """Return published posts, which come newest first, under their months."""
    found: list[MonthTitles] = []
    for post in posts:
        local = timezone.localtime(post.published_at)
        first = midnight(local.year, local.month)
        if not found or found[-1].first != first:
            found.append(MonthTitles(first, []))
        found[-1].posts.append(post)
    return found


@require_safe
def archive(request: HttpRequest) -> HttpResponse:
    """The titles of all articles by month, and every year with its months. Four queries."""
    dates = first_and_last()
    years: dict[int, list[MonthCount]] = {}
    for month in months(*dates) if dates else []:
        years.setdefault(month.first.year, []).append(month)
    count = sum(month.count for found in years.values() for month in found)
    titles = (
        Post.objects.published()
        .newest_first()
        .select_related("author")
        .with_topic()
        .only("title", "slug", "published_at", "author__name")
    )
    context = paginate(request, titles, key="posts", count=count, per_page=TITLES_PER_PAGE)
    context["months"] = by_month(context["page"])
    context["years"] = [
        {"number": year, "months": found, "count": sum(month.count for month in found)}
        for year, found in years.items()
    ]
    response = render(request, "posts/archive.html", context)
    return keep_list(response, context, "posts")


@require_safe
def year(request: HttpRequest, year: int) -> HttpResponse:
    """The articles of a year, the newest first, and its months."""
    return _period(request, year, None)


@require_safe
def month(request: HttpRequest, year: int, month: int) -> HttpResponse:
    """The articles of a month, the newest first, and the other months of its year."""
    return _period(request, year, month)


def _period(request: HttpRequest, year: int, month: int | None) -> HttpResponse:
    found = months(midnight(year), midnight(year, 12))
    if month is None:
        posts = published_between(midnight(year), midnight(year + 1))
        count = sum(other.count for other in found)
    else:
        posts = published_between(midnight(year, month), midnight(year, month + 1))
        count = sum(other.count for other in found if other.first.month == month)
    if not count:
        raise Http404
    context: dict[str, Any] = {
        "year": year,
        "month": midnight(year, month) if month else None,
        "months": found,
        "count": count,
    }
    # The months have the count already, which saves a query.
    key = f"year-{year}"
    context |= paginate(request, posts.for_listing(), key=key, count=count)
    response = render(request, "posts/period.html", context)
    return keep_list(response, context, key)


@require_safe
def topics(request: HttpRequest) -> HttpResponse:
    """Every topic that has published articles, with their number and the latest. Two queries."""
    every = Tag.objects.in_use().exclude(slug=START_HERE).with_counts().with_latest()
    tags = [(tag, tag.latest) for tag in every]  # type: ignore[attr-defined]  # annotated
    found = Post.objects.published().for_listing().in_bulk([latest for _, latest in tags])
    # One that was withdrawn between the two queries is left out.
    shown = [{"tag": tag, "latest": found.get(latest)} for tag, latest in tags]
    response = render(request, "posts/topics.html", {"topics": shown})
    keys = ("tags", "tag-texts", *freshness.list_keys(found.values()))
    return kept.keep(response, *keys, until=freshness.next_moment)

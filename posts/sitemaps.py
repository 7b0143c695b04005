"""The articles, topics, authors and other pages of this room, for search engines."""

import re
from collections.abc import Sequence
from datetime import datetime

from django.core.files.storage import default_storage
from django.db.models import Count, Exists, Max, OuterRef, QuerySet, Value
from django.db.models.functions import Greatest
from django.urls import reverse
from django.utils import timezone

from alarmroom.sitemaps import Entry, Part, Section
from posts import freshness
from posts.models import Author, Page, Post, Tag
from posts.views.archive import YEARS, first_and_last, midnight, months, published_between


def changed(before: str = "") -> Greatest:
    """Return when an article last changed: edited, or published, which may be later.

    Any correction counts, so that a crawler fetches the text again.
    """
    return Greatest(f"{before}published_at", f"{before}updated_at")


def parts() -> list[Part]:
    """Return a part for each year, and one for each of the shorter lists.

    Six queries, which read indexes alone: how many articles a year has, and when one last changed.
    """
    years = article_parts(first_and_last())
    last = max((part.changed for part in years if part.changed), default=None)
    published = Post.objects.published()
    topics = Tag.objects.filter(Exists(published.filter(tags=OuterRef("pk"))))
    authors = Author.objects.filter(Exists(published.filter(author=OuterRef("pk"))))
    written = Page.objects.aggregate(last=Max("updated_at"))
    return [
        *years,
        Part("topics", topics.count(), last),
        Part("authors", authors.count(), last),
        # An editor writes a handful of pages, so they are not counted.
        Part("pages", 1, max(filter(None, [last, written["last"]]), default=None)),
    ]


def article_parts(dates: tuple[datetime, datetime] | None) -> list[Part]:
    """One part for each year between two: an old one changes when one of its articles does."""
    if not dates:
        return []
    first, last = (timezone.localtime(moment).year for moment in dates)
    one, *others = (_counted(year) for year in range(first, last + 1))
    found = one.union(*others, all=True).order_by()
    return [Part(f"articles-{year:04d}", count, last) for year, count, last in found if count]


def _counted(year: int) -> QuerySet[Post, tuple[int, int, datetime]]:
    """Return a query for a year, how many articles it has, and when one last changed."""
    posts = published_between(midnight(year), midnight(year + 1)).order_by()
    last = Greatest(Max("published_at"), Max("updated_at"))
    row = posts.values(year=Value(year)).annotate(count=Count("pk"), last=last)
    return row.values_list("year", "count", "last")


def article_entries(name: str, some: slice) -> Sequence[Entry]:
    year = int(name.removeprefix("articles-"))
    if year not in YEARS:
        return []
    posts = (
        published_between(midnight(year), midnight(year + 1))
        .order_by("published_at", "pk")
        .values_list("slug", changed(), "cover__file")
    )
    return [
        Entry(reverse("posts:article", args=[slug]), last, pictures(cover))
        for slug, last, cover in posts[some]
    ]


def pictures(file: str | None) -> tuple[str, ...]:
    """Return the addresses of an uploaded picture, if there is one."""
    return (default_storage.url(file),) if file else ()


def topic_entries(name: str, some: slice) -> Sequence[Entry]:
    tags = (
        Tag.objects.filter(posts__published_at__lte=timezone.now())
        .order_by("pk")
        .values_list("slug")
        .annotate(changed=Max(changed("posts__")))
    )
    return [Entry(reverse("posts:tag", args=[slug]), last) for slug, last in tags[some]]


def author_entries(name: str, some: slice) -> Sequence[Entry]:
    authors = (
        Author.objects.filter(posts__published_at__lte=timezone.now())
        .order_by("pk")
        .values_list("slug", "photo__file")
        .annotate(changed=Max(changed("posts__")))
    )
    return [
        Entry(reverse("posts:author", args=[slug]), last, pictures(photo))
        for slug, photo, last in authors[some]
    ]


def page_entries(name: str, some: slice) -> Sequence[Entry]:
    dates = first_and_last()
    years = article_parts(dates)
    latest = max((part.changed for part in years if part.changed), default=None)
    lists = [
        Entry(reverse(f"posts:{view}"), latest) for view in ("front", "topics", "archive", "feeds")
    ]
    for part in years:
        year = part.name.removeprefix("articles-")
        lists.append(Entry(reverse("posts:year", args=[int(year)]), part.changed))
    if dates:
        lists += [Entry(month.url) for month in months(*dates)]
    written = Page.objects.order_by("pk").only("slug", "updated_at")
    return [*lists, *(Entry(page.get_absolute_url(), page.updated_at) for page in written)][some]


ENTRIES = {
    "articles": article_entries,
    "topics": topic_entries,
    "authors": author_entries,
    "pages": page_entries,
}


def entries(name: str, some: slice) -> Sequence[Entry]:
    return ENTRIES[name.partition("-")[0]](name, some)


SECTIONS = (
    Section(
        re.compile("articles-[0-9]{4}|topics|authors|pages"),
        parts,
        entries,
        # An article or its author, a topic, a page (posts/freshness.py).
        keys=("feeds", "posts", "tags", "pages", "page-dates"),
        until=freshness.next_moment,
    ),
)

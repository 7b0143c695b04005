"""The articles, topics, authors and other pages of this room, for search engines."""

import re
from collections.abc import Sequence

from django.core.files.storage import default_storage
from django.db.models import Count, Max
from django.db.models.functions import ExtractYear, Greatest
from django.urls import reverse
from django.utils import timezone

from alarmroom.sitemaps import Entry, Part, Section
from posts.archive import YEARS, midnight, published_between
from posts.models import Author, Page, Post, Tag


def changed(before: str = "") -> Greatest:
    """An article changes when it is published, too, which may be long after it was written."""
    return Greatest(f"{before}published_at", f"{before}updated_at")


def article_parts() -> list[Part]:
    """One part for each year: an old one changes only when one of its articles does."""
    years = (
        Post.objects.published()
        .order_by()
        .annotate(year=ExtractYear("published_at"))
        .values_list("year")
        .annotate(count=Count("pk"), changed=Max(changed()))
        .order_by("year")
    )
    return [Part(f"articles-{year:04d}", count, last) for year, count, last in years]


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


def topic_parts() -> list[Part]:
    tagged = Post.objects.published().filter(tags__isnull=False)
    found = tagged.aggregate(count=Count("tags", distinct=True), changed=Max(changed()))
    return [Part("topics", **found)]


def topic_entries(name: str, some: slice) -> Sequence[Entry]:
    tags = (
        Tag.objects.filter(posts__published_at__lte=timezone.now())
        .order_by("pk")
        .values_list("slug")
        .annotate(changed=Max(changed("posts__")))
    )
    return [Entry(reverse("posts:tag", args=[slug]), last) for slug, last in tags[some]]


def author_parts() -> list[Part]:
    posts = Post.objects.published()
    found = posts.aggregate(count=Count("author", distinct=True), changed=Max(changed()))
    return [Part("authors", **found)]


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


def page_parts() -> list[Part]:
    # An editor writes a handful of pages, so they are not counted.
    return [Part("pages", 1, None)]


def page_entries(name: str, some: slice) -> Sequence[Entry]:
    latest = Post.objects.published().aggregate(changed=Max(changed()))["changed"]
    lists = [
        Entry(reverse(f"posts:{view}"), latest) for view in ("front", "topics", "archive", "feeds")
    ]
    written = Page.objects.order_by("pk").only("slug", "updated_at")
    return [*lists, *(Entry(page.get_absolute_url(), page.updated_at) for page in written)][some]


SECTIONS = (
    Section(re.compile("articles-[0-9]{4}"), article_parts, article_entries),
    Section(re.compile("topics"), topic_parts, topic_entries),
    Section(re.compile("authors"), author_parts, author_entries),
    Section(re.compile("pages"), page_parts, page_entries),
)

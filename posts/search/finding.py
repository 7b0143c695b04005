"""Finding articles: one `search` above PostgreSQL's full text and SQLite's FTS5.

posts/search/query.py reads what was typed, posts/search/sqlite.py and
posts/search/postgresql.py have the statements, posts/search/index.py makes the index, and
posts/search/snippet.py the excerpt in a result. Everything that a reader typed reaches the
database as a parameter.
"""

# ruff: noqa: S608 (the statements are put together from this module's own words)

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db import connection
from django.db.models import CharField, Count, Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.utils import timezone
from django.utils.safestring import SafeString

from alarmroom import kept
from posts import freshness
from posts.models import Author, Post, Tag
from posts.models.topic import START_HERE
from posts.search import snippet as search_snippet
from posts.search import sql
from posts.search.postgresql import PostgreSQL
from posts.search.query import Query, fold, parse
from posts.search.spelling import is_correctable, nearest
from posts.search.sql import HITS_PER_PAGE
from posts.search.sqlite import SQLite

Sort = Literal["relevance", "date"]

POPULAR_TOPICS = 8
SUGGESTED_NAMES = 4
# What the HTML of a picture is made from (posts/pictures/element.py).
SHOWN_OF_PICTURE = ("file", "sha256", "width", "height", "renditions", "focal_x", "focal_y")
_WRITTEN = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Hit:
    """An article that was found; in its texts, which are HTML, `<mark>` is around the words."""

    post: Post
    title: SafeString
    snippet: SafeString


@dataclass(frozen=True)
class Choice:
    """A topic or a year to narrow a search by, and how many articles it would have then."""

    value: str
    label: str
    count: int


@dataclass(frozen=True)
class SearchResults:
    """One page of hits, and the choices by which to narrow the search.

    Topics are sorted by their number of articles, years from the last one. The topics are counted
    within the chosen year, and the years within the chosen topic.
    """

    query: Query
    total: int = 0
    number: int = 1
    hits: list[Hit] = field(default_factory=list)
    topics: list[Choice] = field(default_factory=list)
    years: list[Choice] = field(default_factory=list)


@dataclass(frozen=True)
class Suggestion:
    """A suggestion while somebody types: its kind (topic, author, article), name and address."""

    kind: str
    label: str
    url: str
    slug: str = ""


def engine(*, drafts: bool = False) -> SQLite | PostgreSQL:
    """Return the statements of the database that the site uses; with `drafts`, for the desk."""
    return (PostgreSQL if connection.vendor == "postgresql" else SQLite)(drafts=drafts)


def search(
    text: str | Query,
    *,
    tag: str = "",
    year: int | None = None,
    sort: Sort = "relevance",
    page: int = 1,
) -> SearchResults:
    """Return a page of the published articles in which everything that was typed is found.

    `tag` is a topic's slug, `year` one of the site's own time zone. A page past the last one
    is the last. At most three queries, however much is found.
    """
    query = parse(text) if isinstance(text, str) else text
    if not query:
        return SearchResults(query)
    database = engine()
    page = max(page, 1)
    rows = sql.rows(
        *database.found(query, tag, year, by_date=sort == "date", offset=(page - 1) * HITS_PER_PAGE)
    )
    _, total, topics, years, *_ = rows[0]
    posts = (
        Post.objects.published()
        .select_related("author", "cover")
        .with_topic()
        # What a result shows; its texts come from the index.
        .only(
            *("slug", "published_at", "reading_minutes", "author__name"),
            *(f"cover__{name}" for name in SHOWN_OF_PICTURE),
        )
        .in_bulk([post_id for post_id, *_ in rows if post_id])
    )
    hits = [
        Hit(posts[post_id], *search_snippet.title_and_snippet(*database.texts(query, *texts)))
        for post_id, _, _, _, *texts in rows
        # One that was withdrawn between the two queries is left out.
        if post_id in posts
    ]
    return SearchResults(
        query,
        total,
        min(page, max(1, -(-total // HITS_PER_PAGE))),
        hits,
        [Choice(slug, name, count) for slug, name, count in json.loads(topics)],
        [Choice(year, year, count) for year, count in sorted(json.loads(years), reverse=True)],
    )


def suggest(text: str) -> list[Suggestion]:
    """Return suggestions for the words typed so far: topics, authors, then titles.

    If there are none, return those for the corrected words. Two queries, or five at most.
    """
    query = parse(text)
    if found := suggest_as_typed(query):
        return found
    text = corrected(query, unfinished=True) if len(query.text) > 1 else ""
    return suggest_as_typed(parse(text)) if text else []


def suggest_as_typed(query: Query) -> list[Suggestion]:
    """Return the suggestions for a query without correcting it. Two queries."""
    return [*suggest_names(query), *suggest_titles(query)] if len(query.text) > 1 else []


def suggest_names(query: Query) -> list[Suggestion]:
    """Return a few topics and authors in whose names a word begins as the query does. One query."""
    if not query:
        return []
    begins = Q()
    for text in query.names:
        begins |= Q(name__istartswith=text) | Q(name__icontains=f" {text}")
    public = Post.objects.published()
    topics = Tag.objects.filter(begins, Exists(public.filter(tags=OuterRef("pk"))))
    authors = Author.objects.filter(begins, Exists(public.filter(author=OuterRef("pk"))))
    rows = _named(topics, "topic").union(_named(authors, "author"), all=True)
    return [
        Suggestion(
            kind, name, (Tag if kind == "topic" else Author)(slug=slug).get_absolute_url(), slug
        )
        for kind, name, slug in rows.order_by("-kind", "name")[:SUGGESTED_NAMES]
    ]


def authors_of(named: list[Suggestion]) -> list[Author]:
    """Return the authors among suggested names, with their photos and their number of articles.

    As `articles`. One query, or none if there is no author.
    """
    slugs = [one.slug for one in named if one.kind == "author"]
    if not slugs:
        return []
    published = Post.objects.published().filter(author=OuterRef("pk")).order_by()
    count = published.values("author").annotate(count=Count("pk")).values("count")
    found = Author.objects.filter(slug__in=slugs).select_related("photo")
    return list(found.annotate(articles=Subquery(count)).order_by("name"))


def _named(found: QuerySet[Any], kind: str) -> QuerySet[Any, Any]:
    return (
        found.order_by().annotate(kind=Value(kind, CharField())).values_list("kind", "name", "slug")
    )


def suggest_titles(text: str | Query) -> list[Suggestion]:
    """Return the last few articles that have all of it in their titles. One query."""
    query = parse(text) if isinstance(text, str) else text
    if not query:
        return []
    return [
        Suggestion("article", title, Post(slug=slug).get_absolute_url())
        for title, slug in sql.rows(*engine().titles(query))
    ]


def popular_topics() -> list[Choice]:
    """Return the topics with the most published articles; one query, when they changed."""
    until = freshness.next_moment()
    return kept.remember("tags", _popular_topics, part="popular", until=until)


def _popular_topics() -> list[Choice]:
    rows = sql.rows(
        f"""SELECT t.slug, t.name, c.n FROM (
            SELECT pt.tag_id, count(*) AS n FROM posts_post_tags pt
            JOIN {engine().table} ON s.post_id = pt.post_id
            WHERE s.published_at <= %s GROUP BY pt.tag_id
        ) c JOIN posts_tag t ON t.id = c.tag_id WHERE t.slug <> %s
        ORDER BY c.n DESC, t.name LIMIT {POPULAR_TOPICS}""",
        [sql.as_stored(timezone.now()), START_HERE],
    )
    return [Choice(*row) for row in rows]


def respelled(query: Query) -> str:
    """Return what was typed with unknown words replaced by the nearest known ones, or "".

    Only words that find something published are returned, so that none reveals a draft. Two
    queries.
    """
    if not (text := corrected(query)):
        return ""
    ctes, values = engine().matching(parse(text))
    return text if sql.rows(f"{ctes} SELECT 1 FROM hits LIMIT 1", values) else ""


def search_respelled(query: Query, **options: Any) -> SearchResults | None:
    """Return what the corrected words find, or None if that is nothing. Four queries at most.

    The arguments are those of `search`.
    """
    if not (text := corrected(query)):
        return None
    found = search(text, **options)
    return found if found.total or found.topics or found.years else None


def corrected(query: Query, *, unfinished: bool = False) -> str:
    """Return the text with unknown words replaced, or "" if there is nothing to replace. One query.

    The words may be those of drafts: search with them before you show them. With `unfinished`, the
    last word is still being typed.
    """
    words = [word for term in query.required for word in term.words if is_correctable(word)]
    unfinished = unfinished and bool(query.required) and query.required[-1].prefix
    text = query.text
    for word, known in nearest(words, query.required[-1].words[0] if unfinished else "").items():
        text = _replaced(text, word, known)
    return text if text != query.text else ""


def _replaced(text: str, word: str, known: str) -> str:
    """Return the text with a word replaced, whatever its case and accents are in it."""
    return _WRITTEN.sub(lambda match: known if fold(match[0]) == word else match[0], text)

"""What the SQL of both databases has in common, and how it is run.

posts/search/sqlite.py and posts/search/postgresql.py have the statements of each. Everything
that a reader typed reaches the database as a parameter.
"""

# ruff: noqa: S608 (the statements are put together from this module's own words)

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.utils import timezone

from posts.search.query import Query

HITS_PER_PAGE = 10
MAX_TOPICS = 30
SUGGESTED_TITLES = 6
# From so many letters on, a beginning may be longer than the stem of its own word:
# "emergenc" begins "emergency", of which the index has "emerg".
_MIN_EXPANDED = 4
_MAX_EXPANDED = 40
EXPANSIONS = (
    "SELECT DISTINCT term FROM posts_search_vocab WHERE term >= %s AND term < %s "
    f"LIMIT {_MAX_EXPANDED}"
)


def rows(sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
    """Return what the database answers. One query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


def as_stored(moment: datetime) -> Any:
    """Return a moment as a parameter of this database."""
    return connection.ops.adapt_datetimefield_value(moment)


class Engine:
    """What both databases do alike: counting topics and years in `hits`, the articles found."""

    table = "posts_search s"
    rows_as_json = ""
    # Of hits `h`, the tag of each of their links.
    tag_id, links = "", ""

    def __init__(self, *, drafts: bool = False) -> None:
        """With `drafts`, find what readers do not see too: for the desk."""
        self.drafts = drafts

    def seen(self) -> tuple[str, list[Any]]:
        """Return SQL that says which rows `s` may be found, and its values."""
        if self.drafts:
            return "1 = 1", []
        return "s.published_at <= %s", [as_stored(timezone.now())]

    def choices(self, tag: str, year: int | None) -> tuple[str, list[Any]]:
        """Return SQL for two columns of JSON, topics and years, and its values."""
        of_year, year_values = narrowing(year=year)
        of_tag, tag_values = narrowing(tag=tag)
        year_of, zone = self.year()
        sql = f"""
            (SELECT {self.rows_as_json.format("slug, name, n")} FROM (
                SELECT t.slug, t.name, c.n FROM (
                    SELECT {self.tag_id} AS tag_id, count(*) AS n FROM hits h {self.links}
                    WHERE 1 = 1 {of_year} GROUP BY 1
                ) c JOIN posts_tag t ON t.id = c.tag_id
                ORDER BY t.slug <> %s, c.n DESC, t.name LIMIT {MAX_TOPICS}) topics),
            (SELECT {self.rows_as_json.format("CAST(year AS text), n")} FROM (
                SELECT {year_of} AS year, count(*) AS n FROM hits h
                WHERE 1 = 1 {of_tag} GROUP BY 1) years)"""
        return sql, [*year_values, tag, *zone, *tag_values]

    def year(self) -> tuple[str, list[Any]]:
        """Return SQL for the year of a hit `h`, in the site's time zone, and its values.

        Each database's engine has its own (sqlite.py, postgresql.py).
        """
        raise NotImplementedError


def narrowing(*, tag: str = "", year: int | None = None) -> tuple[str, list[Any]]:
    """Return the SQL, over hits `h`, that narrows by topic and year, and its values."""
    sql, values = "", []
    if year is not None:
        sql += " AND h.published_at >= %s AND h.published_at < %s"
        values += [_new_year(year), _new_year(year + 1)]
    if tag:
        sql += (
            " AND h.post_id IN (SELECT post_id FROM posts_post_tags"
            " WHERE tag_id = (SELECT id FROM posts_tag WHERE slug = %s))"
        )
        values.append(tag)
    return sql, values


def _new_year(year: int) -> Any:
    return as_stored(datetime(year, 1, 1, tzinfo=ZoneInfo(settings.TIME_ZONE)))


def expansion_bounds(query: Query) -> list[str]:
    """Return the bounds of the words that begin with the last one; nothing if it is short."""
    last = query.required[-1]
    if not last.prefix or len(last.words[0]) < _MIN_EXPANDED:
        return []
    return [last.words[0], last.words[0] + "\U0010ffff"]

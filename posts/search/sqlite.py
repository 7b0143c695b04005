"""What posts/search/finding.py asks, in the SQL of SQLite's FTS5.

posts/search/index_sqlite.py has the tables that are asked. Everything that a reader typed
reaches the database as a parameter.
"""

# ruff: noqa: S608 (the statements are put together from this module's own words)

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from posts.search.query import Query, Term
from posts.search.snippet import Marked
from posts.search.sql import (
    EXPANSIONS,
    HITS_PER_PAGE,
    SUGGESTED_TITLES,
    Engine,
    as_stored,
    expansion_bounds,
    narrowing,
)


class SQLite(Engine):
    """FTS5: https://www.sqlite.org/fts5.html"""

    table = "posts_search s INDEXED BY posts_search_published"
    rows_as_json = "json_group_array(json_array({}))"
    # CROSS JOIN fixes the order: from each hit to its links, by an index that exists. The other way
    # round, SQLite would first have to build an index of the hits.
    tag_id, links = "pt.tag_id", "CROSS JOIN posts_post_tags pt ON pt.post_id = h.post_id"
    # Of a title, a summary, the names and the body.
    _weights = "20.0, 8.0, 5.0, 1.0"

    def matching(self, query: Query, score: str = "0") -> tuple[str, list[Any]]:
        """Return SQL that begins a statement with the common table `hits`, and its values."""
        expression, values = self._expression(query)
        seen, seen_values = self.seen()
        sql = f"""WITH hits AS MATERIALIZED (
            SELECT s.post_id, s.published_at, {score} AS score
            FROM posts_search_stems CROSS JOIN {self.table} ON s.post_id = posts_search_stems.rowid
            WHERE posts_search_stems MATCH {expression} AND {seen})"""
        return sql, [*values, *seen_values]

    def ranked(self, query: Query, limit: int) -> tuple[str, list[Any]]:
        """Return SQL for the keys of what is found, the best first, and its values."""
        hits, values = self.matching(query, f"bm25(posts_search_stems, {self._weights})")
        return f"{hits} SELECT post_id FROM hits ORDER BY score, post_id DESC LIMIT {limit}", values

    def shown(self, query: Query, keys: list[int]) -> tuple[str, list[Any]]:
        """Return SQL for what `texts` takes of some articles, after the key of each."""
        expression, values = self._expression(query)
        places = ", ".join(["%s"] * len(keys))
        sql = f"""SELECT rowid,
                highlight(posts_search_stems, 0, char(2), char(3)),
                highlight(posts_search_stems, 1, char(2), char(3)),
                highlight(posts_search_stems, 3, char(2), char(3))
            FROM posts_search_stems WHERE posts_search_stems MATCH {expression}
            AND +rowid IN ({places})"""
        return sql, [*values, *keys]

    def found(
        self, query: Query, tag: str, year: int | None, *, by_date: bool, offset: int
    ) -> tuple[str, list[Any]]:
        """Return SQL for a page, and its values.

        Its columns: the article (or NULL), how many there are, the choices of topics and of
        years, and what `texts` takes.
        """
        score = "0" if by_date else f"bm25(posts_search_stems, {self._weights})"
        hits, values = self.matching(query, score)
        narrowed, narrowed_values = narrowing(tag=tag, year=year)
        expression, expression_values = self._expression(query)
        choices, choice_values = self.choices(tag, year)
        order = "score, published_at DESC, post_id DESC"
        # The unary plus keeps SQLite from querying the FTS5 index once for each article.
        sql = f"""{hits},
            narrowed AS {"" if narrowed else "NOT"} MATERIALIZED (
                SELECT * FROM hits h WHERE 1 = 1 {narrowed}),
            page AS MATERIALIZED (
                SELECT * FROM narrowed ORDER BY {order} LIMIT {HITS_PER_PAGE} OFFSET (
                    SELECT min(%s, (count(*) - 1) / {HITS_PER_PAGE} * {HITS_PER_PAGE})
                    FROM narrowed)),
            shown AS MATERIALIZED (
                SELECT rowid AS shown_id,
                    highlight(posts_search_stems, 0, char(2), char(3)) AS shown_title,
                    highlight(posts_search_stems, 1, char(2), char(3)) AS shown_summary,
                    highlight(posts_search_stems, 3, char(2), char(3)) AS shown_body
                FROM posts_search_stems WHERE posts_search_stems MATCH {expression}
                AND +rowid IN (SELECT post_id FROM page))
            SELECT post_id, (SELECT count(*) FROM narrowed), {choices},
                shown_title, shown_summary, shown_body
            FROM (SELECT 1) LEFT JOIN page ON 1 = 1 LEFT JOIN shown ON shown_id = post_id
            ORDER BY {order}"""
        return sql, [*values, *narrowed_values, offset, *expression_values, *choice_values]

    def texts(self, query: Query, *highlighted: str) -> list[Marked]:
        """Return title, summary and body with the places of what was found."""
        return [_without_signs(text) for text in highlighted]

    def titles(self, query: Query) -> tuple[str, list[Any]]:
        """Return SQL for the titles and slugs of what has the query in its title."""
        expression, values = self._expression(query, "title : ")
        sql = f"""SELECT p.title, p.slug
            FROM posts_search_stems CROSS JOIN {self.table} ON s.post_id = posts_search_stems.rowid
            JOIN posts_post p ON p.id = s.post_id
            WHERE posts_search_stems MATCH {expression} AND s.published_at <= %s
            ORDER BY s.published_at DESC LIMIT {SUGGESTED_TITLES}"""
        return sql, [*values, as_stored(timezone.now())]

    def year(self) -> tuple[str, list[Any]]:
        # SQLite has no time zones. A zone has the same offset from UTC at every new year.
        january = datetime(timezone.now().year, 1, 1, tzinfo=ZoneInfo(settings.TIME_ZONE))
        minutes = int((january.utcoffset() or timedelta()).total_seconds() // 60)
        # strftime() is slow, so it is called only for the days around new year.
        year = """CASE WHEN substr(h.published_at, 6, 5) IN ('12-31', '01-01')
            THEN strftime('%%Y', h.published_at, %s) ELSE substr(h.published_at, 1, 4) END"""
        return year, [f"{minutes:+d} minutes"]

    def _expression(self, query: Query, columns: str = "") -> tuple[str, list[Any]]:
        """Return SQL for the MATCH expression, and its values."""
        terms = [" OR ".join(self._alternatives(term)) for term in query.required]
        text, end = f"{columns}(({') AND ('.join(terms)}", "))"
        if query.excluded:
            excluded = [one for term in query.excluded for one in self._alternatives(term)]
            end += f" NOT ({' OR '.join(excluded)})"
        if not (bounds := expansion_bounds(query)):
            return "%s", [text + end]
        more = (
            "coalesce((SELECT ' OR \"' || group_concat(term, '\" OR \"') || '\"' "
            f"FROM ({EXPANSIONS})), '')"
        )
        return f"(SELECT %s || {more} || %s)", [text, *bounds, end]

    def _alternatives(self, term: Term) -> list[str]:
        quoted = [f'"{" ".join(words)}"' for words in term.spellings]
        # A whole word matches twice, itself and as a beginning, so it ranks higher.
        return [*quoted, f"{quoted[0]} *"] if term.prefix else quoted


def _without_signs(text: str) -> Marked:
    """Return a text without the two control characters by which FTS5 marks, and their places."""
    plain, spans, at = [], [], 0
    for number, piece in enumerate(re.split("[\x02\x03]", text)):
        if number % 2:
            spans.append((at, at + len(piece)))
        plain.append(piece)
        at += len(piece)
    return "".join(plain), spans

"""Finding articles: one `search` above PostgreSQL's full text and SQLite's FTS5.

posts/search_query.py reads what was typed, posts/search_index.py is what the database keeps.
Everything that a reader typed reaches the database as a parameter.
"""

# ruff: noqa: S608 (the statements are put together from this module's own words)

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from alarmroom import kept
from posts import freshness, search_index
from posts.models import Post, Tag
from posts.search_query import Query, Term, fold, parse

Sort = Literal["relevance", "date"]
# A text, and from where to where in it something was found.
Marked = tuple[str, list[tuple[int, int]]]

HITS_PER_PAGE = 10
MAX_TOPICS = 30
POPULAR_TOPICS = 8
SUGGESTED_TITLES = 6
SUGGESTED_TOPICS = 3
SNIPPET = 220
_LEAD = 70
# Where an element ends (posts/search_index.py) and no sentence does.
_HEADING_ENDS = re.compile(r"(?<=[^\s.?!:;,…])\s*\u2029\s*(?=\S)")
# So much of a body is looked through for the words to mark; all of it is searched.
_MARKED_CHARACTERS = 40_000
# From so many letters on, a beginning may be longer than the stem of its own word:
# "emergenc" begins "emergency", of which the index has "emerg".
_MIN_EXPANDED = 4
_MAX_EXPANDED = 40
# So many of the best by title, summary and topics are ranked by their text too (PostgreSQL).
_RANKED = 100


@dataclass(frozen=True)
class Hit:
    """An article that was found, with what was looked for in `<mark>`; the rest is escaped."""

    post: Post
    title: SafeString
    snippet: SafeString


@dataclass(frozen=True)
class Choice:
    """A topic or a year by which to narrow down, and how many articles there are then."""

    value: str
    label: str
    count: int


@dataclass(frozen=True)
class Found:
    """One page of what was found, and the choices that narrow it down.

    Topics come with the most articles first, years with the last first. Each says what there
    would be under the choice that is made of the other.
    """

    query: Query
    total: int = 0
    number: int = 1
    hits: list[Hit] = field(default_factory=list)
    topics: list[Choice] = field(default_factory=list)
    years: list[Choice] = field(default_factory=list)


@dataclass(frozen=True)
class Suggestion:
    """Something that a reader may be typing: where it leads, and what it is."""

    kind: str
    label: str
    url: str


def search(
    text: str | Query,
    *,
    tag: str = "",
    year: int | None = None,
    sort: Sort = "relevance",
    page: int = 1,
) -> Found:
    """Return a page of the published articles in which everything that was typed is found.

    `tag` is a topic's slug, `year` one of the site's own time zone. A page past the last one
    is the last. At most three queries, however much is found.
    """
    query = parse(text) if isinstance(text, str) else text
    if not query:
        return Found(query)
    engine = _engine()
    page = max(page, 1)
    rows = _rows(
        *engine.found(query, tag, year, by_date=sort == "date", offset=(page - 1) * HITS_PER_PAGE)
    )
    _, total, topics, years, *_ = rows[0]
    posts = (
        Post.objects.published().for_listing().in_bulk([post_id for post_id, *_ in rows if post_id])
    )
    hits = [
        Hit(posts[post_id], *_shown(*engine.texts(query, *texts)))
        for post_id, _, _, _, *texts in rows
        # Withdrawn between the two queries.
        if post_id in posts
    ]
    return Found(
        query,
        total,
        min(page, max(1, -(-total // HITS_PER_PAGE))),
        hits,
        [Choice(slug, name, count) for slug, name, count in json.loads(topics)],
        [Choice(year, year, count) for year, count in json.loads(years)],
    )


def suggest(text: str) -> list[Suggestion]:
    """Return the topics and titles that what is typed so far may become. Two queries."""
    query = parse(text)
    if not query or len(query.text) < 2:
        return []
    name = query.text
    shown = Exists(Post.objects.published().filter(tags=OuterRef("pk")))
    topics = Tag.objects.filter(
        Q(name__istartswith=name) | Q(name__icontains=f" {name}"), shown
    ).order_by("name")[:SUGGESTED_TOPICS]
    return [
        *(Suggestion("topic", tag.name, tag.get_absolute_url()) for tag in topics),
        *titled(query),
    ]


def titled(text: str | Query) -> list[Suggestion]:
    """Return the last few articles that have all of it in their titles. One query."""
    query = parse(text) if isinstance(text, str) else text
    if not query:
        return []
    return [
        Suggestion("article", title, Post(slug=slug).get_absolute_url())
        for title, slug in _rows(*_engine().titles(query))
    ]


def popular_topics() -> list[Choice]:
    """Return the topics with the most published articles; one query, when they changed."""
    until = freshness.next_moment()
    return kept.remember("tags", _popular_topics, part="popular", until=until)


def _popular_topics() -> list[Choice]:
    rows = _rows(
        f"""SELECT t.slug, t.name, c.n FROM (
            SELECT pt.tag_id, count(*) AS n FROM posts_post_tags pt
            JOIN {_engine().table} ON s.post_id = pt.post_id
            WHERE s.published_at <= %s GROUP BY pt.tag_id
        ) c JOIN posts_tag t ON t.id = c.tag_id
        ORDER BY c.n DESC, t.name LIMIT {POPULAR_TOPICS}""",
        [_moment(timezone.now())],
    )
    return [Choice(*row) for row in rows]


def respelled(query: Query) -> str:
    """Return what was typed with unknown words replaced by the nearest known ones, or "".

    Near is what shares trigrams. Only what finds something published is returned, so that no
    word of a draft is ever given away. Two queries.
    """
    words = [word for term in query.wanted for word in term.words if len(word) > 3]
    if not words:
        return ""
    nearest = _nearest(words)
    text = query.text
    for word, known in nearest.items():
        text = _replaced(text, word, known)
    if text == query.text:
        return ""
    again = parse(text)
    ctes, values = _engine().matching(again)
    return text if _rows(f"{ctes} SELECT 1 FROM hits LIMIT 1", values) else ""


def _replaced(text: str, word: str, known: str) -> str:
    """Return the text with a word, however it is written, replaced."""
    return re.sub(r"[^\W_]+", lambda match: known if fold(match[0]) == word else match[0], text)


def _nearest(words: list[str]) -> dict[str, str]:
    """Return the nearest word of the index for each word that is not in it."""
    ranges = " UNION ALL ".join(
        "SELECT %s AS word, term FROM (SELECT DISTINCT term FROM posts_search_vocab WHERE "
        "term >= %s AND term < %s AND length(term) BETWEEN %s AND %s) t"
        for _ in words
    )
    values: list[Any] = []
    for word in words:
        # The first letter is the one that people get right.
        values += [word, word[0], word[0] + "\U0010ffff", len(word) - 2, len(word) + 2]
    known: dict[str, set[str]] = {word: set() for word in words}
    for word, term in _rows(ranges, values):
        known[word].add(term)
    nearest = {}
    for word, terms in known.items():
        if word in terms or not terms:
            continue
        likeness, term = max((_likeness(word, term), term) for term in terms)
        if likeness >= 0.4:
            nearest[word] = term
    return nearest


def _trigrams(word: str) -> set[str]:
    padded = f"  {word} "
    return {padded[start : start + 3] for start in range(len(padded) - 2)}


def _likeness(word: str, other: str) -> float:
    """Return how alike two words are by their trigrams, from 0 to 1 (Dice)."""
    ours, theirs = _trigrams(word), _trigrams(other)
    return 2 * len(ours & theirs) / (len(ours) + len(theirs))


def _narrowed(*, tag: str = "", year: int | None = None) -> tuple[str, list[Any]]:
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
    return _moment(datetime(year, 1, 1, tzinfo=ZoneInfo(settings.TIME_ZONE)))


def _moment(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)


def _rows(sql: str, values: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall()


# What stands in a result


def _shown(title: Marked, summary: Marked, body: Marked) -> tuple[SafeString, SafeString]:
    """Return a result's title and snippet, from the body if something was found in there."""
    return _html(title, 0, len(title[0])), (
        _cut(body) if body[1] else _html(summary, 0, len(summary[0]))
    )


def _cut(marked: Marked) -> SafeString:
    """Return the piece of the text in which the most was found."""
    text, spans = marked
    # Looking at two hundred places is enough to show one.
    starts = [first for first, _ in spans[:200]]
    best = max(starts, key=lambda start: sum(start <= s < start + SNIPPET / 2 for s in starts))
    start, end = max(0, best - _LEAD), min(len(text), best - _LEAD + SNIPPET)
    if start:
        # Not in the middle of a word, nor before the sentence, when that begins in between.
        piece = text[start:best]
        sentence = max(piece.rfind(stop) for stop in (". ", "? ", "! ", "\u2029"))
        start += sentence + 1 if sentence >= 0 else piece.find(" ") + 1
    while end < len(text) and not text[end].isspace():
        end += 1
    cut = text[:start].rstrip(" \n")
    before = "… " if cut and cut[-1] not in ".?!\u2029" else ""
    after = " …" if text[end:].strip() else ""
    return mark_safe(f"{before}{_html(marked, start, end)}{after}")  # noqa: S308 (escaped below)


def _html(marked: Marked, start: int, end: int) -> SafeString:
    """Return a piece of the text, escaped, with `<mark>` around what was found."""
    text, spans = marked
    pieces, at = [], start
    for first, last in spans:
        if at <= first and last <= end:
            pieces += [escape(text[at:first]), f"<mark>{escape(text[first:last])}</mark>"]
            at = last
    pieces.append(escape(text[at:end]))
    html = _HEADING_ENDS.sub(" · ", "".join(pieces).strip())
    return mark_safe(" ".join(html.split()))  # noqa: S308 (every piece is escaped)


# The two databases

_EXPANDED = (
    "SELECT DISTINCT term FROM posts_search_vocab WHERE term >= %s AND term < %s "
    f"LIMIT {_MAX_EXPANDED}"
)


class _Engine:
    """What both databases do alike: the choices, over the common table `hits` of what is found."""

    table = "posts_search s"
    rows_as_json = ""
    # Of hits `h`, the tag of each of their links.
    tag_id, links = "", ""

    def choices(self, tag: str, year: int | None) -> tuple[str, list[Any]]:
        """Return SQL for two columns of JSON, topics and years, and its values."""
        of_year, year_values = _narrowed(year=year)
        of_tag, tag_values = _narrowed(tag=tag)
        year_of, zone = self.year()
        sql = f"""
            (SELECT {self.rows_as_json.format("slug, name, n")} FROM (
                SELECT t.slug, t.name, c.n FROM (
                    SELECT {self.tag_id} AS tag_id, count(*) AS n FROM hits h {self.links}
                    WHERE 1 = 1 {of_year} GROUP BY 1
                ) c JOIN posts_tag t ON t.id = c.tag_id
                ORDER BY t.slug <> %s, c.n DESC, t.name LIMIT {MAX_TOPICS}) topics),
            (SELECT {self.rows_as_json.format("year, n")} FROM (
                SELECT {year_of} AS year, count(*) AS n FROM hits h
                WHERE 1 = 1 {of_tag} GROUP BY 1) years)"""
        return sql, [*year_values, tag, *zone, *tag_values]

    def year(self) -> tuple[str, list[Any]]:
        """Return SQL for the year of a hit `h`, in the site's time zone, and its values."""
        raise NotImplementedError


class _SQLite(_Engine):
    """FTS5: https://www.sqlite.org/fts5.html"""

    table = "posts_search s INDEXED BY posts_search_published"
    rows_as_json = "json_group_array(json_array({}))"
    tag_id, links = "pt.tag_id", "JOIN posts_post_tags pt ON pt.post_id = h.post_id"
    # Of a title, a summary, the topics and the body.
    _weights = "20.0, 8.0, 5.0, 1.0"

    def matching(self, query: Query, score: str = "0") -> tuple[str, list[Any]]:
        """Return SQL that begins a statement with the common table `hits`, and its values."""
        expression, values = self._expression(query)
        sql = f"""WITH hits AS MATERIALIZED (
            SELECT s.post_id, s.published_at, {score} AS score
            FROM posts_search_stems CROSS JOIN {self.table} ON s.post_id = posts_search_stems.rowid
            WHERE posts_search_stems MATCH {expression} AND s.published_at <= %s)"""
        return sql, [*values, _moment(timezone.now())]

    def found(
        self, query: Query, tag: str, year: int | None, *, by_date: bool, offset: int
    ) -> tuple[str, list[Any]]:
        """Return SQL for a page, and its values.

        Its columns: the article (or NULL), how many there are, the choices of topics and of
        years, and what `texts` takes.
        """
        score = "0" if by_date else f"bm25(posts_search_stems, {self._weights})"
        hits, values = self.matching(query, score)
        narrowed, narrowed_values = _narrowed(tag=tag, year=year)
        expression, expression_values = self._expression(query)
        choices, choice_values = self.choices(tag, year)
        order = "score, published_at DESC, post_id DESC"
        # The plus keeps FTS5 from asking its index anew for each of the ten.
        sql = f"""{hits},
            narrowed AS {"MATERIALIZED" * bool(narrowed)} (
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
        """Return title, summary and body with what was found in them."""
        return [_without_signs(text) for text in highlighted]

    def titles(self, query: Query) -> tuple[str, list[Any]]:
        """Return SQL for the titles and slugs of what has the query in its title."""
        expression, values = self._expression(query, "title : ")
        sql = f"""SELECT p.title, p.slug
            FROM posts_search_stems CROSS JOIN {self.table} ON s.post_id = posts_search_stems.rowid
            JOIN posts_post p ON p.id = s.post_id
            WHERE posts_search_stems MATCH {expression} AND s.published_at <= %s
            ORDER BY s.published_at DESC LIMIT {SUGGESTED_TITLES}"""
        return sql, [*values, _moment(timezone.now())]

    def year(self) -> tuple[str, list[Any]]:
        # SQLite knows no time zones; a zone is as far from UTC at one new year as at the next.
        january = datetime(timezone.now().year, 1, 1, tzinfo=ZoneInfo(settings.TIME_ZONE))
        minutes = int((january.utcoffset() or timedelta()).total_seconds() // 60)
        # Which takes some time to say, so only the days about new year are asked.
        year = """CASE WHEN substr(h.published_at, 6, 5) IN ('12-31', '01-01')
            THEN strftime('%%Y', h.published_at, %s) ELSE substr(h.published_at, 1, 4) END"""
        return year, [f"{minutes:+d} minutes"]

    def _expression(self, query: Query, columns: str = "") -> tuple[str, list[Any]]:
        """Return SQL for the MATCH expression, and its values."""
        terms = [" OR ".join(self._alternatives(term)) for term in query.wanted]
        text, end = f"{columns}(({') AND ('.join(terms)}", "))"
        if query.unwanted:
            unwanted = [one for term in query.unwanted for one in self._alternatives(term)]
            end += f" NOT ({' OR '.join(unwanted)})"
        if not (bounds := _bounds(query)):
            return "%s", [text + end]
        more = (
            "coalesce((SELECT ' OR \"' || group_concat(term, '\" OR \"') || '\"' "
            f"FROM ({_EXPANDED})), '')"
        )
        return f"(SELECT %s || {more} || %s)", [text, *bounds, end]

    def _alternatives(self, term: Term) -> list[str]:
        quoted = [f'"{" ".join(words)}"' for words in term.spellings]
        # The whole word besides its beginning, so that it counts for more.
        return [*quoted, f"{quoted[0]} *"] if term.prefix else quoted


class _PostgreSQL(_Engine):
    """Full text: https://www.postgresql.org/docs/current/textsearch.html"""

    rows_as_json = "coalesce(json_agg(json_build_array({})), '[]')::text"
    tag_id = "unnest(h.tag_ids)"
    # Of the body, the topics, a summary and a title.
    _weights = "'{0.05, 0.3, 0.5, 1}'"

    def matching(self, query: Query, score: str = "0") -> tuple[str, list[Any]]:
        """Return SQL that begins a statement with the common table `hits`, and its values.

        Another, `q`, has the query as `wanted`, as `words` any word of it, and as `whole` any
        that does not go on.
        """
        wanted, values = self._tsquery(query)
        words, word_values = self._tsquery(_any_word(query), "|")
        whole, whole_values = self._tsquery(_any_word(query, whole=True), "|")
        # The index knows no places: it finds all words of a phrase, then the texts are asked.
        # Text by text, for joining two vectors takes longer than looking into both.
        phrases, phrase_values = "", []
        for terms, negation in ((query.wanted, ""), (query.unwanted, "NOT ")):
            for phrase in (self._phrase(term) for term in terms if len(self._words(term)) > 1):
                phrases += f""" AND {negation}(
                    s.head @@ to_tsquery('posts_english', %s)
                    OR s.text @@ to_tsquery('posts_english', %s))"""
                phrase_values += [phrase, phrase]
        # Asked through a table, which the planner cannot see into: it takes any query for a telling
        # one, and goes by the index.
        sql = f"""WITH q AS MATERIALIZED (
                SELECT {wanted} AS wanted, {words} AS words, {whole} AS whole),
            hits AS MATERIALIZED (
                SELECT s.post_id, s.published_at, s.tag_ids, {score} AS score
                FROM q JOIN posts_search s ON posts_search_vector(s.head, s.text) @@ q.wanted
                WHERE s.published_at <= %s {phrases})"""
        return sql, [*values, *word_values, *whole_values, timezone.now(), *phrase_values]

    def found(
        self, query: Query, tag: str, year: int | None, *, by_date: bool, offset: int
    ) -> tuple[str, list[Any]]:
        """Return SQL for a page, and its values.

        Its columns: the article (or NULL), how many there are, the choices of topics and of
        years, and what `texts` takes.
        """
        score = "0::real" if by_date else f"ts_rank({self._weights}, s.head, q.words)"
        # A whole word counts twice, once as what it begins itself.
        exact = " + ".join(
            f"ts_rank({self._weights}, s.{vector}, q.{words})"
            for vector in ("head", "text")
            for words in ("words", "whole")
        )
        hits, values = self.matching(query, score)
        narrowed, narrowed_values = _narrowed(tag=tag, year=year)
        choices, choice_values = self.choices(tag, year)
        body = f"left(s.body, {_MARKED_CHARACTERS})"
        order = "score DESC, published_at DESC, post_id DESC"
        page_order = (
            "page.exact DESC NULLS LAST, page.score DESC, page.published_at DESC, page.post_id DESC"
        )
        # To rank by a text it must be unpacked. Only those are that are the best by title,
        # summary and topics, for each of these weighs more than any text.
        sql = f"""{hits},
            narrowed AS {"MATERIALIZED" * bool(narrowed)} (
                SELECT * FROM hits h WHERE 1 = 1 {narrowed}),
            best AS MATERIALIZED (
                SELECT post_id, {exact} AS exact
                FROM (SELECT post_id FROM narrowed ORDER BY {order}
                      LIMIT {0 if by_date else _RANKED}) b
                JOIN posts_search s USING (post_id) CROSS JOIN q),
            page AS MATERIALIZED (
                SELECT page.*, best.exact FROM narrowed page LEFT JOIN best USING (post_id)
                ORDER BY {page_order.replace("page.exact", "best.exact")}
                LIMIT {HITS_PER_PAGE} OFFSET (
                    SELECT least(%s, (count(*) - 1) / {HITS_PER_PAGE} * {HITS_PER_PAGE})
                    FROM narrowed))
            SELECT page.post_id, (SELECT count(*) FROM narrowed), {choices},
                s.title, s.summary, {body},
                ARRAY(
                    SELECT word FROM (
                        SELECT DISTINCT lower(found[1]) AS word FROM regexp_matches(
                            s.title || ' ' || s.summary || ' ' || {body}, %s, 'gi') found) w
                    WHERE to_tsvector('posts_english', {search_index.terms("word")}) @@ q.words)
            FROM q LEFT JOIN page ON TRUE LEFT JOIN posts_search s USING (post_id)
            ORDER BY {page_order}"""
        beginnings = {word[:2] for term in _any_word(query).wanted for word in term.words}
        pattern = rf"\m((?:{'|'.join(sorted(beginnings))})\w*)"
        return sql, [*values, *narrowed_values, offset, *choice_values, pattern]

    def texts(
        self, query: Query, title: str, summary: str, body: str, written: list[str]
    ) -> list[Marked]:
        """Return title, summary and body with what was found in them; `written` are its words."""
        patterns = []
        for spelling in (words for term in query.wanted for words in term.spellings):
            # What is written for each word of a phrase begins like it; numbers are themselves.
            forms = [
                [re.escape(one) for one in written if fold(one).startswith(word[:2])]
                or [word] * word.isdecimal()
                for word in spelling
            ]
            if all(forms):
                patterns.append(r"[\W_]+".join(rf"\b(?:{'|'.join(form)})\b" for form in forms))
        if not patterns:
            return [(text, []) for text in (title, summary, body)]
        pattern = re.compile("|".join(patterns), re.IGNORECASE)
        return [
            (text, [match.span() for match in pattern.finditer(text)])
            for text in (title, summary, body)
        ]

    def titles(self, query: Query) -> tuple[str, list[Any]]:
        """Return SQL for the titles and slugs of what has the query in its title."""
        wanted, values = self._tsquery(query)
        titled, title_values = self._tsquery(query, weight="A")
        # The index knows no weights either.
        sql = f"""WITH q AS MATERIALIZED (SELECT {wanted} AS wanted, {titled} AS titled)
            SELECT p.title, p.slug
            FROM q JOIN posts_search s ON posts_search_vector(s.head, s.text) @@ q.wanted
            JOIN posts_post p ON p.id = s.post_id
            WHERE s.head @@ q.titled AND s.published_at <= %s
            ORDER BY s.published_at DESC LIMIT {SUGGESTED_TITLES}"""
        return sql, [*values, *title_values, timezone.now()]

    def year(self) -> tuple[str, list[Any]]:
        return "to_char(h.published_at AT TIME ZONE %s, 'YYYY')", [settings.TIME_ZONE]

    def _tsquery(
        self, query: Query, operator: str = "&", weight: str = ""
    ) -> tuple[str, list[Any]]:
        """Return SQL for the tsquery, a phrase being all of its words, and its values."""
        label = f":{weight}" if weight else ""
        terms = []
        for term in query.wanted:
            terms.append(" & ".join(f"'{word}'{label}" for word in self._words(term)))
            if term.prefix:
                # The whole word besides its beginning, so that it counts for more.
                terms[-1] += f" | '{term.words[0]}':*{weight}"
        text, end = f"({f') {operator} ('.join(terms)}", ")"
        for term in query.unwanted:
            if len(words := self._words(term)) == 1:
                end += f" & !'{words[0]}'"
        if not (bounds := _bounds(query)):
            return "to_tsquery('posts_english', %s)", [text + end]
        more = (
            f"coalesce((SELECT string_agg(' | ' || quote_literal(term) || '{label}', '') "
            f"FROM ({_EXPANDED}) t), '')"
        )
        return f"to_tsquery('posts_english', %s || {more} || %s)", [text, *bounds, end]

    def _phrase(self, term: Term) -> str:
        return " <-> ".join(f"'{word}'" for word in self._words(term))

    def _words(self, term: Term) -> tuple[str, ...]:
        # The index has one spelling for all.
        return term.spellings[0]


def _bounds(query: Query) -> list[str]:
    """Return between which words those are that the last one begins; nothing if it is short."""
    last = query.wanted[-1]
    if not last.prefix or len(last.words[0]) < _MIN_EXPANDED:
        return []
    return [last.words[0], last.words[0] + "\U0010ffff"]


def _any_word(query: Query, *, whole: bool = False) -> Query:
    """Return the query for any one word of what is wanted, or for any that does not go on."""
    terms = [
        Term((word,), term.prefix and not whole)
        for term in query.wanted
        for word in term.spellings[0]
    ]
    # The word that goes on stays the last one.
    return Query(query.text, tuple(dict.fromkeys(terms)))


def _without_signs(text: str) -> Marked:
    """Return a text that FTS5 highlighted by two control characters, and where they stood."""
    plain, spans, at = [], [], 0
    for number, piece in enumerate(re.split("[\x02\x03]", text)):
        if number % 2:
            spans.append((at, at + len(piece)))
        plain.append(piece)
        at += len(piece)
    return "".join(plain), spans


def _engine() -> _SQLite | _PostgreSQL:
    return _PostgreSQL() if connection.vendor == "postgresql" else _SQLite()

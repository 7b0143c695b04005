"""What posts/search/finding.py asks, in the SQL of PostgreSQL's full text.

posts/search/index_postgresql.py has the tables that are asked. Everything that a reader typed
reaches the database as a parameter.
"""

# ruff: noqa: S608 (the statements are put together from this module's own words)

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.utils import timezone

from posts.search import index_postgresql
from posts.search.query import NUMBER_WORDS, Query, Term, fold
from posts.search.snippet import Marked
from posts.search.sql import (
    EXPANSIONS,
    HITS_PER_PAGE,
    SUGGESTED_TITLES,
    Engine,
    expansion_bounds,
    narrowing,
)

# Words are marked in so many characters of a body; all of it is searched.
_MARKED_CHARACTERS = 40_000
# So many of the best by title, summary and names are ranked by their text, too.
_RANKED = 100
# So many texts are checked for a phrase without asking the index of pairs first.
LOOKED_INTO = 200
# As far back as a page may ask for (posts/views/search.py).
_FIRST_YEAR = 1900


# Of the articles with all the words (`wordy`), those that may have a phrase in their text. Where
# there are many, the index of pairs tells in which of them each word follows the one before.
_PAIRED = f"""paired_{{number}} AS MATERIALIZED (
    SELECT post_id FROM wordy WHERE (SELECT count(*) FROM wordy) <= {LOOKED_INTO}
    UNION ALL
    SELECT p.post_id FROM q JOIN posts_search_phrases p
        ON posts_search_priced(p.pairs) @> q.pairs_{{number}}
    WHERE (SELECT count(*) FROM wordy) > {LOOKED_INTO})"""
# Whether one of them has the phrase. The text is unpacked for these articles only.
_PHRASED = """s.head @@ q.phrase_{number} OR s.post_id IN (SELECT post_id FROM paired_{number})
    AND (SELECT t.text @@ q.phrase_{number} FROM posts_search t WHERE t.post_id = s.post_id)"""


_BODY = f"left(s.body, {_MARKED_CHARACTERS})"
# The words found, as they are spelled in the texts; its value is _pattern().
_WRITTEN = f"""ARRAY(
    SELECT word FROM (
        SELECT DISTINCT lower(found[1]) AS word FROM regexp_matches(
            s.title || ' ' || s.summary || ' ' || {_BODY}, %s, 'gi') found
        -- With it, the condition below sees each word once.
        OFFSET 0) w
    WHERE to_tsvector('posts_english', {index_postgresql.terms("word")}) @@ q.words)"""


class PostgreSQL(Engine):
    """Full text: https://www.postgresql.org/docs/current/textsearch.html"""

    rows_as_json = "coalesce(json_agg(json_build_array({})), '[]')::text"
    tag_id = "unnest(h.tag_ids)"
    # Of the body, the names, a summary and a title.
    _weights = "'{0.05, 0.3, 0.5, 1}'"

    def matching(self, query: Query, score: str = "0") -> tuple[str, list[Any]]:
        """Return SQL that begins a statement with the common table `hits`, and its values.

        Another table, `q`, has tsqueries: `required` is the query, `words` matches any word of it,
        `whole` any of them that is not a beginning. `score` is SQL about a hit `s` and its `head`.
        """
        # The query comes from a table, so the planner cannot look at it: it assumes few matches,
        # and uses the index.
        asked: dict[str, tuple[str, list[Any]]] = {
            "required": self._tsquery(query),
            "words": self._tsquery(_any_word(query), "|"),
            "whole": self._tsquery(_any_word(query, whole=True), "|"),
        }
        seen, seen_values = self.seen()
        wordy = f"""FROM q JOIN posts_search s ON posts_search_vector(s.head, s.text) @@ q.required
            WHERE {seen}"""
        columns = "s.post_id, s.published_at, s.tag_ids"
        phrases = self._phrases(query)
        if not phrases:
            sql = f"hits AS MATERIALIZED (SELECT {columns}, {score} AS score {wordy})"
        else:
            tables, conditions = [], []
            for number, (words, negation) in enumerate(phrases):
                asked[f"phrase_{number}"] = (
                    "to_tsquery('posts_english', %s)",
                    [" <-> ".join(f"'{word}'" for word in words)],
                )
                asked[f"pairs_{number}"] = (
                    "posts_search_pairs(to_tsvector('posts_english', %s))",
                    [" ".join(words)],
                )
                tables.append(_PAIRED.format(number=number))
                conditions.append(f"{negation}({_PHRASED.format(number=number)})")
            # The index of words has no positions: it finds texts with all words of a phrase.
            sql = f"""wordy AS MATERIALIZED (SELECT {columns}, s.head {wordy}), {", ".join(tables)},
                hits AS MATERIALIZED (SELECT {columns}, {score} AS score
                    FROM q CROSS JOIN wordy s WHERE {" AND ".join(conditions)})"""
        names = ", ".join(f"{expression} AS {name}" for name, (expression, _) in asked.items())
        values = [value for _, given in asked.values() for value in given]
        return f"WITH q AS MATERIALIZED (SELECT {names}), {sql}", [*values, *seen_values]

    def found(
        self, query: Query, tag: str, year: int | None, *, by_date: bool, offset: int
    ) -> tuple[str, list[Any]]:
        """Return SQL for a page, and its values.

        Its columns: the article (or NULL), how many there are, the choices of topics and of
        years, and what `texts` takes.
        """
        score = "0::real" if by_date else f"ts_rank({self._weights}, s.head, q.words)"
        # A whole word counts twice: itself, and as a beginning.
        exact = " + ".join(
            f"ts_rank({self._weights}, s.{vector}, q.{words})"
            for vector in ("head", "text")
            for words in ("words", "whole")
        )
        hits, values = self.matching(query, score)
        narrowed, narrowed_values = narrowing(tag=tag, year=year)
        choices, choice_values = self.choices(tag, year)
        order = "score DESC, published_at DESC, post_id DESC"
        # Ranking by the text unpacks it, which is slow. So only the best by title, summary and
        # names are ranked by it, for each of these weighs more than any text. They come first,
        # and the first pages show nothing else.
        ranked = 0 if by_date else _RANKED
        candidates = (
            "best"
            if offset + HITS_PER_PAGE <= ranked
            else (
                "(SELECT n.post_id, n.published_at, n.score, best.exact "
                "FROM narrowed n LEFT JOIN best USING (post_id)) n"
            )
        )
        sql = f"""{hits},
            narrowed AS {"" if narrowed else "NOT"} MATERIALIZED (
                SELECT * FROM hits h WHERE 1 = 1 {narrowed}),
            best AS MATERIALIZED (
                SELECT b.*, {exact} AS exact
                FROM (SELECT post_id, published_at, score FROM narrowed ORDER BY {order}
                      LIMIT {ranked}) b
                JOIN posts_search s USING (post_id) CROSS JOIN q),
            page AS MATERIALIZED (
                SELECT * FROM {candidates} ORDER BY exact DESC NULLS LAST, {order}
                LIMIT {HITS_PER_PAGE} OFFSET (
                    SELECT least(%s, (count(*) - 1) / {HITS_PER_PAGE} * {HITS_PER_PAGE})
                    FROM narrowed))
            SELECT page.post_id, (SELECT count(*) FROM narrowed), {choices},
                s.title, s.summary, {_BODY},
                {_WRITTEN}
            FROM q LEFT JOIN page ON TRUE LEFT JOIN posts_search s USING (post_id)
            ORDER BY page.exact DESC NULLS LAST, page.score DESC, page.published_at DESC,
                page.post_id DESC"""
        return sql, [*values, *narrowed_values, offset, *choice_values, _pattern(query)]

    def ranked(self, query: Query, limit: int) -> tuple[str, list[Any]]:
        """Return SQL for the keys of what is found, the best first, and its values."""
        hits, values = self.matching(query, f"ts_rank({self._weights}, s.head, q.words)")
        sql = f"{hits} SELECT post_id FROM hits ORDER BY score DESC, post_id DESC LIMIT {limit}"
        return sql, values

    def shown(self, query: Query, keys: list[int]) -> tuple[str, list[Any]]:
        """Return SQL for what `texts` takes of some articles, after the key of each."""
        words, values = self._tsquery(_any_word(query), "|")
        sql = f"""WITH q AS MATERIALIZED (SELECT {words} AS words)
            SELECT s.post_id, s.title, s.summary, {_BODY}, {_WRITTEN}
            FROM q CROSS JOIN posts_search s WHERE s.post_id = ANY(%s)"""
        return sql, [*values, _pattern(query), keys]

    def texts(
        self, query: Query, title: str, summary: str, body: str, written: list[str]
    ) -> list[Marked]:
        """Return title, summary and body with the places of what was found.

        `written` are the words found, as they are spelled in the texts.
        """
        patterns = []
        for spelling in (words for term in query.required for words in term.spellings):
            # A written form of a word begins with the same two letters; a number has one form.
            forms = [
                [word]
                if word in NUMBER_WORDS and (len(spelling) > 1 or word.endswith("911"))
                else [re.escape(one) for one in written if fold(one).startswith(word[:2])]
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
        required, values = self._tsquery(query)
        titled, title_values = self._tsquery(query, weight="A")
        # The index has no weights either, so the title is checked by s.head.
        sql = f"""WITH q AS MATERIALIZED (SELECT {required} AS required, {titled} AS titled)
            SELECT p.title, p.slug
            FROM q JOIN posts_search s ON posts_search_vector(s.head, s.text) @@ q.required
            JOIN posts_post p ON p.id = s.post_id
            WHERE s.head @@ q.titled AND s.published_at <= %s
            ORDER BY s.published_at DESC LIMIT {SUGGESTED_TITLES}"""
        return sql, [*values, *title_values, timezone.now()]

    def year(self) -> tuple[str, list[Any]]:
        # width_bucket() finds between which new years a date lies. So the zone is applied to two
        # hundred new years once, and not to the date of each hit.
        new_years = (
            f"ARRAY(SELECT generate_series(timestamp '{_FIRST_YEAR}-01-01', '2100-01-01', '1 year')"
            " AT TIME ZONE %s)"
        )
        year = f"{_FIRST_YEAR - 1} + width_bucket(h.published_at, {new_years})"
        return year, [settings.TIME_ZONE]

    def _tsquery(
        self, query: Query, operator: str = "&", weight: str = ""
    ) -> tuple[str, list[Any]]:
        """Return SQL for the tsquery, a phrase being all of its words, and its values."""
        label = f":{weight}" if weight else ""
        terms = []
        for term in query.required:
            terms.append(_all_of(term, label))
            if term.prefix:
                # A whole word matches twice, itself and as a beginning, so it ranks higher.
                terms[-1] += f" | '{term.words[0]}':*{weight}"
        text, end = f"({f') {operator} ('.join(terms)}", ")"
        for term in query.excluded:
            if len(term.words) == 1:
                end += f" & !({_all_of(term)})"
        if not (bounds := expansion_bounds(query)):
            return "to_tsquery('posts_english', %s)", [text + end]
        more = (
            f"coalesce((SELECT string_agg(' | ' || quote_literal(term) || '{label}', '') "
            f"FROM ({EXPANSIONS}) t), '')"
        )
        return f"to_tsquery('posts_english', %s || {more} || %s)", [text, *bounds, end]

    def _phrases(self, query: Query) -> list[tuple[tuple[str, ...], str]]:
        """Return the words of each phrase, and "NOT " for one that is excluded."""
        terms = [(term.words, "") for term in query.required]
        terms += [(term.words, "NOT ") for term in query.excluded]
        return [(words, negation) for words, negation in terms if len(words) > 1]


def _pattern(query: Query) -> str:
    """Return a pattern for words that may be some of the query, by their first two letters."""
    beginnings = {word[:2] for term in _any_word(query).required for word in term.words}
    # The query's words have lost their accents, and the text has them still: a word that
    # begins with a letter beyond ASCII may be any of them.
    return (
        rf"\m((?:{'|'.join(sorted(beginnings))}"
        r"|[^\u0001-\u007f]|\w(?=\w)[^\u0001-\u007f])\w*)"
    )


def _all_of(term: Term, label: str = "") -> str:
    """Return a tsquery for all words of a term, of which the index has one spelling each."""
    if term.synonyms:
        return " | ".join(f"'{word}'{label}" for word in term.synonyms)
    return " & ".join(f"'{word}'{label}" for word in term.words)


def _any_word(query: Query, *, whole: bool = False) -> Query:
    """Return the query for any one of the required words; with `whole`, none as a beginning."""
    terms = [
        Term((word,), term.prefix and not whole) for term in query.required for word in term.words
    ]
    # The unfinished word stays the last one.
    return Query(query.text, tuple(dict.fromkeys(terms)))

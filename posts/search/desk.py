"""Searching on the desk: the site's own search, over drafts too.

It knows nothing of permissions. The list of articles keeps to what somebody may see, and asks
this module only for keys, and for the marked texts of rows that it shows anyway.
"""

from __future__ import annotations

from django.utils.safestring import SafeString

from posts.search import snippet, sql
from posts.search.finding import corrected, engine
from posts.search.query import Query, parse

# More are not told apart: whoever finds so many types another word.
MOST = 10_000


def keys_found(query: Query) -> list[int]:
    """Return the keys of the articles in which everything that was typed is found. One query.

    The best comes first.
    """
    if not query:
        return []
    return [key for (key,) in sql.rows(*engine(drafts=True).ranked(query, MOST))]


def nearest_query(query: Query) -> Query | None:
    """Return the query with unknown words replaced by known ones, or None. One query.

    The words may be those of drafts that this person may not see: show them only if they find
    something that he or she may.
    """
    text = corrected(query) if query else ""
    return parse(text) if text else None


def marked(query: Query, keys: list[int]) -> dict[int, tuple[SafeString, SafeString]]:
    """Return the title and a snippet of articles, with `<mark>` around the words. One query."""
    if not query or not keys:
        return {}
    database = engine(drafts=True)
    return {
        key: snippet.title_and_snippet(*database.texts(query, *texts))
        for key, *texts in sql.rows(*database.shown(query, keys))
    }

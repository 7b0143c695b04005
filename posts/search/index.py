"""The search index, kept by the database itself for every way of writing an article.

`posts_search` holds one row of plain text per article, on SQLite and PostgreSQL alike, and
triggers on the articles, topics, authors and links keep it. Above it stand, on PostgreSQL, two
generated vectors under one GIN index, the pairs of words that a phrase may be made of, and a
list of the words; on SQLite, an FTS5 index of stems and one of whole words.
posts/search/index_sqlite.py and posts/search/index_postgresql.py have the statements;
docs/decisions/search.md says why it is done this way.

Nothing here is a Django model: the rows are derived, and `rebuild` makes them again.
"""

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from posts.search import index_postgresql, index_sqlite

TABLE = "posts_search"
# Each with four lists of statements: CREATE, REBUILD, FINISH (over full tables) and DROP.
_STATEMENTS = {"sqlite": index_sqlite, "postgresql": index_postgresql}


def install(connection: BaseDatabaseWrapper) -> None:
    """Create the index with everything that keeps it, and fill it; once more is harmless."""
    uninstall(connection)
    _run(connection, _STATEMENTS[connection.vendor].CREATE)
    rebuild(connection)
    _run(connection, _STATEMENTS[connection.vendor].FINISH)


def prepare(connection: BaseDatabaseWrapper) -> None:
    """Do a migration's part of `install`.

    On SQLite the triggers wait for the end of all migrations, for they would be in the way of
    the later ones (see `stand_aside`); there, an empty table asks for the rest.
    """
    if connection.vendor == "sqlite":
        _run(connection, [index_sqlite.CREATE_TABLE])
    else:
        install(connection)


def uninstall(connection: BaseDatabaseWrapper) -> None:
    """Remove everything that `install` made."""
    _run(connection, _STATEMENTS[connection.vendor].DROP)


def rebuild(connection: BaseDatabaseWrapper) -> None:
    """Make every row of the index again from the articles."""
    _run(connection, _STATEMENTS[connection.vendor].REBUILD)


def keep_through_migrations(*, using: str, **_: Any) -> None:
    """Put back what a migration took: SQLite alters a table by making it anew.

    Its triggers go with the old table, without a word, and what is written until they are back
    is missing in the index, so that is made again. Receives `post_migrate`.
    """
    connection = connections[using]
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE 'posts\\_search%' ESCAPE '\\'"
        )
        present = {name for (name,) in cursor.fetchall()}
    if TABLE in present and not index_sqlite.TRIGGERS.keys() <= present:
        install(connection)


def stand_aside(*, using: str, plan: list[Any], **_: Any) -> None:
    """Take the triggers away while migrations run: SQLite renames no table that one names.

    Receives `pre_migrate`; `keep_through_migrations` puts them back.
    """
    connection = connections[using]
    if connection.vendor == "sqlite" and any(step.app_label == "posts" for step, _ in plan):
        _run(connection, [f"DROP TRIGGER IF EXISTS {name}" for name in index_sqlite.TRIGGERS])


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)

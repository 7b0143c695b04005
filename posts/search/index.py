"""The search index, which the database itself keeps up to date, however an article is written.

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
    """Create the index and its triggers, and fill it. It may be called again."""
    uninstall(connection)
    _run(connection, _STATEMENTS[connection.vendor].CREATE)
    rebuild(connection)
    _run(connection, _STATEMENTS[connection.vendor].FINISH)


def prepare(connection: BaseDatabaseWrapper) -> None:
    """Do a migration's part of `install`.

    On SQLite it makes only the empty table, because triggers would make later migrations fail
    (see `drop_triggers`). After the last migration, `restore_triggers` installs the rest.
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


def restore_triggers(*, using: str, **_: Any) -> None:
    """Install the index again where a migration has removed triggers of it. For `post_migrate`.

    SQLite alters a table by making a new one, and the old table's triggers are lost with it. What
    was written meanwhile is not in the index, so its rows are made again, too.
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


def drop_triggers(*, using: str, plan: list[Any], **_: Any) -> None:
    """Drop the triggers before migrations run. For `pre_migrate`.

    SQLite cannot rename a table that a trigger names. `restore_triggers` makes them again.
    """
    connection = connections[using]
    if connection.vendor == "sqlite" and any(step.app_label == "posts" for step, _ in plan):
        _run(connection, [f"DROP TRIGGER IF EXISTS {name}" for name in index_sqlite.TRIGGERS])


def _run(connection: BaseDatabaseWrapper, statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)

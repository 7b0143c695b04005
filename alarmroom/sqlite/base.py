"""Django's SQLite, which rewrites the placeholders of a statement once.

Django writes `%s` and SQLite wants `?`: for the statements of an article's page, the search for
the one and the putting in of the other took a tenth of the time of the whole page, each time.
https://docs.djangoproject.com/en/6.1/ref/databases/#subclassing-the-built-in-database-backends
"""

from functools import lru_cache
from typing import Any

from django.db.backends.sqlite3 import base

STATEMENTS = 512  # of a process, the last used
LONGEST = 10_000  # characters: one with a thousand placeholders is not asked twice


class DatabaseWrapper(base.DatabaseWrapper):
    def create_cursor(self, name: str | None = None) -> "Cursor":
        return self.connection.cursor(factory=Cursor)


class Cursor(base.SQLiteCursorWrapper):
    def convert_query(self, query: str, *, param_names: list[str] | None = None) -> Any:
        if param_names is None and len(query) <= LONGEST:
            return _converted(query)
        return super().convert_query(query, param_names=param_names)


@lru_cache(maxsize=STATEMENTS)
def _converted(query: str) -> str:
    return base.FORMAT_QMARK_REGEX.sub("?", query).replace("%%", "%")

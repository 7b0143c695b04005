"""The test databases: migrated once in a run, and copied for each of pytest's workers.

Which tests run on which database is said by a mark: all of them on SQLite, and those marked
`postgresql` on PostgreSQL too. `--everything` asks for the others there as well.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.backends.signals import connection_created

from tests import production

# On PostgreSQL: the name of a migrated database, which tests/throwaway_postgres.py makes.
TEMPLATE_VARIABLE = "POSTGRES_TEMPLATE"


def on_postgresql() -> bool:
    """Return whether this run of the tests is one on PostgreSQL."""
    return os.environ.get("DATABASE_URL", "").startswith("postgres")


def copy_instead_of_migrating(folder: Path) -> None:
    """Let the test database begin as a copy of a migrated one; Django then migrates nothing.

    What Django does after it has migrated (content types, permissions) is done all the same.
    `folder` is an empty one, for the copy's file.
    """
    if on_postgresql():
        if template := os.environ.get(TEMPLATE_VARIABLE):
            settings.DATABASES["default"]["TEST"]["TEMPLATE"] = template
        return
    env = production.environment(str(folder))
    production.migrate(env)

    def fill(connection: Any, **_: Any) -> None:
        connection_created.disconnect(fill)
        with closing(sqlite3.connect(folder / "alarmroom.sqlite3")) as migrated:
            migrated.backup(connection.connection)

    connection_created.connect(fill, weak=False)

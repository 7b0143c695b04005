"""The test databases: migrated once in a run, and copied for each of pytest's workers.

All tests run on SQLite. Those marked `postgresql` also run on PostgreSQL; with `--everything` all
do.
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
    """Return whether this test run uses PostgreSQL."""
    return os.environ.get("DATABASE_URL", "").startswith("postgres")


def copy_instead_of_migrating(folder: Path) -> None:
    """Start the test database as a copy of a migrated one, so that Django has nothing to migrate.

    Django still runs its post_migrate steps (content types, permissions). `folder` is an empty
    folder for the copy.
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

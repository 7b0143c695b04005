"""Migrations lead from nothing, and from every day of the past, to the models of today."""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest
from django.conf import settings
from django.db import connection

from tests.helpers import python

pytestmark = pytest.mark.postgresql


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[str]:
    """The DATABASE_URL of an empty database, of the kind that the tests run on."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'scratch.sqlite3'}"
        return
    there = settings.DATABASES["default"]
    name = "alarmroom_migrating"
    given = {"host": there["HOST"], "user": there["USER"], "password": there["PASSWORD"]}
    port = {"port": there["PORT"]} if there["PORT"] else {}
    with closing(psycopg2.connect(dbname="postgres", **given, **port)) as server:
        server.autocommit = True
        with server.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name}")
            cursor.execute(f"CREATE DATABASE {name}")
        yield os.environ["DATABASE_URL"].rpartition("/")[0] + f"/{name}"
        with server.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.mark.parametrize("how", ["empty", "filled"])
def test_migrations_lead_to_the_models_of_today(scratch: str, tmp_path: Path, how: str) -> None:
    done = python(
        "-m",
        "tests.migrating",
        how,
        env={
            **os.environ,
            "DATABASE_URL": scratch,
            "DATA_DIR": str(tmp_path / "data"),
            "DJANGO_SETTINGS_MODULE": "alarmroom.settings",
        },
    )
    assert done.returncode == 0, done.stderr[-4000:]
    rows = int(done.stdout.split()[0])
    assert (rows > 100) if how == "filled" else (rows == 0)

"""Configuration and fixtures for all tests."""

import math
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management.commands import flush
from django.core.management.sql import sql_flush
from django.db import connection
from pytest_django.fixtures import Settings

from alarmroom import facts
from alarmroom.kept.files import page_store
from tests import databases
from tests.smtp import MailServer
from tests.workers import GroupScheduling, grouped_first


def pytest_configure() -> None:
    # A secure hash takes a third of a second for every account that a test makes.
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Tests that commit end with a flush, which the triggers of the consent record and of the
    # log would refuse.
    flush.sql_flush = flush_what_is_never_deleted


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everything",
        action="store_true",
        help="On PostgreSQL, run the tests too that are not marked `postgresql`.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the tests; on PostgreSQL, leave out those that would find nothing new there."""
    items[:] = grouped_first(items)
    if databases.on_postgresql() and not config.getoption("everything"):
        marked = [item for item in items if item.get_closest_marker("postgresql")]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(marked)])
        items[:] = marked


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    databases.copy_instead_of_migrating(tmp_path_factory.mktemp("migrated"))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> GroupScheduling:
    return GroupScheduling(config, log)


def flush_what_is_never_deleted(style: Any, connection: Any, **options: Any) -> list[str]:
    """Return the SQL that empties every table, without the triggers that would refuse it."""
    consent = import_module("subscribers.migrations.0003_consent_is_never_deleted")
    log = import_module("alarmroom.desk.migrations.0006_log_is_append_only")
    drop_triggers, create_triggers = {
        "sqlite": (
            [consent.SQLITE_REVERSE, *log.SQLITE_REVERSE],
            [consent.SQLITE, *log.SQLITE],
        ),
        "postgresql": (
            [consent.POSTGRESQL_REVERSE, *log.POSTGRESQL_REVERSE],
            [consent.POSTGRESQL, *log.POSTGRESQL],
        ),
    }[connection.vendor]
    return [*drop_triggers, *sql_flush(style, connection, **options), *create_triggers]


@pytest.fixture(autouse=True)
def media_root(settings: Settings, tmp_path: Path) -> Path:
    """The folder of uploaded pictures, empty for each test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture(autouse=True)
def kept_pages_root(settings: Settings, tmp_path: Path) -> Path:
    """The folder of kept pages and remembered parts, empty for each test.

    In a shared folder, a commit in one test would drop the pages of tests that run beside it.
    """
    settings.KEPT_PAGES_ROOT = tmp_path / "pages"
    # Every process has read the settings of the publication once. A test that changes them calls
    # what a commit calls (tests/alarmroom/publication/).
    facts.remember(facts.Facts(), page_store().stamp(facts.KEY), math.inf)
    return settings.KEPT_PAGES_ROOT


@pytest.fixture
def new_tables(db: None) -> None:
    """For a test that reads PostgreSQL's plans: the tables of articles are as if newly made.

    What other tests rolled back leaves the tables long, and the planner sees their length. The
    transaction of the test takes this back, too.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute('TRUNCATE "posts_post" CASCADE')


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """A real mail server on loopback, to which every mailer sends (tests/smtp.py)."""
    server = MailServer()
    server.start()
    # pytest-django would put the mails into django.core.mail.outbox instead.
    settings.MAILERS = server.mailers
    yield server
    server.stop()

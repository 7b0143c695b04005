"""What every test may count on."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management.commands import flush
from django.core.management.sql import sql_flush
from pytest_django.fixtures import Settings

from tests import databases
from tests.smtp import MailServer
from tests.workers import Together, longest_first


def pytest_configure() -> None:
    # Hashing well takes a third of a second for every account a test makes.
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # A test that commits ends with a flush.
    flush.sql_flush = flush_with_the_consent_record


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everything",
        action="store_true",
        help="On PostgreSQL, run the tests too that are not marked `postgresql`.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Order the tests; on PostgreSQL, leave out those that would find nothing new there."""
    items[:] = longest_first(items)
    if databases.on_postgresql() and not config.getoption("everything"):
        marked = [item for item in items if item.get_closest_marker("postgresql")]
        config.hook.pytest_deselected(items=[item for item in items if item not in set(marked)])
        items[:] = marked


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    databases.copy_instead_of_migrating(tmp_path_factory.mktemp("migrated"))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:
    return Together(config, log)


def flush_with_the_consent_record(style: Any, connection: Any, **options: Any) -> list[str]:
    """Return what empties every table, for which the database lets go of the consent record."""
    never_deleted = import_module("subscribers.migrations.0003_consent_is_never_deleted")
    let_go, hold = {
        "sqlite": (never_deleted.SQLITE_REVERSE, never_deleted.SQLITE),
        "postgresql": (never_deleted.POSTGRESQL_REVERSE, never_deleted.POSTGRESQL),
    }[connection.vendor]
    return [let_go, *sql_flush(style, connection, **options), hold]


@pytest.fixture(autouse=True)
def media_root(settings: Settings, tmp_path: Path) -> Path:
    """The folder of uploaded pictures, empty for each test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture(autouse=True)
def kept_pages_root(settings: Settings, tmp_path: Path) -> Path:
    """The folder of kept pages and of what is remembered, empty for each test.

    In one that tests share, what one commits would be dropped for all that run beside it.
    """
    settings.KEPT_PAGES_ROOT = tmp_path / "pages"
    return settings.KEPT_PAGES_ROOT


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """A real mail server on loopback that every mailer talks to; tests/smtp.py says more."""
    server = MailServer()
    server.start()
    # pytest-django's own replacement would put the mails into django.core.mail.outbox.
    settings.MAILERS = server.mailers
    yield server
    server.stop()

"""What every test may count on."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings

from tests.smtp import MailServer


def pytest_configure() -> None:
    # Hashing well takes a third of a second for every account a test makes.
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def media_root(settings: Settings, tmp_path: Path) -> Path:
    """The folder of uploaded pictures, empty for each test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """A real mail server on loopback that every mailer talks to; tests/smtp.py says more."""
    server = MailServer()
    server.start()
    # pytest-django's own replacement would put the mails into django.core.mail.outbox.
    settings.MAILERS = server.mailers
    yield server
    server.stop()

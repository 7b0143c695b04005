"""What every test may count on."""

from pathlib import Path

import pytest
from django.conf import settings as django_settings
from pytest_django.fixtures import Settings


def pytest_configure() -> None:
    # Hashing well takes a third of a second for every account a test makes.
    django_settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def media_root(settings: Settings, tmp_path: Path) -> Path:
    """The folder of uploaded pictures, empty for each test."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT

"""Fixtures for the tests of the subscribers app."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from subscribers import guards
from subscribers.models import Resource


@pytest.fixture(autouse=True)
def private_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the resources' files, empty for each test."""
    root = tmp_path / "private"
    storage = FileSystemStorage(location=root, base_url=None)
    monkeypatch.setattr(Resource._meta.get_field("file"), "storage", storage)
    return root


@pytest.fixture
def advance_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Set the clock of the sign-up limits to the middle of an hour; the fixture moves it on."""
    clock = SimpleNamespace(at=timezone.now().replace(minute=30))
    monkeypatch.setattr(guards, "timezone", SimpleNamespace(now=lambda: clock.at))

    def move(time: timedelta) -> None:
        clock.at += time

    return move

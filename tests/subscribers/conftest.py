"""What the tests of this room may count on."""

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
def let_pass(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Let time pass for the limits of the form; by itself it stands still, amid an hour."""
    clock = SimpleNamespace(at=timezone.now().replace(minute=30))
    monkeypatch.setattr(guards, "timezone", SimpleNamespace(now=lambda: clock.at))

    def advance(time: timedelta) -> None:
        clock.at += time

    return advance

"""What the tests of this room may count on."""

from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage

from subscribers.models import Resource


@pytest.fixture(autouse=True)
def private_root(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of the resources' files, empty for each test."""
    root = tmp_path / "private"
    storage = FileSystemStorage(location=root, base_url=None)
    monkeypatch.setattr(Resource._meta.get_field("file"), "storage", storage)
    return root

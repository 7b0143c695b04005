from collections.abc import Iterator

import pytest
from pytest_django import Settings

from tests.newsletter.server import ScriptedServer


@pytest.fixture
def server(settings: Settings) -> Iterator[ScriptedServer]:
    """A real SMTP server that every mailer of the test talks to."""
    scripted = ScriptedServer()
    settings.MAILERS = scripted.mailers()
    yield scripted
    scripted.stop()


@pytest.fixture
def no_tasks(settings: Settings) -> None:
    """Tests call the engine themselves; the tasks that wake it are only noted."""
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}

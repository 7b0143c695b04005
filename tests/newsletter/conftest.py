import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from tests.newsletter.server import ScriptedServer


@pytest.fixture
def server(settings: Settings) -> Iterator[ScriptedServer]:
    """A real SMTP server that every mailer of the test uses."""
    scripted = ScriptedServer()
    settings.MAILERS = scripted.mailers()
    yield scripted
    scripted.stop()


@pytest.fixture(params=["pipelining", "one command at a time"])
def each_way(request: pytest.FixtureRequest, server: ScriptedServer) -> None:
    """The test runs with a server that takes groups of commands, and with one that does not."""
    if request.param != "pipelining":
        server.offers.remove("PIPELINING")


@pytest.fixture
def one_connection(settings: Settings) -> None:
    """A worker has one connection: what follows from one message is known before the next."""
    settings.DELIVERY_CONNECTIONS = 1


@pytest.fixture
def no_tasks(settings: Settings) -> None:
    """Tasks are recorded and not run; the tests call the delivery functions directly."""
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}


@pytest.fixture
def one_day() -> None:
    """Wait if midnight is near: the confirmation page and the sent issue must have the same day."""
    now = timezone.localtime()
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    if (left := (midnight - now).total_seconds()) < 5:
        time.sleep(left)


@pytest.fixture
def editor(client: Client, one_day: None) -> User:
    user = User.objects.create_superuser("ed", "ed@example.org", "pw")
    client.force_login(user)
    return user


@pytest.fixture
def example_org(settings: Settings) -> None:
    settings.SITE_URL = "https://www.example.org"
    settings.MAIL_DOMAIN = "example.org"

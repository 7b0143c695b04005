"""What the tests of kept pages share: the site that they ask, and what is on it."""

from collections.abc import Callable, Iterator
from itertools import count

import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from pytest_django.fixtures import Settings

from tests.alarmroom.kept import urls
from tests.alarmroom.kept.paper import Clock, Paper
from tests.alarmroom.kept.site import Site


@pytest.fixture
def one_transaction() -> Iterator[None]:
    # As Django's own test client does: the test's transaction must outlive a request.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def counting_site(settings: Settings, one_transaction: None) -> Iterator[None]:
    """The site of tests/alarmroom/kept/urls.py, on two hosts."""
    settings.KEPT_PAGES_SECONDS = 60
    settings.ROOT_URLCONF = "tests.alarmroom.kept.urls"
    settings.ALLOWED_HOSTS = ["testserver", "other.example"]
    yield
    urls.during.clear()
    urls.rendered = count(1)
    urls.moment = None


@pytest.fixture
def real_site(settings: Settings, one_transaction: None) -> None:
    """The site itself; the tasks that a change enqueues are only noted."""
    settings.KEPT_PAGES_SECONDS = 600
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}


@pytest.fixture
def commit(django_capture_on_commit_callbacks) -> Callable:
    return lambda: django_capture_on_commit_callbacks(execute=True)


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.fixture
def paper(commit: Callable) -> Paper:
    return Paper(commit)

"""Two mailers: issues use `bulk`, notices to readers and mails to editors use `default`."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from alarmroom.desk import letters
from newsletter.delivery import clock, pausing, starting, worker
from newsletter.models import Issue
from subscribers import notices, signup
from tests.factories import make_issue, make_pending, make_subscriber
from tests.newsletter.server import ScriptedServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def servers(settings: Settings) -> Iterator[dict[str, ScriptedServer]]:
    """One mail server for each alias of MAILERS."""
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    found = {alias: ScriptedServer() for alias in ("default", "bulk")}
    settings.MAILERS = {alias: server.mailers()[alias] for alias, server in found.items()}
    yield found
    for server in found.values():
        server.stop()


def recipients_by_mailer(servers: dict[str, ScriptedServer]) -> dict[str, list[str]]:
    return {alias: sorted(server.recipients) for alias, server in servers.items()}


def test_issues_and_test_mails_use_the_bulk_mailer(servers: dict[str, ScriptedServer]) -> None:
    make_subscriber("a@example.org")
    make_subscriber("b@example.org")
    issue = make_issue()
    starting.send_test(issue, "editor@example.org")
    starting.start(issue)
    worker.deliver(issue.pk)
    assert recipients_by_mailer(servers) == {
        "default": [],
        "bulk": ["a@example.org", "b@example.org", "editor@example.org"],
    }
    assert servers["default"].connections == 0


def test_notices_to_readers_use_the_default_mailer(servers: dict[str, ScriptedServer]) -> None:
    signup.sign_up("new@example.org", "/")
    signup.confirm(make_pending("welcome@example.org"))
    signup.sign_up(make_subscriber("already@example.org").address, "/")
    assert notices.send_due() == 3
    assert recipients_by_mailer(servers) == {
        "default": ["already@example.org", "new@example.org", "welcome@example.org"],
        "bulk": [],
    }
    assert servers["bulk"].connections == 0


def test_mails_to_editors_use_the_default_mailer(servers: dict[str, ScriptedServer]) -> None:
    editor = User.objects.create_user("ed", "editor@example.org", "pw", is_staff=True)
    paused = make_issue()
    starting.start(paused, by=editor)
    pausing.pause(paused, "Something is wrong.", tell=True)
    unfinished = make_issue()
    starting.schedule(unfinished, timezone.now() + timedelta(hours=1), by=editor)
    unfinished.issue_posts.all().delete()
    Issue.objects.filter(pk=unfinished.pk).update(scheduled_for=timezone.now())
    clock.tick(clock.Steps())
    assert not letters.send_due()
    assert recipients_by_mailer(servers) == {"default": ["editor@example.org"] * 2, "bulk": []}

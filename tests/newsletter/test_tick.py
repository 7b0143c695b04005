"""`manage.py tick`: one command that does everything that is due."""

import time
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from newsletter import delivery, worker
from newsletter.models import Issue
from newsletter.tasks import deliver_issue
from subscribers import signup
from tests.factories import make_issue, make_subscriber
from tests.newsletter.server import ScriptedServer

pytestmark = pytest.mark.django_db


def test_a_tick_starts_due_issues_and_sends_due_notices(server: ScriptedServer, settings) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    issue = make_issue()
    delivery.schedule(issue, timezone.now() + timedelta(hours=1), by=None)
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=timezone.now())
    signup.sign_up("new@example.org", where="/")
    call_command("tick")
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENT, "an issue for nobody is finished at once"
    assert server.recipients == ["new@example.org"]


@pytest.mark.parametrize("more", [True, False])
def test_a_task_asks_for_the_next_one_only_while_there_is_more(
    settings, monkeypatch: pytest.MonkeyPatch, more: bool
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    make_subscriber("a@example.org")
    issue = make_issue()
    delivery.start(issue)
    Issue.objects.filter(pk=issue.pk).update(woken_at=None)
    report = worker.Report(counts={"sent": 5}, more=more)
    monkeypatch.setattr(worker, "deliver", lambda _: report)
    assert deliver_issue.call(issue.pk) == {"sent": 5}
    issue.refresh_from_db()
    assert (issue.woken_at is not None) == more


def test_a_slice_that_ends_early_leaves_the_rest_free(server: ScriptedServer, settings) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    for number in range(3):
        make_subscriber(f"r{number}@example.org")
    issue = make_issue()
    delivery.start(issue)
    # The worker is told to stop while the first message is on its way.
    ended = []
    server.on["END"] = lambda _: ended.append(1) or time.sleep(0.6)
    report = worker.deliver(issue.pk, seconds=0.5)
    assert report.more
    assert len(server.recipients) == len(ended) == 1
    assert set(issue.deliveries.values_list("state", "leased_by")) == {("sent", ""), ("queued", "")}

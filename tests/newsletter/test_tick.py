"""`manage.py tick`: one command that does everything that is due."""

from datetime import datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from newsletter import delivery, mail, worker
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


def test_a_slice_that_ends_early_leaves_the_rest_free(
    server: ScriptedServer, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    for number in range(3):
        make_subscriber(f"r{number}@example.org")
    issue = make_issue()
    delivery.start(issue)
    # The slice ends while the first message is on its way: a message takes a second.
    ended: list[int] = []
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: float(len(ended))))
    server.on["END"] = lambda _: ended.append(1)
    report = worker.deliver(issue.pk, seconds=0.5)
    assert report.more
    assert len(server.recipients) == len(ended) == 1
    assert set(issue.deliveries.values_list("state", "leased_by")) == {("sent", ""), ("queued", "")}


def full(*args, **kwargs):
    raise OSError(28, "No space left on device")


def make_due(*issues: Issue) -> None:
    for issue in issues:
        delivery.schedule(issue, timezone.now() + timedelta(hours=1), by=None)
    Issue.objects.update(scheduled_for=timezone.now())


STEPS = {
    "Looking for issues that are due": "newsletter.clock.Issue.objects.due",
    "Freeing what dead workers held": "newsletter.clock.free_stale_leases",
    "Skipping what was cancelled": "newsletter.clock.skip_cancelled",
    "Looking for issues without a worker": "newsletter.clock.without_worker",
    "Sending notices": "subscribers.notices.send_due",
    "Waking workers for pictures": "posts.tasks.wake_due",
    "Finishing texts": "posts.body.serve_due",
    "Comparing articles": "posts.likeness.compare_due",
    "Sweeping kept pages": "alarmroom.kept.files.PageStore.sweep",
}


@pytest.mark.parametrize("failing", STEPS)
def test_a_step_that_fails_keeps_no_other_from_its_turn(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    done = []
    for name, path in STEPS.items():
        monkeypatch.setattr(path, lambda *args, name=name: done.append(name) or [])
    monkeypatch.setattr(STEPS[failing], full)
    with pytest.raises(CommandError, match=failing):
        call_command("tick")
    assert done == [name for name in STEPS if name != failing]
    [record] = [record for record in caplog.records if record.name == "newsletter.clock"]
    assert failing in record.getMessage()
    assert record.exc_info


def test_an_issue_that_cannot_be_started_keeps_no_other_from_starting(
    settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    make_subscriber()
    issues = [make_issue() for _ in range(3)]
    make_due(*issues)
    render = mail.render

    def stumble(issue: Issue):
        return full() if issue.pk == issues[1].pk else render(issue)

    monkeypatch.setattr(mail, "render", stumble)
    with pytest.raises(CommandError, match=f"Starting issue {issues[1].number}"):
        call_command("tick")
    states = [Issue.objects.get(pk=issue.pk).state for issue in issues]
    assert states == ["sending", "scheduled", "sending"]
    assert f"Starting issue {issues[1].number} failed" in caplog.text
    assert "No space left on device" in caplog.text
    monkeypatch.setattr(mail, "render", render)
    call_command("tick")
    assert Issue.objects.get(pk=issues[1].pk).state == "sending"


def test_an_issue_that_cannot_be_finished_keeps_no_other_from_it(
    settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    first, second = make_issue(), make_issue()
    delivery.start(first)
    delivery.start(second)
    finish = worker.finish
    monkeypatch.setattr(
        worker, "finish", lambda issue: full() if issue.pk == second.pk else finish(issue)
    )
    with pytest.raises(CommandError, match=f"Finishing issue {second.number}"):
        call_command("tick")
    assert [Issue.objects.get(pk=issue.pk).state for issue in (first, second)] == [
        "sent",
        "sending",
    ]


@pytest.mark.django_db(transaction=True)
def test_the_clock_goes_on_after_a_tick_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, rests = [], []

    def fail_twice() -> int:
        ticks.append(True)
        return full() if len(ticks) < 3 else 0

    def rest(seconds: float, *, since: datetime) -> None:
        rests.append(seconds)
        if len(rests) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("newsletter.clock.free_stale_leases", fail_twice)
    monkeypatch.setattr("newsletter.management.commands.tick.PRUNES", True)
    monkeypatch.setattr("newsletter.management.commands.tick.call_command", full)
    monkeypatch.setattr("posts.freshness.wait_and_sweep", rest)
    call_command("tick", "--forever", "--interval=7")
    assert len(ticks) == 3
    assert rests == [7, 7, 7]

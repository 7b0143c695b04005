"""The command `manage.py tick` runs everything that is due."""

from datetime import datetime, timedelta
from threading import Event
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.tasks import task_backends
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from newsletter.delivery import outcomes, starting, worker
from newsletter.delivery.tasks import deliver_issue
from newsletter.mail import rendering as mail
from newsletter.models import Issue
from subscribers import notices, signup, tasks
from subscribers.models import Notice
from subscribers.tasks import send_notices
from tests.factories import make_editor, make_issue, make_subscriber
from tests.newsletter.server import ScriptedServer
from tests.tasks import run_noted

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def test_a_tick_starts_due_issues_and_enqueues_due_notices(
    server: ScriptedServer, settings
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    issue = make_issue()
    starting.schedule(issue, timezone.now() + timedelta(hours=1), by=None)
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=timezone.now())
    signup.sign_up("new@example.org", where="/")
    call_command("tick")
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENT, "an issue without recipients is finished at once"
    run_noted()
    assert server.recipients == ["new@example.org"]


def test_a_tick_does_not_wait_for_the_mail_server(server: ScriptedServer, settings) -> None:
    """A tick opens no connection to a mail server."""
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    never = Event()
    server.on["CONNECT"] = lambda _: never.wait(60) and None
    editor = make_editor(email="editor@example.org")
    due, empty = make_issue(), make_issue()
    for issue in (empty, due):
        starting.schedule(issue, timezone.now() + timedelta(hours=1), by=editor)
    empty.issue_posts.all().delete()  # Not ready, so its editor gets a mail.
    Issue.objects.update(scheduled_for=timezone.now())
    for number in range(3):
        signup.sign_up(f"new{number}@example.org", where="/")
    make_subscriber()
    call_command("tick")
    assert server.connections == 0
    due.refresh_from_db()
    empty.refresh_from_db()
    assert (due.state, empty.state) == ("sending", "draft")
    paths = {result.task.module_path for result in task_backends["default"].results}
    assert {"subscribers.tasks.send_notices", "alarmroom.desk.tasks.send_letters"} <= paths
    never.set()


def test_a_tick_enqueues_nothing_when_no_notice_is_due(settings) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    signup.sign_up("new@example.org", where="/")
    Notice.objects.update(due_at=timezone.now() + timedelta(minutes=1))
    call_command("tick")
    assert task_backends["default"].results == []


def test_notices_have_priority_over_the_next_slice_of_an_issue(settings) -> None:
    """A single worker takes the notices first, although they were enqueued last."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    deliver_issue.enqueue(1)
    tasks.wake()
    first = DBTaskResult.objects.ready().get_locked()
    assert first and first.task_path == "subscribers.tasks.send_notices"


def test_slow_notices_let_an_issue_continue_after_one_slice(
    server: ScriptedServer, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    for number in range(3):
        signup.sign_up(f"new{number}@example.org", where="/")
    # A mail takes a minute.
    monkeypatch.setattr(
        notices, "time", SimpleNamespace(monotonic=lambda: 60.0 * len(server.accepted))
    )
    deliver_issue.enqueue(1)
    assert send_notices.call() == 1
    following = DBTaskResult.objects.ready().get_locked()
    assert following and following.task_path == "newsletter.delivery.tasks.deliver_issue"
    assert DBTaskResult.objects.filter(task_path="subscribers.tasks.send_notices").count() == 1


def test_an_unreachable_mail_server_is_not_retried_at_once(
    server: ScriptedServer, settings
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    for number in range(3):
        signup.sign_up(f"new{number}@example.org", where="/")
    server.stop()
    assert send_notices.call() == 0
    assert task_backends["default"].results == []


@pytest.mark.parametrize("more", [True, False])
def test_a_task_enqueues_the_next_one_only_while_deliveries_remain(
    settings, monkeypatch: pytest.MonkeyPatch, more: bool
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    make_subscriber("a@example.org")
    issue = make_issue()
    starting.start(issue)
    Issue.objects.filter(pk=issue.pk).update(woken_at=None)
    report = worker.Report(counts={"sent": 5}, more=more)
    monkeypatch.setattr(worker, "deliver", lambda _: report)
    assert deliver_issue.call(issue.pk) == {"sent": 5}
    issue.refresh_from_db()
    assert (issue.woken_at is not None) == more


def test_a_slice_that_ends_releases_its_leases(
    server: ScriptedServer, settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    for number in range(3):
        make_subscriber(f"r{number}@example.org")
    issue = make_issue()
    starting.start(issue)
    # The slice ends while the first message is on its way: a message takes a second.
    ended: list[int] = []
    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: float(len(ended))))
    server.on["END"] = lambda _: ended.append(1)
    report = worker.deliver(issue.pk, seconds=0.5)
    assert report.more
    assert len(server.recipients) == len(ended) == 1
    assert set(issue.deliveries.values_list("state", "leased_by")) == {("sent", ""), ("queued", "")}


def raise_disk_full(*args, **kwargs):
    raise OSError(28, "No space left on device")


def make_due(*issues: Issue) -> None:
    for issue in issues:
        starting.schedule(issue, timezone.now() + timedelta(hours=1), by=None)
    Issue.objects.update(scheduled_for=timezone.now())


STEPS = {
    "Looking for issues that are due": "newsletter.delivery.clock.Issue.objects.due",
    "Freeing what dead workers held": "newsletter.delivery.clock.free_stale_leases",
    "Skipping what was cancelled": "newsletter.delivery.clock.skip_cancelled",
    "Looking for issues without a worker": "newsletter.delivery.clock.without_worker",
    "Waking a worker for notices": "subscribers.tasks.wake_due",
    "Waking a worker for covers": "subscribers.tasks.wake_for_covers_due",
    "Forgetting old counts of sign-ups": "subscribers.guards.delete_outdated",
    "Waking workers for pictures": "posts.tasks.wake_due",
    "Waking a worker for the figures of issues": "newsletter.reports.tasks.wake_due",
    "Telling what became of an issue": "newsletter.reports.telling.tell_due",
    "Finishing texts": "posts.finishing.serve_due",
    "Comparing articles": "posts.likeness.compare_due",
    "Checking published articles": "newsletter.management.commands.tick.weekly",
    "Waking a worker for links to other sites": "posts.tasks.wake_for_links_due",
    "Sweeping kept pages": "alarmroom.kept.files.PageStore.sweep",
}


@pytest.mark.parametrize("failing", STEPS)
def test_a_failing_step_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    done = []
    for name, path in STEPS.items():
        monkeypatch.setattr(path, lambda *args, name=name: done.append(name) or [])
    monkeypatch.setattr(STEPS[failing], raise_disk_full)
    with pytest.raises(CommandError, match=failing):
        call_command("tick")
    assert done == [name for name in STEPS if name != failing]
    [record] = [record for record in caplog.records if record.name == "newsletter.delivery.clock"]
    assert failing in record.getMessage()
    assert record.exc_info


def test_an_issue_that_fails_to_start_does_not_stop_the_others(
    settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    make_subscriber()
    issues = [make_issue() for _ in range(3)]
    make_due(*issues)
    render = mail.render

    def render_or_fail(issue: Issue):
        return raise_disk_full() if issue.pk == issues[1].pk else render(issue)

    monkeypatch.setattr(mail, "render", render_or_fail)
    with pytest.raises(CommandError, match=f"Starting issue {issues[1].number}"):
        call_command("tick")
    states = [Issue.objects.get(pk=issue.pk).state for issue in issues]
    assert states == ["sending", "scheduled", "sending"]
    assert f"Starting issue {issues[1].number} failed" in caplog.text
    assert "No space left on device" in caplog.text
    monkeypatch.setattr(mail, "render", render)
    call_command("tick")
    assert Issue.objects.get(pk=issues[1].pk).state == "sending"


def test_an_issue_that_fails_to_finish_does_not_stop_the_others(
    settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.TASKS = {"default": {"BACKEND": "django.tasks.backends.dummy.DummyBackend"}}
    first, second = make_issue(), make_issue()
    starting.start(first)
    starting.start(second)
    finish = outcomes.finish
    monkeypatch.setattr(
        outcomes,
        "finish",
        lambda issue: raise_disk_full() if issue.pk == second.pk else finish(issue),
    )
    with pytest.raises(CommandError, match=f"Finishing issue {second.number}"):
        call_command("tick")
    assert [Issue.objects.get(pk=issue.pk).state for issue in (first, second)] == [
        "sent",
        "sending",
    ]


@pytest.mark.django_db(transaction=True)
def test_the_clock_continues_after_a_failed_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks, rests = [], []

    def fail_twice() -> int:
        ticks.append(True)
        return raise_disk_full() if len(ticks) < 3 else 0

    def rest(seconds: float, *, since: datetime) -> None:
        rests.append(seconds)
        if len(rests) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("newsletter.delivery.clock.free_stale_leases", fail_twice)
    monkeypatch.setattr("newsletter.management.commands.tick.PRUNES", True)
    monkeypatch.setattr("newsletter.management.commands.tick.call_command", raise_disk_full)
    monkeypatch.setattr("posts.freshness.wait_and_sweep", rest)
    call_command("tick", "--forever", "--interval=7")
    assert len(ticks) == 3
    assert rests == [7, 7, 7]

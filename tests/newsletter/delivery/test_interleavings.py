"""An editor, a second worker or the clock acts while a worker waits for the mail server.

The mail server of these tests performs the action before it replies, in its own thread and on its
own database connection, as another process would.
"""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.tasks import default_task_backend
from django.test import Client
from django.utils import timezone

from newsletter.delivery import clock, pausing, starting, worker
from newsletter.mail import rendering as mail
from newsletter.models import Delivery, Issue
from tests.factories import make_issue, make_subscriber
from tests.helpers import PATIENCE, at_once
from tests.newsletter.admin.desk import url
from tests.newsletter.delivery.ledger import due_now, started, states
from tests.newsletter.server import ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_tasks", "one_connection", "each_way"),
]

NOTE = "Paused by ed."


def act_once(act: Callable[[], object], reply: str | None = None) -> Callable[[str], str | None]:
    """Return a reply function that calls `act` the first time, and always returns `reply`."""
    done = []

    def answer(_: str) -> str | None:
        if not done:
            done.append(True)
            try:
                act()
            finally:
                connection.close()
        return reply

    return answer


def pause(issue: Issue) -> None:
    assert pausing.pause(Issue.objects.get(pk=issue.pk), NOTE)


def cancel(issue: Issue) -> None:
    assert starting.cancel(Issue.objects.get(pk=issue.pk))


def fresh(issue: Issue) -> Issue:
    return Issue.objects.get(pk=issue.pk)


# An unreachable server


@pytest.mark.parametrize("verb", ["CONNECT", "MAIL"])
def test_a_pause_while_the_server_is_away_keeps_its_note(
    client: Client, editor: User, server: ScriptedServer, verb: str
) -> None:
    issue = started("a@example.org", "b@example.org")
    server.on[verb] = act_once(lambda: pause(issue), "421 closing")
    worker.deliver(issue.pk)
    found = fresh(issue)
    assert (found.state, found.state_note) == (Issue.State.PAUSED, NOTE)
    assert (found.quiet_until, found.away_in_a_row) == (None, 0)
    page = client.get(url("progress", issue)).content.decode()
    assert NOTE in page
    assert "goes on by itself" not in page


def test_a_pause_clears_the_wait_for_the_server(
    client: Client, editor: User, server: ScriptedServer
) -> None:
    issue = started("a@example.org")
    server.on["MAIL"] = lambda _: "421 closing"
    worker.deliver(issue.pk)
    assert "goes on by itself" in client.get(url("progress", issue)).content.decode()
    pause(issue)
    assert fresh(issue).quiet_until is None
    page = client.get(url("progress", issue)).content.decode()
    assert "goes on by itself" not in page


def test_a_cancellation_while_the_server_is_away_is_final(server: ScriptedServer) -> None:
    issue = started("a@example.org", "b@example.org")
    server.on["MAIL"] = act_once(lambda: cancel(issue), "421 closing")
    worker.deliver(issue.pk)
    found = fresh(issue)
    assert (found.state, found.state_note) == (Issue.State.CANCELLED, "")
    assert (found.quiet_until, found.away_in_a_row) == (None, 0)
    assert states(issue) == {"skipped": 2}


def test_two_workers_that_find_the_server_away_count_once(server: ScriptedServer, settings) -> None:
    settings.DELIVERY_BATCH_SIZE = 1
    issue = started("a@example.org", "b@example.org")
    both = threading.Barrier(2, timeout=PATIENCE)

    def away(_: str) -> str:
        both.wait()
        return "421 closing"

    server.on["MAIL"] = away
    before = timezone.now()
    at_once(*[lambda: worker.deliver(issue.pk)] * 2)
    found = fresh(issue)
    assert found.away_in_a_row == 1
    assert found.quiet_until is not None
    assert timedelta(0) < found.quiet_until - before < timedelta(minutes=1.5)


# Failed messages


def test_the_pause_for_failures_is_kept_when_the_server_goes_away(
    server: ScriptedServer, settings
) -> None:
    settings.DELIVERY_MAX_FAILURES_IN_A_ROW = 2
    issue = started(*(f"r{number}@example.org" for number in range(4)))
    refused: list[str] = []
    server.on["END"] = lambda to: refused.append(to) or "554 looks like spam"
    server.on["MAIL"] = lambda _: "421 closing" if len(refused) == 2 else None
    worker.deliver(issue.pk)
    found = fresh(issue)
    assert found.state == Issue.State.PAUSED
    assert "2 messages in a row were not accepted" in found.state_note
    assert (found.quiet_until, found.away_in_a_row) == (None, 0)
    assert states(issue) == {"failed": 2, "queued": 2}


def test_a_failure_after_a_pause_only_records_the_delivery(
    server: ScriptedServer, settings
) -> None:
    settings.DELIVERY_MAX_FAILURES_IN_A_ROW = 1
    issue = started("a@example.org", "b@example.org")
    server.on["END"] = act_once(lambda: pause(issue), "554 looks like spam")
    worker.deliver(issue.pk)
    found = fresh(issue)
    assert (found.state, found.state_note) == (Issue.State.PAUSED, NOTE)
    assert found.failures_in_a_row == 0
    assert states(issue) == {"failed": 1, "queued": 1}
    assert not issue.deliveries.exclude(leased_until=None).exists()


def test_failures_of_two_workers_pause_the_issue_once(server: ScriptedServer, settings) -> None:
    settings.DELIVERY_BATCH_SIZE = 1
    settings.DELIVERY_MAX_FAILURES_IN_A_ROW = 1
    issue = started(*(f"r{number}@example.org" for number in range(4)))
    both = threading.Barrier(2, timeout=PATIENCE)

    def refuse(_: str) -> str:
        both.wait()
        return "554 looks like spam"

    server.on["END"] = refuse
    at_once(*[lambda: worker.deliver(issue.pk)] * 2)
    found = fresh(issue)
    assert found.state == Issue.State.PAUSED
    assert "in a row were not accepted" in found.state_note
    assert found.failures_in_a_row == 1
    assert states(issue) == {"failed": 2, "queued": 2}


# Cancelled while sending


@pytest.mark.parametrize(
    ("reply", "left"), [(None, "sent"), ("451 later", "skipped"), ("554 no", "failed")]
)
def test_a_cancellation_lets_the_current_message_finish(
    server: ScriptedServer, reply: str | None, left: str
) -> None:
    issue = started("a@example.org", "b@example.org", "c@example.org")
    server.on["END"] = act_once(lambda: cancel(issue), reply)
    worker.deliver(issue.pk)
    clock.tick(clock.Steps())
    due_now(issue)
    worker.deliver(issue.pk)
    found = fresh(issue)
    assert found.state == Issue.State.CANCELLED
    assert (found.quiet_until, found.failures_in_a_row) == (None, 0)
    expected = {"skipped": 2}
    expected[left] = expected.get(left, 0) + 1
    assert states(issue) == expected
    assert len(server.recipients) == (1 if left == "sent" else 0)


# A delivery that was settled concurrently


def test_a_late_reply_does_not_overwrite_a_settled_delivery(
    server: ScriptedServer,
) -> None:
    issue = started("a@example.org")

    def lease_ends_and_an_editor_decides() -> None:
        Delivery.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        assert clock.free_stale_leases() == 1
        assert starting.call_uncertain_sent(fresh(issue), None) == 1

    server.on["END"] = act_once(lease_ends_and_an_editor_decides, "554 no")
    report = worker.deliver(issue.pk)
    assert states(issue) == {"sent": 1}
    assert report.counts == {}, "nothing was written"


# The clock


def test_an_issue_unscheduled_during_rendering_is_not_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_subscriber()
    issue = make_issue()
    starting.schedule(issue, timezone.now() + timedelta(hours=1), by=None)
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=timezone.now())
    render = mail.render

    def unscheduled_meanwhile(found: Issue):
        starting.unschedule(fresh(issue))
        return render(found)

    monkeypatch.setattr(mail, "render", unscheduled_meanwhile)
    clock.tick(clock.Steps())
    assert fresh(issue).state == Issue.State.DRAFT
    assert not Delivery.objects.exists()


def test_no_mail_is_sent_for_a_schedule_that_was_cancelled_concurrently(
    editor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = make_issue()
    starting.schedule(issue, timezone.now() + timedelta(hours=1), by=editor)
    Issue.objects.filter(pk=issue.pk).update(scheduled_for=timezone.now())

    def fails_while_an_editor_cancels(found: Issue):
        starting.cancel(fresh(issue))
        raise mail.RenderError("A picture is missing.")

    monkeypatch.setattr(mail, "render", fails_while_an_editor_cancels)
    clock.tick(clock.Steps())
    found = fresh(issue)
    assert (found.state, found.state_note) == (Issue.State.CANCELLED, "")
    assert default_task_backend.results == []

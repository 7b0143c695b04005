"""The reply of the mail server decides about a delivery: failed, deferred, uncertain, retried."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alarmroom.desk import letters
from newsletter.delivery import clock, outcomes, starting, throttle, worker
from newsletter.models import Issue
from tests.factories import make_editor, make_issue, make_subscriber
from tests.newsletter.delivery.ledger import State, due_now, started, states
from tests.newsletter.server import HANG_UP, ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db,
    pytest.mark.usefixtures("no_tasks", "one_connection", "each_way"),
]


def test_a_permanent_rejection_fails_one_delivery_only(server: ScriptedServer) -> None:
    server.on["RCPT"] = lambda to: "550 5.1.1 no such user" if to.startswith("bad") else None
    issue = started("bad@example.org", "good@example.org")
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert server.recipients == ["good@example.org"]
    assert states(issue) == {"sent": 1, "failed": 1}
    failed = issue.deliveries.get(state=State.FAILED)
    assert (failed.code, failed.reply) == (550, "5.1.1 no such user")
    assert issue.state == Issue.State.SENT


def test_a_deferred_delivery_is_retried_when_due(server: ScriptedServer) -> None:
    server.on["RCPT"] = lambda _: "450 4.2.0 greylisted"
    issue = started("a@example.org")
    worker.deliver(issue.pk)
    row = issue.deliveries.get()
    assert (row.state, row.tries, row.code) == (State.QUEUED, 1, 450)
    assert row.due_at > timezone.now() + timedelta(minutes=9)
    server.on.clear()
    worker.deliver(issue.pk)
    assert server.recipients == []
    due_now(issue)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert server.recipients == ["a@example.org"]
    assert issue.state == Issue.State.SENT


def test_later_retries_wait_at_least_half_an_hour(server: ScriptedServer) -> None:
    server.on["RCPT"] = lambda _: "450 later"
    issue = started("a@example.org")
    for _ in range(2):
        due_now(issue)
        worker.deliver(issue.pk)
    assert issue.deliveries.get().due_at > timezone.now() + timedelta(minutes=29)
    assert all(pause >= timedelta(minutes=30) for pause in outcomes.RETRY_AFTER[1:])


def test_a_delivery_fails_after_the_last_retry(server: ScriptedServer) -> None:
    server.on["RCPT"] = lambda _: "450 later"
    issue = started("a@example.org")
    for _ in range(len(outcomes.RETRY_AFTER) + 1):
        due_now(issue)
        worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"failed": 1}
    assert issue.state == Issue.State.SENT
    assert sum(outcomes.RETRY_AFTER, timedelta()) > timedelta(days=3)


def test_an_unreachable_server_counts_as_no_try(server: ScriptedServer) -> None:
    issue = started("a@example.org", "b@example.org")
    server.stop()
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING
    assert "away" in issue.state_note
    assert issue.quiet_until is not None
    assert set(issue.deliveries.values_list("state", "tries", "leased_until")) == {
        (State.QUEUED, 0, None)
    }
    server.start()
    worker.deliver(issue.pk)
    assert server.recipients == [], "the server is not asked before quiet_until"
    due_now(issue)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(server.recipients) == ["a@example.org", "b@example.org"]
    assert (issue.state, issue.state_note) == (Issue.State.SENT, "")


def test_the_wait_for_an_unreachable_server_grows(server: ScriptedServer) -> None:
    issue = started("a@example.org")
    server.stop()
    waits = []
    for _ in range(7):
        due_now(issue)
        before = timezone.now()
        worker.deliver(issue.pk)
        issue.refresh_from_db()
        waits.append(round((issue.quiet_until - before).total_seconds() / 60))
    assert waits == [1, 2, 5, 15, 30, 30, 30]


def test_a_server_that_goes_away_loses_no_delivery(server: ScriptedServer) -> None:
    issue = started(*(f"r{n}@example.org" for n in range(6)))
    server.on["MAIL"] = lambda _: "421 closing" if len(server.accepted) == 3 else None
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 3, "queued": 3}
    server.on.clear()
    due_now(issue)
    worker.deliver(issue.pk)
    assert sorted(server.recipients) == sorted(f"r{n}@example.org" for n in range(6))


@pytest.mark.parametrize("verb", ["RCPT", "DATA", "END"])
def test_a_closed_connection_counts_one_try_for_one_delivery(
    server: ScriptedServer, verb: str
) -> None:
    server.on[verb] = lambda _: "421 4.3.2 too much at once"
    issue = started(*(f"r{n}@example.org" for n in range(5)))
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(issue.deliveries.values_list("state", "tries", "code")) == [
        (State.QUEUED, 0, None),
        (State.QUEUED, 0, None),
        (State.QUEUED, 0, None),
        (State.QUEUED, 0, None),
        (State.QUEUED, 1, 421),
    ]
    assert not issue.deliveries.exclude(leased_until=None).exists()
    assert server.connections == 1
    assert issue.state_note == "The mail server is away: 421 4.3.2 too much at once"
    assert issue.quiet_until > timezone.now()
    server.on.clear()
    due_now(issue)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(server.recipients) == sorted(f"r{n}@example.org" for n in range(5))
    assert (issue.state, issue.state_note) == (Issue.State.SENT, "")


def test_many_deferrals_in_a_row_stop_the_worker(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "DEFERRALS_IN_A_ROW", 3)
    monkeypatch.setattr(throttle, "SERVICES_THAT_DEFER", 2)
    server.on["RCPT"] = lambda _: "451 4.7.1 slow down"
    issue = started(*(f"r@{n}.example.org" for n in range(5)))
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(issue.deliveries.values_list("tries", flat=True)) == [0, 0, 1, 1, 1]
    assert issue.state == Issue.State.SENDING
    assert "put off 3 messages in a row: 451 4.7.1 slow down" in issue.state_note
    assert issue.quiet_until > timezone.now()


def test_a_few_deferrals_do_not_stop_the_worker(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "DEFERRALS_IN_A_ROW", 3)
    server.on["RCPT"] = lambda to: None if to.startswith("good") else "450 later"
    names = ["a", "b", "good1", "c", "d", "good2"]
    issue = started(*(f"{name}@example.org" for name in names))
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"sent": 2, "queued": 4}
    assert issue.quiet_until is None


def test_a_rejected_sender_pauses_the_issue(server: ScriptedServer) -> None:
    server.on["MAIL"] = lambda _: "550 5.7.1 sender rejected"
    issue = started("a@example.org")
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "sender rejected" in issue.state_note
    assert states(issue) == {"queued": 1}


def test_a_lost_reply_is_uncertain_and_not_resent_automatically(server: ScriptedServer) -> None:
    server.on["END"] = lambda to: HANG_UP if to.startswith("doubt") else None
    issue = started("doubt@example.org", "sure@example.org")
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"sent": 1, "uncertain": 1}
    assert issue.state == Issue.State.SENT
    server.on.clear()
    clock.tick(clock.Steps())
    worker.deliver(issue.pk)
    assert server.recipients == ["sure@example.org"]


@pytest.mark.parametrize("reply", ["354 go", "999 what", "what"])
@pytest.mark.parametrize(
    ("verb", "state"), [("RCPT", "queued"), ("DATA", "queued"), ("END", "uncertain")]
)
def test_an_invalid_reply_is_recorded_and_affects_one_delivery(
    server: ScriptedServer, verb: str, reply: str, state: str
) -> None:
    reply = "250 ok" if (verb, reply) == ("DATA", "354 go") else reply
    server.on[verb] = lambda to: reply if to.startswith("odd") else None
    issue = started("odd@example.org", "other@example.org")
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 1, state: 1}
    row = issue.deliveries.get(state=state)
    assert row.code is None
    assert "cannot be understood" in row.reply


def test_many_failures_in_a_row_pause_the_issue_and_mail_the_editor(
    server: ScriptedServer, settings
) -> None:
    settings.DELIVERY_MAX_FAILURES_IN_A_ROW = 3
    editor = make_editor(email="editor@example.org")
    server.on["END"] = lambda to: "554 looks like spam" if to.startswith("r") else None
    for number in range(5):
        make_subscriber(f"r{number}@example.org")
    issue = make_issue()
    starting.start(issue, by=editor)
    worker.deliver(issue.pk)
    assert not letters.send_due()
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "3 messages in a row" in issue.state_note
    assert states(issue) == {"failed": 3, "queued": 2}
    assert server.recipients == ["editor@example.org"]
    server.on.clear()
    assert starting.resume(issue)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"failed": 3, "sent": 2}


def test_a_success_resets_the_count_of_failures(server: ScriptedServer, settings) -> None:
    settings.DELIVERY_MAX_FAILURES_IN_A_ROW = 3
    server.on["RCPT"] = lambda to: "550 no" if "bad" in to else None
    issue = started(
        "bad1@example.org",
        "bad2@example.org",
        "good1@example.org",
        "bad3@example.org",
        "bad4@example.org",
        "good2@example.org",
    )
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENT
    assert states(issue) == {"sent": 2, "failed": 4}

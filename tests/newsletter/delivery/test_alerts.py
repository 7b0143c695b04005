"""What an editor is told of a delivery: letters that outlive a mail server that is away."""

from datetime import timedelta

import pytest
from django.utils import timezone

from alarmroom.desk import letters
from alarmroom.desk.models import Letter
from newsletter.delivery import clock, starting, worker
from newsletter.models import Delivery, Issue
from tests.factories import make_editor, make_issue, make_subscriber, make_suppression
from tests.newsletter.delivery.ledger import due_now, started
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]


def headings() -> list[str]:
    return [letter.context["heading"] for letter in Letter.objects.order_by("pk")]


def by(editor, *addresses: str) -> Issue:
    for address in addresses:
        make_subscriber(address)
    issue = make_issue()
    starting.start(issue, by=editor)
    return issue


def test_a_pause_is_told_when_the_server_that_failed_is_back(
    server: ScriptedServer, settings
) -> None:
    settings.DELIVERY_MAX_FAILURES_IN_A_ROW = 1
    issue = by(make_editor(email="ed@example.org"), "a@example.org")
    server.on["MAIL"] = lambda _: "421 away" if worker_is_done else "554 refused"
    worker_is_done = False
    worker.deliver(issue.pk)
    worker_is_done = True
    assert not letters.send_due()
    [letter] = Letter.objects.all()
    assert (letter.state, letter.tries, server.recipients) == (Letter.State.QUEUED, 1, [])
    server.on.clear()
    Letter.objects.update(due_at=timezone.now())
    assert not letters.send_due()
    assert server.recipients == ["ed@example.org"]
    letter.refresh_from_db()
    assert letter.state == Letter.State.SENT


def test_a_done_issue_is_told_of_once_with_its_figures(server: ScriptedServer) -> None:
    issue = by(
        make_editor(email="ed@example.org"), "a@example.org", "b@example.org", "c@example.org"
    )
    make_suppression("c@example.org")
    server.on["RCPT"] = lambda to: "550 5.7.1 no" if to == "b@example.org" else None
    worker.deliver(issue.pk)
    clock.tick(clock.Steps())
    assert headings() == [f"Sent: {issue}"]
    [letter] = Letter.objects.all()
    assert letter.context["said"].splitlines() == [
        "Handed over to the mail server: 1 of 3.",
        "1 could not be delivered.",
        "1 skipped: they left, or are suppressed.",
    ]


def test_doubt_is_told_of_once_a_day(server: ScriptedServer) -> None:
    issue = by(make_editor(email="ed@example.org"), "a@example.org", "b@example.org")
    row = issue.deliveries.first()
    gone = timezone.now() - timedelta(minutes=1)
    Delivery.objects.filter(pk=row.pk).update(state=Delivery.State.SENDING, leased_until=gone)
    for _ in range(3):
        clock.tick(clock.Steps())
    assert headings() == [f"One delivery is in doubt: {issue}"]


def test_a_server_that_is_away_is_told_of_after_an_hour_and_then_each_day(
    server: ScriptedServer,
) -> None:
    issue = by(make_editor(email="ed@example.org"), "a@example.org")
    server.on["MAIL"] = lambda _: "421 4.3.2 maintenance"
    for times in range(1, 56):
        due_now(issue)
        worker.deliver(issue.pk)
        issue.refresh_from_db()
        assert issue.away_in_a_row == times
        assert Letter.objects.count() == (times >= 6) + (times >= 54)
    assert "maintenance" in Letter.objects.all()[0].context["said"]


def test_without_its_starter_those_who_may_send_are_told(server: ScriptedServer) -> None:
    starter = make_editor(email="ed@example.org")
    publisher = make_editor("newsletter.send_issue", email="pat@example.org")
    make_editor("posts.change_post", email="writer@example.org")
    make_editor("newsletter.send_issue", email="")
    issue = by(starter, "a@example.org")
    starter.is_active = False
    starter.save()
    worker.deliver(issue.pk)
    assert [letter.to for letter in Letter.objects.all()] == [publisher]


def test_what_is_told_and_what_it_tells_of_are_written_together(
    server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = started("a@example.org")
    make_editor(email="ed@example.org")

    def full(*_: object, **__: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(letters, "write", full)
    with pytest.raises(OSError, match="No space"):
        worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENDING
    monkeypatch.undo()
    clock.tick(clock.Steps())
    issue.refresh_from_db()
    assert (issue.state, headings()) == (Issue.State.SENT, [f"Sent: {issue}"])

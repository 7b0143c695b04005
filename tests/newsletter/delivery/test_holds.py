"""A mail service that puts everything off is left alone, and it alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from newsletter.delivery import holds, worker
from newsletter.models import Gate, Issue, MailDomain
from tests.newsletter.delivery.ledger import due_now, started, states
from tests.newsletter.server import ScriptedServer

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("no_tasks"),
]


@pytest.fixture
def services() -> None:
    for name in ("one.example", "two.example"):
        MailDomain.objects.create(name=name, gateway="pphosted.com", looked_up_at=timezone.now())


def busy(words: str = "451 4.7.0 try again later"):
    return lambda to: words if to.endswith(("one.example", "two.example")) else None


def test_one_service_that_defers_holds_up_nobody_else(
    server: ScriptedServer, services: None
) -> None:
    server.on["RCPT"] = busy()
    issue = started(
        *(f"r{n}@{name}.example" for n in range(20) for name in ("one", "two")),
        *(f"r{n}@good.example" for n in range(30)),
    )
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"sent": 30, "queued": 40}
    assert (issue.state, issue.quiet_until) == (Issue.State.SENDING, None)
    tries = list(issue.deliveries.filter(state="queued").values_list("tries", flat=True))
    # One more may have been under way.
    assert sum(tries) <= holds.IN_A_ROW + 1, "the others have lost no try"
    hold = Gate.objects.get(key="gateway:pphosted.com")
    assert hold.held_times == 1
    assert hold.held_why == "451 4.7.0 try again later"
    worker.deliver(issue.pk)  # What was leased when the pause began is put off now.
    waiting = issue.deliveries.filter(state="queued", tries=0)
    assert all(row.due_at > timezone.now() + timedelta(minutes=4) for row in waiting)


def test_after_the_pause_a_few_messages_try_and_the_first_success_ends_it(
    server: ScriptedServer, services: None
) -> None:
    server.on["RCPT"] = busy()
    issue = started(*(f"r{n}@one.example" for n in range(20)))
    worker.deliver(issue.pk)

    def pause_is_over() -> None:
        due_now(issue)
        Gate.objects.update(held_until=timezone.now() - timedelta(seconds=1))

    before = sum(issue.deliveries.values_list("tries", flat=True))
    pause_is_over()
    worker.deliver(issue.pk)
    assert 1 <= sum(issue.deliveries.values_list("tries", flat=True)) - before <= 2
    hold = Gate.objects.get()
    assert hold.held_times == 2
    assert hold.held_until > timezone.now() + timedelta(minutes=29)
    server.on.clear()
    pause_is_over()
    worker.deliver(issue.pk)
    assert Gate.objects.get().held_times == 0
    due_now(issue)
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 20}


def test_each_further_pause_is_longer() -> None:
    now = timezone.now()
    for minutes in (5, 30, 30, 60, 120, 120):
        assert holds.hold("domain:x.example", "451 no", now)
        assert not holds.hold("domain:x.example", "451 no", now), "two workers, one pause"
        assert holds.read()["domain:x.example"].until == now + timedelta(minutes=minutes)
        now += timedelta(minutes=minutes, seconds=1)
    holds.free("domain:x.example")
    assert "domain:x.example" not in holds.read()


def test_a_pause_of_a_clock_that_was_put_back_is_none() -> None:
    now = timezone.now()
    holds.hold("domain:x.example", "451 no", now + timedelta(days=1))
    assert not holds.read()["domain:x.example"].is_on(now)
    assert holds.hold("domain:x.example", "451 no", now), "another one can begin"


def test_full_mailboxes_are_no_trouble_of_the_service(server: ScriptedServer) -> None:
    server.on["RCPT"] = busy("452 4.2.2 mailbox full")
    issue = started(*(f"r{n}@one.example" for n in range(15)))
    worker.deliver(issue.pk)
    assert set(issue.deliveries.values_list("tries", flat=True)) == {1}
    assert not Gate.objects.exists()


def test_several_services_that_defer_put_off_the_issue(server: ScriptedServer) -> None:
    server.on["RCPT"] = lambda _: "451 4.3.2 not now"
    issue = started(*(f"r{n}@{n % 5}.example" for n in range(50)))
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.backs_off
    assert "put off 20 messages in a row" in issue.state_note
    assert sum(issue.deliveries.values_list("tries", flat=True)) == 20

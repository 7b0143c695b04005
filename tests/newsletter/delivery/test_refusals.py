"""What a refusal is about: the address, which is suppressed, or us, which pauses the issue."""

import pytest

from newsletter.delivery import starting, worker
from newsletter.delivery.answers import Fate, Outcome
from newsletter.delivery.status import Trouble, enhanced, trouble
from newsletter.models import DeliveryEvent, Issue
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.factories import make_issue, make_subscriber
from tests.newsletter.delivery.ledger import due_now, started, state_of, states
from tests.newsletter.server import ScriptedServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_tasks", "one_connection")]


def suppressed() -> set[str]:
    return set(Suppression.objects.values_list("address", flat=True))


def sent_again(server: ScriptedServer) -> Issue:
    """Send one more issue to everybody who may be mailed."""
    issue = make_issue()
    starting.start(issue)
    worker.deliver(issue.pk)
    return issue


@pytest.mark.parametrize(
    ("code", "reply", "status", "kind"),
    [
        (550, "5.1.1 User unknown", (5, 1, 1), Trouble.ADDRESS),
        (550, "5.1.1", (5, 1, 1), Trouble.ADDRESS),
        (556, "5.1.10 Null MX", (5, 1, 10), Trouble.ADDRESS),
        (550, "5.1.12 what", (5, 1, 12), Trouble.OTHER),
        (550, "5.1.1234 what", None, Trouble.PERHAPS_ADDRESS),
        (550, "see 5.1.1", None, Trouble.PERHAPS_ADDRESS),
        (550, "4.1.1 of another class", None, Trouble.PERHAPS_ADDRESS),
        (550, "No such user", None, Trouble.PERHAPS_ADDRESS),
        (550, "5.2.1 Mailbox disabled", (5, 2, 1), Trouble.PERHAPS_ADDRESS),
        (552, "5.2.2 Mailbox full", (5, 2, 2), Trouble.OTHER),
        (554, "Looks like spam", None, Trouble.OTHER),
        (550, "5.7.1 Not for this list", (5, 7, 1), Trouble.OTHER),
        (550, "5.7.26 Not authenticated", (5, 7, 26), Trouble.SENDER),
        (550, "5.7.515 Access denied", (5, 7, 515), Trouble.SENDER),
        (None, "The address is not written in ASCII.", None, Trouble.OTHER),
    ],
)
def test_the_status_tells_what_a_refusal_is_about(
    code: int | None, reply: str, status: tuple[int, int, int] | None, kind: Trouble
) -> None:
    outcome = Outcome(Fate.REJECTED, code, reply)
    assert (enhanced(outcome), trouble(outcome)) == (status, kind)
    assert trouble(Outcome(Fate.DEFERRED, code, reply)) is Trouble.OTHER


@pytest.mark.parametrize("verb", ["RCPT", "END"])
def test_an_address_that_is_none_is_suppressed_at_once(server: ScriptedServer, verb: str) -> None:
    server.on[verb] = lambda to: "550 5.1.1 No such user" if "gone" in to else None
    issue = started("gone@example.org", "here@example.org")
    worker.deliver(issue.pk)
    assert states(issue) == {"failed": 1, "sent": 1}
    [found] = Suppression.objects.all()
    assert (found.address, found.reason) == ("gone@example.org", "hard_bounce")
    assert found.note == "550 5.1.1 No such user"
    event = ConsentEvent.objects.get(kind=ConsentEvent.Kind.SUPPRESSED)
    assert event.where.startswith(f"Issue {issue.number};")
    assert not Subscriber.objects.confirmed().filter(address="gone@example.org").exists()
    assert states(sent_again(server)) == {"sent": 1}


def test_a_refusal_without_a_clear_reason_suppresses_the_second_time(
    server: ScriptedServer,
) -> None:
    make_subscriber("here@example.org")
    server.on["RCPT"] = lambda to: "550 no" if "shy" in to else None
    first = started("shy@example.org")
    worker.deliver(first.pk)
    assert suppressed() == set()
    # It takes one in between.
    server.on.clear()
    sent_again(server)
    server.on["RCPT"] = lambda to: "550 no" if "shy" in to else None
    sent_again(server)
    assert suppressed() == set()
    sent_again(server)
    assert suppressed() == {"shy@example.org"}
    assert states(sent_again(server)) == {"sent": 1}


def test_spam_suppresses_nobody_and_a_full_mailbox_the_third_time(server: ScriptedServer) -> None:
    make_subscriber("here@example.org")
    answers = {"full@example.org": "552 5.2.2 full", "spam@example.org": "554 5.7.1 spam"}
    server.on["END"] = answers.get
    started("full@example.org", "spam@example.org")
    for issue in Issue.objects.all():
        worker.deliver(issue.pk)
    sent_again(server)
    assert suppressed() == set()
    sent_again(server)
    assert suppressed() == {"full@example.org"}


def test_a_refusal_is_an_event_of_its_delivery(server: ScriptedServer) -> None:
    answers = {"gone@example.org": "550 5.1.1 No such user", "spam@example.org": "554 5.7.1 spam"}
    server.on["RCPT"] = answers.get
    issue = started("here@example.org", "gone@example.org", "spam@example.org")
    worker.deliver(issue.pk)
    columns = ("delivery__subscriber__address", "kind", "status", "said", "source")
    assert set(DeliveryEvent.objects.values_list(*columns)) == {
        ("gone@example.org", "hard bounce", "5.1.1", "550 5.1.1 No such user", "smtp"),
        ("spam@example.org", "soft bounce", "5.7.1", "554 5.7.1 spam", "smtp"),
    }


def test_a_server_that_knows_nobody_any_more_suppresses_only_the_first(
    server: ScriptedServer, settings
) -> None:
    settings.DELIVERY_MAX_FAILURES_IN_A_ROW = 10
    server.on["RCPT"] = lambda _: "550 5.1.1 No such user"
    issue = started(*(f"r{number:02}@example.org" for number in range(20)))
    worker.deliver(issue.pk)
    assert state_of(issue) == Issue.State.PAUSED
    assert states(issue) == {"failed": 10, "queued": 10}
    assert suppressed() == {f"r{number:02}@example.org" for number in range(3)}


def test_many_dead_addresses_in_a_row_are_believed_when_another_is_accepted(
    server: ScriptedServer,
) -> None:
    server.on["RCPT"] = lambda to: "550 5.1.1 No such user" if to.startswith("r") else None
    dead = [f"r{number:02}@example.org" for number in range(8)]
    issue = started(*dead, "here@example.org")
    worker.deliver(issue.pk)
    assert states(issue) == {"failed": 8, "sent": 1}
    assert suppressed() == set(dead)


@pytest.mark.parametrize(
    ("verb", "reply", "words"),
    [
        ("END", "550 5.7.26 Unauthenticated", "Mend the SPF record of your domain"),
        ("RCPT", "550 5.7.515 Access denied", "Microsoft wants SPF, DKIM and DMARC"),
        ("MAIL", "550 5.1.8 Bad sender", "does not accept the sender's domain"),
    ],
)
def test_trouble_with_the_sender_pauses_the_issue_and_says_where_to_mend_it(
    server: ScriptedServer, verb: str, reply: str, words: str
) -> None:
    server.on[verb] = lambda _: reply
    issue = started("a@example.org", "b@example.org")
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert words in issue.state_note and reply in issue.state_note
    assert states(issue) == {"queued": 2}, "nobody is given up for what is not about them"
    assert suppressed() == set()
    server.on.clear()
    assert starting.resume(issue)
    due_now(issue)
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 2}

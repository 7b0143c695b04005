"""Delivery over a real SMTP server: every recipient gets the issue exactly once."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default as policy

import pytest
from django.utils import timezone

from alarmroom.desk import letters
from alarmroom.desk.models import Letter
from newsletter.delivery import clock, pausing, starting, worker
from newsletter.delivery.answers import Fate
from newsletter.mail import rendering as mail
from newsletter.models import Delivery, Issue
from posts.models import Post
from subscribers.models import Subscriber
from tests.factories import make_issue, make_post, make_subscriber, make_suppression
from tests.newsletter.delivery.ledger import State, started, state_of, states
from tests.newsletter.server import HANG_UP, ScriptedServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db, pytest.mark.usefixtures("no_tasks")]


# Recipients


def test_an_issue_goes_to_every_mailable_subscriber_once(server: ScriptedServer) -> None:
    make_subscriber("pending@example.org", state=Subscriber.State.PENDING)
    make_subscriber("gone@example.org", state=Subscriber.State.UNSUBSCRIBED)
    make_subscriber("complained@example.org")
    make_suppression("complained@example.org")
    issue = started("a@example.org", "b@example.org")
    assert issue.recipients == 2
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert sorted(server.recipients) == ["a@example.org", "b@example.org"]
    assert issue.state == Issue.State.SENT
    assert issue.sent_at is not None
    assert states(issue) == {"sent": 2}


def test_delivering_again_sends_nothing(server: ScriptedServer) -> None:
    issue = started("a@example.org")
    worker.deliver(issue.pk)
    worker.deliver(issue.pk)
    clock.tick(clock.Steps())
    assert server.recipients == ["a@example.org"]


def test_a_subscriber_who_unsubscribes_after_the_start_is_skipped(server: ScriptedServer) -> None:
    issue = started("stays@example.org", "leaves@example.org", "complains@example.org")
    Subscriber.objects.filter(address="leaves@example.org").update(state="unsubscribed")
    make_suppression("complains@example.org")
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert server.recipients == ["stays@example.org"]
    assert states(issue) == {"sent": 1, "skipped": 2}
    assert issue.state == Issue.State.SENT


def test_an_erased_subscriber_is_skipped_and_the_ledger_balances(server: ScriptedServer) -> None:
    issue = started("stays@example.org", "erased@example.org")
    Subscriber.objects.get(address="erased@example.org").delete()
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert server.recipients == ["stays@example.org"]
    assert issue.state == Issue.State.SENT
    assert states(issue) == {"sent": 1, "skipped": 1}


def test_each_message_has_the_address_and_key_of_its_recipient(server: ScriptedServer) -> None:
    issue = started("a@example.org", "b@example.org")
    worker.deliver(issue.pk)
    ids = set()
    for recipient, raw in server.accepted:
        message = message_from_bytes(raw, policy=policy)
        key = Subscriber.objects.get(address=recipient).key
        assert message["To"] == recipient
        assert f"/unsubscribe/{key}/" in message["List-Unsubscribe"]
        ids.add(message["Message-ID"])
    assert len(ids) == 2


def test_the_frozen_content_is_sent(server: ScriptedServer) -> None:
    post = make_post(title="The title at the start")
    make_subscriber("a@example.org")
    issue = make_issue(posts=[post])
    starting.start(issue)
    Post.objects.filter(pk=post.pk).update(title="A title of later")
    worker.deliver(issue.pk)
    [(_, raw)] = server.accepted
    text = message_from_bytes(raw, policy=policy).get_body(("plain",)).get_content()
    assert "The title at the start" in text
    assert "A title of later" not in text


def test_changed_frozen_content_is_not_sent(server: ScriptedServer, django_user_model) -> None:
    editor = django_user_model.objects.create_user("ed", "editor@example.org", "pw", is_staff=True)
    make_subscriber("a@example.org")
    issue = make_issue()
    starting.start(issue, by=editor)
    frozen = bytes(issue.content.mime)
    issue.content.mime = frozen.replace(b"Answer", b"Ignore").replace(b"week", b"weak")
    issue.content.save(update_fields=["mime"])
    worker.deliver(issue.pk)
    assert not letters.send_due()
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "frozen at the start has changed" in issue.state_note
    assert states(issue) == {"queued": 1}
    assert server.recipients == ["editor@example.org"]
    issue.content.mime = frozen
    issue.content.save(update_fields=["mime"])
    assert starting.resume(issue)
    worker.deliver(issue.pk)
    assert server.recipients == ["editor@example.org", "a@example.org"]


def test_an_issue_without_subscribers_is_published_at_once(server: ScriptedServer) -> None:
    issue = started()
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert (issue.state, issue.recipients) == (Issue.State.SENT, 0)


def test_an_issue_whose_ledger_does_not_balance_is_paused(
    server: ScriptedServer,
) -> None:
    issue = started("a@example.org", "b@example.org")
    issue.deliveries.first().delete()
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "does not balance" in issue.state_note
    assert issue.sent_at is None


# Decisions of an editor


def test_an_uncertain_delivery_is_resent_with_the_same_message_id(
    server: ScriptedServer,
) -> None:
    seen = []

    def lose_the_first(to: str) -> object:
        seen.append(to)
        return HANG_UP if len(seen) == 1 else None

    server.on["END"] = lose_the_first
    issue = started("a@example.org")
    worker.deliver(issue.pk)
    row = issue.deliveries.get()
    assert row.state == State.UNCERTAIN
    assert starting.send_uncertain_again(issue, [row.pk]) == 1
    assert state_of(issue) == Issue.State.SENDING
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"sent": 1}
    assert issue.state == Issue.State.SENT
    [(_, raw)] = server.accepted

    assert message_from_bytes(raw, policy=policy)["Message-ID"] == mail.message_id(
        row.pk, issue.number
    )


def test_an_uncertain_delivery_can_be_counted_as_sent(server: ScriptedServer) -> None:
    server.on["END"] = lambda _: HANG_UP
    issue = started("a@example.org")
    worker.deliver(issue.pk)
    assert starting.call_uncertain_sent(issue, None) == 1
    assert states(issue) == {"sent": 1}


def test_a_pause_applies_before_the_next_message(
    server: ScriptedServer, one_connection: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    issue = started(*(f"r{n}@example.org" for n in range(5)))
    take = worker.Worker.take

    def take_after_a_pause(self, turn):
        if turn.finished:
            # As another process would, just before the second message.
            Issue.objects.filter(pk=issue.pk).update(state=Issue.State.PAUSED)
        take(self, turn)

    with monkeypatch.context() as patch:
        patch.setattr(worker.Worker, "take", take_after_a_pause)
        worker.deliver(issue.pk)
    assert len(server.accepted) == 1
    assert states(issue) == {"sent": 1, "queued": 4}
    assert not issue.deliveries.exclude(leased_until=None).exists()
    issue.refresh_from_db()
    assert starting.resume(issue)
    worker.deliver(issue.pk)
    assert len(set(server.recipients)) == len(server.recipients) == 5


def test_a_cancelled_issue_sends_nothing(server: ScriptedServer) -> None:
    issue = started("a@example.org")
    assert starting.cancel(issue)
    worker.deliver(issue.pk)
    clock.tick(clock.Steps())
    assert server.recipients == []
    assert states(issue) == {"skipped": 1}
    assert state_of(issue) == Issue.State.CANCELLED
    assert not starting.resume(issue)


# Starting


def test_a_second_start_is_refused(server: ScriptedServer) -> None:
    issue = started("a@example.org")
    with pytest.raises(starting.AlreadyStarted):
        starting.start(issue)
    stale = Issue.objects.get(pk=issue.pk)
    stale.state = Issue.State.DRAFT  # The state of a page that was opened before the first click.
    with pytest.raises(starting.AlreadyStarted):
        starting.start(stale)
    assert issue.deliveries.count() == 1


def test_an_issue_without_articles_is_not_sent() -> None:
    make_subscriber()
    issue = make_issue(posts=[])
    with pytest.raises(starting.NotReady, match="no articles"):
        starting.start(issue)
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT
    assert not Delivery.objects.exists()


def test_an_issue_with_a_draft_among_its_articles_is_not_sent() -> None:
    issue = make_issue(posts=[make_post(), make_post(title="Not yet", published_at=None)])
    with pytest.raises(starting.NotReady, match="“Not yet” is a draft"):
        starting.start(issue)
    assert state_of(issue) == Issue.State.DRAFT


def test_an_issue_may_be_scheduled_after_its_articles_are_published() -> None:
    soon = timezone.now() + timedelta(hours=2)
    issue = make_issue(posts=[make_post(published_at=soon)])
    with pytest.raises(starting.NotReady, match="only published on"):
        starting.schedule(issue, soon - timedelta(hours=1), by=None)
    starting.schedule(issue, soon + timedelta(hours=1), by=None)
    assert state_of(issue) == Issue.State.SCHEDULED


def test_a_schedule_in_the_past_is_refused() -> None:
    with pytest.raises(starting.NotReady, match="has passed"):
        starting.schedule(make_issue(), timezone.now() - timedelta(minutes=1), by=None)


# Test mails


def test_a_test_mail_creates_no_deliveries(server: ScriptedServer) -> None:
    make_subscriber("a@example.org")
    issue = make_issue(subject="A look before")
    outcome = starting.send_test(issue, "editor@example.org")
    assert outcome.fate is Fate.ACCEPTED
    assert server.recipients == ["editor@example.org"]
    assert not Delivery.objects.exists()
    issue.refresh_from_db()
    assert issue.state == Issue.State.DRAFT


@pytest.mark.parametrize("spelling", ["editor@example.org", "Editor@Example.ORG"])
def test_a_suppressed_address_gets_no_test_mail(server: ScriptedServer, spelling: str) -> None:
    make_suppression("editor@example.org")
    with pytest.raises(starting.NotReady, match="is suppressed, and no mail goes there"):
        starting.send_test(make_issue(), spelling)
    assert server.recipients == []


def test_suppression_matches_unicode_and_punycode_domains(server: ScriptedServer) -> None:
    make_suppression("editor@xn--bcher-kva.example.org")
    with pytest.raises(starting.NotReady, match="is suppressed"):
        starting.send_test(make_issue(), "editor@bücher.example.org")


def test_a_suppressed_editor_gets_no_mail(server: ScriptedServer, django_user_model) -> None:
    editor = django_user_model.objects.create_user("ed", "Editor@example.org", "pw", is_staff=True)
    make_suppression("editor@example.org")
    issue = make_issue()
    starting.start(issue, by=editor)
    assert pausing.pause(issue, "Something is wrong.", tell=True)
    assert not Letter.objects.exists()
    assert server.recipients == []
    assert state_of(issue) == Issue.State.PAUSED

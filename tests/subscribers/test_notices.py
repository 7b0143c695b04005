"""The mails that sign-ups owe arrive, whatever the mail server's mood."""

from datetime import timedelta

import pytest
from django.utils import timezone

from subscribers import notices, signup, tasks
from subscribers.models import Notice, Subscriber
from tests.factories import make_pending, make_subscriber, make_suppression
from tests.smtp import MailServer

pytestmark = pytest.mark.django_db
State = Subscriber.State


def owe(address: str, kind: str = "confirm", **fields) -> Notice:
    make = make_pending if kind == "confirm" else make_subscriber
    return Notice.objects.create(subscriber=make(address), kind=kind, **fields)


def due(notice: Notice) -> timedelta:
    """How long from now the notice is tried again."""
    notice.refresh_from_db()
    return notice.due_at - timezone.now()


def test_a_sign_up_ends_in_the_mailbox(mail_server: MailServer) -> None:
    signup.sign_up("reader@example.org", "/")
    assert notices.send_due() == 1
    (mail,) = mail_server.messages
    assert mail.recipients == ["reader@example.org"]
    subscriber = Subscriber.objects.get()
    assert f"/confirm/{subscriber.confirm_key}/" in mail.text
    notice = Notice.objects.get()
    assert (notice.state, notice.tries) == ("sent", 1)
    assert notice.sent_at
    assert notices.send_due() == 0
    assert len(mail_server.messages) == 1


def test_a_mail_server_that_is_away_loses_nobody(mail_server: MailServer) -> None:
    mail_server.stop()
    first, second = owe("a@example.org"), owe("b@example.org")
    assert notices.send_due() == 0
    # One connection was tried, not one for each mail; the second is still due.
    assert timedelta(seconds=50) < due(first) <= timedelta(minutes=1)
    assert due(second) < timedelta(0)
    assert "ConnectionRefusedError" in first.last_error
    mail_server.start()
    Notice.objects.update(due_at=timezone.now())
    assert notices.send_due() == 2
    assert len(mail_server.messages) == 2


def test_a_server_that_is_back_in_a_moment_is_asked_again_soon(mail_server: MailServer) -> None:
    mail_server.stop()
    notice = owe("reader@example.org")
    pauses = []
    for _ in notices.AWAY_PAUSES:
        notices.send_due()
        pauses.append(round(due(notice).total_seconds() / 60))
        Notice.objects.update(due_at=timezone.now())
    assert pauses[:4] == [1, 5, 30, 60]
    notices.send_due()
    notice.refresh_from_db()
    assert notice.state == "failed"


def test_a_deferred_mail_is_tried_again_after_pauses_that_grow(mail_server: MailServer) -> None:
    mail_server.defer("reader@example.org")
    notice = owe("reader@example.org")
    pauses = []
    for _ in notices.PAUSES:
        assert notices.send_due() == 0
        pauses.append(round(due(notice).total_seconds() / 60))
        assert (notice.state, notice.last_error[:3]) == ("queued", "451")
        Notice.objects.update(due_at=timezone.now())
    assert pauses[:4] == [1, 30, 60, 120]
    assert min(pauses[1:]) >= 30, "once it has deferred twice"
    assert pauses == sorted(pauses)
    assert 3 * 24 * 60 <= sum(pauses) <= 4 * 24 * 60
    notices.send_due()
    notice.refresh_from_db()
    assert notice.state == "failed"
    assert notice.last_error.startswith("Given up after 12 tries: 451")


def test_a_deferred_mail_arrives_once_the_server_takes_it(mail_server: MailServer) -> None:
    mail_server.defer("reader@example.org", at="data")
    notice = owe("reader@example.org")
    notices.send_due()
    mail_server.accept()
    assert notices.send_due() == 0, "not before its pause is over"
    Notice.objects.update(due_at=timezone.now())
    assert notices.send_due() == 1
    notice.refresh_from_db()
    assert (notice.state, notice.tries) == ("sent", 2)


@pytest.mark.parametrize("at", ["rcpt", "data"])
def test_a_refusal_is_final_and_its_words_are_kept(mail_server: MailServer, at: str) -> None:
    mail_server.reject("gone@example.org", at=at)
    refused, other = owe("gone@example.org"), owe("here@example.org")
    assert notices.send_due() == 1, "the others go out"
    refused.refresh_from_db()
    other.refresh_from_db()
    assert (refused.state, other.state) == ("failed", "sent")
    assert refused.last_error == "550 5.1.1 No such mailbox here"
    Notice.objects.update(due_at=timezone.now())
    assert notices.send_due() == 0


def test_a_connection_lost_in_the_middle_is_tried_again(mail_server: MailServer) -> None:
    mail_server.hang_up()
    notice = owe("reader@example.org")
    assert notices.send_due() == 0
    mail_server.accept()
    assert due(notice) > timedelta(0)
    Notice.objects.update(due_at=timezone.now())
    assert notices.send_due() == 1
    # At least once: the second copy can be told from its Message-ID.
    first, second = mail_server.messages
    assert first.message["Message-ID"] == second.message["Message-ID"]


def test_a_worker_that_dies_leaves_the_mail_to_the_next(mail_server: MailServer) -> None:
    notice = owe("reader@example.org")
    assert notices.claim(notice.pk, notice.due_at)
    assert notices.claim(notice.pk, notice.due_at) is None, "one worker has it"
    assert notices.send_due() == 0, "as long as its lease lasts"
    Notice.objects.update(due_at=timezone.now())
    assert notices.send_due() == 1


def test_suppression_wins_at_the_last_moment(mail_server: MailServer) -> None:
    notice = owe("reader@example.org")
    make_suppression("reader@example.org")
    assert notices.send_due() == 0
    assert mail_server.messages == []
    notice.refresh_from_db()
    assert notice.state == "skipped"


@pytest.mark.parametrize(
    ("kind", "state"),
    [
        ("confirm", State.CONFIRMED),
        ("confirm", State.UNSUBSCRIBED),
        ("already", State.UNSUBSCRIBED),
        ("welcome", State.UNSUBSCRIBED),
        ("welcome", State.PENDING),
    ],
)
def test_a_mail_that_fits_no_more_is_not_sent(
    mail_server: MailServer, kind: str, state: str
) -> None:
    notice = owe("reader@example.org", kind)
    Subscriber.objects.update(state=state)
    assert notices.send_due() == 0
    assert mail_server.messages == []
    notice.refresh_from_db()
    assert (notice.state, notice.last_error) == (
        "skipped",
        f"The subscriber is {state} by now.",
    )


def test_a_mistake_of_ours_keeps_no_other_mail_back(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = owe("a@example.org"), owe("b@example.org", "welcome")
    build = notices.build

    def stumble(notice: Notice):
        if notice.pk == broken.pk:
            raise RuntimeError("a template is broken")
        return build(notice)

    monkeypatch.setattr(notices, "build", stumble)
    assert notices.send_due() == 1
    assert due(broken) > timedelta(0)
    assert broken.state == "queued"
    assert "a template is broken" in broken.last_error
    fine.refresh_from_db()
    assert fine.state == "sent"


def test_no_more_than_the_limit_oldest_first(mail_server: MailServer) -> None:
    now = timezone.now()
    for minutes, name in [(1, "b"), (2, "a"), (0, "c")]:
        owe(f"{name}@example.org", due_at=now - timedelta(minutes=minutes))
    assert notices.send_due(limit=2) == 2
    assert [mail.recipients[0][0] for mail in mail_server.messages] == ["a", "b"]


def test_trying_again_counts_anew_and_leaves_alone_what_is_done_or_in_hand(
    mail_server: MailServer,
) -> None:
    failed = owe("a@example.org", state="failed", tries=13, last_error="451 no")
    waiting = owe("b@example.org", tries=4, due_at=timezone.now() + timedelta(hours=1))
    Notice.objects.filter(pk=waiting.pk).update(last_error="451 not now")
    in_hand = owe("c@example.org")
    assert notices.claim(in_hand.pk, in_hand.due_at)
    owe("d@example.org", state="sent")
    owe("e@example.org", state="skipped")
    assert notices.try_again(Notice.objects.all()) == 2
    assert notices.send_due() == 2
    assert {mail.recipients[0][0] for mail in mail_server.messages} == {"a", "b"}
    failed.refresh_from_db()
    assert (failed.state, failed.tries) == ("sent", 1)


def test_the_task_sends_what_is_due(mail_server: MailServer) -> None:
    from subscribers.tasks import send_notices

    owe("reader@example.org")
    assert send_notices.call() == 1


def test_waking_puts_one_task_into_the_queue() -> None:
    from django_tasks_db.models import DBTaskResult

    tasks.wake()
    assert DBTaskResult.objects.get().task_path == "subscribers.tasks.send_notices"

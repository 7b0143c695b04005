"""Notices are sent, tried again or given up, depending on what the mail server replies."""

from datetime import timedelta

import pytest
from django.utils import timezone

from subscribers import notices, signup, tasks
from subscribers.models import Notice, Subscriber
from tests.factories import make_pending, make_subscriber, make_suppression
from tests.smtp import MailServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]
State = Subscriber.State


def make_notice(address: str, kind: str = "confirm", **fields) -> Notice:
    make = make_pending if kind == "confirm" else make_subscriber
    return Notice.objects.create(subscriber=make(address), kind=kind, **fields)


def due_in(notice: Notice) -> timedelta:
    """Return the time until the notice is tried again."""
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


def test_no_mail_is_lost_while_the_mail_server_is_down(mail_server: MailServer) -> None:
    mail_server.stop()
    first, second = make_notice("a@example.org"), make_notice("b@example.org")
    assert notices.send_due() == 0
    # One connection was tried, not one for each mail; the second is still due.
    assert timedelta(seconds=50) < due_in(first) <= timedelta(minutes=1)
    assert due_in(second) < timedelta(0)
    assert "ConnectionRefusedError" in first.last_error
    mail_server.start()
    Notice.objects.update(due_at=timezone.now())
    assert notices.send_due() == 2
    assert len(mail_server.messages) == 2


def test_an_unreachable_server_is_tried_again_soon(mail_server: MailServer) -> None:
    mail_server.stop()
    notice = make_notice("reader@example.org")
    pauses = []
    for _ in notices.AWAY_PAUSES:
        notices.send_due()
        pauses.append(round(due_in(notice).total_seconds() / 60))
        Notice.objects.update(due_at=timezone.now())
    assert pauses[:4] == [1, 5, 30, 60]
    notices.send_due()
    notice.refresh_from_db()
    assert notice.state == "failed"


def test_a_deferred_mail_is_tried_again_after_pauses_that_grow(mail_server: MailServer) -> None:
    mail_server.defer("reader@example.org")
    notice = make_notice("reader@example.org")
    pauses = []
    for _ in notices.PAUSES:
        assert notices.send_due() == 0
        pauses.append(round(due_in(notice).total_seconds() / 60))
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
    notice = make_notice("reader@example.org")
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
    refused, other = make_notice("gone@example.org"), make_notice("here@example.org")
    assert notices.send_due() == 1, "the others go out"
    refused.refresh_from_db()
    other.refresh_from_db()
    assert (refused.state, other.state) == ("failed", "sent")
    assert refused.last_error == "550 5.1.1 No such mailbox here"
    Notice.objects.update(due_at=timezone.now())
    assert notices.send_due() == 0


def test_a_connection_lost_in_the_middle_is_tried_again(mail_server: MailServer) -> None:
    mail_server.hang_up()
    notice = make_notice("reader@example.org")
    assert notices.send_due() == 0
    mail_server.accept()
    assert due_in(notice) > timedelta(0)
    Notice.objects.update(due_at=timezone.now())
    assert notices.send_due() == 1
    # At least once: a second copy has the same Message-ID.
    first, second = mail_server.messages
    assert first.message["Message-ID"] == second.message["Message-ID"]


def test_another_worker_sends_the_mail_of_a_worker_that_died(mail_server: MailServer) -> None:
    notice = make_notice("reader@example.org")
    assert notices.claim(notice.pk, notice.due_at)
    assert notices.claim(notice.pk, notice.due_at) is None, "one worker has it"
    assert notices.send_due() == 0, "as long as its lease lasts"
    Notice.objects.update(due_at=timezone.now())
    assert notices.send_due() == 1


def test_suppression_is_checked_right_before_sending(mail_server: MailServer) -> None:
    notice = make_notice("reader@example.org")
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
def test_a_notice_that_no_longer_fits_the_state_is_not_sent(
    mail_server: MailServer, kind: str, state: str
) -> None:
    notice = make_notice("reader@example.org", kind)
    Subscriber.objects.update(state=state)
    assert notices.send_due() == 0
    assert mail_server.messages == []
    notice.refresh_from_db()
    assert (notice.state, notice.last_error) == (
        "skipped",
        f"The subscriber is {state} by now.",
    )


def test_a_broken_template_does_not_stop_other_mails(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, fine = make_notice("a@example.org"), make_notice("b@example.org", "welcome")
    build = notices.build

    def fail(notice: Notice):
        if notice.pk == broken.pk:
            raise RuntimeError("a template is broken")
        return build(notice)

    monkeypatch.setattr(notices, "build", fail)
    assert notices.send_due() == 1
    assert due_in(broken) > timedelta(0)
    assert broken.state == "queued"
    assert "a template is broken" in broken.last_error
    fine.refresh_from_db()
    assert fine.state == "sent"


def test_no_more_than_the_limit_oldest_first(mail_server: MailServer) -> None:
    now = timezone.now()
    for minutes, name in [(1, "b"), (2, "a"), (0, "c")]:
        make_notice(f"{name}@example.org", due_at=now - timedelta(minutes=minutes))
    assert notices.send_due(limit=2) == 2
    assert [mail.recipients[0][0] for mail in mail_server.messages] == ["a", "b"]


def test_trying_again_resets_the_count_and_leaves_out_finished_and_leased_notices(
    mail_server: MailServer,
) -> None:
    failed = make_notice("a@example.org", state="failed", tries=13, last_error="451 no")
    waiting = make_notice("b@example.org", tries=4, due_at=timezone.now() + timedelta(hours=1))
    Notice.objects.filter(pk=waiting.pk).update(last_error="451 not now")
    leased = make_notice("c@example.org")
    assert notices.claim(leased.pk, leased.due_at)
    make_notice("d@example.org", state="sent")
    make_notice("e@example.org", state="skipped")
    assert notices.try_again(Notice.objects.all()) == 2
    assert notices.send_due() == 2
    assert {mail.recipients[0][0] for mail in mail_server.messages} == {"a", "b"}
    failed.refresh_from_db()
    assert (failed.state, failed.tries) == ("sent", 1)


def test_the_task_sends_what_is_due(mail_server: MailServer) -> None:
    from subscribers.tasks import send_notices

    make_notice("reader@example.org")
    assert send_notices.call() == 1


def test_waking_puts_one_task_into_the_queue() -> None:
    from django_tasks_db.models import DBTaskResult

    tasks.wake()
    assert DBTaskResult.objects.get().task_path == "subscribers.tasks.send_notices"

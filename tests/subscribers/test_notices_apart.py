"""An error with one notice does not stop the others from being sent."""

import pytest

from subscribers import notices
from subscribers.models import Notice, Subscriber
from tests.factories import make_pending, make_subscriber
from tests.smtp import MailServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]


def three_notices() -> list[Notice]:
    return [
        Notice.objects.create(subscriber=make_pending(f"{name}@example.org"), kind="confirm")
        for name in "abc"
    ]


def erase(address: str) -> None:
    Subscriber.objects.get(address=address).delete()


def recipients(server: MailServer) -> list[str]:
    return [mail.recipients[0] for mail in server.messages]


def test_a_reader_erased_before_the_claim_is_skipped(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    three_notices()
    claim = notices.claim

    def erase_first(pk, due_at):
        if Notice.objects.filter(pk=pk, subscriber__address="b@example.org").exists():
            erase("b@example.org")
        return claim(pk, due_at)

    monkeypatch.setattr(notices, "claim", erase_first)
    assert notices.send_due() == 2
    assert recipients(mail_server) == ["a@example.org", "c@example.org"]


def test_a_reader_erased_between_the_claim_and_the_reading_is_skipped(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, second, _ = three_notices()
    update = type(Notice.objects.all()).update

    def erase_after(self, **values):
        done = update(self, **values)
        if "tries" in values and not Notice.objects.filter(pk=second.pk, tries=0).exists():
            Subscriber.objects.filter(address="b@example.org").delete()
        return done

    monkeypatch.setattr(type(Notice.objects.all()), "update", erase_after)
    assert notices.send_due() == 2
    assert recipients(mail_server) == ["a@example.org", "c@example.org"]


@pytest.mark.parametrize("reaction", ["accept", "defer", "reject"])
def test_a_reader_erased_while_the_mail_server_talks_stops_nobody(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, reaction: str
) -> None:
    three_notices()
    submit = notices.submit

    def erase_during(message):
        if message.to == ["b@example.org"]:
            if reaction != "accept":
                getattr(mail_server, reaction)("b@example.org")
            erase("b@example.org")
        submit(message)

    monkeypatch.setattr(notices, "submit", erase_during)
    assert notices.send_due() >= 2
    assert {"a@example.org", "c@example.org"} <= set(recipients(mail_server))
    assert list(Notice.objects.values_list("state", flat=True)) == ["sent", "sent"]


@pytest.mark.parametrize("step", ["claim", "skip_reason", "build", "finish"])
def test_a_step_that_fails_for_one_notice_does_not_stop_the_others(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    _, second, _ = three_notices()
    original = getattr(notices, step)

    def fail(notice, *rest):
        if getattr(notice, "pk", notice) == second.pk:
            raise RuntimeError("a mistake of ours")
        return original(notice, *rest)

    monkeypatch.setattr(notices, step, fail)
    assert notices.send_due() == 2
    second.refresh_from_db()
    assert second.state == "queued"


def test_a_check_that_always_fails_is_given_up_at_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A failed check counts as a try, so the notice is not tried for ever."""
    notice = Notice.objects.create(subscriber=make_subscriber(), kind="welcome")

    def fail(_):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(notices, "skip_reason", fail)
    for _ in range(len(notices.PAUSES) + 1):
        Notice.objects.update(due_at=notice.created_at)
        notices.send_due()
    notice.refresh_from_db()
    assert notice.state == "failed"
    assert "a mistake of ours" in notice.last_error

"""What a bounce says of an address, in each form in which servers write one."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from newsletter.delivery.suppressing import BELIEVED_OF_A_DOMAIN
from newsletter.feedback import receiving
from newsletter.models import Delivery, DeliveryEvent, ReceivedMail
from subscribers import signup
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.factories import make_issue
from tests.helpers import at_once
from tests.newsletter.feedback import samples
from tests.newsletter.feedback.conftest import (
    READER,
    Receive,
    events,
    make_sent,
    state_of_reader,
    suppressed,
)
from tests.newsletter.feedback.samples import Sent, failed, report

pytestmark = pytest.mark.django_db

GONE = {READER: "hard_bounce"}


@pytest.mark.parametrize(
    ("write", "status"),
    [
        (samples.postfix, "5.1.1"),
        (samples.exchange, "5.1.10"),
        (samples.gmail, "5.1.1"),
        (samples.sendmail, "5.1.1"),
        (samples.qmail, "5.1.1"),
    ],
)
def test_an_address_that_is_none_is_suppressed_at_once(
    receive: Receive, sent: Sent, write: Callable[[Sent], bytes], status: str
) -> None:
    assert receive(write(sent)) == 0
    assert events() == [("hard bounce", status)]
    assert suppressed() == GONE
    assert state_of_reader() == "unsubscribed"
    assert not ReceivedMail.objects.exists()


def test_the_event_says_what_the_server_said(receive: Receive, sent: Sent) -> None:
    receive(samples.gmail(sent))
    event = DeliveryEvent.objects.get()
    assert event.said.startswith("550-5.1.1 The email account that you tried to reach does not")
    assert (event.source, len(event.key)) == ("mailbox", 64)
    consent = ConsentEvent.objects.get(kind="suppressed")
    assert consent.where.startswith(f"Issue {event.delivery.issue.number};")


@pytest.mark.parametrize("proof", ["argument", "header", "message id"])
def test_what_proves_it_may_be_in_any_of_these_places(
    receive: Receive, sent: Sent, proof: str
) -> None:
    raw = report(sent, failed(READER), to="bounces@example.org")
    if proof != "message id":
        raw = raw.replace(sent.message_id.encode(), b"<x@y>")
    given = [sent.return_path] if proof == "argument" else []
    if proof == "header":
        raw = f"Delivered-To: {sent.return_path}\r\n".encode() + raw
    assert receive(raw, *given) == 0
    assert suppressed() == GONE


def test_a_forged_bounce_suppresses_nobody(receive: Receive, delivery: Delivery) -> None:
    number = delivery.issue.number
    guess = f"<{number}.{delivery.pk}.{'0' * 24}@example.org>"
    forged = Sent(guess, f"bounces+d{delivery.pk}-{'0' * 20}@example.org", READER, "x")
    for write in (samples.postfix, samples.exchange, samples.qmail, samples.complaint):
        assert receive(write(forged), forged.return_path) == 0
    assert (events(), suppressed(), state_of_reader()) == ([], {}, "confirmed")
    assert set(ReceivedMail.objects.values_list("why", flat=True)) == {"unproven"}


def test_a_bounce_of_one_delivery_says_nothing_of_another_reader(
    receive: Receive, sent: Sent
) -> None:
    make_sent("other@agency.example")
    # It names somebody else, and proves nothing but the delivery to its writer.
    assert receive(report(sent, failed("other@agency.example"))) == 0
    assert events() == [("soft bounce", "5.1.1")]
    assert suppressed() == {}


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_a_bounce_that_comes_by_two_ways_at_once_counts_once(sent: Sent) -> None:
    raw = samples.postfix(sent)
    at_once(*[lambda: receiving.receive(raw)] * 4)
    assert len(events()) == 1
    assert ConsentEvent.objects.filter(kind="suppressed").count() == 1


def test_a_mail_that_comes_twice_counts_once(receive: Receive, sent: Sent) -> None:
    for _ in range(3):
        assert receive(samples.postfix(sent)) == 0
    assert len(events()) == 1
    assert ConsentEvent.objects.filter(kind="suppressed").count() == 1


def test_an_old_bounce_shuts_nobody_out_whom_an_editor_let_in(receive: Receive, sent: Sent) -> None:
    receive(samples.postfix(sent))
    signup.release(Suppression.objects.get(), "test")
    receive(samples.postfix(sent))
    assert suppressed() == {}


def test_a_bounce_from_before_the_reader_confirmed_anew_is_noted_only(
    receive: Receive, sent: Sent
) -> None:
    Subscriber.objects.update(confirmed_at=timezone.now() + timedelta(seconds=1))
    receive(samples.postfix(sent))
    assert (len(events()), suppressed()) == (1, {})


def test_a_delayed_mail_is_no_bounce(receive: Receive, sent: Sent) -> None:
    for action in ("delayed", "delivered", "relayed", "expanded"):
        raw = report(sent, f"Final-Recipient: rfc822; {READER}\nAction: {action}\nStatus: 4.4.1\n")
        assert receive(raw) == 0
    assert (events(), ReceivedMail.objects.count()) == ([], 0)


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("5.2.2", "552 5.2.2 Mailbox full"),
        ("5.7.1", "550 5.7.1 Rejected by policy"),
        ("5.7.26", "550 5.7.26 Unauthenticated"),
        ("4.4.7", "450 4.4.7 Message expired"),
        ("5.0.0", "554 Looks like spam"),
    ],
)
def test_what_is_about_no_address_is_a_soft_bounce(
    receive: Receive, sent: Sent, status: str, said: str
) -> None:
    receive(report(sent, failed(READER, status, said)))
    assert [kind for kind, _ in events()] == ["soft bounce"]
    assert suppressed() == {}


def test_a_refusal_without_a_clear_reason_counts_the_second_time(receive: Receive) -> None:
    for expected in ({}, GONE):
        sent = Sent.of(make_sent())
        receive(samples.exim(sent))
        assert suppressed() == expected
    assert [kind for kind, _ in events()] == ["hard bounce"] * 2


def test_a_mailbox_that_is_full_for_three_issues_is_suppressed(
    receive: Receive, settings: Settings
) -> None:
    full = ("5.2.2", "552 5.2.2 Mailbox full")
    found = []
    for _ in range(2):
        receive(report(Sent.of(make_sent()), failed(READER, *full)))
    make_sent()  # It takes one in between.
    for _ in range(3):
        receive(report(Sent.of(make_sent()), failed(READER, *full)))
        found.append(suppressed())
    assert found == [{}, {}, GONE]


def test_what_is_held_against_us_never_counts(receive: Receive) -> None:
    for _ in range(5):
        receive(report(Sent.of(make_sent()), failed(READER, "5.7.1", "550 5.7.1 Blocked")))
    assert (len(events()), suppressed()) == (5, {})


def test_the_worst_of_a_group_of_people_says_nothing_of_the_group(
    receive: Receive, sent: Sent
) -> None:
    reached = "Final-Recipient: rfc822; b@agency.example\nAction: relayed\nStatus: 2.0.0\n\n"
    receive(report(sent, reached + failed("a@agency.example")))
    assert (events(), suppressed()) == ([], {})
    two = failed("a@agency.example") + "\n" + failed("c@agency.example")
    receive(report(sent, two))
    assert (events(), suppressed()) == ([("soft bounce", "5.1.1")], {})


def test_of_several_recipients_the_own_one_counts(receive: Receive, sent: Sent) -> None:
    other = failed("a@agency.example", "5.2.2", "552 5.2.2 full")
    receive(report(sent, f"{other}\n{failed(READER.upper())}"))
    assert (events(), suppressed()) == ([("hard bounce", "5.1.1")], GONE)


def test_a_domain_that_lost_its_list_does_not_empty_ours(receive: Receive) -> None:
    issue = make_issue()
    many = [make_sent(f"reader{n}@agency.example", issue) for n in range(BELIEVED_OF_A_DOMAIN + 5)]
    for delivery in many:
        sent = Sent.of(delivery)
        receive(report(sent, failed(sent.address)))
    assert len(events()) == len(many)
    assert len(suppressed()) == BELIEVED_OF_A_DOMAIN
    # The next issue comes back, too.
    again = make_sent(f"reader{BELIEVED_OF_A_DOMAIN + 4}@agency.example")
    receive(report(Sent.of(again), failed(Sent.of(again).address)))
    assert Sent.of(again).address in suppressed()


@pytest.mark.parametrize(
    "change",
    [
        lambda raw: raw[: raw.index(b"Diagnostic-Code")],
        lambda raw: raw[: raw.index(b"--XX--")],
        lambda raw: raw.replace(b"\r\n", b"\n"),
        lambda raw: b"From MAILER-DAEMON Sat Nov 28 10:00:00 2026\n" + raw,
        lambda raw: raw.replace(b"us-ascii", b"x-no-such-charset"),
        lambda raw: raw.replace(b"could not be delivered", b"ne peut \xeatre d\xe9livr\xe9"),
        lambda raw: raw.replace(b"message/delivery-status", b"Message/Delivery-Status; x=y"),
        lambda raw: raw.replace(b"message/delivery-status", b"message/global-delivery-status"),
        lambda raw: raw + b"\0" * 1000,
        lambda raw: raw + b"x" * 1_000_000,
        lambda raw: raw.replace(b"Arrival-Date: Sat, 28 Nov 2026", b"Arrival-Date: 1 Jan 1970"),
        lambda raw: raw.replace(b"Final-Recipient: rfc822;", b"Final-Recipient: RFC822 ; "),
        lambda raw: (
            b"Content-Type: multipart/mixed; boundary=A\r\n\r\n--A\r\nContent-Type: "
            b"message/rfc822\r\n\r\n" + raw + b"\r\n--A--\r\n"
        ),
        lambda raw: (
            b"Content-Type: multipart/mixed; boundary=A\r\n\r\n--A\r\n" + raw + b"\r\n--A--"
        ),
    ],
    ids=range(14),
)
def test_a_report_is_read_in_whatever_state_it_comes(
    receive: Receive, sent: Sent, change: Callable[[bytes], bytes]
) -> None:
    assert receive(change(report(sent, failed(READER))), sent.return_path) == 0
    assert (suppressed(), ReceivedMail.objects.count()) == (GONE, 0)


def test_a_report_in_base64_is_read(receive: Receive, sent: Sent) -> None:
    receive(report(sent, failed(READER), encoding="base64"))
    assert suppressed() == GONE


@pytest.mark.parametrize("date", ["1 Jan 1970 00:00:00 +0000", "1 Jan 2099 00:00:00 +0000", "x"])
def test_a_time_that_cannot_be_is_now(receive: Receive, sent: Sent, date: str) -> None:
    before = timezone.now()
    receive(report(sent, failed(READER) + f"Last-Attempt-Date: {date}\n"))
    assert before <= DeliveryEvent.objects.get().at <= timezone.now()


def test_of_an_erased_reader_there_is_an_event_and_no_more(receive: Receive, sent: Sent) -> None:
    Delivery.objects.update(subscriber=None)
    assert receive(samples.postfix(sent)) == 0
    assert (len(events()), suppressed()) == (1, {})


def test_what_fits_no_delivery_is_kept(receive: Receive, sent: Sent, delivery: Delivery) -> None:
    delivery.delete()
    assert receive(samples.postfix(sent)) == 0
    assert ReceivedMail.objects.get().why == "no delivery"
    assert suppressed() == {}

"""What else comes to the door for mail, and what it does when it cannot store anything."""

import os
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from newsletter.feedback import keeping, receiving
from newsletter.feedback.parts import LIMIT
from newsletter.management.commands.tick import tick
from newsletter.models import Delivery, DeliveryEvent, ReceivedMail
from subscribers.models import ConsentEvent, Subscriber
from tests.newsletter.delivery.processes import database_url
from tests.newsletter.feedback import samples
from tests.newsletter.feedback.conftest import (
    READER,
    Receive,
    events,
    state_of_reader,
    suppressed,
)
from tests.newsletter.feedback.samples import Sent, mail

pytestmark = pytest.mark.django_db

TEMPORARY = 75


def kept() -> list[str]:
    return list(ReceivedMail.objects.values_list("why", flat=True))


# Complaints, wishes to leave, automatic replies, people


@pytest.mark.parametrize("kind", ["abuse", "fraud", "opt-out", "Abuse"])
def test_whoever_complains_is_never_mailed_again(receive: Receive, sent: Sent, kind: str) -> None:
    assert receive(samples.complaint(sent, kind), "fbl@example.org") == 0
    assert events() == [("complaint", "")]
    assert suppressed() == {READER: "complaint"}
    assert state_of_reader() == "unsubscribed"


def test_a_complaint_without_our_message_id_is_known_by_its_envelope_sender(
    receive: Receive, sent: Sent
) -> None:
    raw = samples.complaint(sent).replace(sent.message_id.encode(), b"<redacted@x>")
    assert receive(raw) == 0
    assert (suppressed(), kept()) == ({}, ["unproven"])
    raw = raw.replace(b"<weekly@example.org>\r\nArrival", f"<{sent.return_path}>\r\nA".encode())
    receive(raw)
    assert suppressed() == {READER: "complaint"}


def test_what_is_called_no_spam_is_no_complaint(receive: Receive, sent: Sent) -> None:
    receive(samples.complaint(sent, "not-spam"))
    assert (events(), suppressed(), kept()) == ([], {}, [])


def test_a_mail_to_the_address_of_list_unsubscribe_unsubscribes(
    receive: Receive, sent: Sent
) -> None:
    for _ in range(2):
        assert receive(samples.wish_to_leave(sent.key)) == 0
    assert state_of_reader() == "unsubscribed"
    event = ConsentEvent.objects.get(kind="unsubscribed")
    assert event.where == "a mail to the address in List-Unsubscribe"
    assert (suppressed(), kept()) == ({}, [])


def test_the_issue_by_which_somebody_left_is_noted(
    receive: Receive, sent: Sent, delivery: Delivery
) -> None:
    for issue in ("x", "-1", "0", "9" * 400, "7 7"):
        receive(samples.wish_to_leave("nobody", issue))
    assert receive(samples.wish_to_leave(sent.key, str(delivery.issue.number))) == 0
    assert events() == [("unsubscribed", "")]
    assert DeliveryEvent.objects.get().source == "mailbox"


@pytest.mark.parametrize("key", ["x", "a" * 24, "a" * 5000, "../..", "%00", "é", ""])
def test_a_key_that_is_nobodys_is_kept_and_unsubscribes_nobody(
    receive: Receive, sent: Sent, key: str
) -> None:
    assert receive(samples.wish_to_leave(key)) == 0
    assert state_of_reader() == "confirmed"
    assert kept() in (["no reader"], ["person"])


@pytest.mark.parametrize(
    "automatic",
    [
        "Auto-Submitted: auto-replied (vacation)",
        "Auto-Submitted: auto-generated; owner-email=x@y.example",
        "X-Autoreply: yes",
        "Precedence: auto_reply",
        "X-Auto-Response-Suppress: All",
    ],
)
def test_an_automatic_reply_is_an_event_and_no_more(
    receive: Receive, sent: Sent, automatic: str
) -> None:
    for _ in range(2):
        assert receive(samples.out_of_office(sent, automatic)) == 0
    assert (events(), suppressed(), kept()) == ([("auto-reply", "")], {}, [])
    stranger = samples.out_of_office(sent, automatic).replace(sent.message_id.encode(), b"<x@y>")
    assert receive(stranger) == 0
    assert (len(events()), kept()) == (1, [])


def test_a_subject_alone_makes_no_automatic_reply(receive: Receive, sent: Sent) -> None:
    assert receive(samples.out_of_office(sent, "Auto-Submitted: no")) == 0
    assert (events(), kept()) == ([], ["person"])


def test_what_a_person_writes_is_kept(receive: Receive, sent: Sent) -> None:
    for _ in range(2):
        assert receive(samples.reply(sent), "weekly@example.org") == 0
    found = ReceivedMail.objects.get()
    assert (found.why, found.sender, found.recipient) == ("person", READER, "weekly@example.org")
    assert found.subject == "Re: The third shift – thanks"
    assert bytes(found.raw) == samples.reply(sent)


def test_a_bounce_of_a_form_that_nobody_knows_is_kept(receive: Receive, sent: Sent) -> None:
    raw = mail(
        f"""
Return-Path: <>
From: MAILER-DAEMON@agency.example
To: {sent.return_path}
Subject: Problem
""",
        "There was a problem.",
    )
    assert receive(raw) == 0
    assert (events(), kept()) == ([], ["unknown"])


# Whatever comes


def nested(kind: str, depth: int) -> bytes:
    if kind == "mails":
        return b"Content-Type: message/rfc822\n\n" * depth
    levels = (
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)
    )
    return b"".join(levels)


WORST: dict[str, bytes] = {
    "nothing": b"",
    "a line break": b"\n",
    "no header": b"\n\nHello",
    "NUL": b"\0" * 500_000,
    "any byte": bytes(range(256)) * 2000,
    "parts in parts": nested("parts", 5000),
    "mails in mails": nested("mails", 8000),
    "parts beside parts": b"Content-Type: multipart/report; boundary=b\n\n" + b"--b\n\n" * 50_000,
    "an empty boundary": b'Content-Type: multipart/mixed; boundary=""\n\n' + b"--\n" * 50_000,
    "a long header": b"Subject: " + b"x" * 1_000_000 + b"\n\n",
    "many fields": b"X: y\n" * 60_000,
    "a folded header": b"Subject: x\n" + b" y\n" * 80_000,
    "odd charsets": b"Content-Type: text/plain; charset=hex\nSubject: =?punycode?q?" + b"-" * 9000,
    "encoded words": b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\n\n",
    "quotes": b'Content-Type: text/plain; a="' + b'";a="' * 40_000,
    "references": b"References: " + b"<7.5.000000000000000000000000@x> " * 8000 + b"\n\n",
    "addresses": b"Return-Path: <>\nFrom: MAILER-DAEMON@x\n\n" + b"<" * 250_000,
    "an old bounce": b"Return-Path: <>\nFrom: MAILER-DAEMON@x\n\n"
    b"This Message was undeliverable due to the following reason:\n" + (b"<" * 990 + b"\n") * 250,
    "a broken base64": b"Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: "
    b"message/delivery-status\nContent-Transfer-Encoding: base64\n\n" + b"=A=" * 50_000,
    "a report of nothing": b"Content-Type: message/delivery-status\n\n" + b"\n" * 200_000,
    "many recipients": b"Content-Type: message/delivery-status\n\n"
    + b"Action: failed\nFinal-Recipient: x;a@b\n\n" * 6000,
    "50 MB": b"Subject: large\n\n" + b"x" * 50_000_000,
}


@pytest.mark.postgresql
@pytest.mark.parametrize("raw", WORST.values(), ids=WORST)
def test_whatever_comes_is_kept(receive: Receive, sent: Sent, raw: bytes) -> None:
    for to in ("", sent.return_path):
        assert receive(raw, *filter(None, [to])) == 0
    assert suppressed() == {}
    for found in ReceivedMail.objects.all():
        assert (found.size, len(found.raw)) == (len(raw), min(len(raw), LIMIT))


def test_a_mistake_of_ours_keeps_the_mail(
    receive: Receive, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RecursionError

    monkeypatch.setattr(receiving, "understand", fail)
    assert receive(samples.postfix(sent)) == 0
    assert kept() == ["broken"]


# When it cannot be stored


@pytest.mark.parametrize("name", ["following.bounced", "keep"])
def test_what_cannot_be_stored_comes_again(
    receive: Receive, sent: Sent, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise DatabaseError("database or disk is full")

    raw = samples.postfix(sent) if name == "following.bounced" else samples.reply(sent)
    with monkeypatch.context() as patch:
        patch.setattr(f"newsletter.feedback.receiving.{name}", full)
        assert receive(raw) == TEMPORARY
    assert receive(raw) == 0


@pytest.mark.postgresql
def test_a_flood_fills_no_disk_and_loses_nothing(
    receive: Receive, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "MOST_A_DAY", 3)
    codes = [receive(mail(f"Subject: {n}\nFrom: a@b.example")) for n in range(5)]
    assert codes == [0, 0, 0, TEMPORARY, TEMPORARY]
    # What can be acted on is still taken, and so is what is kept already.
    assert receive(samples.postfix(sent)) == 0
    assert receive(mail("Subject: 0\nFrom: a@b.example")) == 0
    assert suppressed() == {READER: "hard_bounce"}
    ReceivedMail.objects.update(at=timezone.now() - timedelta(days=2))
    assert receive(mail("Subject: 4\nFrom: a@b.example")) == 0
    monkeypatch.setattr(keeping, "BYTES_A_DAY", 100)
    assert receive(mail("Subject: large\nFrom: a@b.example", "x" * 200)) == TEMPORARY


def test_what_was_kept_for_three_months_goes(receive: Receive) -> None:
    receive(mail("Subject: old"))
    receive(mail("Subject: new"))
    ReceivedMail.objects.filter(subject="old").update(at=timezone.now() - keeping.KEPT_FOR)
    tick()
    assert ReceivedMail.objects.get().subject == "new"


@pytest.mark.django_db(transaction=True)
def test_a_mail_server_pipes_a_mail_into_a_process(sent: Sent) -> None:
    def pipe(raw: bytes, **environment: str) -> tuple[int, bytes]:
        done = subprocess.run(
            [Path(settings.BASE_DIR) / "deploy" / "receive-mail", "bounces@example.org"],
            input=raw,
            capture_output=True,
            env={
                **os.environ,
                "PYTHON": sys.executable,
                "DATABASE_URL": database_url(),
                "ORIGINAL_RECIPIENT": sent.return_path,
                **environment,
            },
            check=False,
        )
        return done.returncode, done.stdout

    raw = samples.postfix(sent) + b"x" * 5_000_000
    assert pipe(raw, DATABASE_URL="sqlite:////nowhere/at/all.sqlite3") == (TEMPORARY, b"")
    assert pipe(raw, SMTP_TIMEOUT="wrong") == (TEMPORARY, b"")
    assert pipe(raw, PYTHON="/no/python") == (TEMPORARY, b"")
    assert events() == []
    assert pipe(raw) == (0, b"noted\n")
    assert pipe(raw) == (0, b"noted\n")
    assert (len(events()), suppressed()) == (1, {READER: "hard_bounce"})


def test_the_desk_shows_what_is_kept_to_who_may_see_readers(
    receive: Receive, sent: Sent, admin_client
) -> None:
    receive(samples.reply(sent))
    receive(mail("Subject: <script>alert(1)</script>", "<b>bold</b>\x00\x1b[31m"))
    page = admin_client.get("/admin/newsletter/receivedmail/").content.decode()
    assert "thanks" in page and READER in page
    assert "<script>alert" not in page
    for found in ReceivedMail.objects.all():
        page = admin_client.get(f"/admin/newsletter/receivedmail/{found.pk}/change/")
        assert page.status_code == 200
        assert "<b>bold" not in page.content.decode()
    assert Subscriber.objects.count() == Delivery.objects.count() == 1
    assert not DeliveryEvent.objects.exists()

"""What mail services report, at the address of the webhook."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from django.db import DatabaseError
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from alarmroom.settings import MAIL_SERVICES
from newsletter.feedback import keeping, services
from newsletter.mail import traces
from newsletter.models import Delivery, DeliveryEvent, ReceivedMail
from subscribers.models import ConsentEvent
from tests.newsletter.feedback.conftest import (
    READER,
    events,
    make_sent,
    state_of_reader,
    suppressed,
)

pytestmark = pytest.mark.django_db

SECRET = "webhook:a-long-random-password"
SIGNING_KEY = "key-of-mailgun"


@pytest.fixture(autouse=True)
def webhooks(settings: Settings) -> None:
    settings.FEEDBACK_WEBHOOKS = {
        "postmark": {},
        "amazon_ses": {},
        "sendgrid": {},
        "mailgun": {"webhook_signing_key": SIGNING_KEY},
    }
    settings.FEEDBACK_WEBHOOK_SECRET = SECRET


def report(client: Client, service: str, said: Any, *, secret: str = SECRET, **headers: str) -> int:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return send(client, service, body, secret=secret, **headers).status_code


def send(
    client: Client, service: str, body: bytes, *, secret: str = SECRET, **headers: str
) -> HttpResponse:
    if secret:
        given = base64.b64encode(secret.encode()).decode()
        headers = {"HTTP_AUTHORIZATION": f"Basic {given}", **headers}
    return client.post(f"/feedback/{service}/", body, content_type="application/json", **headers)


# As each service writes them


def postmark(delivery: Delivery, **fields: Any) -> dict[str, Any]:
    return {
        "RecordType": "Bounce",
        "ID": 4323372036854775807,
        "Type": "HardBounce",
        "TypeCode": 1,
        "Name": "Hard bounce",
        "Metadata": {"delivery": traces.mark(delivery.pk)},
        "Description": "The server was unable to deliver your message.",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist",
        "Email": READER,
        "BouncedAt": "2099-11-28T10:00:00Z",
        **fields,
    }


def mailgun(delivery: Delivery, event: str = "failed", key: str = SIGNING_KEY) -> dict[str, Any]:
    token, at = "a" * 50, "1529006854"
    signature = hmac.new(key.encode(), f"{at}{token}".encode(), hashlib.sha256).hexdigest()
    message_id = traces.message_id(delivery.pk, delivery.issue.number).strip("<>")
    return {
        "signature": {"token": token, "timestamp": at, "signature": signature},
        "event-data": {
            "event": event,
            "timestamp": 1529006854.329574,
            "severity": "permanent",
            "reason": "bounce",
            "recipient": READER.upper(),
            # Mailed by SMTP, it keeps our Message-ID.
            "message": {"headers": {"message-id": message_id, "to": READER}},
            "delivery-status": {"code": 550, "message": "5.1.1 No such user", "description": ""},
        },
    }


def sns(said: Any, kind: str = "Notification") -> dict[str, Any]:
    return {
        "Type": kind,
        "MessageId": "19ba9823-d7f2-53c1-860e-cb10e0d13dfc",
        "TopicArn": "arn:aws:sns:us-east-1:1234567890:SES_Events",
        "Message": json.dumps(said),
        "Timestamp": "2026-11-28T10:00:00.000Z",
        "SubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription",
    }


def of_amazon(kind: str = "Notification") -> dict[str, str]:
    return {
        "HTTP_X_AMZ_SNS_MESSAGE_TYPE": kind,
        "HTTP_X_AMZ_SNS_MESSAGE_ID": "19ba9823-d7f2-53c1-860e-cb10e0d13dfc",
    }


def ses_bounce(delivery: Delivery, kind: str, **of_recipient: str) -> dict[str, Any]:
    return {
        "notificationType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": "General",
            "bouncedRecipients": [{"emailAddress": READER, **of_recipient}],
        },
        "mail": {
            "source": traces.return_path(delivery.pk),
            "messageId": "00000137860315fd-34208509",
            "destination": [READER],
        },
    }


def sendgrid(delivery: Delivery, event: str, **fields: Any) -> dict[str, Any]:
    return {
        "email": READER,
        "timestamp": 1774700000,
        "event": event,
        "sg_event_id": "x",
        "delivery": traces.mark(delivery.pk),
        **fields,
    }


def test_a_hard_bounce_suppresses_at_once_and_once(client: Client, delivery: Delivery) -> None:
    for _ in range(3):
        assert report(client, "postmark", postmark(delivery)) == 200
    assert events() == [("hard bounce", "5.1.1")]
    assert suppressed() == {READER: "hard_bounce"}
    assert ConsentEvent.objects.filter(kind="suppressed").count() == 1
    event = DeliveryEvent.objects.get()
    assert event.source == "postmark"
    assert event.said.startswith("550 5.1.1 The email account")


def test_a_signed_report_of_a_mail_that_came_by_smtp_is_known_by_its_message_id(
    client: Client, delivery: Delivery
) -> None:
    assert report(client, "mailgun", mailgun(delivery)) == 200
    assert (events(), suppressed()) == ([("hard bounce", "5.1.1")], {READER: "hard_bounce"})


def test_amazon_names_the_envelope_sender(client: Client, delivery: Delivery) -> None:
    code = "smtp; 550 5.1.1 user unknown"
    said = sns(ses_bounce(delivery, "Permanent", diagnosticCode=code))
    assert report(client, "amazon_ses", said, **of_amazon()) == 200
    assert suppressed() == {READER: "hard_bounce"}


@pytest.mark.parametrize(
    ("fields", "kind", "reason"),
    [
        ({"Type": "SoftBounce", "Details": ""}, "soft bounce", None),
        ({"Details": "smtp;552 5.2.2 over quota"}, "soft bounce", None),
        ({"Details": ""}, "hard bounce", None),
        ({"Type": "Blocked", "Details": "", "Description": "ISP block"}, "soft bounce", None),
        ({"Type": "BadEmailAddress", "Details": ""}, "hard bounce", "hard_bounce"),
        ({"Type": "AutoResponder"}, "auto-reply", None),
        ({"RecordType": "SpamComplaint", "Type": "SpamComplaint"}, "complaint", "complaint"),
        ({"Email": "somebody.else@agency.example"}, "soft bounce", None),
    ],
)
def test_each_event_has_its_kind(
    client: Client, delivery: Delivery, fields: dict[str, Any], kind: str, reason: str | None
) -> None:
    assert report(client, "postmark", postmark(delivery, **fields)) == 200
    assert [found for found, _ in events()] == [kind]
    assert suppressed() == ({READER: reason} if reason else {})


def test_whoever_leaves_at_the_service_is_unsubscribed(client: Client, delivery: Delivery) -> None:
    said = [sendgrid(delivery, "open"), sendgrid(delivery, "unsubscribe")]
    assert report(client, "sendgrid", said) == 200
    assert [kind for kind, _ in events()] == ["unsubscribed"]
    assert (state_of_reader(), suppressed()) == ("unsubscribed", {})
    assert ConsentEvent.objects.get(kind="unsubscribed").where == "the mail service sendgrid"


@pytest.mark.parametrize(
    "said",
    [
        {"RecordType": "Open"},
        {"RecordType": "Click"},
        {"RecordType": "Delivery"},
        {"RecordType": "Invented"},
        {"Type": "Invented", "RecordType": "Other"},
        {},
    ],
    ids=str,
)
def test_what_is_not_asked_for_is_taken_and_ignored(
    client: Client, delivery: Delivery, said: dict[str, str]
) -> None:
    mark = {"Metadata": {"delivery": traces.mark(delivery.pk)}}
    assert report(client, "postmark", {**mark, **said}) == 200
    assert (events(), ReceivedMail.objects.count()) == ([], 0)


@pytest.mark.parametrize("said", [b"", b"[", b"null", b"\xff", b"[1]", b"[" * 100_000, b'"x"'])
def test_what_cannot_be_read_is_kept(client: Client, delivery: Delivery, said: bytes) -> None:
    assert report(client, "postmark", said) == 200
    assert ReceivedMail.objects.get().why == "broken"
    assert events() == []


@pytest.mark.parametrize(
    "metadata", [{}, {"delivery": "d1-" + "0" * 20}, {"delivery": None}, [], "x", {"delivery": {}}]
)
def test_an_event_of_another_installation_suppresses_nobody_and_is_kept(
    client: Client, delivery: Delivery, metadata: Any
) -> None:
    for _ in range(2):
        assert report(client, "postmark", postmark(delivery, Metadata=metadata)) == 200
    assert (events(), suppressed(), state_of_reader()) == ([], {}, "confirmed")
    found = ReceivedMail.objects.get()
    assert found.why in ("unproven", "broken") and found.source == "postmark"
    delivery.delete()
    assert report(client, "postmark", postmark(make_sent())) == 200


# Who may report


def test_a_stranger_reports_nothing(client: Client, delivery: Delivery) -> None:
    said = postmark(delivery)
    asked = send(client, "postmark", json.dumps(said).encode(), secret="")
    assert (asked.status_code, asked["WWW-Authenticate"]) == (401, 'Basic realm="Webhook"')
    for wrong in ("webhook:wrong", ":", "é:é", SECRET[:-1]):
        assert report(client, "postmark", said, secret=wrong) == 403
    assert report(client, "postmark", said, HTTP_AUTHORIZATION="Basic !") == 403
    assert report(client, "postmark", said, HTTP_AUTHORIZATION="Bearer x") == 403
    assert client.get("/feedback/postmark/").status_code == 405
    assert (events(), ReceivedMail.objects.count()) == ([], 0)


def test_a_wrong_signature_reports_nothing(client: Client, delivery: Delivery) -> None:
    for said in (mailgun(delivery, key="wrong"), {}, [], b"", b"\xff", {"signature": 7}):
        assert report(client, "mailgun", said) == 403
    assert (events(), ReceivedMail.objects.count()) == ([], 0)


def test_a_service_that_is_not_set_up_has_no_address(client: Client, settings: Settings) -> None:
    for service in ("brevo", "nobody", "..", "postmark%00"):
        assert report(client, service, {}) == 404
    settings.FEEDBACK_WEBHOOKS = {}
    assert report(client, "postmark", {}) == 404


def test_a_report_that_is_too_large_is_not_read(client: Client, delivery: Delivery) -> None:
    assert report(client, "postmark", b"x" * (2 * 1024 * 1024 + 1)) == 413


def test_what_cannot_be_stored_is_reported_again(
    client: Client, delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.raise_request_exception = False

    def fail(*_: object) -> None:
        raise DatabaseError

    with monkeypatch.context() as patch:
        patch.setattr(services.following, "bounced", fail)
        assert report(client, "postmark", postmark(delivery)) == 500
    monkeypatch.setattr(keeping, "MOST_A_DAY", 0)
    assert report(client, "postmark", postmark(delivery, Metadata={})) == 503
    assert report(client, "postmark", postmark(delivery)) == 200
    assert suppressed() == {READER: "hard_bounce"}


def test_amazons_question_waits_for_the_operator(client: Client) -> None:
    kind = "SubscriptionConfirmation"
    assert report(client, "amazon_ses", sns({}, kind), **of_amazon(kind)) == 200
    found = ReceivedMail.objects.get()
    assert found.subject == "Confirm this subscription"
    assert b"Action=ConfirmSubscription" in bytes(found.raw)


def test_a_transient_bounce_of_amazon_is_a_soft_one(client: Client, delivery: Delivery) -> None:
    said = sns(ses_bounce(delivery, "Transient"))
    assert report(client, "amazon_ses", said, **of_amazon()) == 200
    assert [kind for kind, _ in events()] == ["soft bounce"]


def test_every_service_that_may_be_named_is_known_to_anymail(settings: Settings) -> None:
    options = {
        "mailersend": {"signing_secret": "x"},
        "mailgun": {"webhook_signing_key": "x"},
        "mandrill": {"webhook_key": "x"},
        "postal": {"webhook_key": "x"},
        "unisender_go": {"api_key": "x"},
    }
    settings.FEEDBACK_WEBHOOKS = {name: options.get(name, {}) for name in MAIL_SERVICES}
    for name in MAIL_SERVICES:
        assert services.view_of(name).basic_auth == [SECRET], name

"""Issues that leave through a mail service, or another mailer of Django's kind."""

import re
import smtplib
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from anymail.message import AnymailRecipientStatus
from django.core import mail as outgoing
from django.core.checks import run_checks
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone
from pytest_django import Settings

from newsletter.delivery import clock, pausing, starting, worker
from newsletter.mail.clicks import chance_of
from newsletter.mail.traces import MARK_NAME, mark, of_mark
from newsletter.models import Delivery, Issue, ServiceMessage
from subscribers import signup
from subscribers.models import Subscriber, Suppression
from tests.factories import make_issue, make_subscriber
from tests.helpers import PATIENCE
from tests.newsletter.delivery.ledger import due_now, started, states
from tests.newsletter.delivery.processes import manage
from tests.newsletter.mailgun import HALF, HANG_UP, Call, Mailgun

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]

State = Delivery.State
READERS = [f"reader{number}@example.org" for number in range(7)]


def mailers(backend: str, **options: Any) -> dict[str, Any]:
    default = {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}
    return {"default": default, "bulk": {"BACKEND": backend, "OPTIONS": options}}


@pytest.fixture
def service(settings: Settings, no_tasks: None) -> Iterator[Mailgun]:
    """A mail service, three recipients to a call, one call at a time."""
    playing = Mailgun()
    settings.MAILERS = mailers("anymail.backends.mailgun.EmailBackend", **playing.options)
    settings.DELIVERY_RECIPIENTS_PER_CALL = 3
    settings.DELIVERY_CONNECTIONS = 1
    yield playing
    playing.stop()


def key(address: str) -> str:
    return Subscriber.objects.get(address=address).key


# The message


def test_one_call_carries_what_is_each_recipients_own(service: Mailgun) -> None:
    issue = started(*READERS)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.SENT
    assert service.recipients == READERS
    assert [len(call.to) for call in service.calls] == [3, 3, 1]
    for call in service.calls[:2]:
        assert call.one("text").count("%recipient.key%") >= 1
        assert call.one("html").count("%recipient.key%") >= 1
        assert call.one("o:tracking-opens") == call.one("o:tracking-clicks") == "no"
        assert call.one("h:List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"
        assert call.one("h:List-Unsubscribe") == "%recipient.h:List-Unsubscribe%"
        assert call.one(f"v:{MARK_NAME}") == f"%recipient.v:{MARK_NAME}%"
        for address in call.to:
            row = Delivery.objects.get(subscriber__address=address)
            own = call.variables[address]
            assert own["key"] == key(address)
            assert of_mark(own[f"v:{MARK_NAME}"]) == row.pk
            assert f"/{key(address)}/" in own["h:List-Unsubscribe"]
            assert f"unsubscribe%20{key(address)}" in own["h:List-Unsubscribe"]
            # Nobody else's key or address is in what one recipient gets.
            others = {key(other) for other in READERS if other != address}
            assert not any(other in str(own) for other in others)
    # The last one is alone, and has it all written out.
    [last] = service.calls[2].to
    assert key(last) in service.calls[2].one("text")
    assert service.calls[2].one(f"v:{MARK_NAME}") == mark(
        Delivery.objects.get(subscriber__address=last).pk
    )
    # Each has the service's id.
    assert {
        message.delivery.subscriber.address: (message.service, message.remote_id, message.status)
        for message in ServiceMessage.objects.all()
    } == {
        address: ("Mailgun", f"<{number}@mailgun>", "queued")
        for number, call in enumerate(service.calls, 1)
        for address in call.to
    }
    assert Delivery.objects.first().reply == "Queued at Mailgun. Its id: <1@mailgun>"


def test_counted_links_have_another_token_for_each_recipient(service: Mailgun) -> None:
    for address in READERS[:4]:
        make_subscriber(address)
    issue = make_issue(count_clicks=True)
    starting.start(issue)
    worker.deliver(issue.pk)
    many, alone = service.calls
    assert f"/c/{issue.number}/1/%recipient.click%" in many.one("text")
    tokens = [many.variables[address]["click"] for address in many.to]
    [last] = set(re.findall(f"/c/{issue.number}/1/([a-z2-7]+)", alone.one("html")))
    found = {chance_of(token, str(issue.number)) for token in (*tokens, last)}
    assert len(found) == 4 and None not in found


def test_what_an_editor_types_is_never_taken_for_a_mark_of_the_service(service: Mailgun) -> None:
    for address in READERS[:2]:
        make_subscriber(address)
    issue = make_issue(intro="<p>Write %recipient.key% and {{key}} into a template.</p>")
    starting.start(issue)
    worker.deliver(issue.pk)
    assert [len(call.to) for call in service.calls] == [1, 1]
    for call in service.calls:
        assert "Write %recipient.key% and {{key}} into" in call.one("text")
        assert "recipient-variables" not in call.data
        assert key(call.to[0]) in call.one("html")


def test_a_test_mail_leaves_through_the_service(service: Mailgun) -> None:
    outcome = starting.send_test(make_issue(), "editor@example.org")
    assert outcome.reply == "Queued at Mailgun. Its id: <1@mailgun>"
    [call] = service.calls
    assert call.to == ["editor@example.org"]
    assert call.one("subject").startswith("[Test] ")
    assert f"v:{MARK_NAME}" not in call.data


# Calls whose answer is lost


@pytest.mark.parametrize(
    "said",
    [HANG_UP, HALF, (500, {}), (502, {}), (200, {"body": "<html>"}), (302, {"Location": "/"})],
    ids=["hung up", "half an answer", "500", "502", "no JSON", "a way elsewhere"],
)
def test_a_call_whose_answer_is_lost_is_in_doubt_as_a_whole(service: Mailgun, said: Any) -> None:
    answers = iter([None, said])
    service.answer = lambda _: next(answers, None)
    issue = started(*READERS)
    worker.deliver(issue.pk)
    # One call is in doubt, not one after the other: the issue backs off, and goes on.
    issue.refresh_from_db()
    assert states(issue) == {"sent": 3, "uncertain": 3, "queued": 1}
    assert issue.state == Issue.State.SENDING
    assert issue.backs_off
    assert "Mailgun may have taken it" in issue.state_note
    assert issue.failures_in_a_row == 1
    doubted = set(service.calls[1].to)
    due_now(issue)
    clock.tick(clock.Steps())
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 4, "uncertain": 3}
    asked = Counter(to for call in service.calls for to in call.to)
    assert set(asked.values()) == {1}
    in_doubt = Delivery.objects.filter(state=State.UNCERTAIN)
    assert set(in_doubt.values_list("subscriber__address", flat=True)) == doubted


def test_a_service_that_does_not_answer_in_time_leaves_its_call_in_doubt(
    service: Mailgun, settings: Settings
) -> None:
    release = threading.Event()
    settings.MAILERS["bulk"]["OPTIONS"]["timeout"] = 0.5

    def wait(_: Call) -> None:
        release.wait(PATIENCE)

    service.answer = wait
    issue = started(*READERS)
    worker.deliver(issue.pk)
    release.set()
    assert states(issue) == {"uncertain": 3, "queued": 4}
    assert len(service.calls) == 1


def test_a_worker_that_is_killed_in_a_call_leaves_it_in_doubt(
    service: Mailgun, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    reached, release = threading.Event(), threading.Event()

    def hold(_: Call) -> None:
        if len(service.calls) == 2:
            reached.set()
            release.wait(PATIENCE)

    service.answer = hold
    issue = started(*READERS)
    import json

    environment = {
        "BULK_BACKEND": "anymail.backends.mailgun.EmailBackend",
        "BULK_OPTIONS": json.dumps(service.options),
        "DELIVERY_RECIPIENTS_PER_CALL": "3",
        "DELIVERY_CONNECTIONS": "1",
    }
    code = f"from newsletter.delivery import worker; worker.deliver({issue.pk})"
    process = manage("shell", "-v0", "--no-imports", "-c", code, smtp_port=1, **environment)
    try:
        assert reached.wait(PATIENCE), "the worker never made the second call"
    finally:
        process.kill()
        process.wait()
    release.set()
    assert states(issue) == {"sent": 3, "sending": 3, "queued": 1}
    Delivery.objects.exclude(leased_until=None).update(leased_until=timezone.now())
    clock.tick(clock.Steps())
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 4, "uncertain": 3}
    asked = Counter(to for call in service.calls for to in call.to)
    assert set(asked.values()) == {1}


# Calls that surely were not taken


def test_a_service_that_cannot_be_reached_is_asked_again_later(service: Mailgun) -> None:
    service.stop()
    issue = started(*READERS)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.backs_off
    assert "Mailgun cannot be reached" in issue.state_note
    assert states(issue) == {"queued": 7}
    assert set(Delivery.objects.values_list("tries", "leased_by")) == {(0, "")}


@pytest.mark.parametrize("date", [False, True], ids=["seconds", "a date"])
def test_a_service_that_asks_for_a_pause_gets_it(service: Mailgun, date: bool) -> None:
    later = timezone.now() + timedelta(hours=2)
    wait = f"{later:%a, %d %b %Y %H:%M:%S} GMT" if date else "7200"
    answers = iter([None, (429, {"Retry-After": wait, "said": "Too many requests"})])
    service.answer = lambda _: next(answers, None)
    issue = started(*READERS)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {"sent": 3, "queued": 4}
    assert "429 Too Many Requests" in issue.state_note
    assert issue.quiet_until >= later - timedelta(seconds=2)
    assert set(Delivery.objects.filter(state=State.QUEUED).values_list("tries")) == {(0,)}
    due_now(issue)
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 7}
    assert service.recipients == READERS


@pytest.mark.parametrize("code", [401, 403, 402, 404, 413])
def test_a_service_that_refuses_us_pauses_the_issue(service: Mailgun, code: int) -> None:
    service.answer = lambda _: (code, {"said": "Invalid private key"})
    issue = started(*READERS)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert issue.state_note.startswith(f"Mailgun refuses us: {code}")
    assert "Invalid private key" in issue.state_note
    assert "BULK_OPTIONS" in issue.state_note
    assert "key-1" not in issue.state_note
    assert states(issue) == {"queued": 7}
    assert len(service.calls) == 1


def test_one_address_that_the_service_refuses_keeps_nobody_else_from_it(service: Mailgun) -> None:
    bad = READERS[1]
    service.answer = lambda call: (400, {"said": "to is no address"}) if bad in call.to else None
    issue = started(*READERS)
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 6, "failed": 1}
    assert service.recipients == sorted({*READERS} - {bad})
    refused = Delivery.objects.get(state=State.FAILED)
    assert refused.subscriber.address == bad
    assert "400" in refused.reply and "to is no address" in refused.reply


def test_a_message_that_the_service_refuses_from_all_pauses_and_marks_nobody(
    service: Mailgun,
) -> None:
    service.answer = lambda _: (400, {"said": "from parameter is not a valid address"})
    issue = started(*READERS)
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "refuses what we send, whoever it is for" in issue.state_note
    assert "from parameter" in issue.state_note
    assert states(issue) == {"queued": 7}
    assert [len(call.to) for call in service.calls] == [3, 1, 1]
    # Once it is mended, everybody gets it.
    service.answer = lambda _: None
    starting.resume(issue)
    worker.deliver(issue.pk)
    assert service.recipients == READERS
    assert states(issue) == {"sent": 7}


def test_the_only_reader_who_is_refused_is_marked(service: Mailgun) -> None:
    service.answer = lambda _: (400, {})
    issue = started(READERS[0])
    worker.deliver(issue.pk)
    assert states(issue) == {"failed": 1}


# Editors and readers, meanwhile


def test_who_leaves_meanwhile_is_not_in_the_next_call(service: Mailgun) -> None:
    left: list[str] = []

    def leave(call: Call) -> None:
        if not left:
            left.append(next(each for each in READERS if each not in call.to))
            signup.unsubscribe(Subscriber.objects.get(address=left[0]), where="/")

    service.answer = leave
    issue = started(*READERS)
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 6, "skipped": 1}
    assert service.recipients == sorted({*READERS} - {*left})


def test_a_pause_lets_the_call_that_is_under_way_end(service: Mailgun) -> None:
    def pause(_: Call) -> None:
        pausing.pause(Issue.objects.get(pk=issue.pk), "An editor said so.")

    issue = started(*READERS)
    service.answer = pause
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 3, "queued": 4}
    assert service.recipients == sorted(service.calls[0].to)


def test_calls_at_once_deliver_to_everybody_once(service: Mailgun, settings: Settings) -> None:
    settings.DELIVERY_CONNECTIONS = 3
    issue = started(*(f"many{number}@example.org" for number in range(40)))
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 40}
    assert len(service.recipients) == len(set(service.recipients)) == 40


# What a service says of each recipient


class Saying:
    """A backend that says of each recipient what stands before the @."""

    @staticmethod
    def make() -> type:
        from anymail.backends.test import EmailBackend as TestBackend

        class EmailBackend(TestBackend):
            def parse_recipient_status(self, response: Any, payload: Any, message: Any) -> Any:
                return {
                    to: AnymailRecipientStatus(f"id-{to}", to.partition("@")[0])
                    for to in payload.recipient_emails
                    if not to.startswith("nothing")
                }

        return EmailBackend


OddService = Saying.make()


def test_each_recipient_has_an_outcome_of_its_own(settings: Settings, no_tasks: None) -> None:
    settings.MAILERS = mailers(f"{__name__}.OddService")
    said = ("sent", "queued", "invalid", "rejected", "failed", "unknown", "nothing")
    issue = started(*(f"{word}@example.org" for word in said))
    worker.deliver(issue.pk)
    assert dict(Delivery.objects.values_list("subscriber__address", "state")) == {
        "sent@example.org": "sent",
        "queued@example.org": "sent",
        "invalid@example.org": "failed",
        "rejected@example.org": "failed",
        "failed@example.org": "failed",
        "unknown@example.org": "uncertain",
        "nothing@example.org": "uncertain",
    }
    assert len(outgoing.outbox) == 1
    assert outgoing.outbox[0].anymail_test_params["is_batch_send"]
    assert ServiceMessage.objects.count() == 6
    # What is no address at all gets nothing any more.
    assert list(Suppression.objects.values_list("address", flat=True)) == ["invalid@example.org"]


def test_all_of_a_call_may_be_refused(settings: Settings, no_tasks: None) -> None:
    settings.MAILERS = mailers(f"{__name__}.OddService")
    issue = started("invalid@example.org", "rejected@example.org")
    worker.deliver(issue.pk)
    assert states(issue) == {"failed": 2}


def test_a_service_without_metadata_or_tracking_gets_a_message_without(
    settings: Settings, no_tasks: None
) -> None:
    settings.MAILERS = mailers(f"{__name__}.PoorService")
    issue = started(*READERS[:2])
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 2}
    for message in outgoing.outbox:
        assert "track_opens" not in message.anymail_test_params
        assert "metadata" not in message.anymail_test_params
        assert len(message.to) == 1


def poor_service() -> type:
    from anymail.backends.test import EmailBackend as TestBackend
    from anymail.backends.test import TestPayload

    class PoorPayload(TestPayload):
        def set_track_opens(self, value: Any) -> None:
            self.unsupported_feature("track_opens")

        def set_track_clicks(self, value: Any) -> None:
            self.unsupported_feature("track_clicks")

        def set_metadata(self, value: Any) -> None:
            self.unsupported_feature("metadata")

    class EmailBackend(TestBackend):
        esp_name = "Poor"

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, payload_class=PoorPayload, **kwargs)

    return EmailBackend


PoorService = poor_service()


# Mailers of Django's kind


def test_any_backend_of_django_sends_one_message_a_submission(
    settings: Settings, no_tasks: None, tmp_path: Path
) -> None:
    settings.MAILERS = mailers("django.core.mail.backends.locmem.EmailBackend")
    issue = started(*READERS[:3])
    worker.deliver(issue.pk)
    assert states(issue) == {"sent": 3}
    assert sorted(message.to[0] for message in outgoing.outbox) == READERS[:3]
    for message in outgoing.outbox:
        whole = message.message()
        row = Delivery.objects.get(subscriber__address=message.to[0])
        assert whole["Message-ID"].startswith(f"<{issue.number}.{row.pk}.")
        assert f"/{row.subscriber.key}/" in whole["List-Unsubscribe"]
        assert whole["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert row.subscriber.key in message.body
    assert not ServiceMessage.objects.exists()


class Failing(BaseEmailBackend):
    """A backend that raises what the test says."""

    error: BaseException | int | None = None

    def send_messages(self, email_messages: Any) -> Any:
        if isinstance(self.error, BaseException):
            raise self.error
        return self.error


@pytest.mark.parametrize(
    ("error", "state", "paused", "away"),
    [
        (ConnectionRefusedError("no"), "queued", False, True),
        (smtplib.SMTPAuthenticationError(535, b"wrong"), "queued", True, False),
        (smtplib.SMTPConnectError(421, b"busy"), "queued", False, True),
        (smtplib.SMTPDataError(552, b"too large"), "failed", False, False),
        (smtplib.SMTPDataError(451, b"later"), "queued", False, False),
        (smtplib.SMTPRecipientsRefused({"a": (550, b"5.1.1 no")}), "failed", False, False),
        (smtplib.SMTPServerDisconnected("gone"), "uncertain", False, True),
        (TimeoutError("slow"), "uncertain", False, True),
        (ZeroDivisionError("a mistake"), "uncertain", False, True),
        (0, "uncertain", False, True),
        (1, "sent", False, False),
        (None, "sent", False, False),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_a_backend_raises_tells_what_became_of_the_message(
    error: Any,
    state: str,
    paused: bool,
    away: bool,
    settings: Settings,
    no_tasks: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Failing, "error", error)
    settings.MAILERS = mailers(f"{__name__}.Failing")
    issue = started(READERS[0])
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert states(issue) == {state: 1}
    assert (issue.state == Issue.State.PAUSED) is paused
    assert issue.backs_off is (away and state == "queued") or state == "uncertain"


def test_a_service_without_its_key_is_found_by_the_check_and_pauses(
    settings: Settings, no_tasks: None
) -> None:
    settings.MAILERS = mailers("anymail.backends.postmark.EmailBackend")
    [found] = [found for found in run_checks() if found.id == "alarmroom.E003"]
    assert "OPTIONS must define 'server_token'" in found.msg
    issue = started(READERS[0])
    worker.deliver(issue.pk)
    issue.refresh_from_db()
    assert issue.state == Issue.State.PAUSED
    assert "server_token" in issue.state_note
    assert states(issue) == {"queued": 1}

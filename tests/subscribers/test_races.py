"""Two simultaneous requests cause neither an error nor a double entry."""

import threading

import pytest
from django.contrib.admin import ModelAdmin
from django.db import connection
from django.test import Client

from subscribers import notices, signup
from subscribers.models import ConsentEvent, Notice, SignUpRequest, Subscriber
from tests.factories import make_pending, make_subscriber
from tests.helpers import PATIENCE, at_once
from tests.smtp import MailServer

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db(transaction=True)]


def test_two_sign_ups_of_a_new_address_make_one_subscriber() -> None:
    def sign_up() -> int:
        return Client().post("/subscribe/", {"address": "reader@example.org"}).status_code

    assert at_once(*[sign_up] * 6) == [200] * 6
    at_once(*[signup.process_requests] * 2)
    assert not SignUpRequest.objects.exists()
    assert Subscriber.objects.count() == 1
    assert Notice.objects.count() == ConsentEvent.objects.count() == 1


def test_of_two_sign_ups_one_comes_between_the_looking_and_the_writing_of_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where it need not wait for the other, the unique constraint decides."""
    manager = type(Subscriber.objects.all())
    get, looked, done = manager.get, threading.Event(), threading.Event()

    def get_before_the_other_writes(self, *args, **kwargs):
        try:
            return get(self, *args, **kwargs)
        finally:
            if not looked.is_set():
                looked.set()
                done.wait(0.5)

    def other() -> None:
        assert looked.wait(PATIENCE)
        signup.sign_up("reader@example.org", "/other/")
        done.set()

    monkeypatch.setattr(manager, "get", get_before_the_other_writes)
    at_once(lambda: signup.sign_up("reader@example.org", "/one/"), other)
    assert Subscriber.objects.count() == 1
    assert Notice.objects.count() == 1


def test_confirming_twice_at_once_is_one_consent() -> None:
    pending = make_pending()
    url = f"/confirm/{pending.confirm_key}/"
    assert at_once(*[lambda: Client().post(url).status_code] * 6) == [303] * 6
    assert ConsentEvent.objects.count() == Notice.objects.count() == 1


def test_unsubscribing_twice_at_once_is_recorded_once() -> None:
    reader = make_subscriber()
    url = f"/unsubscribe/{reader.key}/"
    assert at_once(*[lambda: Client().post(url).status_code] * 6) == [200] * 6
    assert ConsentEvent.objects.count() == 1


def test_an_editor_who_looks_at_a_subscriber_never_undoes_an_unsubscribe(
    admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = make_subscriber()
    one_click = f"/unsubscribe/{reader.key}/"
    get_object, done = ModelAdmin.get_object, []

    def read_then_unsubscribe(self, request, *args, **kwargs):
        found = get_object(self, request, *args, **kwargs)
        if not done and connection.vendor == "postgresql":  # On SQLite, writers wait.
            done.append(at_once(lambda: Client().post(one_click).status_code))
        return found

    monkeypatch.setattr(ModelAdmin, "get_object", read_then_unsubscribe)
    admin_client.post(f"/admin/subscribers/subscriber/{reader.pk}/change/", {"_save": ""})
    assert done or Client().post(one_click).status_code == 200
    reader.refresh_from_db()
    assert reader.state == Subscriber.State.UNSUBSCRIBED


def test_two_workers_send_each_mail_once(mail_server: MailServer) -> None:
    for number in range(8):
        signup.sign_up(f"reader{number}@example.org", "/")
    assert sum(at_once(*[notices.send_due] * 2)) == 8
    addresses = [mail.recipients[0] for mail in mail_server.messages]
    assert len(addresses) == len(set(addresses)) == 8


def test_a_sign_up_that_fails_sends_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args, **kwargs) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(signup, "record", fail)
    with pytest.raises(RuntimeError):
        signup.sign_up("reader@example.org", "/")
    assert not Subscriber.objects.exists()
    assert not Notice.objects.exists()

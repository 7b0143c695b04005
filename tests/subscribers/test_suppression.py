"""A suppressed address is never mailed, even if it is subscribed or its subscriber is deleted."""

import pytest

from subscribers import signup
from subscribers.models import ConsentEvent, Subscriber, Suppression
from tests.factories import make_pending, make_subscriber

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]
State = Subscriber.State


def test_suppressing_ends_the_subscription_and_is_recorded() -> None:
    reader = make_subscriber("reader@example.org")
    assert signup.suppress("Reader@Example.org", "complaint", "fbl 4711", where="feedback")
    assert Suppression.objects.get().address == "reader@example.org"
    reader.refresh_from_db()
    assert reader.state == State.UNSUBSCRIBED
    event = ConsentEvent.objects.get()
    assert (event.kind, event.subscriber) == ("suppressed", reader)
    assert event.where == "feedback; reported as spam; fbl 4711"


def test_suppressing_twice_is_recorded_once_and_keeps_the_first_reason() -> None:
    assert signup.suppress("reader@example.org", "complaint")
    assert not signup.suppress("reader@example.org", "editor")
    assert Suppression.objects.get().reason == "complaint"
    assert ConsentEvent.objects.count() == 1


def test_it_outlives_the_subscriber() -> None:
    reader = make_subscriber("reader@example.org")
    signup.suppress(reader.address, "hard_bounce")
    reader.delete()
    signup.sign_up("reader@example.org", "/")
    assert not Subscriber.objects.exists()


def test_lifting_it_brings_nobody_back_unasked() -> None:
    reader, pending = make_subscriber("reader@example.org"), make_pending("new@example.org")
    for subscriber in (reader, pending):
        signup.suppress(subscriber.address, "editor")
        signup.release(Suppression.objects.get(address=subscriber.address), "the admin")
        subscriber.refresh_from_db()
        assert subscriber.state == State.UNSUBSCRIBED
    assert not Subscriber.objects.mailable().exists()
    assert ConsentEvent.objects.filter(kind="released").count() == 2


def test_after_lifting_it_the_owner_may_sign_up_again() -> None:
    reader = make_subscriber("reader@example.org")
    signup.suppress(reader.address, "hard_bounce")
    signup.release(Suppression.objects.get(), "the admin")
    signup.sign_up(reader.address, "/")
    reader.refresh_from_db()
    assert signup.confirm(reader)
    assert list(Subscriber.objects.mailable()) == [reader]


def test_lifting_it_twice_is_recorded_once() -> None:
    signup.suppress("reader@example.org", "editor")
    suppression = Suppression.objects.get()
    stale = Suppression.objects.get()
    signup.release(suppression, "the admin")
    signup.release(stale, "the admin")
    assert ConsentEvent.objects.filter(kind="released").count() == 1

"""The link in the confirmation mail: GET asks, POST confirms, once."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from subscribers import signup, wording
from subscribers.models import CONFIRM_DAYS, ConsentEvent, Notice, Subscriber
from tests.factories import make_pending, make_resource, make_subscriber, make_suppression

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]
State = Subscriber.State


def url(subscriber: Subscriber) -> str:
    return f"/confirm/{subscriber.confirm_key}/"


def state(subscriber: Subscriber) -> str:
    return Subscriber.objects.get(pk=subscriber.pk).state


def test_opening_the_link_only_asks(client: Client) -> None:
    pending = make_pending()
    for method in (client.get, client.head):
        response = method(url(pending))
        assert response.status_code == 200
    assert b"<button" in client.get(url(pending)).content
    assert state(pending) == State.PENDING
    assert not ConsentEvent.objects.exists()


def test_the_button_confirms_and_shows_the_resources(client: Client) -> None:
    pending = make_pending("reader@example.org")
    make_resource("The first ninety days")
    response = client.post(url(pending))
    assert (response.status_code, response.url) == (303, url(pending))
    html = client.get(response.url).content.decode()
    assert "You are subscribed" in html
    assert "The first ninety days" in html
    assert "/resources/" in html
    assert state(pending) == State.CONFIRMED
    event = ConsentEvent.objects.get()
    assert (event.kind, event.address) == ("confirmed", "reader@example.org")
    assert event.wording == wording.CONFIRM
    assert [notice.kind for notice in Notice.objects.all()] == ["welcome"]


def test_the_page_shows_the_words_that_are_recorded(client: Client) -> None:
    assert wording.CONFIRM in client.get(url(make_pending())).content.decode()


def test_a_reused_link_changes_nothing_more(client: Client) -> None:
    pending = make_pending()
    client.post(url(pending))
    first = Subscriber.objects.get(pk=pending.pk).confirmed_at
    assert client.post(url(pending)).status_code == 303
    assert b"You are subscribed" in client.get(url(pending)).content
    assert Subscriber.objects.get(pk=pending.pk).confirmed_at == first
    assert ConsentEvent.objects.count() == Notice.objects.count() == 1


def test_confirming_a_stale_copy_twice_is_recorded_once() -> None:
    """Two requests that both read the row as pending before either wrote."""
    pending = make_pending()
    one, other = (Subscriber.objects.get(pk=pending.pk) for _ in range(2))
    assert signup.confirm(one)
    assert signup.confirm(other)
    assert ConsentEvent.objects.count() == Notice.objects.count() == 1


@pytest.mark.parametrize("key", ["x" * 24, "short", "x" * 500, "a.b", "%00" * 24, "é" * 24])
def test_a_forged_link_is_explained_and_says_nothing_about_anyone(client: Client, key: str) -> None:
    make_pending()
    for response in (client.get(f"/confirm/{key}/"), client.post(f"/confirm/{key}/")):
        assert response.status_code == 404
        assert b"This link does not work" in response.content
        assert b'href="/subscribe/"' in response.content
    assert not ConsentEvent.objects.exists()


def test_a_link_of_a_deleted_subscriber_is_explained(client: Client) -> None:
    pending = make_pending()
    pending.delete()
    assert client.get(url(pending)).status_code == 404
    assert client.post(url(pending)).status_code == 404


def test_the_unsubscribe_key_confirms_nobody(client: Client) -> None:
    pending = make_pending()
    assert client.post(f"/confirm/{pending.key}/").status_code == 404
    assert state(pending) == State.PENDING


def test_an_expired_link_is_refused_and_offers_the_form(client: Client) -> None:
    pending = make_pending(
        confirm_requested_at=timezone.now() - timedelta(days=CONFIRM_DAYS, seconds=1)
    )
    for response in (client.get(url(pending)), client.post(url(pending))):
        assert response.status_code == 410
        assert b"This link has expired" in response.content
        assert b'href="/subscribe/"' in response.content
    assert state(pending) == State.PENDING


def test_a_link_from_before_unsubscribing_is_dead(client: Client) -> None:
    reader = make_pending()
    client.post(url(reader))
    client.post(f"/unsubscribe/{reader.key}/")
    for response in (client.get(url(reader)), client.post(url(reader))):
        assert response.status_code == 410
        assert b"before you unsubscribed" in response.content
    assert state(reader) == State.UNSUBSCRIBED
    # It does not work after another sign-up either: only the new link does.
    signup.sign_up(reader.address, "/")
    assert client.post(url(reader)).status_code == 404
    assert state(reader) == State.PENDING


def test_a_suppressed_address_is_refused_and_told_whom_to_write_to(client: Client) -> None:
    pending = make_pending("reader@example.org")
    make_suppression("reader@example.org")
    for response in (client.get(url(pending)), client.post(url(pending))):
        assert response.status_code == 403
        assert b"mailto:hello@" in response.content
    assert state(pending) == State.PENDING
    assert not signup.confirm(pending)
    assert not Notice.objects.exists()


def test_the_page_is_kept_out_of_caches_referrers_and_search(client: Client) -> None:
    pending = make_pending()
    for path in (url(pending), "/confirm/forged-forged-forged/"):
        response = client.get(path)
        assert response["Cache-Control"] == "private, no-store"
        assert response["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response["X-Robots-Tag"]
        assert not response.cookies
        assert b"canonical" not in response.content
        assert b'name="source"' not in response.content


def test_the_button_works_with_the_origin_that_no_referrer_makes_browsers_send() -> None:
    strict = Client(enforce_csrf_checks=True)
    response = strict.post(url(make_pending()), headers={"origin": "null"})
    assert response.status_code == 303


def test_a_confirmed_reader_is_never_asked_again(client: Client) -> None:
    reader = make_subscriber(confirm_requested_at=timezone.now() - timedelta(days=400))
    assert b"You are subscribed" in client.get(url(reader)).content

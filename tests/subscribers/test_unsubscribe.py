"""Unsubscribing: GET asks, POST unsubscribes; one click in the mail program is enough."""

import pytest
from django.test import Client

from subscribers import signup
from subscribers.models import ConsentEvent, Subscriber
from tests.factories import make_pending, make_subscriber, make_suppression

pytestmark = [pytest.mark.postgresql, pytest.mark.django_db]
State = Subscriber.State
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def url(subscriber: Subscriber) -> str:
    return f"/unsubscribe/{subscriber.key}/"


def state(subscriber: Subscriber) -> str:
    return Subscriber.objects.get(pk=subscriber.pk).state


def test_opening_the_link_only_asks(client: Client) -> None:
    reader = make_subscriber()
    assert client.head(url(reader)).status_code == 200
    response = client.get(url(reader))
    assert response.status_code == 200
    assert b"<button" in response.content
    assert state(reader) == State.CONFIRMED
    assert not ConsentEvent.objects.exists()


def test_the_button_unsubscribes_at_once(client: Client) -> None:
    reader = make_subscriber("reader@example.org")
    response = client.post(url(reader))
    assert response.status_code == 200
    assert b"You are unsubscribed" in response.content
    assert not Subscriber.objects.mailable().exists()
    event = ConsentEvent.objects.get()
    assert (event.kind, event.address, event.where) == (
        "unsubscribed",
        "reader@example.org",
        "the unsubscribe page",
    )


@pytest.mark.parametrize("multipart", [True, False])
def test_one_click_needs_no_cookie_login_token_or_origin(multipart: bool) -> None:
    reader = make_subscriber()
    program = Client(enforce_csrf_checks=True)
    headers = {"origin": "https://mail.example", "sec-fetch-site": "cross-site"}
    if multipart:
        response = program.post(url(reader), ONE_CLICK, headers=headers)
    else:
        response = program.post(
            url(reader),
            "List-Unsubscribe=One-Click",
            content_type="application/x-www-form-urlencoded",
            headers=headers,
        )
    assert response.status_code == 200
    assert not response.cookies
    assert state(reader) == State.UNSUBSCRIBED
    assert ConsentEvent.objects.get().where == "one-click, from the mail program"


def test_a_second_click_changes_nothing(client: Client) -> None:
    reader = make_subscriber()
    stale = Subscriber.objects.get(pk=reader.pk)
    for _ in range(3):
        assert client.post(url(reader), ONE_CLICK).status_code == 200
    assert not signup.unsubscribe(stale, "a request that read the row earlier")
    assert ConsentEvent.objects.count() == 1


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data; boundary=x", b"not multipart at all"),
        ("multipart/form-data", b"no boundary"),
        ("application/json", b"{"),
        ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 5_000)),
        ("application/x-www-form-urlencoded", b"List-Unsubscribe=%ff%00"),
        ("text/plain", b""),
    ],
)
def test_a_strange_body_unsubscribes_as_well(
    client: Client, content_type: str, body: bytes
) -> None:
    reader = make_subscriber()
    response = client.post(url(reader), body, content_type=content_type)
    assert response.status_code == 200
    assert state(reader) == State.UNSUBSCRIBED


@pytest.mark.parametrize("key", ["x" * 24, "short", "x" * 500, "%00" * 24])
def test_a_forged_key_is_refused_and_says_nothing_about_anyone(client: Client, key: str) -> None:
    reader = make_subscriber("reader@example.org")
    for response in (
        client.get(f"/unsubscribe/{key}/"),
        client.post(f"/unsubscribe/{key}/", ONE_CLICK),
    ):
        assert response.status_code == 404
        assert b"reader@example.org" not in response.content
    assert state(reader) == State.CONFIRMED


def test_the_confirm_key_unsubscribes_nobody(client: Client) -> None:
    reader = make_subscriber()
    assert client.post(f"/unsubscribe/{reader.confirm_key}/").status_code == 404
    assert state(reader) == State.CONFIRMED


def test_whoever_is_unsubscribed_is_told_so_and_may_come_back(client: Client) -> None:
    gone = make_subscriber(state=State.UNSUBSCRIBED)
    html = client.get(url(gone)).content.decode()
    assert "You were already unsubscribed" in html
    assert 'href="/subscribe/"' in html
    assert "<form" not in html


def test_a_request_that_nobody_confirmed_can_be_withdrawn(client: Client) -> None:
    pending = make_pending()
    assert b"Withdraw the request" in client.get(url(pending)).content
    assert state(pending) == State.PENDING
    client.post(url(pending))
    assert state(pending) == State.UNSUBSCRIBED
    assert client.post(f"/confirm/{pending.confirm_key}/").status_code == 410


def test_a_suppressed_reader_may_unsubscribe_too(client: Client) -> None:
    reader = make_subscriber("reader@example.org")
    make_suppression("reader@example.org")
    assert client.post(url(reader), ONE_CLICK).status_code == 200
    assert state(reader) == State.UNSUBSCRIBED


def test_only_the_one_who_clicked_is_unsubscribed(client: Client) -> None:
    reader, other = make_subscriber(), make_subscriber()
    client.post(url(reader))
    assert state(other) == State.CONFIRMED


def test_the_page_is_kept_out_of_caches_referrers_and_search(client: Client) -> None:
    reader = make_subscriber()
    for response in (client.get(url(reader)), client.post(url(reader))):
        assert response["Cache-Control"] == "private, no-store"
        assert response["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response["X-Robots-Tag"]
        assert not response.cookies
        assert b'name="source"' not in response.content

"""By which issue a reader left is known by its link, whichever way the link is followed."""

import pytest
from django.test import Client

from newsletter.feedback import leaving
from newsletter.models import Delivery, DeliveryEvent
from subscribers import signup
from tests.newsletter.feedback.conftest import events, state_of_reader
from tests.newsletter.feedback.samples import Sent

pytestmark = pytest.mark.django_db


def test_leaving_by_the_link_of_an_issue_is_an_event_of_its_delivery(
    client: Client, sent: Sent, delivery: Delivery
) -> None:
    link = f"/unsubscribe/{sent.key}/?issue={delivery.issue.number}"
    client.get(link)
    assert events() == []
    for _ in range(2):
        assert client.post(link, {"List-Unsubscribe": "One-Click"}).status_code == 200
    event = DeliveryEvent.objects.get()
    assert (event.kind, event.source, event.delivery) == ("unsubscribed", "site", delivery)
    assert state_of_reader() == "unsubscribed"


@pytest.mark.parametrize("issue", ["", "x", "0", "-1", "9" * 5000, "4294967296", "٧", "7%00"])
def test_a_number_of_no_issue_stops_nobody_from_leaving(
    client: Client, sent: Sent, issue: str
) -> None:
    assert client.post(f"/unsubscribe/{sent.key}/?issue={issue}").status_code == 200
    assert (state_of_reader(), events()) == ("unsubscribed", [])


def test_whoever_leaves_has_left_whatever_cannot_be_noted(
    client: Client, sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(signup, "LEFT_BY_ISSUE", [fail])
    assert client.post(f"/unsubscribe/{sent.key}/?issue=7").status_code == 200
    assert state_of_reader() == "unsubscribed"


def test_the_newsletter_is_told() -> None:
    assert leaving.note_left in signup.LEFT_BY_ISSUE
